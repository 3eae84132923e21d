import { expect, it } from "vitest";
import { changed, liveKeys, liveSettings, readChange } from "./live-settings.js";
import { configSchema } from "./schema.js";

const config = configSchema.parse({
  migration: "20261122_shop",
  source: { url: "mysql://a@127.0.0.1/s" },
  target: { url: "postgresql://a@127.0.0.1/t" },
});

it("begins with the config's own values", () => {
  expect(liveSettings(config)).toEqual({
    workers: 2,
    batchRows: 5000,
    sleepMs: 0,
    sleepRatio: 0,
    maxRowsPerSecond: null,
    maxReplicaLagSeconds: 10,
    maxLatencyIncrease: null,
    maxDiskUsed: 0.9,
    maxThreadsRunning: null,
  });
  const more = { ...config, throttle: { ...config.throttle, sleep: "2s", maxRowsPerSecond: 5 } };
  expect(liveSettings(more)).toMatchObject({ sleepMs: 2000, maxRowsPerSecond: 5 });
});

it.each([
  ["snapshot.workers=1", "workers", 1],
  ["apply.batchRows=100", "batchRows", 100],
  [" apply.batchRows = 100 ", "batchRows", 100],
  ["throttle.sleep=250ms", "sleepMs", 250],
  ["throttle.sleep=2s", "sleepMs", 2000],
  ["throttle.sleep=1m", "sleepMs", 60_000],
  ["throttle.sleep=0", "sleepMs", 0],
  ["throttle.sleepRatio=0.5", "sleepRatio", 0.5],
  ["throttle.maxRowsPerSecond=5000", "maxRowsPerSecond", 5000],
  ["throttle.maxRowsPerSecond=none", "maxRowsPerSecond", null],
  ["throttle.maxLatencyIncrease=0.2", "maxLatencyIncrease", 0.2],
  ["throttle.maxLatencyIncrease=none", "maxLatencyIncrease", null],
  ["throttle.maxThreadsRunning=none", "maxThreadsRunning", null],
  ["throttle.maxReplicaLagSeconds=0", "maxReplicaLagSeconds", 0],
  ["throttle.maxDiskUsed=1", "maxDiskUsed", 1],
] as const)("takes %s", (text, name, value) => {
  const change = readChange(text, config);
  expect(change).toMatchObject({ name, value });
  expect(changed(liveSettings(config), change)[name]).toBe(value);
});

it.each([
  "apply.batchRows",
  "=5",
  "apply.batchRows=",
  "apply.batchRows=99",
  "apply.batchRows=100001",
  "apply.batchRows=5.5",
  "apply.batchRows=1e3",
  "apply.batchRows=0x10",
  "apply.batchRows=none",
  "snapshot.workers=0",
  "snapshot.workers=3",
  "throttle.sleep=5",
  "throttle.sleep=-1s",
  "throttle.sleep=none",
  "throttle.maxDiskUsed=1.1",
  "throttle.maxDiskUsed=none",
  "throttle.maxReplicaLagSeconds=none",
  "snapshot.rangeRows=5000",
  "source.url=mysql://x@y/z",
  "__proto__=1",
  "constructor=1",
])("refuses %s, and says what it takes", (text) => {
  expect(() => readChange(text, config)).toThrow(/Keys: snapshot\.workers/u);
  expect(() => readChange(text, config)).toThrow(expect.objectContaining({ code: "usage" }) as Error);
});

it("takes as many workers as the host was confirmed to bear", () => {
  const confirmed = {
    overrides: [{ safeguard: "workers-per-host" as const, value: 8, reason: "dedicated" }],
  };
  expect(readChange("snapshot.workers=8", confirmed).value).toBe(8);
  expect(() => readChange("snapshot.workers=9", confirmed)).toThrow("workers-per-host");
});

it("has a page that names every key", async () => {
  const { readFileSync } = await import("node:fs");
  const page = readFileSync("docs/watching.md", "utf8");
  for (const key of liveKeys) expect(page).toContain(`\`${key}\``);
});
