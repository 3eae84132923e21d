/** What one run of one contestant measured, and how many runs become one line. */
import type { Cpu } from "./cpu.js";

export interface Figures {
  /** Seconds of the data phase and of keys, indexes, checks; null where a contestant does not tell them apart. */
  readonly data: number | null;
  readonly indexes: number | null;
  /** Seconds from start to end, everything included. */
  readonly wall: number;
  /** CPU-seconds and peak MB of the contestant's own process; null where it has none. */
  readonly cpu: number | null;
  readonly rss: number | null;
  readonly rows: number;
  readonly bytes: number | null;
  /** CPU-seconds of source, target and engine in the data phase, and from start to end. */
  readonly apart: { readonly data: Cpu | null; readonly whole: Cpu };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

export function values(
  runs: readonly Figures[],
  field: "data" | "indexes" | "wall" | "cpu" | "rss",
): number[] {
  return runs.flatMap((run) => run[field] ?? []);
}

/** `median (min to max)`, or a dash. */
export function spread(
  runs: readonly Figures[],
  field: "data" | "indexes" | "wall" | "cpu" | "rss",
  digits = 1,
): string {
  const all = values(runs, field);
  if (all.length === 0) return "-";
  return `${median(all).toFixed(digits)} (${Math.min(...all).toFixed(digits)} to ${Math.max(...all).toFixed(digits)})`;
}
