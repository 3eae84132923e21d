/**
 * The end of a migration, whichever: `complete` closes the way back, `abandon` gives up before the switch. First the state is
 * written down, so that nobody goes on from there; then what was made is taken away, each part announced in the journal
 * before it and written down after it. All of it can be done again: whoever was killed in it is followed by the same command.
 */
import type { Note } from "../cutover-port.js";
import { Fault } from "../errors.js";
import type { Journal } from "./journal.js";
import { isDone, journeyOf } from "./journey.js";
import type { Journey } from "./journey.js";
import { next, refusals } from "./machine.js";
import type { Refusal, State } from "./machine.js";

/** Parts in the order in which they go: who fills topics ends before its tables do, and the ledger knows all to the last. */
export const endings = ["connector", "way-back", "source-database", "built", "archive"] as const;

export interface Ending {
  readonly name: (typeof endings)[number];
  /** Idempotent. */
  readonly act: () => Promise<void>;
}

/** What the journal ends with: nothing of ours is left that has to go. */
export const closing = "close-way-back";

/** Whether an end that was begun is carried through. */
export function isClosed({ state, steps }: Journey): boolean {
  return (state === "completed" || state === "abandoned") && isDone(steps.get(closing));
}

/** Takes all of it away. */
export async function clearAway(
  journal: Journal,
  cutover: string,
  parts: readonly Ending[],
  onStep: (name: string, phase: "about-to" | "done") => void = () => undefined,
): Promise<void> {
  const write = async (step: string, phase: "about-to" | "done"): Promise<void> => {
    await journal.append({ cutover, step, phase, note: null });
    onStep(step, phase);
  };
  for (const { name, act } of parts) {
    await write(name, "about-to");
    await act();
    await write(name, "done");
  }
  await write(closing, "done");
}

/** What a person does instead, where the machine has no way from here to the end of the migration. */
const instead: Readonly<Partial<Record<Refusal, string>>> = {
  open: "headgate rollback leads back, headgate complete ends the soak",
  decided: "headgate cutover, which carries the switch through; then headgate rollback or headgate complete",
  "going-back": "headgate rollback",
  "under-way": "headgate rollback",
  over: "headgate report",
};

/** Fault cutover-refused where a migration in this state cannot be given up. One that was given up is, and may end again. */
export function demandAbandonable(state: State): void {
  if (state === "abandoned") return;
  const to = next(state, "abandon");
  if (typeof to === "string") return;
  const better = instead[to.refused];
  throw new Fault(
    "cutover-refused",
    `It cannot be abandoned: ${refusals[to.refused]}`,
    better === undefined ? {} : { next: better },
  );
}

/** Gives up, and takes everything away. `onAbandoned`: what has to know it beside the journal, before anything goes. */
export async function abandon(
  journal: Journal,
  migration: string,
  { note, onAbandoned, parts, onStep }: Abandoning,
): Promise<void> {
  const { state, cutover } = journeyOf(journal.entries);
  demandAbandonable(state);
  // Before the first cutover there is none that it could be of.
  const of = cutover ?? `${migration}-0`;
  if (state !== "abandoned") await journal.append({ cutover: of, step: "abandoned", phase: "entered", note });
  await onAbandoned();
  await clearAway(journal, of, parts, onStep);
}

export interface Abandoning {
  readonly note: Note;
  readonly onAbandoned: () => Promise<void>;
  readonly parts: readonly Ending[];
  readonly onStep?: (name: string, phase: "about-to" | "done") => void;
}
