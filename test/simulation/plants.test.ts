// Bugs on purpose, in the model's servers and in the product's own code: the simulation has to find each of them, or
// its silence about the product would mean nothing.
import { afterEach, describe, expect, it, vi } from "vitest";
import { KeyedFold, KeylessFold } from "../../src/stream/fold.js";
import { Filling } from "../../src/stream/filling.js";
import { Lane } from "../../src/stream/lane.js";
import { Settled } from "../../src/stream/settled.js";
import { UniqueIndexes } from "../../src/stream/unique.js";
import { simulate } from "./simulate.js";
import type { Flaws } from "./simulate.js";

const most = 1500;

/** A method as it is before it is replaced. */
function method<T extends object, Name extends keyof T>(holder: T, name: Name): T[Name] {
  return holder[name];
}

/** The first problem that any seed meets. */
async function found(flaws: Flaws = {}, proves = false): Promise<string | null> {
  for (let seed = 1; seed <= most; seed++) {
    const [problem] = (await simulate(seed, flaws, false, proves)).problems;
    if (problem !== undefined) return `${seed}: ${problem}`;
  }
  return null;
}

afterEach(() => vi.restoreAllMocks());

describe("a bug in the world around", () => {
  it.each<[string, Flaws]>([
    ["a marker's commit that returns before a SELECT sees it", { earlyAnswer: true }],
    ["a cut whose position is the log's and not its view's", { bareCut: true }],
    ["transactions handed over again that a lane has", { neverWithin: true }],
    ["a checkpoint without epoch and number", { unfenced: true }],
    ["a checkpoint that is not committed with its rows", { apart: true }],
  ])("is found: %s", async (_, flaws) => {
    expect(await found(flaws)).not.toBeNull();
  });
});

describe("a bug in the verifier, or in what it stands on", () => {
  it.each<[string, Flaws]>([
    ["a source that is read before it shows what the target has", { unseen: true }],
    ["rows accused before the lane has applied what the source showed", { impatient: true }],
    ["rows accused that an event has touched", { heedless: true }],
    ["a checkpoint that is later than the rows beside it", { lateCheckpoint: true }],
    ["rows that a foreign key changed, and that are not among the touched keys", { untold: true }],
  ])("raises a false alarm: %s", async (_, flaws) => {
    expect(await found(flaws, true)).toMatch(/a false alarm/u);
  });
});

describe("a bug in the engine", () => {
  it("is found: before the join a row that came and went in one batch is left alone", async () => {
    const end = method(KeyedFold.prototype, "end");
    vi.spyOn(KeyedFold.prototype, "end").mockImplementation(function (this: KeyedFold, _, tuples) {
      return end.call(this, true, tuples);
    });
    expect(await found()).not.toBeNull();
  });

  it("is found: a key's last image is not the one that is kept", async () => {
    const put = method(KeyedFold.prototype, "put");
    vi.spyOn(KeyedFold.prototype, "put").mockImplementation(function (this: KeyedFold, key, ...rest) {
      if (this.fits(key, true)) put.call(this, key, ...rest);
    });
    expect(await found()).not.toBeNull();
  });

  it("is found: a unique value changes hands inside a group", async () => {
    vi.spyOn(UniqueIndexes.prototype, "clash").mockReturnValue(false);
    expect(await found()).toMatch(/replayed/);
  });

  it("is found: equal rows without a key are one row", async () => {
    const add = method(KeylessFold.prototype, "add");
    const seen = new WeakMap<KeylessFold, Set<string>>();
    vi.spyOn(KeylessFold.prototype, "add").mockImplementation(function (
      this: KeylessFold,
      step,
      counts,
      shape,
      bytes,
      start,
      end,
    ) {
      const known = seen.get(this) ?? new Set<string>();
      seen.set(this, known);
      const text = `${step} ${bytes.toString("hex", start, end)}`;
      if (known.has(text)) return;
      known.add(text);
      add.call(this, step, counts, shape, bytes, start, end);
    });
    expect(await found()).not.toBeNull();
  });

  it("is found: a lane applies what its checkpoint holds", async () => {
    vi.spyOn(Lane.prototype, "within", "get").mockReturnValue(false);
    expect(await found()).not.toBeNull();
  });

  it("is found: lanes that an earlier life left apart are tied where each of them stands", async () => {
    vi.spyOn(Settled.prototype, "caughtUp").mockReturnValue(true);
    expect(await found()).toMatch(/stand apart/);
  });

  it("is found: a batch's bytes are given back before they are sent", async () => {
    const close = method(Filling.prototype, "close");
    vi.spyOn(Filling.prototype, "close").mockImplementation(function (this: Filling, end) {
      const part = close.call(this, end);
      part.release();
      return part;
    });
    expect(await found()).not.toBeNull();
  });
});
