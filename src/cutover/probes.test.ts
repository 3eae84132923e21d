import { describe, expect, it } from "vitest";
import { Fault } from "../errors.js";
import type { LaneStatus } from "../stream-port.js";
import type { BaselineParts } from "./baseline.js";
import { takeBaseline } from "./baseline.js";
import type { ProbeParts } from "./probes.js";
import { probesOf } from "./probes.js";

const { signal } = new AbortController();
const lane = (lagSeconds: number | null, failedInRow = 0): LaneStatus => ({
  lane: "all",
  seq: 1n,
  position: null,
  end: 1n,
  joined: true,
  lagSeconds,
  eventsRead: 0,
  eventsApplied: 0,
  batches: 0,
  failedInRow,
  stopped: null,
});
const parts: ProbeParts = {
  lanes: () => [lane(3), lane(7, 2)],
  backlog: async () => ({ log: "1", applied: 2n, end: 5n }),
  differing: () => [{ table: "orders", rows: 2n }],
  hook: null,
  queries: [],
  time: async () => 5,
  served: async () => ({ requests: 100n, failed: 1n }),
  disks: [
    { of: "the source", used: async () => null },
    { of: "the target", used: async () => 0.5 },
  ],
};

describe("probes", () => {
  it("take the worst lane, the last verification, and the disks that can be told", async () => {
    const probes = probesOf(parts);
    await expect(probes.lagSeconds?.(signal)).resolves.toBe(7);
    await expect(probes.backlog?.(signal)).resolves.toEqual({ log: "1", applied: 2n, end: 5n });
    await expect(probes.failedInRow?.(signal)).resolves.toBe(2);
    await expect(probes.diverged?.(signal)).resolves.toEqual([{ table: "orders", rows: "2" }]);
    await expect(probes.disks?.(signal)).resolves.toEqual([{ of: "the target", used: 0.5 }]);
    await expect(probes.served?.(signal)).resolves.toEqual({ requests: 100n, failed: 1n });
    expect(probes.latencies).toBeNull();
    await expect(
      probesOf({ ...parts, lanes: () => [lane(3), lane(null)] }).lagSeconds?.(signal),
    ).resolves.toBeNull();
    await expect(probesOf({ ...parts, differing: () => undefined }).diverged?.(signal)).resolves.toBeNull();
  });

  it("run the hook once for latencies and counts, and time each query beside it", async () => {
    let runs = 0;
    const probes = probesOf({
      ...parts,
      queries: [{ name: "cart", sql: "SELECT 1" }],
      hook: async () => {
        runs += 1;
        await Promise.resolve();
        return { latencies: { checkout: { p95Ms: 40 } }, served: { requests: 9n, failed: 0n } };
      },
    });
    const slow = [probes.latencies?.(signal), probes.served?.(signal)] as const;
    await expect(slow[1]).resolves.toEqual({ requests: 9n, failed: 0n });
    await expect(slow[0]).resolves.toEqual({ cart: { timesMs: [5, 5, 5] }, checkout: { p95Ms: 40 } });
    expect(runs).toBe(1);
    await probes.served?.(signal);
    expect(runs).toBe(2);
  });
});

describe("the baseline", () => {
  const times = [900, ...Array.from({ length: 19 }, () => 10), 50];
  const base: BaselineParts = {
    hook: null,
    queries: [{ name: "cart", sql: "SELECT 1" }],
    time: async () => times.shift() ?? 0,
    served: async () => ({ requests: 1200n, failed: 100n }),
    today: () => new Date(0),
    signal,
  };

  it("is the P95 of twenty answers, the first of all left out, and the share that fails anyway", async () => {
    await expect(takeBaseline(base)).resolves.toEqual({
      at: "1970-01-01T00:00:00.000Z",
      latencies: { cart: 10 },
      failures: 100 / 1200,
    });
  });

  it("is the hook's where there is one, and nothing where nobody gives any", async () => {
    const hook = async () => ({ latencies: { all: { p95Ms: 7 } }, served: { requests: 10n, failed: 1n } });
    await expect(takeBaseline({ ...base, queries: [], hook })).resolves.toMatchObject({
      latencies: { all: 7 },
      failures: 0.1,
    });
    await expect(takeBaseline({ ...base, queries: [], served: async () => null })).resolves.toMatchObject({
      latencies: null,
      failures: null,
    });
  });

  it("is none where a query is refused", async () => {
    const time = async (): Promise<number> => Promise.reject(new Fault("source-refused", "No such table."));
    await expect(takeBaseline({ ...base, time })).rejects.toMatchObject({ code: "source-refused" });
  });
});
