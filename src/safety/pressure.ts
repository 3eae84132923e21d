/**
 * How hard the servers are pressed: readings of the probes against their limits. A reading that cannot be had is
 * unknown, which is neither calm nor busy: it is said once, and a limit that was passed before it counts as passed for a
 * minute more. Latency is judged by the p95 of the last twenty readings against that of the first twenty, taken before
 * the work begins, so that one slow answer is no alarm.
 */

export type Metric = "replica-lag" | "latency" | "disk" | "threads";

export interface Probe {
  readonly metric: Metric;
  /** `the target's standbys`, `the target's disk`: begins the sentence. */
  readonly of: string;
  /** Seconds of lag, milliseconds of a tiny query, share of the disk that is used, statements that run. null: cannot be told. Infinity: broken. */
  readonly read: () => Promise<number | null>;
}

/** null is no limit: the probe is not asked. */
export interface Limits {
  readonly maxReplicaLagSeconds: number | null;
  /** 0.2: a fifth above the baseline. */
  readonly maxLatencyIncrease: number | null;
  readonly maxDiskUsed: number | null;
  readonly maxThreadsRunning: number | null;
}

/** Which key of the config limits a metric. */
const keys = {
  "replica-lag": "maxReplicaLagSeconds",
  latency: "maxLatencyIncrease",
  disk: "maxDiskUsed",
  threads: "maxThreadsRunning",
} as const satisfies Record<Metric, keyof Limits>;

export type Verdict =
  | { readonly kind: "calm" }
  /** `sentence` names what is passed, by how much, and the key. */
  | { readonly kind: "over"; readonly sentence: string }
  | { readonly kind: "unknown"; readonly sentence: string };

const calm: Verdict = { kind: "calm" };

/** Readings that a p95 is made of, and those of one look. */
const window = 20;
const readsPerLook = 5;
/** Less than this is noise, whatever share of the baseline it is. */
const leastIncreaseMs = 2;
/** Looks for which an over stays one after its metric has become unknown. */
const lastKnownLooks = 60;

/** One probe over time. */
export class Gauge {
  readonly probe: Probe;
  /** Of latency only. */
  #baseline: readonly number[] = [];
  #readings: readonly number[] = [];
  #over: { readonly sentence: string; looks: number } | null = null;

  constructor(probe: Probe) {
    this.probe = probe;
  }

  get key(): keyof Limits {
    return keys[this.probe.metric];
  }

  /** One look. `read` hands over what the probe says, null when it says nothing. */
  async look(limits: Limits, read: (probe: Probe) => Promise<number | null>): Promise<Verdict> {
    const limit = limits[this.key];
    if (limit === null) {
      this.#over = null;
      return calm;
    }
    const verdict =
      this.probe.metric === "latency" ? await this.#latency(limit, read) : await this.#level(limit, read);
    if (verdict.kind === "unknown" && this.#over !== null && this.#over.looks < lastKnownLooks) {
      this.#over.looks += 1;
      return { kind: "over", sentence: this.#over.sentence };
    }
    this.#over = verdict.kind === "over" ? { sentence: verdict.sentence, looks: 0 } : null;
    return verdict;
  }

  async #level(limit: number, read: (probe: Probe) => Promise<number | null>): Promise<Verdict> {
    const value = await read(this.probe);
    if (value === null) return this.#unknown();
    if (value <= limit) return calm;
    const shown =
      this.probe.metric === "disk"
        ? `${(value * 100).toFixed(1)} % full`
        : this.probe.metric === "threads"
          ? `${String(value)} statements run`
          : Number.isFinite(value)
            ? `${String(Math.round(value * 10) / 10)} seconds behind`
            : "unable to say how far behind";
    return this.#passed(`${this.probe.of}: ${shown}`, limit);
  }

  async #latency(limit: number, read: (probe: Probe) => Promise<number | null>): Promise<Verdict> {
    const missing = window - this.#baseline.length;
    const fresh = await several(missing > 0 ? missing : readsPerLook, () => read(this.probe));
    if (fresh === null) return this.#unknown();
    if (missing > 0) {
      this.#baseline = [...this.#baseline, ...fresh];
      return calm;
    }
    this.#readings = [...this.#readings, ...fresh].slice(-window);
    const [before, now] = [p95(this.#baseline), p95(this.#readings)];
    if (now <= before * (1 + limit) || now - before < leastIncreaseMs) return calm;
    const more =
      before === 0
        ? ""
        : `, ${String(Math.round((now / before - 1) * 100))} % more than ${before.toFixed(1)} ms before the work began`;
    return this.#passed(`${this.probe.of}: the p95 of its answers is ${now.toFixed(1)} ms${more}`, limit);
  }

  #passed(what: string, limit: number): Verdict {
    return { kind: "over", sentence: `${what}, and throttle.${this.key} is ${String(limit)}` };
  }

  #unknown(): Verdict {
    return {
      kind: "unknown",
      sentence: `${this.probe.of} cannot be told here, so throttle.${this.key} does not watch it`,
    };
  }
}

async function several(times: number, read: () => Promise<number | null>): Promise<readonly number[] | null> {
  const all: number[] = [];
  while (all.length < times) {
    const one = await read();
    if (one === null) return null;
    all.push(one);
  }
  return all;
}

/** The nearest rank; 0 of none. */
function p95(readings: readonly number[]): number {
  const sorted = [...readings].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0;
}
