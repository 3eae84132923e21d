/**
 * The way back out of the soak: shut the target, drain the reverse stream, prove, open the source. Whoever was killed in
 * it goes on with the first step that the journal does not have as done. Both sides are shut from the first step to the
 * last but one, so nothing that is true at the proof is otherwise when the source opens.
 */
import type { Note } from "../cutover-port.js";
import { Fault } from "../errors.js";
import { orStopped, stopReason, throwIfStopped } from "../stop.js";
import { Elapsed } from "./elapsed.js";
import { HomeLookout } from "./home-lookout.js";
import { demandHome, demandNoStrangers, homeSteps, reopening, stands, wayBack } from "./home-steps.js";
import type { HomeStep } from "./home-steps.js";
import { isDone, journeyOf } from "./journey.js";
import type { Journey } from "./journey.js";
import type { Night } from "./night.js";
import { persisting } from "./persisting.js";
import { settle } from "./runner.js";
import { asFault, enter, mirror, paused } from "./walk.js";
import type { Walk, Walked } from "./walk.js";

/**
 * From `soaking`, or on with a way back that was begun there. Fault way-back-stopped where a person is needed. Back in
 * `soaking` where it could not go on before anything led to the source, or was to go on no more: `word`.
 */
export async function rollback(
  walk: Walk,
  why: Fault | null,
  word: AbortSignal = new AbortController().signal,
): Promise<Walked> {
  const { night, now } = walk;
  if (journeyOf(walk.journal.entries).state !== "rolling_back") {
    // Asked before anything is shut: what waits for a person had better wait with the target open.
    const reverse = wayBack(night);
    const blocking = await reverse.blocking();
    if (blocking.length > 0) throw stands(blocking);
    await demandNoStrangers(night.target);
    // A stream that has just begun has met nothing yet of what stood in its way before.
    await reverse.canary(walk.stop);
    await enter(walk, "back", undefined, why === null ? null : { why: why.message });
    // Whatever the copy lacks of nights before goes there while the target is still open.
    await mirror(walk);
  }
  if (journeyOf(walk.journal.entries).steps.has(reopening)) return await reopenTarget(walk, null);
  const shut = journeyOf(walk.journal.entries).steps.get("shut-target");
  // Of one that was begun by another engine the pause is as old as its first line of it.
  const elapsed = shut === undefined ? 0 : new Elapsed(shut.begun, walk.journal.entries, walk).ms;
  const began = now();
  let ended = began;
  await using lookout = new HomeLookout(walk, word, elapsed);
  for (const step of homeSteps) {
    const { steps } = journeyOf(walk.journal.entries);
    if (step.name === "shut-target") lookout.begin();
    if (step.name === "open-source") lookout.opening();
    const signal = step.givable ? lookout.signal : walk.stop;
    try {
      // From here on the way leads to the source.
      if (step.name === "forward-lanes") {
        if (!steps.has(step.name)) {
          await orStopped(
            persisting(walk, () => lastLook(walk, steps), { signal }),
            signal,
          );
          await lookout.lastLook();
        }
        lookout.committed();
      }
      if (!isDone(steps.get(step.name))) await persisting(walk, () => take(walk, step, signal), { signal });
    } catch (error) {
      if (!lookout.givable || walk.stop.aborted) throw error;
      const fault = lookout.signal.aborted ? stopReason(lookout.signal) : asFault(error);
      lookout.reopening();
      return await reopenTarget(walk, fault === word.reason ? null : fault);
    }
    if (step.name === "shut-target") lookout.shut();
    if (step.name === "open-source") ended = now();
  }
  const writePauseSeconds = shut !== undefined ? null : (ended - began) / 1000;
  await enter(walk, "home", undefined, paused(writePauseSeconds));
  await mirror(walk);
  return { state: "rolled_back", writePauseSeconds, why };
}

/** Right before the way leads to the source: nobody else could have written on the target, and the source has what was proven. */
async function lastLook({ night }: Walk, steps: Journey["steps"]): Promise<void> {
  await demandNoStrangers(night.target);
  // An older build has noted it of the drain alone.
  const home = steps.get("reverse-proof")?.done?.note?.["home"];
  await demandHome(night, home ?? steps.get("reverse-drain")?.done?.note?.["position"]);
}

/** What of a walk opening the target again takes: no stream, and a source only if there is one. */
export interface Reopening extends Pick<Walk, "journal" | "wait" | "stop" | "onStep" | "onWord"> {
  readonly night: Pick<Night, "cutover" | "mirror"> & {
    readonly source: Pick<Night["source"], "fenceState" | "raise">;
    readonly target: Pick<Night["target"], "open">;
  };
}

/**
 * A way back that cannot go on, or is to go on no more, before anything leads to the source: the target is opened again. The
 * source was shut all the while, which is proven once more; one that does not answer was not let go by anybody.
 */
export async function reopenTarget(walk: Reopening, why: Fault | null): Promise<Walked> {
  const { night, journal, stop } = walk;
  const { cutover } = night;
  const note = journeyOf(journal.entries).steps.get("fence")?.note;
  if (note === undefined || note === null)
    throw new Fault("bug", "The journal has no note of what the fence replaced.");
  // Before it is begun: whoever finds it begun goes no other way any more.
  await demandFenced(walk, note);
  await journal.append({ cutover, step: reopening, phase: "about-to", note: null });
  walk.onStep({ step: reopening, phase: "about-to", seconds: 0 });
  await persisting(walk, () => night.target.open(), { signal: stop, atMost: 4 });
  await journal.append({ cutover, step: reopening, phase: "done", note: null });
  walk.onStep({ step: reopening, phase: "done", seconds: 0 });
  await enter(walk, "stay", undefined, why === null ? null : { why: why.message });
  await mirror(walk);
  if (why === null) return { state: "soaking", writePauseSeconds: null, why: null };
  const fault = new Fault(
    "way-back-stopped",
    `The way back was given up before the source was open, and the target is open again: ${why.message}`,
    { next: why.next, cause: why },
  );
  return { state: "soaking", writePauseSeconds: null, why: fault };
}

async function demandFenced({ night, stop, onWord }: Reopening, note: Note): Promise<void> {
  try {
    const { raised } = await night.source.fenceState(note);
    if (raised !== "yes") await night.source.raise(note, () => undefined, stop);
  } catch (error) {
    const fault = asFault(error);
    if (!fault.retriable) throw fault;
    onWord(`the source does not answer, and stays fenced as it was: ${fault.message}`);
  }
}

/** Ends what an engine that was killed has begun, whichever way that leads. Null where nothing is under way. */
export async function resume(walk: Walk, word?: AbortSignal): Promise<Walked | null> {
  const settled = await settle(walk);
  if (settled !== null) return settled;
  return journeyOf(walk.journal.entries).state === "rolling_back" ? await rollback(walk, null, word) : null;
}

async function take(walk: Walk, step: HomeStep, stop: AbortSignal): Promise<void> {
  const { night, journal, now } = walk;
  const { cutover } = night;
  const began = now();
  throwIfStopped(stop);
  // What was there before the first act of it: a second look would see what that has made.
  const before = journeyOf(journal.entries).steps.get(step.name)?.note ?? null;
  const note = before ?? (await step.note?.(night)) ?? null;
  await journal.append({ cutover, step: step.name, phase: "about-to", note });
  walk.onStep({ step: step.name, phase: "about-to", seconds: 0 });
  const { steps } = journeyOf(journal.entries);
  const act = step
    .act(night, {
      ...{ signal: stop, note },
      noted: (name) => steps.get(name)?.note ?? null,
      left: (name) => steps.get(name)?.done?.note ?? null,
    })
    .catch((error: unknown) => {
      const fault = asFault(error);
      // The source is open: what the hook says is told, and nothing waits for it.
      if (step.name !== "after-rollback") throw fault;
      walk.onWord(`the hook after-rollback failed: ${fault.message}`);
      return null;
    });
  const left = step.leavable ? await orStopped(act, stop) : await act;
  await journal.append({ cutover, step: step.name, phase: "done", note: left });
  walk.onStep({ step: step.name, phase: "done", seconds: (now() - began) / 1000 });
  if (step.name !== "after-rollback") await mirror(walk);
}
