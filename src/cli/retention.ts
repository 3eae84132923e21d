/**
 * For how long the source still keeps the log that is needed next, from the start of the copy on: asked again and again,
 * also while the engine is paused, which is when it runs out. Each time that it has become short it is said once, and
 * when the copy will take longer than that; unknown stays unknown. A copy whose start is gone is stopped.
 */
import { Fault } from "../errors.js";
import type { FaultCode } from "../errors.js";
import type { Position } from "../model.js";
import type { LedgerView } from "../port.js";
import type { ChangeFeed, LaneStatus } from "../stream-port.js";
import { clock } from "../watch/screen.js";

export interface RetentionOptions {
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onWord: (sentence: string, seconds: number) => void;
}

/** What is asked, and of whom. */
export interface Watched {
  readonly feed: ChangeFeed;
  /** Where each lane goes on; null where that is not noted yet. Faults: it cannot be told now. */
  readonly positions: () => Promise<readonly (Position | null)[]>;
  /** While the copy runs, which is of no use without the log from its start on. */
  readonly copy?: {
    /** Seconds that it takes from now; null where that cannot be told. */
    readonly etaSeconds: () => number | null;
    /** The log that follows it is gone: log-purged, position-unknown, topic-gap. */
    readonly onGone: (fault: Fault) => void;
  };
}

const everyMs = 30_000;
/** A copy that is lost should not go on for long. */
const copyingMs = 10_000;
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
  #outlasts = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  get seconds(): number | null {
    return this.#seconds;
  }

  /** Watches until the signal, or the end. Resolves when it has been asked once. */
  async watch(watched: Watched, signal: AbortSignal): Promise<void> {
    const stop = AbortSignal.any([signal, this.#ended.signal]);
    const before = this.#watching;
    let asked = (): void => undefined;
    const once = new Promise<void>((resolve) => {
      asked = resolve;
    });
    this.#watching = before.then(() => this.#loop(watched, stop, asked));
    // A fault is told by the one who waits for the end.
    await Promise.race([once, this.#watching]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(new Fault("interrupted", "The run has ended."));
    await this.#watching;
  }

  async #loop(watched: Watched, stop: AbortSignal, asked: () => void): Promise<void> {
    const stopped = (): boolean => stop.aborted;
    while (!stopped()) {
      const { least, begun, gone } = await ask(watched);
      this.#seconds = least;
      if (gone !== null && watched.copy !== undefined) {
        watched.copy.onGone(gone);
        break;
      }
      this.#say(watched.copy?.etaSeconds() ?? null);
      asked();
      const pause = watched.copy === undefined ? everyMs : copyingMs;
      try {
        await this.#options.wait(begun ? pause : soonMs, stop);
      } catch (error) {
        if (!stopped()) throw error;
      }
    }
    this.#seconds = null;
  }

  #say(etaSeconds: number | null): void {
    const seconds = this.#seconds ?? Infinity;
    const outlasts = etaSeconds !== null && etaSeconds > seconds;
    const passed = marks.filter((mark) => seconds <= mark).at(-1) ?? Infinity;
    if (outlasts && (!this.#outlasts || passed < this.#said))
      this.#options.onWord(
        `the copy takes about ${clock(etaSeconds)} more, and the source keeps the log from its start for ${clock(seconds)} only: raise binlog_expire_logs_seconds (or expire_logs_days) on the source, or the copy has to begin anew`,
        seconds,
      );
    else if (passed < this.#said)
      this.#options.onWord(
        `the source keeps the log that is needed next for ${clock(seconds)} more; past that it is lost, and the tables have to be copied again`,
        seconds,
      );
    this.#said = passed;
    this.#outlasts = outlasts;
  }
}

/** Where the stream's lanes stand; the ledger's word as long as one of them has none. */
export async function positionsOf(
  lanes: readonly LaneStatus[],
  view: () => Promise<LedgerView>,
): Promise<readonly (Position | null)[]> {
  if (lanes.length > 0 && lanes.every(({ position }) => position !== null))
    return lanes.map(({ position }) => position);
  return (await view()).lanes.map(({ applied, start }) => applied ?? start?.position ?? null);
}

/** What says that the log, or what is made of it, is there no more. */
const lost: readonly FaultCode[] = ["log-purged", "position-unknown", "topic-gap"];

interface Told {
  /** Seconds of the lane that needs the oldest log. null while any of them is unknown, or somebody does not answer. */
  readonly least: number | null;
  /** Every lane has a position. */
  readonly begun: boolean;
  readonly gone: Fault | null;
}

async function ask({ feed, positions }: Watched): Promise<Told> {
  let begun = false;
  let least: number | null = null;
  try {
    const known = await positions();
    begun = known.length > 0 && known.every((position) => position !== null);
    for (const position of known) {
      if (position === null) return { least: null, begun, gone: null };
      const seconds = await feed.retention(position);
      if (seconds === null) return { least: null, begun, gone: null };
      least = Math.min(least ?? Infinity, seconds);
    }
    return { least, begun, gone: null };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const gone = lost.includes(error.code);
    return { least: gone && error.code !== "position-unknown" ? 0 : null, begun, gone: gone ? error : null };
  }
}
