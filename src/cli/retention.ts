/**
 * For how long the source still keeps the log that is needed next. Asked every half minute, also while the engine is
 * paused: that is when it runs out. Each time that it has become short it is said once; unknown stays unknown.
 */
import { Fault } from "../errors.js";
import type { ChangeFeed, LaneStatus } from "../stream-port.js";
import { clock } from "../watch/screen.js";

export interface RetentionOptions {
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onWord: (sentence: string, seconds: number) => void;
}

const everyMs = 30_000;
/** Before every lane has a position. */
const soonMs = 1000;
/** What is worth a word when less is left. */
const marks = [3600, 600, 60, 1] as const;

export class Retention implements AsyncDisposable {
  readonly #options: RetentionOptions;
  readonly #ended = new AbortController();
  #watching: Promise<void> = Promise.resolve();
  #seconds: number | null = null;
  #said = Infinity;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  get seconds(): number | null {
    return this.#seconds;
  }

  /** Watches this feed until the signal, or the end. */
  watch(feed: ChangeFeed, lanes: () => readonly LaneStatus[], signal: AbortSignal): void {
    const stop = AbortSignal.any([signal, this.#ended.signal]);
    this.#watching = this.#watching.then(() => this.#loop(feed, lanes, stop));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(new Fault("interrupted", "The run has ended."));
    await this.#watching;
  }

  async #loop(feed: ChangeFeed, lanes: () => readonly LaneStatus[], stop: AbortSignal): Promise<void> {
    const stopped = (): boolean => stop.aborted;
    while (!stopped()) {
      const known = lanes();
      this.#seconds = await least(feed, known);
      this.#say();
      const begun = known.length > 0 && known.every(({ position }) => position !== null);
      try {
        await this.#options.wait(begun ? everyMs : soonMs, stop);
      } catch (error) {
        if (!stopped()) throw error;
      }
    }
    this.#seconds = null;
  }

  #say(): void {
    const seconds = this.#seconds ?? Infinity;
    const passed = marks.filter((mark) => seconds <= mark).at(-1) ?? Infinity;
    if (passed < this.#said)
      this.#options.onWord(
        `the source keeps the log that is needed next for ${clock(seconds)} more; past that it is lost, and the tables have to be copied again`,
        seconds,
      );
    this.#said = passed;
  }
}

/** Of the lane that needs the oldest log. null while any of them is unknown, or the source does not answer. */
async function least(feed: ChangeFeed, lanes: readonly LaneStatus[]): Promise<number | null> {
  let least: number | null = null;
  for (const { position } of lanes) {
    if (position === null) return null;
    try {
      const seconds = await feed.retention(position);
      if (seconds === null) return null;
      least = Math.min(least ?? Infinity, seconds);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return error.code === "log-purged" ? 0 : null;
    }
  }
  return least;
}
