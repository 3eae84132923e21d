/**
 * How long the drain of the way back would take, measured: what the target's log holds past what is applied, by what was
 * applied of it in the last minute. The lag itself is no measure of it: a stream that is a minute behind may need a second, or
 * ten minutes. Both figures are bytes of one log, whatever fills it. What was not seen to move is not known.
 */
import type { Position } from "../model.js";
import { longestGapMs } from "./sustained.js";

/** Of one log at one moment. */
export interface Backlog {
  /** The log's life: its bytes count on from those of no other. */
  readonly log: string;
  readonly applied: bigint;
  readonly end: bigint;
}

interface Standing extends Backlog {
  readonly at: number;
}

/** The rate is that of so long, and of no less than the shorter one. */
const ratedMs = 60_000;
const leastMs = 10_000;

/** null where they are not of one log whose places are numbers, or nothing was applied yet. */
export function backlogOf(applied: Position | null, end: Position): Backlog | null {
  if (applied?.kind !== "file" || end.kind !== "file" || applied.file !== end.file) return null;
  return { log: end.file, applied: BigInt(applied.offset), end: BigInt(end.offset) };
}

export class Backlogs {
  #seen: readonly Standing[] = [];

  /** Milliseconds that the drain would take; null where nobody can tell. `at`: monotonic milliseconds. */
  look(backlog: Backlog | null, at: number): number | null {
    if (backlog === null) return null;
    const last = this.#seen.at(-1);
    if (
      last !== undefined &&
      (last.log !== backlog.log || backlog.applied < last.applied || at - last.at > longestGapMs)
    )
      this.#seen = [];
    this.#seen = [...this.#seen.filter((one) => at - one.at <= ratedMs), { ...backlog, at }];
    const outstanding = backlog.end - backlog.applied;
    if (outstanding <= 0n) return 0;
    const [first] = this.#seen;
    if (first === undefined || at - first.at < leastMs) return null;
    const moved = backlog.applied - first.applied;
    if (moved === 0n) return null;
    // Rounded up: it takes no less.
    return Number((outstanding * BigInt(Math.round(at - first.at)) + moved - 1n) / moved);
  }
}
