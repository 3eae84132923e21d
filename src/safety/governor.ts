/**
 * The governor: the one place where copy and stream wait. Whoever writes asks for its turn before each range and
 * each batch, and gets it when nobody has said pause, when replicas, latency and disk are within their limits, and
 * when the sleeps and the rate of the config are kept. It looks once an interval; a limit that is passed stops the
 * next turn, and once it holds again the rate comes back in steps. It never gives up: a stream that waits is behind,
 * not broken, and status, metrics and log say by name what it waits for.
 */
import type { Limits, Probe } from "./pressure.js";

/** What may be changed while it runs; null is no limit. */
export interface GovernorSettings extends Limits {
  /** Slept after each turn. */
  readonly sleepMs: number;
  /** Slept after each turn, as a share of the time that it took. */
  readonly sleepRatio: number;
  readonly maxRowsPerSecond: number | null;
  /** Copy workers that get turns; those with a higher number wait. */
  readonly workers: number;
}

export interface GovernorOptions {
  /** Asked anew each time: `set` changes them. */
  readonly settings: () => GovernorSettings;
  readonly probes: readonly Probe[];
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A sentence for the log, which names the metric: when a limit is passed, when it holds again, what cannot be told. */
  readonly onWord: (word: { readonly metric: string; readonly sentence: string }) => void;
  readonly signal: AbortSignal;
}

/** One writer's turns. It works between a `pace` that has resolved and its next one, or its end. */
export interface Pacer extends Disposable {
  /** Resolves when the next range or batch may be begun; rejects with the signal's reason. */
  pace(signal: AbortSignal): Promise<void>;
}

export interface Governor extends AsyncDisposable {
  /** `number`: of a copy worker, from 0. */
  pacer(of: { readonly kind: "copy"; readonly number: number } | { readonly kind: "apply" }): Pacer;
  /** Rows that were written, for the rate. */
  wrote(rows: number): void;
  /** No turn is given from here on. */
  pause(): void;
  resume(): void;
  /** Whether it is paused, and nobody works on a turn that was given before. */
  readonly held: "no" | "pausing" | "paused";
  /** What it waits for besides a pause, as a sentence; null when nothing. */
  readonly throttled: string | null;
}

/** Between two looks. */
export const intervalMs = 1000;
