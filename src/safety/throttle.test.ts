import { describe, expect, it } from "vitest";
import { overload, untilCalm } from "./throttle.js";

const limits = { maxReplicaLagSeconds: 10, maxThreadsRunning: 8 };
const calm = { lagSeconds: 10, threadsRunning: 8 };

describe("the throttle", () => {
  it("lets pass what is at the limit, and nothing past it", () => {
    expect(overload(calm, limits)).toBeNull();
    expect(overload({ ...calm, lagSeconds: 11 }, limits)).toMatch(/11 seconds behind/u);
    expect(overload({ ...calm, lagSeconds: Infinity }, limits)).toMatch(/cannot say/u);
    expect(overload({ ...calm, threadsRunning: 9 }, limits)).toMatch(/9 statements/u);
    expect(overload({ lagSeconds: null, threadsRunning: 8 }, limits)).toBeNull();
    expect(
      overload(
        { lagSeconds: 99, threadsRunning: 99 },
        { maxReplicaLagSeconds: null, maxThreadsRunning: null },
      ),
    ).toBeNull();
  });

  it("waits until the server is calm, and says so once", async () => {
    const loads = [30, 20, 10].map((lagSeconds) => ({ ...calm, lagSeconds }));
    const told: string[] = [];
    let waits = 0;
    await untilCalm(async () => loads.shift() ?? calm, limits, {
      signal: new AbortController().signal,
      wait: async () => void (waits += 1),
      onBusy: (sentence) => told.push(sentence),
    });
    expect(waits).toBe(2);
    expect(told).toHaveLength(1);
  });

  it("gives up on a server that stays busy", async () => {
    let waits = 0;
    const busy = untilCalm(async () => ({ ...calm, threadsRunning: 40 }), limits, {
      signal: new AbortController().signal,
      wait: async () => void (waits += 1),
      onBusy: () => undefined,
    });
    await expect(busy).rejects.toMatchObject({ code: "source-busy", retriable: true });
    expect(waits).toBe(600);
  });
});
