/** Steps of a night for whoever waits for them: the contract's `step` events, and lines on stderr; each of them once. */
import { z } from "zod";
import type { StepTold } from "../cutover/walk.js";
import type { VerbContext } from "./verb.js";

const progressSchema = z.looseObject({
  steps: z.array(
    z.object({ step: z.string(), phase: z.enum(["about-to", "done", "undone"]), seconds: z.number() }),
  ),
});

/** Takes all steps so far, as an engine's job tells them. */
export function stepTeller({ output }: VerbContext): (progress: Readonly<Record<string, unknown>>) => void {
  let told = 0;
  return (progress) => {
    const known = progressSchema.safeParse(progress);
    if (!known.success) return;
    for (const { step, phase, seconds } of known.data.steps.slice(told)) {
      told += 1;
      output.event("step", { step, phase, seconds });
      if (!output.json && phase !== "about-to")
        output.say(`${phase === "done" ? "done  " : "undone"} ${step} (${seconds.toFixed(3)} s)`);
    }
  };
}

/** Seconds of each step that was done. */
export function stepSeconds(
  told: readonly StepTold[],
): readonly { readonly step: string; readonly seconds: number }[] {
  return told.flatMap(({ step, phase, seconds }) => (phase === "about-to" ? [] : [{ step, seconds }]));
}
