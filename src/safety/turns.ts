/**
 * Turns to write, as the governor gives them. Between a turn's begin and its end its taker is busy, which is how a
 * pause knows when nothing is on its way any more. Sleeps are owed and paid: a timer that fires late is taken off the next
 * one, so that over many short batches the sleeps add up to what the config says.
 */
import { Fault } from "../errors.js";
import { stopReason, throwIfStopped } from "../stop.js";

export interface TurnOptions {
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly settings: () => {
    readonly sleepMs: number;
    readonly sleepRatio: number;
    readonly maxRowsPerSecond: number | null;
  };
  /** Of the full rate; 0 gives no turns. */
  readonly share: () => number;
}

/** One writer's turns. It works between a `pace` that has resolved and its next one, its `rest`, or its end. */
export interface Pacer extends Disposable {
  /** Of the turn that is held: aborted once a pause has begun. Who can begin again at the end of it ends what is under way. */
  readonly pausing: AbortSignal;
  /** Resolves when the next range or batch may be begun; rejects with the signal's reason. */
  pace(signal: AbortSignal): Promise<void>;
  /** The turn is over, and the next one is not wanted yet. `idle`: there was nothing to do in it, and nothing is owed. */
  rest(idle?: "idle"): void;
}

/** Why something is ended that a pause must not wait for: nothing is wrong, and it is begun again after the pause. */
export const heldBack = new Fault("interrupted", "A pause has begun.", { next: "headgate resume" });

/** Shortest sleep that a timer is asked for; what is owed less than this waits until it is more. */
const shortestMs = 1;
/** What a late timer is taken off later sleeps, at most: a process that stood still for a minute owes its sleeps all the same. */
const mostCredit = 100;
/** Seconds of the rate that may be made up for: rows are told when they are written, and the time that this took counts. */
const creditSeconds = 2;
/** Longest wait without a look at what has changed. */
const lookMs = 1000;

export class Turns {
  readonly #options: TurnOptions;
  #paused = false;
  /** Of the next pause. */
  #pausing = new AbortController();
  #busy = 0;
  #waiting = new Set<() => void>();
  /** Rows written beyond the rate, as of `at`; below 0 what may be made up for. */
  #ahead = { rows: 0, at: 0 };
  #failure: Fault | null = null;

  constructor(options: TurnOptions) {
    this.#options = options;
  }

  get held(): "no" | "pausing" | "paused" {
    return !this.#paused ? "no" : this.#busy > 0 ? "pausing" : "paused";
  }

  pause(): void {
    this.#paused = true;
    this.#pausing.abort(heldBack);
  }

  resume(): void {
    if (this.#paused) this.#pausing = new AbortController();
    this.#paused = false;
    this.wake();
  }

  /** Something has changed: whoever waits looks again. */
  wake(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** Nobody gets a turn any more once `watching` has failed: a governor that does not look must not let through. */
  async failWith(watching: Promise<void>): Promise<void> {
    try {
      await watching;
    } catch (error) {
      this.#failure =
        error instanceof Fault ? error : new Fault("bug", "The governor failed.", { cause: error });
      this.wake();
    }
  }

  wrote(rows: number): void {
    this.#ahead = { rows: this.#rowsAhead() + rows, at: this.#options.now() };
  }

  async turn(signal: AbortSignal): Promise<Disposable> {
    while (this.#paused) await this.#change(signal);
    this.#demand(signal);
    return this.#begin();
  }

  pacer(): Pacer {
    let turn: { readonly end: Disposable; readonly at: number } | null = null;
    let pausing = this.#pausing.signal;
    let owed = 0;
    let restedAt = 0;
    const rest = (idle?: "idle"): void => {
      if (turn === null) return;
      turn.end[Symbol.dispose]();
      if (idle !== "idle") owed += this.#sleepAfter(this.#options.now() - turn.at);
      turn = null;
      restedAt = this.#options.now();
    };
    return {
      get pausing() {
        return pausing;
      },
      pace: async (signal) => {
        rest();
        this.#demand(signal);
        // Time without work since the last turn is slept already.
        if (owed > 0) owed = Math.max(0, owed - (this.#options.now() - restedAt));
        while (owed >= shortestMs) {
          const before = this.#options.now();
          await this.#options.wait(Math.min(owed, lookMs), signal);
          owed = Math.max(owed - (this.#options.now() - before), -mostCredit);
          if (this.#full()) owed = Math.min(owed, 0);
        }
        // Whatever has changed during a wait counts: a pause above all.
        while (!this.#free()) await this.#wait(signal);
        turn = { end: this.#begin(), at: this.#options.now() };
        pausing = this.#pausing.signal;
      },
      rest,
      [Symbol.dispose]: () => rest("idle"),
    };
  }

  #begin(): Disposable {
    this.#busy += 1;
    let open = true;
    return {
      [Symbol.dispose]: () => {
        if (!open) return;
        open = false;
        this.#busy -= 1;
      },
    };
  }

  /** The fixed sleep, the proportional one, and what makes the rate the share that it is coming back with. */
  #sleepAfter(worked: number): number {
    const { sleepMs, sleepRatio } = this.#options.settings();
    const share = this.#options.share();
    return sleepMs + worked * sleepRatio + (share > 0 ? worked * (1 / share - 1) : 0);
  }

  #rowsAhead(): number {
    const { maxRowsPerSecond } = this.#options.settings();
    if (maxRowsPerSecond === null) return 0;
    const gone = (this.#options.now() - this.#ahead.at) / 1000;
    return Math.max(-creditSeconds * maxRowsPerSecond, this.#ahead.rows - gone * maxRowsPerSecond);
  }

  /** Nothing is to be slept any more: what is owed from before is forgiven. */
  #full(): boolean {
    const { sleepMs, sleepRatio } = this.#options.settings();
    return sleepMs === 0 && sleepRatio === 0 && this.#options.share() === 1;
  }

  #free(): boolean {
    return !this.#paused && this.#options.share() > 0 && this.#msAhead() < shortestMs;
  }

  #msAhead(): number {
    const { maxRowsPerSecond } = this.#options.settings();
    return maxRowsPerSecond === null ? 0 : (this.#rowsAhead() / maxRowsPerSecond) * 1000;
  }

  #demand(signal: AbortSignal): void {
    throwIfStopped(signal);
    if (this.#failure !== null) throw this.#failure;
  }

  /** Until something has changed, or the rate allows more. */
  async #wait(signal: AbortSignal): Promise<void> {
    const ahead = this.#msAhead();
    if (!this.#paused && this.#options.share() > 0 && ahead >= shortestMs)
      await this.#options.wait(Math.min(ahead, lookMs), signal);
    else await this.#change(signal);
    this.#demand(signal);
  }

  /** Until somebody says that something has changed. */
  async #change(signal: AbortSignal): Promise<void> {
    this.#demand(signal);
    await new Promise<void>((resolve, reject) => {
      const done = (): void => {
        this.#waiting.delete(look);
        signal.removeEventListener("abort", stopped);
      };
      const look = (): void => {
        done();
        resolve();
      };
      const stopped = (): void => {
        done();
        reject(stopReason(signal));
      };
      this.#waiting.add(look);
      signal.addEventListener("abort", stopped, { once: true });
    });
  }
}
