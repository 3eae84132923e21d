/**
 * What of a lane is known for good: the checkpoint, whether the join is behind it, and what it had when this reading of
 * the log began. Lanes stand at different places, and the log is read from what all of them have: until it has come to
 * all that a lane has, no position of it says what that lane has applied. Another server may tell the same transactions in
 * another order.
 */
import { Fault } from "../errors.js";
import type { Position } from "../model.js";
import type { ChangeFeed } from "../stream-port.js";

export interface SettledOptions {
  readonly feed: ChangeFeed;
  readonly start: Position;
  readonly join: Position | null;
  /** No copy is beside the log, so that every position is past the join. */
  readonly nothingCopied?: boolean;
  /** The marker that was committed behind `start`; null where nobody knows it. */
  readonly startMarker?: StartMarker | null;
}

/** Ids begin at 1 on every server: by its note a marker is known from any other. null in a ledger of an older build. */
export interface StartMarker {
  readonly id: string;
  readonly note: string | null;
}

export class Settled {
  seq = 0n;
  position: Position | null = null;
  joined = false;
  /** The join was met on the way in; a batch with it may still be on its way. */
  met = false;
  /** What is applied as this reading begins. */
  base: Position;
  readonly #options: SettledOptions;
  #caughtUp = false;
  /** The start's marker, while the log from there on has not shown it. */
  #awaited: StartMarker | null = null;

  constructor(options: SettledOptions) {
    this.#options = options;
    this.base = options.start;
  }

  /** Begins anew from a checkpoint. */
  open(seq: bigint, position: Position | null): void {
    const { feed, join, start } = this.#options;
    this.seq = seq;
    this.position = position;
    this.joined =
      this.#options.nothingCopied === true ||
      (position !== null && join !== null && feed.holds(position, join));
    this.met = this.joined;
    this.base = position === null ? start : withTopics(position, start);
    this.#caughtUp = false;
    this.#awaited = position === null ? (this.#options.startMarker ?? null) : null;
  }

  /** A marker of the lane's was met. */
  marker(id: string, note: string): void {
    const awaited = this.#awaited;
    if (awaited !== null && id === awaited.id && (awaited.note === null || awaited.note === note))
      this.#awaited = null;
  }

  /**
   * Rows that were prepared before the log that is read are committed. None were prepared when the start's marker was written,
   * so behind it they are no rows of the plan's tables; before it the copy has them, and what the log has of the same rows
   * from the start on would be written over them. Fault prepared-transactions.
   */
  endsUnseen(): void {
    if (this.#awaited === null) return;
    throw new Fault(
      "prepared-transactions",
      "An XA transaction was prepared before the copy noted its start and committed right after it, so its rows are not in the log from there on, and older changes of the same rows would be written over them.",
      {
        next: "headgate abandon, then begin anew under another migration id",
        facts: { marker: this.#awaited.id },
      },
    );
  }

  /** Whether `endsUnseen` is refused still. */
  get awaits(): boolean {
    return this.#awaited !== null;
  }

  committed(position: Position): void {
    this.seq += 1n;
    this.position = position;
  }

  /** Whether the log has come to all that the lane had: from then on its positions are the lane's too. */
  caughtUp(at: () => Position): boolean {
    this.#caughtUp ||= this.#options.feed.holds(at(), this.base);
    return this.#caughtUp;
  }

  get behind(): boolean {
    return !this.#caughtUp;
  }

  holds(at: Position): boolean {
    return this.position !== null && this.#options.feed.holds(this.position, at);
  }

  /** Whether the join comes with this position. Fault position-unknown where the log in between is not the one that was noted. */
  meets(at: Position): boolean {
    const { feed, join } = this.#options;
    if (this.met || join === null || !feed.holds(at, join)) return false;
    // Begun anew, a log gives the same names and numbers to others: all that is missing is what it had before.
    if (this.#awaited !== null)
      throw new Fault(
        "position-unknown",
        `The source's log does not have the marker ${this.#awaited.id} with which the copy began: it was begun anew since (RESET BINARY LOGS AND GTIDS, RESET MASTER), and what it had is lost.`,
      );
    return true;
  }
}

/** The source's log as a feed knows no topics: where they began with the copy holds for all that is applied since. */
function withTopics(position: Position, { topics }: Position): Position {
  return position.topics !== undefined || topics === undefined ? position : { ...position, topics };
}
