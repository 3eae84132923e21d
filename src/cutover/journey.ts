/**
 * What a journal says of the last cutover: how far it came, which steps were begun, done and undone, and the notes that
 * undoing needs. A fold over the entries, so that whoever reads them, with every database down too, comes to the same.
 */
import type { JournalEntry, Note } from "../cutover-port.js";
import { Fault } from "../errors.js";
import { homeStepNames, reopening } from "./home-steps.js";
import { states } from "./machine.js";
import type { State } from "./machine.js";

export interface StepRecord {
  /** Made before the act. */
  readonly note: Note | null;
  /** What the act itself left, for those behind it; null while it is not done. */
  readonly done: { readonly note: Note | null; readonly at: string } | null;
  readonly undone: boolean;
  /** Of its last beginning. */
  readonly at: string;
  /** Of its first one: an engine that was killed in it has begun it too. */
  readonly begun: string;
}

export interface Journey {
  /** `<migration>-1`, ...; null before the first cutover. */
  readonly cutover: string | null;
  readonly state: State;
  /** ISO time of when it was entered; null before the first cutover. */
  readonly since: string | null;
  /** As this journal knows it; the source's row is what counts. */
  readonly decided: "switch" | "abort" | null;
  /** By step, in the order in which they were begun. */
  readonly steps: ReadonlyMap<string, StepRecord>;
  /** Why it went back, where somebody wrote it down. */
  readonly why: string | null;
  /** Why a way back out of this soak was given up, the last time that one was. */
  readonly givenUp: string | null;
  /** It was given up, and what was copied stays. */
  readonly keepsTarget: boolean;
}

export const unbegun: Journey = {
  cutover: null,
  state: "streaming",
  since: null,
  decided: null,
  steps: new Map(),
  why: null,
  givenUp: null,
  keepsTarget: false,
};

/** Asked many times of a list that only grows. */
const known = new WeakMap<readonly JournalEntry[], { readonly of: number; readonly is: Journey }>();

/** Entries of cutovers before the last one are of no matter to it. */
export function journeyOf(entries: readonly JournalEntry[]): Journey {
  const before = known.get(entries);
  if (before?.of === entries.length) return before.is;
  const is = folded(entries);
  known.set(entries, { of: entries.length, is });
  return is;
}

function folded(entries: readonly JournalEntry[]): Journey {
  const last = entries.at(-1);
  if (last === undefined) return unbegun;
  const { cutover } = last;
  const steps = new Map<string, StepRecord>();
  const journey: { -readonly [part in keyof Journey]: Journey[part] } = {
    ...unbegun,
    cutover,
    state: "ready",
    steps,
  };
  for (const entry of entries) {
    if (entry.cutover !== cutover) continue;
    const { step, phase, note, at } = entry;
    const known = steps.get(step) ?? { note: null, done: null, undone: false, at, begun: at };
    switch (phase) {
      case "entered":
        if (journey.state === "rolling_back" && step === "soaking" && typeof note?.["why"] === "string")
          journey.givenUp = note["why"];
        journey.state = stateNamed(step);
        journey.since = at;
        // One more way back has its own reasons.
        if (journey.state === "rolling_back") journey.why = null;
        // A way back that was given up: the next one begins with its first step.
        if (journey.state === "soaking") for (const name of [...homeStepNames, reopening]) steps.delete(name);
        if (typeof note?.["why"] === "string") journey.why = note["why"];
        if (note?.["keepsTarget"] === true) journey.keepsTarget = true;
        break;
      case "decided":
        journey.decided = step === "switch" ? "switch" : "abort";
        break;
      case "about-to":
        steps.set(step, { note, done: null, undone: false, at, begun: known.begun });
        break;
      case "done":
        steps.set(step, { ...known, done: { note, at } });
        break;
      case "undone":
        steps.set(step, { ...known, undone: true });
        break;
    }
  }
  return journey;
}

function stateNamed(name: string): State {
  const found = states.find((each) => each === name);
  if (found === undefined)
    throw new Fault(
      "journal-unreadable",
      `The journal names a state that this build does not know: ${name}.`,
    );
  return found;
}

export function isDone(record: StepRecord | undefined): boolean {
  return record !== undefined && record.done !== null;
}

/** The name of the cutover after this one. */
export function nextCutover(migration: string, { cutover }: Journey): string {
  const last = cutover === null ? 0 : Number(cutover.slice(cutover.lastIndexOf("-") + 1));
  return `${migration}-${String(last + 1)}`;
}
