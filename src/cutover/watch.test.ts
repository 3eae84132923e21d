import { describe, expect, it } from "vitest";
import { Fault } from "../errors.js";
import { stopReason } from "../stop.js";
import { Triggers } from "./triggers.js";
import type { Fired } from "./triggers.js";
import type { Probes } from "./watch.js";
import { lookEveryMs, watch } from "./watch.js";

const none: Probes = {
  lagSeconds: null,
  backlog: null,
  latencies: null,
  served: null,
  failedInRow: null,
  disks: null,
  diverged: null,
};

/** A world whose clock moves when everybody waits; it ends after some looks. */
async function watched(probes: Partial<Probes>, looks: number) {
  const stop = new AbortController();
  const fired: Fired[] = [];
  const words: string[] = [];
  let at = 0;
  let seen = 0;
  const triggers = new Triggers(
    {
      replicationLagSeconds: { above: 30, forMs: 4000 },
      p95Increase: { above: 0.25, forMs: 0 },
      errorRate: { above: 0.01, forMs: 0 },
      failedBatches: 3,
      diskUsed: 0.9,
    },
    { latencies: { q: 10 }, failures: 0 },
  );
  await watch({
    triggers,
    probes: { ...none, ...probes },
    now: () => at,
    wait: async (ms, signal) => {
      // Probes that answer do so before anybody has waited.
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      if (signal.aborted) throw stopReason(signal);
      at += ms;
    },
    signal: stop.signal,
    onFired: (one) => fired.push(one),
    onWord: (word) => words.push(word),
    onLook: () => {
      seen += 1;
      if (seen === looks) stop.abort(new Fault("interrupted", "Enough."));
    },
  });
  return { fired, words, at, triggers };
}

describe("watch", () => {
  it("looks every two seconds, tells what fires once, and ends by its signal", async () => {
    const { fired, words, at } = await watched({ lagSeconds: async () => 31 }, 6);
    expect(fired.map(({ trigger }) => trigger)).toEqual(["replication-lag"]);
    expect(words).toEqual([]);
    expect(at).toBe(5 * lookEveryMs);
  });

  it("goes on without a probe that hangs, asks it no second time, and says so once", async () => {
    let asked = 0;
    const hanging = (): Promise<null> => {
      asked += 1;
      return new Promise<null>(() => undefined);
    };
    const { fired, words, triggers } = await watched(
      { disks: hanging, lagSeconds: async () => 31, failedInRow: async () => 3 },
      6,
    );
    expect(asked).toBe(1);
    expect(fired.map(({ trigger }) => trigger)).toEqual(["failed-batches", "replication-lag"]);
    expect(words).toEqual(["the disks: has given no answer in time"]);
    expect(triggers.status.find(({ trigger }) => trigger === "disk-used")?.state).toBe("unknown");
  });

  it("says what a failing probe says, once, and when it answers again", async () => {
    let look = 0;
    const { words, fired } = await watched(
      {
        failedInRow: async () => {
          look += 1;
          if (look > 1 && look < 4) throw new Fault("connection-lost", "The source has gone.");
          return look === 5 ? 3 : 0;
        },
      },
      6,
    );
    expect(words).toEqual([
      "failed batches: The source has gone.",
      "failed batches: there is an answer again",
    ]);
    expect(fired).toHaveLength(1);
  });

  it("does not take a bug for a figure that is missing", async () => {
    const broken = async (): Promise<number> => Promise.reject(new TypeError("no"));
    await expect(watched({ lagSeconds: broken }, 6)).rejects.toMatchObject({ code: "bug" });
  });
});
