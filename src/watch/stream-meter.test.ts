import { expect, it } from "vitest";
import type { LaneStatus } from "../stream-port.js";
import { StreamMeter } from "./stream-meter.js";

function lane(name: string, eventsApplied: number, lagSeconds: number | null): LaneStatus {
  return {
    lane: name,
    seq: 1n,
    end: 1n,
    position: null,
    joined: true,
    lagSeconds,
    eventsRead: eventsApplied + 5,
    eventsApplied,
    batches: 1,
    failedInRow: 0,
    stopped: null,
  };
}

it("tells the rate of the last quarter of a minute, over all lanes, and begins anew with a new engine", () => {
  let now = 0;
  const meter = new StreamMeter(() => now);
  const rate = (...applied: readonly number[]): number | undefined =>
    meter.read(applied.map((n, i) => lane(`l${String(i)}`, n, 1)))?.appliedPerSecond;
  expect(rate(0, 0)).toBe(0);
  now = 1000;
  expect(rate(100, 200)).toBe(300);
  for (now = 2000; now <= 30_000; now += 1000) rate(100, 200);
  expect(rate(100, 200)).toBe(0);
  now += 1000;
  expect(rate(150, 250)).toBeGreaterThan(0);
  now += 1000;
  expect(rate(10)).toBe(0);
  now += 1000;
  expect(rate(30)).toBe(20);
});

it("has nothing before there is a lane, and no lag while one of them is unknown", () => {
  const meter = new StreamMeter(() => 0);
  expect(meter.read([])).toBeNull();
  expect(meter.read([lane("a", 1, 0.5), lane("b", 1, 3)])).toMatchObject({
    lagSeconds: 3,
    read: 12,
    applied: 2,
  });
  expect(meter.read([lane("a", 1, 0.5), lane("b", 1, null)])).toMatchObject({ lagSeconds: null });
});
