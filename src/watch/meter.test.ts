import { describe, expect, it } from "vitest";
import { Meter } from "./meter.js";

/** A copy on a virtual clock: `ranges` give rows and bytes each, `speed` bytes a second; ends with index builds. */
function simulate(
  table: { readonly estimatedRows: number; readonly estimatedBytes: number },
  ranges: readonly { readonly rows: number; readonly bytes: number }[],
  speed: number,
): { at: number; eta: number | null; share: number; left: number }[] {
  let now = 0;
  const meter = new Meter(() => now);
  meter.addTable("t", table);
  meter.split("t", ranges.length);
  const total = ranges.reduce((sum, range) => sum + range.bytes, 0);
  const end = (total / speed) * 1000;
  const seen: { at: number; eta: number | null; share: number; left: number }[] = [];
  let sent = 0;
  for (const range of ranges) {
    meter.sent("t", range.rows, range.bytes);
    now += (range.bytes / speed) * 1000;
    meter.rangeDone("t", range.rows, range.bytes);
    sent += range.bytes;
    seen.push({ at: now, eta: meter.read().etaSeconds, share: sent / total, left: (end - now) / 1000 });
  }
  return seen;
}

describe("the ETA", () => {
  it("is off by less than a fifth once a fifth of a skewed table is copied", () => {
    // Rows get three times as wide towards the end, and the optimizer's row estimate is off by half.
    const ranges = Array.from({ length: 200 }, (_, i) => ({
      rows: 1000,
      bytes: Math.round(100_000 * (1 + ((i * 7919) % 200) / 100)),
    }));
    for (const { eta, share, left } of simulate(
      { estimatedRows: 300_000, estimatedBytes: 9e6 },
      ranges,
      1e6,
    )) {
      if (share < 0.2 || share > 0.95) continue;
      expect(eta).not.toBeNull();
      expect(Math.abs((eta ?? 0) - left) / left, `at ${String(share)}`).toBeLessThan(0.2);
    }
  });

  it("is unknown before anything moved", () => {
    const meter = new Meter(() => 0);
    meter.addTable("t", { estimatedRows: 10, estimatedBytes: 10 });
    expect(meter.read().etaSeconds).toBeNull();
  });

  it("counts index builds that are still to come", () => {
    let now = 0;
    const meter = new Meter(() => now);
    meter.addTable("t", { estimatedRows: 100, estimatedBytes: 1e6 });
    meter.split("t", 2);
    meter.buildsPlanned(4, 0);
    meter.sent("t", 50, 500_000);
    now = 10_000;
    meter.rangeDone("t", 50, 500_000);
    const withBuilds = meter.read().etaSeconds ?? 0;
    expect(withBuilds).toBeGreaterThan(10);
    meter.sent("t", 50, 500_000);
    now = 20_000;
    meter.rangeDone("t", 50, 500_000);
    meter.buildStarted();
    now = 22_000;
    meter.buildDone(1);
    meter.buildDone(1);
    expect(meter.read().etaSeconds).toBe(2);
  });
});

describe("what is counted", () => {
  it("takes rolled-back rows away again and never counts a row twice", () => {
    const meter = new Meter(() => 0);
    meter.addTable("t", { estimatedRows: 100, estimatedBytes: 1000 });
    meter.split("t", 1);
    meter.sent("t", 60, 600);
    meter.rolledBack("t", 60, 600);
    expect(meter.read().rows.done).toBe(0);
    meter.sent("t", 100, 1000);
    meter.rangeDone("t", 100, 1000);
    expect(meter.read().rows).toEqual({ done: 100, total: 100 });
    expect(meter.read().tables).toEqual({ done: 1, total: 1 });
  });

  it("leaves an earlier run's rows out of the speed", () => {
    let now = 0;
    const meter = new Meter(() => now);
    meter.addTable("t", { estimatedRows: 200, estimatedBytes: 2000 });
    meter.resume("t", 2, 1, 100, 1000);
    meter.read();
    now = 1000;
    meter.sent("t", 50, 500);
    const reading = meter.read();
    expect(reading.rows.done).toBe(150);
    expect(reading.rowsPerSecond).toBe(50);
  });

  it("refuses a table that it was not told of", () => {
    expect(() => {
      new Meter(() => 0).split("x", 1);
    }).toThrow("x");
  });
});

describe("tables on their way", () => {
  it("are those with rows of this run that are not wholly copied, each with its own rate", () => {
    let now = 0;
    const meter = new Meter(() => now);
    for (const name of ["done", "half", "new"])
      meter.addTable(name, { estimatedRows: 100, estimatedBytes: 1000 });
    meter.split("done", 1);
    meter.resume("half", 4, 1, 25, 250);
    meter.sent("done", 100, 1000);
    now = 1000;
    meter.rangeDone("done", 100, 1000);
    meter.sent("half", 20, 200);
    now = 3000;
    expect(meter.read().working).toEqual([
      { table: "half", rows: { done: 45, total: 100 }, rowsPerSecond: 10, bytesPerSecond: 100 },
    ]);
  });
});
