/** The governor on a virtual clock: pauses, limits, sleeps and rates, each to the millisecond. */
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Fault } from "../errors.js";
import { stopReason } from "../stop.js";
import { openGovernor } from "./governor.js";
import type { Governor, GovernorSettings } from "./governor.js";
import type { Metric, Probe } from "./pressure.js";

const calm: GovernorSettings = {
  sleepMs: 0,
  sleepRatio: 0,
  maxRowsPerSecond: null,
  maxReplicaLagSeconds: 10,
  maxLatencyIncrease: 0.2,
  maxDiskUsed: 0.9,
  maxThreadsRunning: null,
};

interface Scene {
  readonly clock: VirtualClock;
  readonly governor: Governor;
  readonly words: string[];
  readonly stop: AbortController;
  set(change: Partial<GovernorSettings>): void;
}

async function scene(
  probes: readonly Probe[] = [],
  change: Partial<GovernorSettings> = {},
  clock = new VirtualClock(),
): Promise<Scene> {
  const words: string[] = [];
  let settings = { ...calm, ...change };
  const opening = openGovernor({
    settings: () => settings,
    probes,
    now: clock.now,
    wait: clock.wait,
    onWord: ({ metric, sentence }) => void words.push(`${metric}: ${sentence}`),
  });
  await clock.run(0);
  return {
    clock,
    governor: await opening,
    words,
    stop: new AbortController(),
    set: (more) => (settings = { ...settings, ...more }),
  };
}

/** A writer whose turns take `workMs` each; counts them, and the time that it worked. */
function writer(
  { clock, governor, stop }: Scene,
  workMs: number,
  rows = 0,
): { turns: number; worked: number } {
  const seen = { turns: 0, worked: 0 };
  const pacer = governor.pacer();
  const work = async (): Promise<void> => {
    for (;;) {
      await pacer.pace(stop.signal);
      await clock.wait(workMs, stop.signal);
      seen.turns += 1;
      seen.worked += workMs;
      governor.wrote(rows);
    }
  };
  work().catch((error: unknown) => {
    if (!(error instanceof Fault)) throw error;
  });
  return seen;
}

function reading(metric: Metric, of: string, value: () => number | null): Probe {
  return { metric, of, read: async () => value() };
}

describe("a pause", () => {
  it("gives no turn, says when the open ones have ended, and is over at once", async () => {
    await using all = await scene().then(closing);
    const { clock, governor } = all;
    const seen = writer(all, 100);
    await clock.run(1050);
    expect(seen.turns).toBe(10);
    governor.pause();
    expect(governor.held).toBe("pausing");
    await clock.run(50);
    expect([governor.held, seen.turns]).toEqual(["paused", 11]);
    governor.pause();
    await clock.run(3_600_000);
    expect([governor.held, seen.turns]).toEqual(["paused", 11]);
    governor.resume();
    governor.resume();
    expect(governor.held).toBe("no");
    await clock.run(1000);
    expect(seen.turns).toBe(21);
  });

  it("holds states and markers too, and one that is written counts as on its way", async () => {
    await using all = await scene().then(closing);
    const { clock, governor, stop } = all;
    const open = await governor.turn(stop.signal);
    governor.pause();
    expect(governor.held).toBe("pausing");
    open[Symbol.dispose]();
    open[Symbol.dispose]();
    expect(governor.held).toBe("paused");
    let got = false;
    const next = governor.turn(stop.signal).then((turn) => {
      got = true;
      return turn;
    });
    await clock.run(1000);
    expect(got).toBe(false);
    governor.resume();
    (await next)[Symbol.dispose]();
  });

  it("ends with the engine: whoever waits is told why", async () => {
    await using all = await scene().then(closing);
    all.governor.pause();
    const waiting = all.governor.pacer().pace(all.stop.signal);
    const turn = all.governor.turn(all.stop.signal);
    all.stop.abort(new Fault("terminated", "SIGTERM"));
    await expect(waiting).rejects.toMatchObject({ code: "terminated" });
    await expect(turn).rejects.toMatchObject({ code: "terminated" });
  });
});

describe("sleeps", () => {
  it.each([
    ["fixed", { sleepMs: 30 }, 7, 30 / 37],
    ["proportional", { sleepRatio: 2 }, 7, 2 / 3],
    ["both", { sleepMs: 20, sleepRatio: 0.5 }, 40, 40 / 80],
    ["shorter than a timer can", { sleepRatio: 0.1 }, 3, 0.3 / 3.3],
  ])("%s hold within 5 %%, also with timers that are late", async (_, change, workMs, share) => {
    for (const late of [0, 1, 4]) {
      const slow = new VirtualClock(late);
      const governed = await openGovernor({
        settings: () => ({ ...calm, ...change }),
        probes: [],
        now: slow.now,
        wait: slow.wait,
        onWord: () => undefined,
      });
      const own = { asleep: 0, worked: 0 };
      const pacer = governed.pacer();
      const stop = new AbortController();
      const loop = (async () => {
        while (own.worked < 5000) {
          const before = slow.now();
          await pacer.pace(stop.signal);
          own.asleep += slow.now() - before;
          await slow.wait(workMs - late, stop.signal);
          own.worked += workMs;
        }
      })();
      await slow.run(200_000);
      await loop;
      const wanted = own.worked * (share / (1 - share));
      expect(Math.abs(own.asleep - wanted) / wanted, `${String(late)} ms late`).toBeLessThan(0.05);
    }
  });

  it("are taken back while one is slept", async () => {
    await using all = await scene([], { sleepMs: 600_000 }).then(closing);
    const seen = writer(all, 10);
    await all.clock.run(5000);
    expect(seen.turns).toBe(1);
    all.set({ sleepMs: 0 });
    await all.clock.run(1100);
    expect(seen.turns).toBeGreaterThan(2);
  });

  it("count the time in which there was nothing to do", async () => {
    await using all = await scene([], { sleepMs: 500 }).then(closing);
    const pacer = all.governor.pacer();
    await pacer.pace(all.stop.signal);
    pacer.rest();
    await all.clock.run(400);
    let got = false;
    const next = pacer.pace(all.stop.signal).then(() => (got = true));
    await all.clock.run(99);
    expect(got).toBe(false);
    await all.clock.run(1);
    expect(await next).toBe(true);
  });
});

it("the rate holds over all writers together, and may change", async () => {
  await using all = await scene([], { maxRowsPerSecond: 1000 }).then(closing);
  const [one, two] = [writer(all, 10, 100), writer(all, 10, 300)];
  const rows = (): number => one.turns * 100 + two.turns * 300;
  await all.clock.run(60_000);
  expect(Math.abs(rows() - 60_000) / 60_000).toBeLessThan(0.05);
  const before = rows();
  all.set({ maxRowsPerSecond: 5000 });
  await all.clock.run(60_000);
  expect(Math.abs(rows() - before - 300_000) / 300_000).toBeLessThan(0.05);
  const slow = rows();
  all.set({ maxRowsPerSecond: null });
  await all.clock.run(10_000);
  expect(rows() - slow).toBeGreaterThan(300_000);
});

describe("the throttle", () => {
  const cases: readonly [Metric, Partial<Record<"calm" | "busy", number>>, RegExp][] = [
    [
      "replica-lag",
      { calm: 10, busy: 10.5 },
      /waiting: the thing: 10\.5 seconds behind, and throttle\.maxReplicaLagSeconds is 10$/u,
    ],
    ["replica-lag", { calm: 0, busy: Infinity }, /waiting: the thing: unable to say how far behind/u],
    [
      "disk",
      { calm: 0.9, busy: 0.91 },
      /waiting: the thing: 91\.0 % full, and throttle\.maxDiskUsed is 0\.9$/u,
    ],
    [
      "latency",
      { calm: 20, busy: 24.5 },
      /waiting: the thing: the p95 of its answers is 24\.5 ms, 23 % more than 20\.0 ms before the work began, and throttle\.maxLatencyIncrease is 0\.2$/u,
    ],
  ];
  it.each(cases)(
    "stops within one interval of %s, names it, and comes back in steps",
    async (metric, values, word) => {
      let value = values.calm ?? 0;
      await using all = await scene([reading(metric, "the thing", () => value)]).then(closing);
      const seen = writer(all, 10);
      const during = async (ms: number): Promise<number> => {
        const before = seen.turns;
        await all.clock.run(ms);
        return seen.turns - before;
      };
      const full = await during(10_000);
      expect(full).toBe(1000);
      expect([all.words, all.governor.throttled]).toEqual([[], null]);
      value = values.busy ?? 0;
      await during(1000);
      expect(await during(30_000)).toBeLessThanOrEqual(1);
      expect(all.words).toHaveLength(1);
      expect(all.words[0]).toMatch(word);
      expect(all.words[0]).toContain(`${metric}: `);
      expect(all.governor.throttled).toContain("the thing");
      value = values.calm ?? 0;
      // Latency is a p95 over twenty answers: the slow ones have to leave it first.
      while (all.words.length < 2) await during(100);
      const back = [await during(1000), await during(1000), await during(1000), await during(1000)];
      expect(back.map((turns) => Math.round((turns / 100) * 8) / 8)).toEqual([0.125, 0.25, 0.5, 1]);
      expect(all.words[1]).toBe(`${metric}: within its limit again: the rate comes back in steps`);
      expect(all.governor.throttled).toBeNull();
    },
  );

  it("takes one slow answer for noise, and so an increase of less than two milliseconds", async () => {
    const answers: number[] = [];
    await using all = await scene([reading("latency", "the target", () => answers.shift() ?? 1)]).then(
      closing,
    );
    await all.clock.run(10_000);
    answers.push(5000);
    await all.clock.run(10_000);
    answers.push(...Array<number>(100).fill(2.9));
    await all.clock.run(10_000);
    expect(all.words).toEqual([]);
  });

  it("never takes unknown for zero or for busy, and says once that nobody watches", async () => {
    let value: number | null = null;
    await using all = await scene([reading("disk", "the target's disk", () => value)]).then(closing);
    const seen = writer(all, 10);
    await all.clock.run(10_000);
    expect(seen.turns).toBe(1000);
    expect(all.words).toEqual([
      "disk: the target's disk cannot be told here, so throttle.maxDiskUsed does not watch it",
    ]);
    value = 0.95;
    await all.clock.run(1100);
    const stood = seen.turns;
    value = null;
    // What was over and is unknown now counts as over for a minute more.
    await all.clock.run(59_000);
    expect(seen.turns).toBeLessThanOrEqual(stood + 1);
    await all.clock.run(7_000);
    expect(seen.turns).toBeGreaterThan(stood + 100);
    expect(all.words).toHaveLength(4);
  });

  it("has nothing from a probe that fails or does not answer", async () => {
    const failing: Probe = {
      metric: "disk",
      of: "one",
      read: () => Promise.reject(new Fault("connection-lost", "gone")),
    };
    const silent: Probe = {
      metric: "replica-lag",
      of: "two",
      read: () => new Promise<never>(() => undefined),
    };
    const clock = new VirtualClock();
    const opening = scene([failing, silent], {}, clock);
    await clock.run(10_000);
    await using all = await opening.then(closing);
    expect(all.words.map((word) => word.split(" ").slice(0, 2).join(" "))).toEqual([
      "disk: one",
      "replica-lag: two",
    ]);
    const seen = writer(all, 10);
    await all.clock.run(1000);
    expect(seen.turns).toBe(100);
  });

  it("looks at nothing that has no limit, and at once when it gets one", async () => {
    let asked = 0;
    const lag = reading("replica-lag", "a standby", () => {
      asked += 1;
      return 99;
    });
    await using all = await scene([lag], { maxReplicaLagSeconds: null }).then(closing);
    await all.clock.run(5000);
    expect(asked).toBe(0);
    all.set({ maxReplicaLagSeconds: 10 });
    await all.clock.run(1000);
    expect(all.governor.throttled).toContain("a standby: 99 seconds behind");
    all.set({ maxReplicaLagSeconds: null });
    await all.clock.run(5000);
    expect(all.governor.throttled).toBeNull();
  });

  it("lets nobody through once it cannot look any more", async () => {
    const broken = new Error("a bug in a probe");
    let fine = true;
    const probe: Probe = {
      metric: "disk",
      of: "x",
      read: () => (fine ? Promise.resolve(0) : Promise.reject(broken)),
    };
    await using all = await scene([probe]).then(closing);
    fine = false;
    await all.clock.run(1000);
    await expect(all.governor.pacer().pace(all.stop.signal)).rejects.toMatchObject({
      code: "bug",
      cause: broken,
    });
  });
});

/** Ends the writers and the governor with the test. */
function closing(all: Scene): Scene & AsyncDisposable {
  return {
    ...all,
    [Symbol.asyncDispose]: async () => {
      all.stop.abort(new Fault("interrupted", "The test has ended."));
      await all.governor[Symbol.asyncDispose]();
    },
  };
}

/** Stands still until it is told to run: waits end in their order, at once, with whatever they set off. */
class VirtualClock {
  #now = 0;
  #waits: { readonly at: number; readonly end: () => void }[] = [];
  /** Timers fire up to this much late. */
  readonly #late: number;

  constructor(late = 0) {
    this.#late = late;
  }

  readonly now = (): number => this.#now;

  readonly wait = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(stopReason(signal));
        return;
      }
      const stopped = (): void => {
        this.#waits = this.#waits.filter((one) => one !== entry);
        reject(stopReason(signal));
      };
      const entry = {
        at: this.#now + Math.ceil(ms) + this.#late,
        end: () => {
          signal.removeEventListener("abort", stopped);
          resolve();
        },
      };
      this.#waits.push(entry);
      signal.addEventListener("abort", stopped, { once: true });
    });

  /** Lets `ms` go by. */
  async run(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      await turn();
      const [next] = [...this.#waits].sort((a, b) => a.at - b.at);
      if (next === undefined || next.at > until) break;
      this.#now = next.at;
      this.#waits = this.#waits.filter((one) => one !== next);
      next.end();
    }
    this.#now = until;
  }
}
