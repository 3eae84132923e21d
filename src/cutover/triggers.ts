/**
 * The triggers of the night, pure: looks in, what has fired out, each with the figures that were measured. Every trigger fires once
 * and is armed again only when what it watches has long been calm. What firing means is answer.ts's; who looks is
 * watch.ts's. A trigger that nobody can give figures for says so instead of being calm.
 */
import { Backlogs } from "./backlog.js";
import type { Backlog } from "./backlog.js";
import type { ErrorRate, Served } from "./error-rate.js";
import { ErrorRates, leastRequests } from "./error-rate.js";
import type { Answered, Baseline, Slower } from "./latency.js";
import { Latencies } from "./latency.js";
import type { Limit, Standing } from "./sustained.js";
import { calmShare, judge, unread } from "./sustained.js";

export const triggerNames = [
  "replication-lag",
  "p95-latency",
  "error-rate",
  "failed-batches",
  "disk-used",
  "divergence",
] as const;

export type TriggerName = (typeof triggerNames)[number];

interface Sustained {
  readonly above: number;
  readonly forMs: number;
}

/** `triggers` of the config. */
export interface TriggerLimits {
  readonly replicationLagSeconds: Sustained;
  readonly p95Increase: Sustained;
  readonly errorRate: Sustained;
  readonly failedBatches: number;
  readonly diskUsed: number;
}

/** What was usual before the switch; null: nobody gives such figures, and the trigger is off. */
export interface Usual {
  readonly latencies: Baseline | null;
  /** The share of failures. */
  readonly failures: number | null;
}

/** One disk. */
export interface Disk {
  /** `the target`, `the source`, `Kafka`. */
  readonly of: string;
  readonly used: number;
}

/** Rows that a comparison has settled as different. */
export interface Diverged {
  readonly table: string;
  readonly rows: string;
}

/** What one look has; null could not be had this time. */
export interface Look {
  readonly lagSeconds: number | null;
  /** Of the way back. */
  readonly backlog: Backlog | null;
  readonly latencies: Readonly<Record<string, Answered>> | null;
  readonly served: Served | null;
  /** Of the lane that has failed most often in a row. */
  readonly failedInRow: number | null;
  readonly disks: readonly Disk[] | null;
  readonly diverged: readonly Diverged[] | null;
}

/** Never a row's value: it goes into journal, hooks and log. */
export type TriggerFacts = Readonly<Record<string, string | number>>;

export interface Fired {
  readonly trigger: TriggerName;
  readonly sentence: string;
  readonly facts: TriggerFacts;
}

export interface TriggerStatus {
  readonly trigger: TriggerName;
  /** off: nobody gives figures for it. unknown: it had none at the last look. */
  readonly state: "off" | "unknown" | Standing["state"];
  /** Why it is off; what it reads otherwise. */
  readonly sentence: string;
}

interface Reading {
  /** null: unknown. */
  readonly value: number | null;
  readonly sentence: string;
  readonly facts: TriggerFacts;
}

const nothing: Reading = { value: null, sentence: "not known at the last look", facts: {} };
/** Disks fill slowly, and a sorted file may come and go. */
const diskForMs = 60_000;
const diskCalm = 0.05;

export class Triggers {
  readonly #limits: Readonly<Record<TriggerName, Limit>>;
  readonly #off: ReadonlyMap<TriggerName, string>;
  readonly #latencies: Latencies;
  readonly #errors: ErrorRates;
  readonly #backlogs = new Backlogs();
  #drainMs: number | null = null;
  readonly #standing = new Map<TriggerName, Standing>();
  readonly #readings = new Map<TriggerName, Reading>();

  constructor(limits: TriggerLimits, usual: Usual) {
    this.#limits = limitsOf(limits);
    this.#latencies = new Latencies(usual.latencies ?? {});
    this.#errors = new ErrorRates(usual.failures ?? 0);
    this.#off = offBy(usual);
  }

  /** What draining the way back would take, as of the last look; null where nobody can tell. */
  get drainMs(): number | null {
    return this.#drainMs;
  }

  /** `at`: monotonic milliseconds. */
  look(look: Look, at: number): readonly Fired[] {
    this.#drainMs = this.#backlogs.look(look.backlog, at);
    const readings: Readonly<Record<TriggerName, Reading>> = {
      "replication-lag": lagReading(look.lagSeconds, this.#drainMs),
      "p95-latency": latencyReading(this.#latencies.look(look.latencies)),
      "error-rate": errorReading(this.#errors.look(look.served, at)),
      "failed-batches": failedReading(look.failedInRow),
      "disk-used": diskReading(look.disks),
      divergence: divergedReading(look.diverged),
    };
    return triggerNames.flatMap((trigger) => {
      if (this.#off.has(trigger)) return [];
      const reading = readings[trigger];
      this.#readings.set(trigger, reading);
      const before = this.#standing.get(trigger) ?? unread;
      const { standing, fired } = judge(before, reading.value, at, this.#limits[trigger]);
      this.#standing.set(trigger, standing);
      return fired ? [this.#fire(trigger, reading)] : [];
    });
  }

  /** Each trigger, for people: a calm one too, and one that is off. */
  get status(): readonly TriggerStatus[] {
    return triggerNames.map((trigger) => {
      const off = this.#off.get(trigger);
      if (off !== undefined) return { trigger, state: "off", sentence: off };
      const reading = this.#readings.get(trigger) ?? nothing;
      const { state } = this.#standing.get(trigger) ?? unread;
      const known = state === "fired" || reading.value !== null;
      return { trigger, state: known ? state : "unknown", sentence: reading.sentence };
    });
  }

  #fire(trigger: TriggerName, { sentence, facts }: Reading): Fired {
    const { above, forMs } = this.#limits[trigger];
    const long = forMs === 0 ? "" : ` for ${String(forMs / 1000)} seconds`;
    const said =
      trigger === "divergence" ? sentence : `${sentence}${long}; the limit is ${shown(trigger, above)}`;
    return {
      trigger,
      sentence: `${trigger}: ${said}.`,
      facts: { ...facts, limit: above, forSeconds: forMs / 1000 },
    };
  }
}

function limitsOf(limits: TriggerLimits): Readonly<Record<TriggerName, Limit>> {
  const share = ({ above, forMs }: Sustained): Limit => ({ above, forMs, calm: above * calmShare });
  return {
    "replication-lag": share(limits.replicationLagSeconds),
    "p95-latency": share(limits.p95Increase),
    "error-rate": share(limits.errorRate),
    // A batch that goes through ends the row.
    "failed-batches": { above: limits.failedBatches, inclusive: true, forMs: 0, calm: 0 },
    "disk-used": {
      above: limits.diskUsed,
      inclusive: true,
      forMs: diskForMs,
      calm: limits.diskUsed - diskCalm,
    },
    divergence: { above: 0, forMs: 0, calm: 0 },
  };
}

function offBy(usual: Usual): ReadonlyMap<TriggerName, string> {
  const off = new Map<TriggerName, string>();
  if (usual.latencies === null || Object.keys(usual.latencies).length === 0)
    off.set(
      "p95-latency",
      "off: there is no baseline. Set hooks.latency or baseline.queries; it is taken at ready, or by headgate baseline capture",
    );
  if (usual.failures === null)
    off.set("error-rate", "off: neither a hook nor a server counted requests and failures before the switch");
  return off;
}

function lagReading(seconds: number | null, drainMs: number | null): Reading {
  if (seconds === null) return nothing;
  const drainSeconds = drainMs === null ? null : Math.ceil(drainMs / 100) / 10;
  const drain = drainSeconds === null ? "" : ` (${drainSeconds.toFixed(1)} to drain)`;
  return {
    value: seconds,
    sentence: `the stream is ${seconds.toFixed(1)} seconds behind${drain}`,
    facts: { lagSeconds: seconds, ...(drainSeconds === null ? {} : { drainSeconds }) },
  };
}

function latencyReading(slower: Slower | null): Reading {
  if (slower === null) return nothing;
  const { of, baselineMs, p95Ms, increase } = slower;
  const more = increase === 0 ? "" : `, ${percent(increase)} more`;
  return {
    value: increase,
    sentence: `the P95 of ${of} is ${p95Ms.toFixed(1)} ms and was ${baselineMs.toFixed(1)} ms at ready${more}`,
    facts: { of, p95Ms, baselineMs },
  };
}

function errorReading(rate: ErrorRate | null): Reading {
  if (rate === null)
    return { ...nothing, sentence: `not known: fewer than ${String(leastRequests)} requests so far` };
  return {
    value: rate.rate,
    sentence: `${percent(rate.rate)} of requests failed beyond what is usual (${String(rate.failed)} of ${String(rate.requests)} in all)`,
    facts: { ...rate },
  };
}

function failedReading(failed: number | null): Reading {
  if (failed === null) return nothing;
  return {
    value: failed,
    sentence: `${String(failed)} batches have failed in a row`,
    facts: { failedInRow: failed },
  };
}

function diskReading(disks: readonly Disk[] | null): Reading {
  const [worst] = [...(disks ?? [])].sort((a, b) => b.used - a.used);
  if (worst === undefined) return nothing;
  return {
    value: worst.used,
    sentence: `the disk of ${worst.of} is ${percent(worst.used)} full`,
    facts: { of: worst.of, used: worst.used },
  };
}

function divergedReading(diverged: readonly Diverged[] | null): Reading {
  if (diverged === null) return nothing;
  const tables = diverged.filter(({ rows }) => rows !== "0");
  if (tables.length === 0) return { value: 0, sentence: "no row is known to differ", facts: {} };
  const list = tables.map(({ table, rows }) => `${table} (${rows})`).join(", ");
  return { value: tables.length, sentence: `rows differ in ${list}`, facts: { tables: list } };
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(1)} %` : "infinitely";
}

function shown(trigger: TriggerName, above: number): string {
  if (trigger === "replication-lag") return `${String(above)} seconds`;
  return trigger === "failed-batches" ? String(above) : percent(above);
}
