/**
 * How long ago a line of the journal was written, for whoever comes after the engine that wrote it. The wall clock of two
 * lives is all there is, so a clock that was set back in between is held to the journal's last line, and within a life the
 * engine's own clock counts as well: the longer of the two. A clock set forward therefore ends a budget or a guard early, by
 * as much as it was set; set back it lengthens neither by more than the time between two lives.
 */
import type { JournalEntry } from "../cutover-port.js";

export interface Clocks {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly today: () => Date;
}

export class Elapsed {
  readonly #from: number;
  readonly #clocks: Clocks;
  readonly #base: number;
  readonly #began: number;

  /** `at`: the line's time. `entries`: all that the journal has. */
  constructor(at: string, entries: readonly JournalEntry[], clocks: Clocks) {
    this.#from = Date.parse(at);
    this.#clocks = clocks;
    this.#began = clocks.now();
    const last = entries.at(-1);
    const written = last === undefined ? -Infinity : Date.parse(last.at);
    this.#base = Math.max(0, clocks.today().getTime() - this.#from, written - this.#from);
  }

  /** Milliseconds; infinitely many where the line has no time that can be read. */
  get ms(): number {
    if (Number.isNaN(this.#from) || Number.isNaN(this.#base)) return Infinity;
    const { now, today } = this.#clocks;
    return Math.max(this.#base + now() - this.#began, today().getTime() - this.#from);
  }
}
