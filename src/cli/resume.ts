/** `resume`: a paused engine goes on where it stood; one that is not paused is left as it is. */
import { exits } from "../errors.js";
import { steered, withEngine } from "./engine.js";
import type { SteerFlags } from "./engine.js";
import type { VerbResult } from "./output.js";
import type { VerbContext } from "./verb.js";

export async function resumeVerb(context: VerbContext, flags: SteerFlags): Promise<VerbResult> {
  return await withEngine(context, async (engine) => {
    const before = await engine.status();
    const status = flags.dryRun ? before : await engine.resume();
    const sentence =
      before.held === "no"
        ? "The engine was not paused: it goes on."
        : flags.dryRun
          ? `Would resume the engine (process ${String(before.pid)}). Nothing was changed.`
          : "The engine goes on.";
    return {
      exit: exits.done,
      nextSteps: [],
      body: steered(status),
      human: [sentence, ...(status.throttled === null ? [] : [`It still waits: ${status.throttled}`])],
    };
  });
}
