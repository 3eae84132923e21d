import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { answer, blocksComplete } from "./answer.js";
import type { Situation } from "./answer.js";
import { backlogOf } from "./backlog.js";
import { Triggers } from "./triggers.js";
import type { Fired, Look, TriggerLimits } from "./triggers.js";

const limits: TriggerLimits = {
  replicationLagSeconds: { above: 30, forMs: 60_000 },
  p95Increase: { above: 0.25, forMs: 60_000 },
  errorRate: { above: 0.01, forMs: 60_000 },
  failedBatches: 3,
  diskUsed: 0.9,
};
const usual = { latencies: { checkout: 100 }, failures: 0 };
const blank: Look = {
  lagSeconds: null,
  backlog: null,
  latencies: null,
  served: null,
  failedInRow: null,
  disks: null,
  diverged: null,
};

/** Looks every second from `from` to `to`, both included. */
function seconds(
  triggers: Triggers,
  from: number,
  to: number,
  look: (second: number) => Partial<Look>,
): readonly (Fired & { second: number })[] {
  const fired: (Fired & { second: number })[] = [];
  for (let second = from; second <= to; second += 1)
    for (const one of triggers.look({ ...blank, ...look(second) }, second * 1000))
      fired.push({ ...one, second });
  return fired;
}

describe("replication lag", () => {
  it.each([
    [29, 600, 0],
    [30, 600, 0],
    [31, 59, 0],
    [31, 60, 1],
  ])("of %i s for %i s fires %i times", (lag, long, times) => {
    const fired = seconds(new Triggers(limits, usual), 0, long, () => ({ lagSeconds: lag }));
    expect(fired.map(({ trigger }) => trigger)).toEqual(Array(times).fill("replication-lag"));
  });

  it("fires once, with what was measured, and again only after a window of calm", () => {
    const triggers = new Triggers(limits, usual);
    const [fired, ...more] = seconds(triggers, 0, 300, () => ({ lagSeconds: 31 }));
    expect(more).toEqual([]);
    expect(fired).toEqual({
      trigger: "replication-lag",
      second: 60,
      sentence: "replication-lag: the stream is 31.0 seconds behind for 60 seconds; the limit is 30 seconds.",
      facts: { lagSeconds: 31, limit: 30, forSeconds: 60 },
    });
    // Under the limit, not calm: 25 s is more than four fifths of it.
    expect(seconds(triggers, 301, 500, () => ({ lagSeconds: 25 }))).toEqual([]);
    expect(seconds(triggers, 501, 700, () => ({ lagSeconds: 40 }))).toEqual([]);
    expect(seconds(triggers, 701, 760, () => ({ lagSeconds: 24 }))).toEqual([]);
    expect(seconds(triggers, 761, 820, () => ({ lagSeconds: 40 }))).toEqual([]);
    // A window of 59 seconds of calm arms nothing; one of 60 does.
    const armed = new Triggers(limits, usual);
    seconds(armed, 0, 60, () => ({ lagSeconds: 31 }));
    seconds(armed, 61, 120, () => ({ lagSeconds: 24 }));
    expect(seconds(armed, 121, 200, () => ({ lagSeconds: 31 }))).toEqual([]);
    const again = new Triggers(limits, usual);
    seconds(again, 0, 60, () => ({ lagSeconds: 31 }));
    seconds(again, 61, 121, () => ({ lagSeconds: 24 }));
    expect(seconds(again, 122, 200, () => ({ lagSeconds: 31 })).map(({ second }) => second)).toEqual([182]);
  });

  it("has its window begun anew by one reading within the limit, or by a long time without any", () => {
    const dip = seconds(new Triggers(limits, usual), 0, 119, (s) => ({ lagSeconds: s === 60 - 1 ? 30 : 31 }));
    expect(dip).toEqual([]);
    const gap = (from: number, to: number) =>
      seconds(new Triggers(limits, usual), 0, 60, (s) => ({ lagSeconds: s > from && s < to ? null : 31 }));
    expect(gap(20, 35)).toHaveLength(1);
    expect(gap(20, 36)).toEqual([]);
  });

  it("never fires before a whole window of readings past the limit, whatever they are", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            step: fc.integer({ min: 1, max: 20 }),
            lag: fc.option(fc.constantFrom(0, 24, 25, 30, 31, 90)),
          }),
          {
            maxLength: 120,
          },
        ),
        (looks) => {
          const triggers = new Triggers(limits, usual);
          let at = 0;
          let begun: number | null = null;
          let armed = true;
          for (const { step, lag } of looks) {
            at += step;
            if (lag !== null) begun = lag > 30 ? (begun ?? at) : null;
            const [fired] = triggers.look({ ...blank, lagSeconds: lag }, at * 1000);
            if (fired === undefined) {
              if (lag !== null && lag <= 24) armed = true;
              continue;
            }
            expect(begun).not.toBeNull();
            expect(at - (begun ?? at)).toBeGreaterThanOrEqual(60);
            expect(armed).toBe(true);
            armed = false;
          }
        },
      ),
    );
  });
});

describe("P95", () => {
  const p95 = (ms: number) => () => ({ latencies: { checkout: { p95Ms: ms } } });

  it.each([
    [125, 600, 0],
    [126, 59, 0],
    [126, 60, 1],
  ])("of %i ms over 100 for %i s fires %i times", (ms, long, times) => {
    expect(seconds(new Triggers(limits, usual), 0, long, p95(ms))).toHaveLength(times);
  });

  it("names the class that has slowed down most, and passes over what is noise", () => {
    const two = { latencies: { cart: 1, checkout: 100 }, failures: 0 };
    const [fired] = seconds(new Triggers(limits, two), 0, 60, () => ({
      latencies: { cart: { p95Ms: 2.9 }, checkout: { p95Ms: 150 }, unheard: { p95Ms: 9000 } },
    }));
    expect(fired?.facts).toEqual({
      of: "checkout",
      p95Ms: 150,
      baselineMs: 100,
      limit: 0.25,
      forSeconds: 60,
    });
    expect(fired?.sentence).toContain("50.0 % more");
  });

  it("makes one of the last twenty times of an answer: one slow answer is not enough", () => {
    const slow = (every: number) =>
      seconds(new Triggers(limits, usual), 0, 200, (s) => ({
        latencies: { checkout: { timesMs: [s % every === 0 ? 500 : 100] } },
      }));
    expect(slow(20)).toEqual([]);
    expect(slow(8)).toHaveLength(1);
  });

  it("is off where nobody gives latencies, and says how to have it", () => {
    const triggers = new Triggers(limits, { latencies: null, failures: null });
    expect(seconds(triggers, 0, 600, p95(5000))).toEqual([]);
    const off = triggers.status.filter(({ state }) => state === "off");
    expect(off.map(({ trigger }) => trigger)).toEqual(["p95-latency", "error-rate"]);
    expect(off[0]?.sentence).toContain("baseline.queries");
  });
});

describe("error rate", () => {
  const served = (perSecond: number, failing: (n: number) => number) => (s: number) => ({
    served: { requests: BigInt(s * perSecond), failed: BigInt(Math.floor(failing(s * perSecond))) },
  });

  it.each([
    [0.01, 600, 0],
    [0.02, 69, 0],
    [0.02, 70, 1],
  ])("of %d for %i s fires %i times", (share, long, times) => {
    // The first ten seconds make the first rate.
    const fired = seconds(
      new Triggers(limits, usual),
      0,
      long,
      served(1000, (n) => n * share),
    );
    expect(fired).toHaveLength(times);
  });

  it("says nothing of fewer than two hundred requests", () => {
    // 19 a second for ten seconds are 190: ten more are waited for.
    const triggers = new Triggers(limits, usual);
    seconds(
      triggers,
      0,
      10,
      served(19, (n) => n),
    );
    expect(triggers.status.find(({ trigger }) => trigger === "error-rate")?.state).toBe("unknown");
    seconds(
      triggers,
      11,
      11,
      served(19, (n) => n),
    );
    expect(triggers.status.find(({ trigger }) => trigger === "error-rate")?.state).toBe("over");
  });

  it("takes off what was usual before, and begins anew when the counts do", () => {
    const used = { latencies: null, failures: 0.08 };
    expect(
      seconds(
        new Triggers(limits, used),
        0,
        300,
        served(1000, (n) => n * 0.085),
      ),
    ).toEqual([]);
    expect(
      seconds(
        new Triggers(limits, used),
        0,
        300,
        served(1000, (n) => n * 0.095),
      ),
    ).toHaveLength(1);
    // A server that was started again: what it counts since is no part of what it had counted before.
    const restarted = (s: number) => ({
      served:
        s < 100
          ? { requests: BigInt(s * 1000), failed: 0n }
          : { requests: BigInt((s - 99) * 1000), failed: BigInt((s - 99) * 5) },
    });
    expect(seconds(new Triggers(limits, usual), 0, 300, restarted)).toEqual([]);
  });
});

describe("failed batches, disk, divergence", () => {
  it("fires at the third failure in a row; two and a success begin the count anew", () => {
    const run = (...counts: number[]) =>
      seconds(new Triggers(limits, usual), 0, counts.length - 1, (s) => ({ failedInRow: counts[s] ?? null }));
    expect(run(0, 1, 2, 0, 1, 2, 0)).toEqual([]);
    expect(run(0, 1, 2, 3, 4, 5).map(({ second }) => second)).toEqual([3]);
    expect(run(3, 4, 0, 1, 2, 3).map(({ second }) => second)).toEqual([0, 5]);
  });

  it.each([
    [0.899, 600, 0],
    [0.9, 59, 0],
    [0.9, 60, 1],
  ])("of a disk that is %d full for %i s fires %i times", (used, long, times) => {
    const fired = seconds(new Triggers(limits, usual), 0, long, () => ({
      disks: [
        { of: "the source", used: 0.2 },
        { of: "the target", used },
      ],
    }));
    expect(fired).toHaveLength(times);
    if (times > 0) expect(fired[0]?.facts["of"]).toBe("the target");
  });

  it("fires at the first row that is settled as different, and is armed again by a clean comparison", () => {
    const triggers = new Triggers(limits, usual);
    const rows = (n: string): Partial<Look> => ({
      diverged: [
        { table: "orders", rows: n },
        { table: "items", rows: "0" },
      ],
    });
    const [fired] = seconds(triggers, 0, 5, () => rows("2"));
    expect(fired).toMatchObject({
      trigger: "divergence",
      second: 0,
      sentence: "divergence: rows differ in orders (2).",
    });
    expect(blocksComplete(triggers.status)).toBe(true);
    seconds(triggers, 6, 6, () => ({ diverged: null }));
    expect(blocksComplete(triggers.status)).toBe(true);
    seconds(triggers, 7, 7, () => rows("0"));
    expect(blocksComplete(triggers.status)).toBe(false);
    expect(seconds(triggers, 8, 8, () => rows("1"))).toHaveLength(1);
  });
});

describe("what the drain of the way back would take", () => {
  /** Behind by so many bytes at the end, at so many bytes a second. */
  const behind =
    (outstanding: bigint, perSecond: bigint, log = "1") =>
    (second: number) => ({
      lagSeconds: 31,
      backlog: {
        log,
        applied: BigInt(second) * perSecond,
        end: BigInt(second) * perSecond + outstanding,
      },
    });

  it("is what is outstanding by the rate of the last minute, at both sides of the budget", () => {
    const drain = (outstanding: bigint): number | null => {
      const triggers = new Triggers(limits, usual);
      seconds(triggers, 0, 60, behind(outstanding, 1_000_000n));
      return triggers.drainMs;
    };
    expect(drain(30_000_000n)).toBe(30_000);
    expect(drain(30_000_001n)).toBe(30_001);
    const situation = (drainMs: number | null): Situation => ({
      ...{ phase: "soaking", givenUp: false, soakedMs: 0, guardMs: 1, wayBack: true, pauseMs: 30_000 },
      ...{ drainMs, sourceComplete: false },
    });
    const [fired] = seconds(new Triggers(limits, usual), 0, 60, behind(30_000_000n, 1_000_000n));
    if (fired === undefined) throw new Error("It has not fired.");
    expect(fired.sentence).toContain("31.0 seconds behind (30.0 to drain) for 60 seconds");
    expect(fired.facts).toMatchObject({ lagSeconds: 31, drainSeconds: 30 });
    expect(answer(fired, situation(drain(30_000_000n))).act).toBe("rollback");
    expect(answer(fired, situation(drain(30_000_001n))).act).toBe("page");
  });

  it("goes by the last minute, and not by what was faster before", () => {
    const triggers = new Triggers(limits, usual);
    seconds(triggers, 0, 100, behind(1000n, 1000n));
    seconds(triggers, 101, 161, (s) => ({
      backlog: { log: "1", applied: 100_000n + BigInt(s - 100) * 10n, end: 101_000n + BigInt(s - 100) * 10n },
    }));
    expect(triggers.drainMs).toBe(100_000);
  });

  it("is nothing where nothing is outstanding, and not known where nobody could see it move", () => {
    const level = new Triggers(limits, usual);
    seconds(level, 0, 0, behind(0n, 0n));
    expect(level.drainMs).toBe(0);
    const drains = (...looks: readonly [from: number, to: number, look: (s: number) => Partial<Look>][]) => {
      const triggers = new Triggers(limits, usual);
      for (const [from, to, look] of looks) seconds(triggers, from, to, look);
      return triggers.drainMs;
    };
    // Too short a while, and long enough.
    expect(drains([0, 9, behind(1000n, 100n)])).toBeNull();
    expect(drains([0, 10, behind(1000n, 100n)])).toBe(10_000);
    // It stands.
    expect(drains([0, 60, behind(1000n, 0n)])).toBeNull();
    // Nobody was told at the last look.
    expect(drains([0, 60, behind(1000n, 100n)], [61, 61, () => ({})])).toBeNull();
    // A gap, another log, a place before the last one: all begin anew.
    expect(drains([0, 60, behind(1000n, 100n)], [76, 76, behind(1000n, 100n)])).toBeNull();
    expect(drains([0, 60, behind(1000n, 100n)], [61, 61, behind(1000n, 100n, "2")])).toBeNull();
    expect(drains([0, 60, behind(1000n, 100n)], [61, 61, behind(1000n, 1n)])).toBeNull();
  });

  it("is read from two places of one log, and of no other", () => {
    const at = (file: string, offset: string) => ({ kind: "file", file, offset }) as const;
    expect(backlogOf(at("1", "7"), at("1", "9"))).toEqual({ log: "1", applied: 7n, end: 9n });
    expect(backlogOf(at("1", "7"), at("2", "9"))).toBeNull();
    expect(backlogOf(null, at("1", "9"))).toBeNull();
  });
});

describe("what firing leads to", () => {
  const soaking: Situation = {
    phase: "soaking",
    givenUp: false,
    soakedMs: 60_000,
    guardMs: 1_800_000,
    wayBack: true,
    pauseMs: 30_000,
    drainMs: 1000,
    sourceComplete: true,
  };
  const fired = (trigger: Fired["trigger"], facts: Fired["facts"] = {}): Fired => ({
    trigger,
    sentence: "",
    facts,
  });
  const all = [
    "replication-lag",
    "p95-latency",
    "error-rate",
    "failed-batches",
    "disk-used",
    "divergence",
  ] as const;

  it("backs out before the switch, whatever has fired", () => {
    for (const trigger of all) {
      expect(answer(fired(trigger), { ...soaking, phase: "before" })).toEqual({ act: "block" });
      expect(answer(fired(trigger), { ...soaking, phase: "going" })).toEqual({ act: "abort" });
    }
  });

  it("goes back by itself within the guard, to the millisecond, and pages after it", () => {
    for (const trigger of all) {
      expect(answer(fired(trigger), { ...soaking, soakedMs: 1_800_000 }).act).toBe("rollback");
      expect(answer(fired(trigger), { ...soaking, soakedMs: 1_800_001 }).act).toBe("page");
      expect(answer(fired(trigger), { ...soaking, wayBack: false }).act).toBe("page");
      expect(answer(fired(trigger), { ...soaking, givenUp: true }).act).toBe("page");
    }
  });

  it("pages where going back would lose something, or take longer than the budget", () => {
    expect(answer(fired("replication-lag"), { ...soaking, drainMs: 30_000 }).act).toBe("rollback");
    expect(answer(fired("replication-lag"), { ...soaking, drainMs: 30_001 })).toEqual({
      act: "page",
      why: "the drain of the way back would take 30.0 s, and cutover.maxWritePause is 30.0 s",
    });
    expect(answer(fired("replication-lag"), { ...soaking, drainMs: null }).act).toBe("page");
    for (const trigger of ["divergence", "failed-batches"] as const)
      expect(answer(fired(trigger), { ...soaking, sourceComplete: false }).act).toBe("page");
    for (const trigger of ["p95-latency", "error-rate", "disk-used"] as const)
      expect(answer(fired(trigger), { ...soaking, sourceComplete: false }).act).toBe("rollback");
    expect(answer(fired("disk-used", { of: "the source" }), soaking).act).toBe("page");
    expect(answer(fired("disk-used", { of: "the target" }), soaking).act).toBe("rollback");
  });
});
