/**
 * The watch of the night: asks every probe for its figure, hands the look to the triggers, and tells what has fired. A probe
 * that hangs or fails blinds its own trigger and no other, and that is said: a watch that waits for one server would
 * watch nothing just when it matters.
 */
import { Fault } from "../errors.js";
import { eitherOf, throwIfStopped } from "../stop.js";
import type { Fired, Look, Triggers } from "./triggers.js";

/** Each resolves to its figure; null where it cannot be told now. A Fault is said, and is no figure. */
export type Probes = {
  readonly [Of in keyof Look]: ((signal: AbortSignal) => Promise<Look[Of]>) | null;
};

export interface WatchOptions {
  readonly triggers: Triggers;
  /** null: nobody can be asked. */
  readonly probes: Probes;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  readonly onFired: (fired: Fired) => void;
  /** A probe has failed or hangs, or answers again; once each time. */
  readonly onWord: (sentence: string) => void;
  /** After each look. */
  readonly onLook?: () => void;
}

/** Between two looks. */
export const lookEveryMs = 2000;
/** For a probe's answer, in one look. */
export const patienceMs = 5000;

/** Watches until the signal ends it, which is no failure. */
export async function watch(options: WatchOptions): Promise<void> {
  const { probes, triggers, now, wait, signal, onFired, onLook } = options;
  const asked = {
    lagSeconds: new Asked("the replication lag", probes.lagSeconds, options),
    backlog: new Asked("what the way back has still to bring", probes.backlog, options),
    latencies: new Asked("latencies", probes.latencies, options),
    served: new Asked("requests and failures", probes.served, options),
    failedInRow: new Asked("failed batches", probes.failedInRow, options),
    disks: new Asked("the disks", probes.disks, options),
    diverged: new Asked("the verification", probes.diverged, options),
  };
  const all = Object.values(asked);
  try {
    for (;;) {
      throwIfStopped(signal);
      const answered = new AbortController();
      const patience = waited(wait, patienceMs, eitherOf(signal, answered.signal));
      await Promise.race([Promise.all(all.map((each) => each.ask())), patience]);
      answered.abort(new Fault("interrupted", "The look is over."));
      await patience;
      throwIfStopped(signal);
      const look: Look = {
        lagSeconds: asked.lagSeconds.taken(),
        backlog: asked.backlog.taken(),
        latencies: asked.latencies.taken(),
        served: asked.served.taken(),
        failedInRow: asked.failedInRow.taken(),
        disks: asked.disks.taken(),
        diverged: asked.diverged.taken(),
      };
      for (const fired of triggers.look(look, now())) onFired(fired);
      onLook?.();
      await wait(lookEveryMs, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Resolves when the time is over, or the signal aborted. */
async function waited(wait: WatchOptions["wait"], ms: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** One probe, asked at most once at a time. */
class Asked<T> {
  readonly #of: string;
  readonly #probe: ((signal: AbortSignal) => Promise<T | null>) | null;
  readonly #options: Pick<WatchOptions, "signal" | "onWord">;
  #pending: Promise<void> | null = null;
  #figure: T | null = null;
  #bug: Error | null = null;
  /** Whether it was said that it gives no figure. */
  #silent = false;

  constructor(
    of: string,
    probe: ((signal: AbortSignal) => Promise<T | null>) | null,
    options: Pick<WatchOptions, "signal" | "onWord">,
  ) {
    this.#of = of;
    this.#probe = probe;
    this.#options = options;
  }

  async ask(): Promise<void> {
    if (this.#probe === null) return;
    // What hangs is not asked a second time; its answer, when it comes, is of that look.
    this.#pending ??= this.#answer(this.#probe);
    await this.#pending;
  }

  /** What came since the last look; it counts once. */
  taken(): T | null {
    if (this.#bug !== null) throw this.#bug;
    if (this.#pending !== null) this.#say("has given no answer in time");
    const figure = this.#figure;
    this.#figure = null;
    return figure;
  }

  async #answer(probe: (signal: AbortSignal) => Promise<T | null>): Promise<void> {
    try {
      this.#figure = await probe(this.#options.signal);
      if (this.#silent) this.#options.onWord(`${this.#of}: there is an answer again`);
      this.#silent = false;
    } catch (error) {
      if (error instanceof Fault) this.#say(error.message);
      else this.#bug = new Fault("bug", `The watch of ${this.#of} failed.`, { cause: error });
    } finally {
      this.#pending = null;
    }
  }

  #say(what: string): void {
    if (this.#silent || this.#options.signal.aborted) return;
    this.#silent = true;
    this.#options.onWord(`${this.#of}: ${what}`);
  }
}
