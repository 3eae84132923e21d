/**
 * What of a lane is on its way into the target: the parts that wait encoded, and the one that is being written, in the
 * lane's transaction there. It is forgotten with the connection, as all of it comes again.
 */
import type { LaneTransaction } from "../stream-port.js";
import type { Part } from "./part.js";

/** Batches that wait encoded. */
const depth = 2;

export class Outgoing {
  /** The lane's transaction at the target while there is one. */
  transaction: LaneTransaction | null = null;
  /** A part is being written. */
  busy = false;
  /** Nothing is handed to the target. */
  held = false;
  #parts: Part[] = [];

  /** No batch is in the target and none waits for it. */
  get quiet(): boolean {
    return !this.busy && this.transaction === null && this.#parts.length === 0;
  }

  /** Whether it can hold no more until the target has taken something; `singly`: changes are written one by one. */
  full(singly: boolean): boolean {
    return this.#parts.length >= (singly ? 1 : depth);
  }

  push(part: Part): void {
    this.#parts.push(part);
  }

  /** The next part for the target; undefined when there is none. */
  take(): Part | undefined {
    const part = this.#parts.shift();
    if (part !== undefined) this.busy = true;
    return part;
  }

  drop(): void {
    for (const part of this.#parts) part.release();
    this.#parts = [];
    this.busy = false;
    this.held = false;
    this.transaction = null;
  }
}
