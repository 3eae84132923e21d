/**
 * What a lane has failed at since its last commit. A batch that one of its changes may be to blame for is written again
 * change by change; what is refused even so makes the lane stand, and the other lanes go on without it.
 */
import { codes } from "../errors.js";
import type { Fault } from "../errors.js";
import type { OnStreamEvent } from "./event.js";
import { isPoison, isRefusal } from "./refusal.js";

/** A lane whose batches fail as often in a row is in the way of a cutover, where headgate.yaml says nothing else. */
export const failingAt = 3;

export class Trouble {
  /** Changes from the checkpoint on that are to be written one by one. */
  replaying = 0;
  /** What made it necessary. */
  replayCause: Fault | null = null;
  /** Why the lane stands until somebody decides; null while it goes on. */
  stands: Fault | null = null;
  /** Batches that failed since its last commit. */
  failures = 0;
  readonly #lane: string;
  readonly #onEvent: OnStreamEvent;
  readonly #failingAt: number;

  constructor(lane: string, onEvent: OnStreamEvent, mostInRow = failingAt) {
    this.#lane = lane;
    this.#onEvent = onEvent;
    this.#failingAt = mostInRow;
  }

  /** A batch failed, of which so many changes were read and not committed. */
  failed(fault: Fault, pending: number): void {
    this.failures += 1;
    const lane = this.#lane;
    this.#onEvent({ kind: "batch-failed", lane, fault, inRow: this.failures });
    if (this.failures >= this.#failingAt)
      this.#onEvent({ kind: "batch-failing", lane, fault, count: this.failures });
    if (!isRefusal(fault) || codes[fault.code].retriable) return;
    if (!isPoison(fault) || this.replaying > 0) {
      this.stands = fault;
      return;
    }
    this.replaying = pending;
    this.replayCause = fault;
    this.#onEvent({ kind: "replaying", lane, events: pending, fault });
  }

  /** So many changes are committed. */
  committed(events: number): void {
    this.failures = 0;
    if (this.replaying === 0) return;
    this.replaying = Math.max(0, this.replaying - events);
    if (this.replaying === 0) this.#onEvent({ kind: "replayed", lane: this.#lane });
  }

  /** Somebody has decided: it is tried again. */
  again(): void {
    this.stands = null;
    this.replaying = 0;
    this.replayCause = null;
    this.failures = 0;
  }
}
