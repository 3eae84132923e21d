/**
 * The way back out of the soak: shut the target, drain the reverse stream, prove, open the source. Whoever was killed in
 * it goes on with the first step that the journal does not have as done. Both sides are shut from the first step to the
 * last but one, so nothing that is true at the proof is otherwise when the source opens.
 */
import type { Fault } from "../errors.js";
import { throwIfStopped } from "../stop.js";
import { homeSteps, stands, wayBack } from "./home-steps.js";
import type { HomeStep } from "./home-steps.js";
import { isDone, journeyOf } from "./journey.js";
import { settle } from "./runner.js";
import { asFault, enter, mirror, paused } from "./walk.js";
import type { Walk, Walked } from "./walk.js";

/** From `soaking`, or on with a way back that was begun there. Fault way-back-stopped where a person is needed. */
export async function rollback(walk: Walk, why: Fault | null): Promise<Walked> {
  const { night, now } = walk;
  if (journeyOf(walk.journal.entries).state !== "rolling_back") {
    // Asked before anything is shut: what waits for a person had better wait with the target open.
    const reverse = wayBack(night);
    const blocking = await reverse.blocking();
    if (blocking.length > 0) throw stands(blocking);
    // A stream that has just begun has met nothing yet of what stood in its way before.
    await reverse.canary(walk.stop);
    await enter(walk, "back", undefined, why === null ? null : { why: why.message });
    // Whatever the copy lacks of nights before goes there while the target is still open.
    await mirror(walk);
  }
  // Of one that was begun by another engine the clock went with that.
  const resumed = journeyOf(walk.journal.entries).steps.has("shut-target");
  const began = now();
  let ended = began;
  for (const step of homeSteps) {
    const { steps } = journeyOf(walk.journal.entries);
    if (!isDone(steps.get(step.name))) await take(walk, step);
    if (step.name === "open-source") ended = now();
  }
  const writePauseSeconds = resumed ? null : (ended - began) / 1000;
  await enter(walk, "home", undefined, paused(writePauseSeconds));
  await mirror(walk);
  return { state: "rolled_back", writePauseSeconds, why };
}

/** Ends what an engine that was killed has begun, whichever way that leads. Null where nothing is under way. */
export async function resume(walk: Walk): Promise<Walked | null> {
  const settled = await settle(walk);
  if (settled !== null) return settled;
  return journeyOf(walk.journal.entries).state === "rolling_back" ? await rollback(walk, null) : null;
}

async function take(walk: Walk, step: HomeStep): Promise<void> {
  const { night, journal, now, stop } = walk;
  const { cutover } = night;
  const began = now();
  throwIfStopped(stop);
  // What was there before the first act of it: a second look would see what that has made.
  const before = journeyOf(journal.entries).steps.get(step.name)?.note ?? null;
  const note = before ?? (await step.note?.(night)) ?? null;
  await journal.append({ cutover, step: step.name, phase: "about-to", note });
  walk.onStep({ step: step.name, phase: "about-to", seconds: 0 });
  const { steps } = journeyOf(journal.entries);
  const left = await step
    .act(night, { signal: stop, note, noted: (name) => steps.get(name)?.note ?? null })
    .catch((error: unknown) => {
      const fault = asFault(error);
      // The source is open: what the hook says is told, and nothing waits for it.
      if (step.name !== "after-rollback") throw fault;
      walk.onWord(`the hook after-rollback failed: ${fault.message}`);
      return null;
    });
  await journal.append({ cutover, step: step.name, phase: "done", note: left });
  walk.onStep({ step: step.name, phase: "done", seconds: (now() - began) / 1000 });
  if (step.name !== "after-rollback") await mirror(walk);
}
