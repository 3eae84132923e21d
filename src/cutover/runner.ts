/**
 * Walks the steps of a cutover there, and back where something speaks against it before the decision (design.md, decision
 * 12). Crash-only: every walk begins by reading the journal and the row that decides, so whoever was killed anywhere is
 * followed by one command that ends what was begun. Before the decision the source and the journal suffice to go back.
 */
import type { Note } from "../cutover-port.js";
import { Fault } from "../errors.js";
import { orStopped, throwIfStopped } from "../stop.js";
import { isDone, journeyOf } from "./journey.js";
import type { Journey } from "./journey.js";
import { persisting } from "./persisting.js";
import { steps, stepsOpened } from "./steps.js";
import type { Step, StepName } from "./steps.js";
import { Lookout } from "./lookout.js";
import { answered, asFault, enter, mirror, paused } from "./walk.js";
import type { Walk, Walked } from "./walk.js";

/** A cutover from `ready` to `soaking`, or back to where it began. Fault switch-unfinished where the decision is made and the target could not be opened. */
export async function cutover(walk: Walk): Promise<Walked> {
  const { state } = journeyOf(walk.journal.entries);
  const { lagSeconds } = walk;
  await enter(walk, "begin", state === "streaming" || state === "rolled_back" ? "ready" : state, {
    lagSeconds,
  });
  const lookout = new Lookout(walk);
  try {
    for (const step of steps) {
      if (stepsOpened.includes(step)) break;
      if (step.name === "fence") lookout.begin();
      await take(walk, lookout, step);
      if (step.name === "decide") lookout.decided();
    }
  } catch (error) {
    const fault = asFault(error);
    if (isDecided(walk)) throw unfinished(fault, lookout.seconds());
    return await back(walk, lookout.breach ?? fault, lookout);
  } finally {
    await lookout.stop();
  }
  return { state: "soaking", writePauseSeconds: lookout.seconds(), why: await finish(walk) };
}

/** The hooks of a target that is open, from the first that has not succeeded. Null where all of them have. */
export async function finish(walk: Walk): Promise<Fault | null> {
  try {
    for (const step of stepsOpened)
      if (!isDone(journeyOf(walk.journal.entries).steps.get(step.name))) await take(walk, null, step);
  } catch (error) {
    const cause = asFault(error);
    return new Fault(
      "switch-unfinished",
      `The target is open, and the way back runs; what comes after the opening is not done: ${cause.message}`,
      { cause, facts: { reason: cause.code } },
    );
  }
  return null;
}

/** Whether a hook of a target that is open has not succeeded yet. */
export function isUnfinished({ state, steps: known }: Journey): boolean {
  return state === "soaking" && stepsOpened.some(({ name }) => !isDone(known.get(name)));
}

/** Ends what a walk that was killed, or a person, left: forward where it is decided, else back. Null where nothing is under way, or a way back out of the soak is. */
export async function settle(walk: Walk): Promise<Walked | null> {
  const journey = journeyOf(walk.journal.entries);
  switch (journey.state) {
    case "fencing":
    case "draining":
    case "verifying":
      return await back(
        walk,
        new Fault("cutover-aborted", `The engine ended in the middle of ${journey.state}.`, {
          next: "headgate cutover",
        }),
      );
    case "switching":
      return await forward(walk);
    case "rolling_back":
      return (await isSwitched(walk, journey)) ? null : await takeBack(walk, null);
    default:
      return null;
  }
}

/** Back before the decision, the target dead too. Where the row says switch already, forward after all. */
export async function back(walk: Walk, why: Fault | null, lookout?: Lookout): Promise<Walked> {
  const { night, journal } = walk;
  const begun = journeyOf(journal.entries).steps.has("decision-row");
  if (begun) {
    const decided = await persisting(walk, async () => {
      // The row may not be there yet: whoever was killed in the middle of making it has fenced nothing.
      await night.source.begin();
      return await night.source.decide("abort");
    }).catch((error: unknown) => {
      const fault = asFault(error);
      // Nobody may open the source while the row may say switch.
      throw new Fault(
        "way-back-stopped",
        `The source is still shut, as the row that decides could not be written: ${fault.message}`,
        { next: "headgate rollback", cause: fault },
      );
    });
    if (decided === "switch") {
      await journal.append({ cutover: night.cutover, step: "switch", phase: "decided", note: null });
      await enter(walk, "decided");
      return await forward(walk, lookout);
    }
    await walk.journal
      .append({ cutover: night.cutover, step: "abort", phase: "decided", note: null })
      .catch(keepGoing(walk));
  }
  await enter(walk, "back", undefined, why === null ? null : { why: why.message }).catch(keepGoing(walk));
  return await takeBack(walk, why, lookout);
}

/** What was done is undone, last first. Whatever cannot be written down is told at the end: the source opens all the same. */
async function takeBack(walk: Walk, why: Fault | null, lookout?: Lookout): Promise<Walked> {
  const { night, journal, now } = walk;
  const journey = journeyOf(journal.entries);
  const lost: Fault[] = [];
  const write = async (act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      lost.push(asFault(error));
    }
  };
  for (const step of [...steps].reverse()) {
    const record = journey.steps.get(step.name);
    if (record === undefined || record.undone || step.undo === undefined) continue;
    const began = now();
    const { undo } = step;
    // Nothing to wait for where its note was not made: the act comes after it.
    await persisting(walk, async () => undo(night, record.note));
    if (step.name === "fence") lookout?.end();
    await write(() =>
      journal.append({ cutover: night.cutover, step: step.name, phase: "undone", note: null }),
    );
    walk.onStep({ step: step.name, phase: "undone", seconds: (now() - began) / 1000 });
  }
  await hookBack(walk);
  await write(() => enter(walk, "home", undefined, paused(lookout?.seconds() ?? null)));
  const [first] = lost;
  if (first !== undefined)
    throw new Fault(
      "file-refused",
      `The source is open again, and the journal does not have it: ${first.message}`,
      {
        next: "Mend the disk of the journal, then headgate rollback",
        cause: first,
      },
    );
  await mirror(walk);
  return { state: "rolled_back", writePauseSeconds: lookout?.seconds() ?? null, why };
}

/** The hook cannot keep the source shut: it is open. What it says is told. */
async function hookBack({ night, onWord, stop }: Walk): Promise<void> {
  try {
    await night.hook("after-rollback", { cutover: night.cutover }, stop);
  } catch (error) {
    onWord(`the hook after-rollback failed: ${asFault(error).message}`);
  }
}

/** The decision is made: the target is opened, and then what comes after it. */
async function forward(walk: Walk, lookout?: Lookout): Promise<Walked> {
  const again = { signal: walk.stop, atMost: 4 };
  try {
    for (const step of steps)
      if (step.name === "open-target" && !isDone(journeyOf(walk.journal.entries).steps.get(step.name)))
        await persisting(walk, () => take(walk, null, step), again);
    lookout?.end();
    // An engine that was killed between the two lines of the journal.
    if (journeyOf(walk.journal.entries).state === "switching") await enter(walk, "opened");
  } catch (error) {
    throw unfinished(asFault(error), lookout?.seconds() ?? null);
  }
  return { state: "soaking", writePauseSeconds: lookout?.seconds() ?? null, why: await finish(walk) };
}

/** One step: note, journal, act, journal. */
async function take(walk: Walk, lookout: Lookout | null, step: Step): Promise<void> {
  const { night, journal, now } = walk;
  const stop = lookout?.signal ?? walk.stop;
  const { cutover: id } = night;
  const began = now();
  throwIfStopped(stop);
  const note = (await step.note?.(night)) ?? null;
  await journal.append({ cutover: id, step: step.name, phase: "about-to", note });
  walk.onStep({ step: step.name, phase: "about-to", seconds: 0 });
  const { steps: known } = journeyOf(journal.entries);
  const act = step.forward(night, {
    signal: stop,
    note,
    left: (name: StepName) => known.get(name)?.done?.note ?? null,
    noted: (name: StepName) => known.get(name)?.note ?? null,
    onWaiting: walk.onWord,
    lastLook: async () => lookout?.lastLook(known.get("fence") ?? null),
  });
  const left = step.leavable
    ? await orStopped(act, stop)
    : step.repeatable === true
      ? await repeatable(walk, act)
      : await act;
  if (step.name === "decide")
    await journal.append({ cutover: id, step: "switch", phase: "decided", note: null });
  await journal.append({ cutover: id, step: step.name, phase: "done", note: left });
  if (step.name === "fence") lookout?.fenced(left);
  if (step.name === "open-target") lookout?.end();
  if (step.event !== undefined)
    await enter(
      walk,
      step.event,
      undefined,
      step.event === "opened" ? paused(lookout?.seconds() ?? null) : null,
    );
  walk.onStep({ step: step.name, phase: "done", seconds: (now() - began) / 1000 });
  await mirror(walk);
}

/** Past the decision nothing else ends a wait. The sessions go with it: whoever asks again needs others. */
async function repeatable({ wait, budgetMs, night }: Walk, act: Promise<Note | null>): Promise<Note | null> {
  try {
    return await answered(wait, budgetMs, act);
  } catch (error) {
    const fault = asFault(error);
    if (fault.code === "connection-lost") await night.target.cut();
    throw error;
  }
}

function isDecided({ journal }: Walk): boolean {
  const { state }: Journey = journeyOf(journal.entries);
  return state === "switching" || state === "soaking";
}

/** Whether the way back is one out of the soak. The row is asked too: opening the source in such a one would lose what the target has. */
async function isSwitched(walk: Walk, { decided, steps: known }: Journey): Promise<boolean> {
  if (decided === "switch" || known.has("open-target")) return true;
  if (!known.has("decision-row")) return false;
  return (await persisting(walk, () => walk.night.source.decision())) === "switch";
}

function unfinished(cause: Fault, seconds: number | null): Fault {
  return new Fault(
    "switch-unfinished",
    `The switch is decided, and not carried through yet: ${cause.message}`,
    {
      cause,
      facts: { reason: cause.code, ...(seconds === null ? {} : { seconds }) },
    },
  );
}

function keepGoing({ onWord }: Walk): (error: unknown) => void {
  return (error) => {
    onWord(`the journal cannot be written while the source is opened again: ${asFault(error).message}`);
  };
}
