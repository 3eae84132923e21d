/** The figures in Prometheus' text form: names, unknowns, a bounded number of series; and the page that lists them. */
import { readFileSync } from "node:fs";
import { Registry } from "prom-client";
import { expect, it } from "vitest";
import type { EngineStatus } from "./engine-status.js";
import { Meter } from "./meter.js";
import { families, metricsType, openMetrics } from "./metrics.js";

const lane: EngineStatus["lanes"][number] = {
  lane: "main",
  seq: 12n,
  end: 14n,
  position: null,
  joined: true,
  lagSeconds: 1.5,
  eventsRead: 20,
  eventsApplied: 18,
  batches: 3,
  failedInRow: 0,
  stopped: null,
};

function status(over: Partial<EngineStatus> = {}): EngineStatus {
  return {
    migration: "m",
    state: "ready",
    since: null,
    epoch: "7",
    held: "no",
    throttled: null,
    reading: new Meter(() => 0).read(),
    copied: [
      { table: 'odd "name"\n', rows: 10, ranges: { done: 1, total: 4 } },
      { table: "users", rows: 5, ranges: { done: 2, total: 2 } },
    ],
    errors: 2,
    lanes: [lane],
    applied: [{ table: "users", inserts: 3, updates: 2, deletes: 1, truncates: 4 }],
    blocking: [],
    atFence: [],
    quarantined: 1,
    retentionSeconds: null,
    ...over,
  };
}

it("tells each figure under its name, and nothing of one that is unknown", async () => {
  const text = await openMetrics().text(status());
  expect(text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))).toEqual([
    'headgate_rows_copied_total{table="odd \\"name\\"\\n"} 10',
    'headgate_rows_copied_total{table="users"} 5',
    'headgate_ranges{state="done"} 3',
    'headgate_ranges{state="open"} 3',
    'headgate_events_read_total{lane="main"} 20',
    'headgate_events_applied_total{table="users",op="insert"} 3',
    'headgate_events_applied_total{table="users",op="update"} 2',
    'headgate_events_applied_total{table="users",op="delete"} 1',
    'headgate_events_applied_total{table="users",op="truncate"} 4',
    'headgate_batches_total{lane="main"} 3',
    "headgate_lag_seconds 1.5",
    'headgate_lane_lag_seconds{lane="main"} 1.5',
    'headgate_lane_offset{lane="main"} 12',
    'headgate_lane_end{lane="main"} 14',
    'headgate_lane_stopped{lane="main"} 0',
    'headgate_failed_batches{lane="main"} 0',
    "headgate_quarantined_total 1",
    "headgate_faults_total 2",
    "headgate_epoch 7",
    "headgate_held 0",
    "headgate_throttled 0",
    "headgate_ready 1",
  ]);
  const later = await openMetrics().text(
    status({
      lanes: [lane, { ...lane, lane: "b", lagSeconds: null }],
      retentionSeconds: 60,
      differing: [
        { table: "users", rows: 3n },
        { table: "orders", rows: 0n },
      ],
    }),
  );
  expect(later).not.toMatch(/^headgate_lag_seconds/mu);
  expect(later).not.toContain('lane_lag_seconds{lane="b"}');
  expect(later).toContain("headgate_log_retention_seconds 60");
  expect(later).toContain('headgate_mismatches{table="users"} 3');
  expect(later).toContain('headgate_mismatches{table="orders"} 0');
});

it("is asked again and again without counting anything twice", async () => {
  const metrics = openMetrics();
  await metrics.text(status());
  expect(await metrics.text(status())).toBe(await openMetrics().text(status()));
  expect(metricsType).toBe(new Registry().contentType);
});

it("tells a pause, a wait and a lane that stands still", async () => {
  const text = await openMetrics().text(
    status({
      held: "paused",
      throttled: "the target's disk: 91.0 % full",
      state: "streaming",
      blocking: ["lag"],
      atFence: [],
      lanes: [
        { ...lane, stopped: "quarantined" },
        { ...lane, lane: "b", stopped: "paused", failedInRow: 4 },
      ],
    }),
  );
  expect(text).toContain('headgate_failed_batches{lane="b"} 4');
  expect(text).toContain("headgate_held 1");
  expect(text).toContain("headgate_throttled 1");
  expect(text).toContain("headgate_ready 0");
  // What holds the engine holds a cutover, whatever it waited for before.
  expect(await openMetrics().text(status({ held: "paused" }))).toContain("headgate_ready 0");
  expect(text).toContain('headgate_lane_stopped{lane="main"} 1');
  expect(text).toContain('headgate_lane_stopped{lane="b"} 0');
});

it("has as many series as tables and lanes make, and no more", async () => {
  const count = async (tables: number): Promise<number> => {
    const names = Array.from({ length: tables }, (_, i) => `t${String(i)}`);
    const text = await openMetrics().text(
      status({
        copied: names.map((table) => ({ table, rows: 1, ranges: { done: 1, total: 1 } })),
        applied: names.map((table) => ({ table, inserts: 1, updates: 1, deletes: 1, truncates: 0 })),
        differing: names.map((table) => ({ table, rows: 0n })),
      }),
    );
    return text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
  };
  expect((await count(1000)) - (await count(500))).toBe(6 * 500);
});

it("counts as a counter what is one, and docs/watching.md lists them all", async () => {
  const text = await openMetrics().text(status({ retentionSeconds: 1 }));
  const page = readFileSync("docs/watching.md", "utf8");
  for (const { name, kind, labels } of families) {
    expect(text).toContain(`# TYPE ${name} ${kind}`);
    expect(page).toContain(`| \`${name}${labels.length === 0 ? "" : `{${labels.join(",")}}`}\` | ${kind} |`);
  }
  const listed = [...page.matchAll(/^\| `(headgate_\w+)/gmu)].map(([, name]) => name);
  expect(listed.sort()).toEqual(families.map(({ name }) => name).sort());
});

it("has the names that dashboards are made for", () => {
  const names = families.map(({ name, labels }) => `${name}{${labels.join(",")}}`);
  // Those of a cutover come with it.
  expect(names).toEqual(
    expect.arrayContaining([
      "headgate_rows_copied_total{table}",
      "headgate_ranges{state}",
      "headgate_events_applied_total{table,op}",
      "headgate_lag_seconds{}",
      "headgate_lane_offset{lane}",
      "headgate_lane_end{lane}",
      "headgate_quarantined_total{}",
      "headgate_mismatches{table}",
      "headgate_epoch{}",
    ]),
  );
});
