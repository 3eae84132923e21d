/** How a live run ends that was to end: ready, or not in time. */
import { exits } from "../errors.js";
import type { LedgerView } from "../port.js";
import { clock, count } from "../watch/screen.js";
import { figures, totals } from "./figures.js";
import { stepsOn } from "./blocking-advice.js";
import type { VerbResult } from "./output.js";

export function ready(
  id: string,
  view: LedgerView,
  unjudged: readonly string[],
  seconds: number,
): VerbResult {
  return {
    exit: exits.done,
    nextSteps: [
      { why: "the target follows only while an engine runs", command: "headgate run" },
      { why: "to see where it stands", command: "headgate status" },
    ],
    body: { state: "ready", ...figures(view, seconds), blocking: [], atFence: unjudged },
    human: [
      `${id}: ready after ${clock(seconds)}. ${count(totals(view).rows)} rows were copied, and every change of the source up to now is on the target.`,
      ...(unjudged.length === 0
        ? []
        : [`Not proven yet, and left to the fence: ${unjudged.join(", ")}. headgate verify looks again.`]),
      "The engine has ended with that, as --until ready asks: headgate run goes on.",
    ],
  };
}

export function notReady(
  id: string,
  {
    blocking,
    last,
  }: {
    readonly blocking: { readonly codes: readonly string[] };
    readonly last: { readonly view: LedgerView | null };
  },
  seconds: number,
): VerbResult {
  const steps = stepsOn(blocking.codes);
  return {
    exit: exits.difference,
    nextSteps: steps.length > 0 ? steps : [{ why: "it goes on where it stopped", command: "headgate run" }],
    body: { state: "stopped", ...figures(last.view, seconds), blocking: blocking.codes },
    human: [
      `${id}: not ready after ${clock(seconds)}; in the way: ${blocking.codes.join(", ")}.`,
      ...steps.map(({ why }) => why),
    ],
  };
}
