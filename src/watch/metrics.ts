/**
 * An engine's figures in the text form of Prometheus (prom-client). They are filled from the status at each scrape,
 * so they cannot disagree with what the socket says; a figure that is unknown is absent, because 0 would be a lie.
 * Labels are tables, lanes and a few fixed words: the number of series is bounded by the plan. The library is loaded
 * at the first scrape: most engines end without one, and start that much sooner.
 */
import type * as prom from "prom-client";
import type { EngineStatus } from "./engine-status.js";
import { isReady, lagOf } from "./engine-status.js";

/** What prom-client calls its text; a test holds the two together. */
export const metricsType = "text/plain; version=0.0.4; charset=utf-8";

export interface Metrics {
  text(status: EngineStatus): Promise<string>;
}

type Library = Pick<typeof prom, "Counter" | "Gauge">;

interface Family {
  readonly name: string;
  readonly help: string;
  readonly kind: "counter" | "gauge";
  readonly labels: readonly string[];
  readonly values: (status: EngineStatus) => readonly Sample[];
}

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number | null;
}

const one = (value: number | null): readonly Sample[] => [{ value }];

/** Every metric there is; docs/watching.md lists the same, and a test holds the two together. */
export const families: readonly Family[] = [
  {
    name: "headgate_rows_copied_total",
    help: "Rows of the snapshot on the target, those of earlier runs too.",
    kind: "counter",
    labels: ["table"],
    values: ({ copied }) => copied.map(({ table, rows }) => ({ labels: { table }, value: rows })),
  },
  {
    name: "headgate_ranges",
    help: "Ranges of the snapshot.",
    kind: "gauge",
    labels: ["state"],
    values: ({ copied }) => {
      const done = copied.reduce((sum, { ranges }) => sum + ranges.done, 0);
      const total = copied.reduce((sum, { ranges }) => sum + ranges.total, 0);
      return [
        { labels: { state: "done" }, value: done },
        { labels: { state: "open" }, value: total - done },
      ];
    },
  },
  {
    name: "headgate_events_read_total",
    help: "Changed rows that the lane took from the source's log since this engine began.",
    kind: "counter",
    labels: ["lane"],
    values: ({ lanes }) => lanes.map(({ lane, eventsRead }) => ({ labels: { lane }, value: eventsRead })),
  },
  {
    name: "headgate_events_applied_total",
    help: "Rows written by the stream since this engine began, by foreign keys' actions too; a row changed more than once within a batch counts once. truncate: how often the table was emptied.",
    kind: "counter",
    labels: ["table", "op"],
    values: ({ applied }) =>
      applied.flatMap(({ table, inserts, updates, deletes, truncates }) => [
        { labels: { table, op: "insert" }, value: inserts },
        { labels: { table, op: "update" }, value: updates },
        { labels: { table, op: "delete" }, value: deletes },
        { labels: { table, op: "truncate" }, value: truncates },
      ]),
  },
  {
    name: "headgate_batches_total",
    help: "Batches that the lane has committed since this engine began.",
    kind: "counter",
    labels: ["lane"],
    values: ({ lanes }) => lanes.map(({ lane, batches }) => ({ labels: { lane }, value: batches })),
  },
  {
    name: "headgate_lag_seconds",
    help: "From a commit at the source to its commit here, of the lane that is furthest behind.",
    kind: "gauge",
    labels: [],
    values: ({ lanes }) => one(lagOf(lanes)),
  },
  {
    name: "headgate_lane_lag_seconds",
    help: "The same of each lane.",
    kind: "gauge",
    labels: ["lane"],
    values: ({ lanes }) => lanes.map(({ lane, lagSeconds }) => ({ labels: { lane }, value: lagSeconds })),
  },
  {
    name: "headgate_lane_offset",
    help: "The lane's checkpoint: batches applied since the migration began.",
    kind: "gauge",
    labels: ["lane"],
    values: ({ lanes }) => lanes.map(({ lane, seq }) => ({ labels: { lane }, value: Number(seq) })),
  },
  {
    name: "headgate_lane_end",
    help: "What the lane's checkpoint will be once all that is read is applied; headgate_lane_offset where nothing waits.",
    kind: "gauge",
    labels: ["lane"],
    values: ({ lanes }) => lanes.map(({ lane, end }) => ({ labels: { lane }, value: Number(end) })),
  },
  {
    name: "headgate_lane_stopped",
    help: "1 while the lane stands still by itself and waits for a person.",
    kind: "gauge",
    labels: ["lane"],
    values: ({ lanes }) =>
      lanes.map(({ lane, stopped }) => ({
        labels: { lane },
        value: stopped === null || stopped === "paused" ? 0 : 1,
      })),
  },
  {
    name: "headgate_failed_batches",
    help: "Batches of the lane that have failed since the last one that was committed; from three on it blocks readiness.",
    kind: "gauge",
    labels: ["lane"],
    values: ({ lanes }) => lanes.map(({ lane, failedInRow }) => ({ labels: { lane }, value: failedInRow })),
  },
  {
    name: "headgate_quarantined_total",
    help: "Refused changes that lanes stand before, waiting for a person.",
    kind: "gauge",
    labels: [],
    values: ({ quarantined }) => one(quarantined),
  },
  {
    name: "headgate_mismatches",
    help: "Rows on record as different, as the last verification left them; absent before everything was compared once.",
    kind: "gauge",
    labels: ["table"],
    values: ({ differing = [] }) =>
      differing.map(({ table, rows }) => ({ labels: { table }, value: Number(rows) })),
  },
  {
    name: "headgate_faults_total",
    help: "Faults that passed and were answered by trying again, since this engine began.",
    kind: "counter",
    labels: [],
    values: ({ errors }) => one(errors),
  },
  {
    name: "headgate_epoch",
    help: "The engine's epoch: one more with each engine that claimed the migration.",
    kind: "gauge",
    labels: [],
    values: ({ epoch }) => one(Number(epoch)),
  },
  {
    name: "headgate_held",
    help: "1 while the engine is paused and writes nothing.",
    kind: "gauge",
    labels: [],
    values: ({ held }) => one(held === "paused" ? 1 : 0),
  },
  {
    name: "headgate_throttled",
    help: "1 while the engine waits for a server to calm down.",
    kind: "gauge",
    labels: [],
    values: ({ throttled }) => one(throttled === null ? 0 : 1),
  },
  {
    name: "headgate_ready",
    help: "1 when a cutover could start.",
    kind: "gauge",
    labels: [],
    values: (status) => one(isReady(status) ? 1 : 0),
  },
  {
    name: "headgate_log_retention_seconds",
    help: "For how long the source still keeps the log that is needed next.",
    kind: "gauge",
    labels: [],
    values: ({ retentionSeconds }) => one(retentionSeconds),
  },
];

/** One registry of its own: nothing of the process's default metrics, no globals. */
export function openMetrics(): Metrics {
  return {
    text: async (status) => {
      const library = await import("prom-client");
      const registry = new library.Registry();
      for (const family of families) fill(library, registry, family, status);
      return await registry.metrics();
    },
  };
}

function fill(
  { Counter, Gauge }: Library,
  registry: prom.Registry,
  { name, help, kind, labels, values }: Family,
  status: EngineStatus,
): void {
  const options = { name, help, labelNames: [...labels], registers: [registry] };
  const metric = kind === "counter" ? new Counter(options) : new Gauge(options);
  const known = values(status).filter(({ value }) => value !== null);
  // A family without labels shows 0 from its birth on.
  if (labels.length === 0 && known.length === 0) registry.removeSingleMetric(name);
  for (const { labels: of = {}, value } of known) metric.inc({ ...of }, value ?? 0);
}
