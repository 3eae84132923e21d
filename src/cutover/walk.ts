/**
 * Who walks the steps of a night, there or back, and what every walk writes down: the state that it enters, and the ledger's
 * copy of the journal.
 */
import type { Note } from "../cutover-port.js";
import { Fault } from "../errors.js";
import type { Journal } from "./journal.js";
import { journeyOf } from "./journey.js";
import type { Probes } from "./lookout.js";
import { next, refusals } from "./machine.js";
import type { Event, State } from "./machine.js";
import type { Night } from "./night.js";
import type { Waiting } from "./persisting.js";

export interface StepTold {
  readonly step: string;
  readonly phase: "about-to" | "done" | "undone";
  readonly seconds: number;
}

export interface Walk extends Waiting {
  readonly night: Night;
  readonly journal: Journal;
  /** Longest time without writes, from the first statement of the fence on. */
  readonly budgetMs: number;
  /** Of the stream as the cutover begins, for the journal; null where nobody knows it. */
  readonly lagSeconds: number | null;
  readonly probes: Probes;
  /** Of this machine, as the journal's lines have it. */
  readonly today: () => Date;
  readonly onStep: (told: StepTold) => void;
  /** Something a person should hear of while it goes on. */
  readonly onWord: (sentence: string) => void;
}

/** How a walk ended: both are proper ends. */
export interface Walked {
  readonly state: "soaking" | "rolled_back";
  /** Null where this walk did not see the pause begin or end. */
  readonly writePauseSeconds: number | null;
  /** Why it went back, null where a person asked for it; in the soak the hook that has not succeeded yet, as switch-unfinished. */
  readonly why: Fault | null;
}

/** Tells the machine, and writes down where that leads. Fault cutover-refused where it leads nowhere. */
export async function enter(
  { night, journal }: Pick<Walk, "journal"> & { readonly night: Pick<Night, "cutover"> },
  event: Event,
  from?: State,
  note: Note | null = null,
): Promise<void> {
  const to = next(from ?? journeyOf(journal.entries).state, event);
  if (typeof to !== "string") throw new Fault("cutover-refused", refusals[to.refused]);
  await journal.append({ cutover: night.cutover, step: to, phase: "entered", note });
}

/** For whoever tells later what a move has cost. */
export function paused(writePauseSeconds: number | null): Note {
  return { writePauseSeconds };
}

/**
 * The ledger's copy, as far as the target answers: the file is what counts. A fault of the target here is no reason to go
 * back; where it matters, the next step meets it.
 */
export async function mirror({
  night,
  journal,
  onWord,
  wait,
}: Pick<Walk, "journal" | "onWord" | "wait"> & { readonly night: Pick<Night, "mirror"> }): Promise<void> {
  try {
    await answered(wait, mirrorMs, night.mirror(journal.entries));
  } catch (error) {
    onWord(`the ledger's copy of the journal is behind: ${asFault(error).message}`);
  }
}

/** A target that has gone silent is not waited for: what was begun there is of no matter if it ends later. Fault connection-lost. */
export async function answered<T>(wait: Waiting["wait"], patienceMs: number, act: Promise<T>): Promise<T> {
  const over = new AbortController();
  const patience = wait(patienceMs, over.signal).then(
    () => {
      throw new Fault(
        "connection-lost",
        `The target has not answered within ${String(patienceMs / 1000)} s.`,
      );
    },
    (error: unknown) => {
      if (!over.signal.aborted) throw error;
    },
  );
  try {
    return await Promise.race([act, patience.then(() => act)]);
  } finally {
    over.abort(new Fault("interrupted", "It is answered."));
  }
}

const mirrorMs = 3000;

export function asFault(error: unknown): Fault {
  return error instanceof Fault
    ? error
    : new Fault("bug", `A step failed in a way nobody foresaw: ${String(error)}`, { cause: error });
}
