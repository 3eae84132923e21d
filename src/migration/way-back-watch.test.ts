/** What somebody else has written on the target: counted, kept back for, and settled by a comparison that began after it. */
import { expect, it, vi } from "vitest";
import { Fault } from "../errors.js";
import type { Position } from "../model.js";
import type { ChangeFeed, ChangeSink } from "../stream-port.js";
import { planColumn, planTable } from "../typemap/column.fixture.js";
import { examplePlan } from "../verify/example-ledger.js";
import { WayBackWatch } from "./way-back-watch.js";

const over = new Fault("interrupted", "over");
const place = { kind: "file", file: "1", offset: "1" } as const;

const tableOf = (source: string) => ({
  ...planTable([planColumn("int", "integer", {}, [], "id")], ["id"]),
  source,
});
const [a, b] = [tableOf("a"), tableOf("b")];

/** A watch that reads, and what hands it the target's log. */
async function reading(
  act: (watch: WayBackWatch, log: ChangeSink) => void | Promise<void>,
  kept: { passed: ((position: Position) => Promise<void>) | null; confirm?: (position: Position) => void } = {
    passed: null,
  },
): Promise<void> {
  const end = new AbortController();
  let handed: (sink: ChangeSink) => void = () => undefined;
  const sink = new Promise<ChangeSink>((resolve) => (handed = resolve));
  const feed: ChangeFeed = {
    read: async (_from, to) => {
      handed(to);
      await new Promise((_, reject) => {
        end.signal.addEventListener("abort", () => {
          reject(over);
        });
      });
    },
    holds: () => true,
    confirm: (position) => kept.confirm?.(position),
    retention: () => Promise.resolve(null),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const watch = new WayBackWatch({
    wayBack: {
      feed: () => Promise.resolve(feed),
      position: () => Promise.resolve(place),
      mark: () => Promise.resolve("1"),
    },
    plan: examplePlan([a, b]),
    start: place,
    passed: kept.passed,
    wait: (_milliseconds, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          reject(over);
        });
      }),
    onWord: () => undefined,
  });
  const running = watch.run(end.signal);
  await act(watch, await sink);
  end.abort(over);
  await expect(running).rejects.toBe(over);
}

it("is settled where a comparison that began after it found the table equal, and nowhere else", async () => {
  await reading((watch, log) => {
    expect(watch.blocking()).toEqual([]);
    log.truncate(a);
    log.truncate(b);
    expect(watch.blocking()).toEqual(["foreign-writes"]);
    // One that found nothing to be equal, or not this table.
    watch.compares()(new Set());
    watch.compares()(new Set(["b", "c"]));
    expect(() => watch.demandNothingForeign()).toThrow(/: a \(1\)\./u);
    watch.compares()(new Set(["a", "b"]));
    expect(watch.blocking()).toEqual([]);
    watch.demandNothingForeign();
  });
});

it("is not settled by a comparison that it came into", async () => {
  await reading((watch, log) => {
    const first = watch.compares();
    log.truncate(a);
    first(new Set(["a"]));
    expect(watch.blocking()).toEqual(["foreign-writes"]);
    const second = watch.compares();
    log.truncate(a);
    second(new Set(["a"]));
    expect(watch.blocking()).toEqual(["foreign-writes"]);
    watch.compares()(new Set(["a"]));
    expect(watch.blocking()).toEqual([]);
  });
});

it("is never settled by rows where the form of a table was changed", async () => {
  await reading((watch, log) => {
    const change = { tables: ["a"], statement: "ALTER TABLE a", adds: false, at: "1:1", within: () => false };
    log.schemaChange(change, () => place);
    watch.compares()(new Set(["a", "b"]));
    expect(watch.blocking()).toEqual(["foreign-writes"]);
    expect(() => watch.demandNothingForeign()).toThrow(/a \(its form\)/u);
  });
});

it("lets the target's log go once the checkpoint has passed it, and not where somebody else has written", async () => {
  const told: string[] = [];
  let moved: () => void = () => undefined;
  const passing = new Promise<void>((resolve) => (moved = resolve));
  const kept = {
    passed: async () => {
      told.push("passed");
      await passing;
    },
    confirm: () => {
      told.push("confirmed");
    },
  };
  await reading(async (_watch, log) => {
    log.commit(() => place);
    expect(told).toEqual(["passed"]);
    moved();
    await vi.waitFor(() => expect(told).toEqual(["passed", "confirmed"]));
  }, kept);
  await reading((_watch, log) => {
    log.truncate(a);
    log.commit(() => place);
  }, kept);
  expect(told).toEqual(["passed", "confirmed"]);
});

it("is no way back from a reading that failed until something has come again", async () => {
  const end = new AbortController();
  const reads: ChangeSink[] = [];
  let next: () => void = () => undefined;
  const feed: ChangeFeed = {
    read: async (_from, to) => {
      reads.push(to);
      if (reads.length === 1) throw new Fault("connection-lost", "The target is away.");
      next();
      await new Promise((_, reject) => {
        end.signal.addEventListener("abort", () => {
          reject(over);
        });
      });
    },
    holds: () => true,
    retention: () => Promise.resolve(null),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const again = new Promise<void>((resolve) => (next = resolve));
  const watch = new WayBackWatch({
    wayBack: {
      feed: () => Promise.resolve(feed),
      position: () => Promise.resolve(place),
      mark: () => Promise.resolve("1"),
    },
    ...{ plan: examplePlan([a, b]), start: place, passed: null },
    wait: () => Promise.resolve(),
    onWord: () => undefined,
  });
  const running = watch.run(end.signal);
  await again;
  // Begun again is not read yet.
  expect(watch.blocking()).toEqual(["no-way-back"]);
  reads[1]?.idle(() => place);
  expect(watch.blocking()).toEqual([]);
  end.abort(over);
  await expect(running).rejects.toBe(over);
});
