/**
 * `set KEY=VALUE`: changes a running engine, until it ends. The value is held to the config's rule before the engine is
 * asked, so that a slip of the pen is told with the engine or without.
 */
import { readChange } from "../config/live-settings.js";
import { exits } from "../errors.js";
import { withEngine } from "./engine.js";
import type { SteerFlags } from "./engine.js";
import type { VerbResult } from "./output.js";
import type { VerbContext } from "./verb.js";

export interface SetFlags extends SteerFlags {
  /** KEY=VALUE. */
  readonly text: string;
}

export async function setVerb(context: VerbContext, flags: SetFlags): Promise<VerbResult> {
  return await withEngine(context, async (engine, { config }) => {
    const wanted = readChange(flags.text, config);
    if (flags.dryRun) {
      const { pid } = await engine.status();
      return told(
        wanted.key,
        null,
        wanted.value,
        `Would set ${flags.text} in the engine (process ${String(pid)}). Nothing was changed.`,
      );
    }
    const { key, was, now } = await engine.set(flags.text);
    const sentence =
      was === now
        ? `${key} was ${spelled(now)} already.`
        : `${key} is ${spelled(now)} now; it was ${spelled(was)}. The file keeps its own value for the next run.`;
    return told(key, was, now, sentence);
  });
}

function told(key: string, was: number | null, now: number | null, sentence: string): VerbResult {
  return { exit: exits.done, nextSteps: [], body: { key, was, now }, human: [sentence] };
}

function spelled(value: number | null): string {
  return value === null ? "none" : String(value);
}
