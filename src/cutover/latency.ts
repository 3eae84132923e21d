/**
 * Latencies by class of query, against the P95 that each class had at `ready`. A class is a probe query that the engine times
 * itself, or one that the `latency` hook names; a hook gives P95s, the engine single times of which the last twenty
 * make one. Less than two milliseconds more is noise, whatever share of the baseline it is.
 */

/** P95 in milliseconds by class, as it was at `ready`. */
export type Baseline = Readonly<Record<string, number>>;

/** What one look has of a class: its P95, or times of single answers. */
export type Answered = { readonly p95Ms: number } | { readonly timesMs: readonly number[] };

export interface Slower {
  readonly of: string;
  readonly baselineMs: number;
  readonly p95Ms: number;
  /** 0.25: a quarter more. 0 where it is noise. */
  readonly increase: number;
}

/** Times that a P95 is made of. */
export const timesForP95 = 20;
export const leastIncreaseMs = 2;

export class Latencies {
  readonly #baseline: Baseline;
  readonly #times = new Map<string, readonly number[]>();

  constructor(baseline: Baseline) {
    this.#baseline = baseline;
  }

  /** The class that has slowed down most; null while no class that has a baseline can be told. */
  look(answers: Readonly<Record<string, Answered>> | null): Slower | null {
    if (answers === null) return null;
    let worst: Slower | null = null;
    for (const [of, answered] of Object.entries(answers)) {
      const baselineMs = this.#baseline[of];
      const p95Ms = this.#p95(of, answered);
      if (baselineMs === undefined || p95Ms === null) continue;
      const slower = { of, baselineMs, p95Ms, increase: increaseOf(baselineMs, p95Ms) };
      if (worst === null || slower.increase > worst.increase) worst = slower;
    }
    return worst;
  }

  #p95(of: string, answered: Answered): number | null {
    if ("p95Ms" in answered) return answered.p95Ms;
    const times = [...(this.#times.get(of) ?? []), ...answered.timesMs].slice(-timesForP95);
    this.#times.set(of, times);
    return times.length < timesForP95 ? null : p95(times);
  }
}

function increaseOf(before: number, now: number): number {
  if (now - before < leastIncreaseMs) return 0;
  return before === 0 ? Infinity : now / before - 1;
}

/** The nearest rank; 0 of none. */
export function p95(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0;
}
