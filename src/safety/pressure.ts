/**
 * How hard the servers are pressed: the last readings of the probes against their limits. A reading that cannot be had is
 * unknown, which is neither calm nor busy.
 */

export type Metric = "replica-lag" | "latency" | "disk";

export interface Probe {
  readonly metric: Metric;
  /** `the target's standbys`, `the target`: completes the sentence. */
  readonly of: string;
  /** Seconds of lag, milliseconds of a tiny query, share of the disk that is used. null: cannot be told. Infinity: broken. */
  readonly read: () => Promise<number | null>;
}

export interface Limits {
  readonly maxReplicaLagSeconds: number | null;
  /** 0.2: a fifth above the baseline. */
  readonly maxLatencyIncrease: number | null;
  readonly maxDiskUsed: number | null;
}
