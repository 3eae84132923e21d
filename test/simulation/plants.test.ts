// Bugs on purpose, in the model's servers and in the product's own code: the simulation has to find each of them, or
// its silence about the product would mean nothing.
import { afterEach, describe, expect, it, vi } from "vitest";
import { Bell } from "../../src/stream/bell.js";
import { Places } from "../../src/stream/place.js";
import { KeyedFold, KeylessFold } from "../../src/stream/fold.js";
import { Filling } from "../../src/stream/filling.js";
import { Lane } from "../../src/stream/lane.js";
import { Sink } from "../../src/stream/sink.js";
import { Settled } from "../../src/stream/settled.js";
import { UniqueIndexes } from "../../src/stream/unique.js";
import type { Act } from "./acts.js";
import { simulate } from "./simulate.js";
import type { Flaws } from "./simulate.js";

const most = 1500;

/** A method as it is before it is replaced. */
function method<T extends object, Name extends keyof T>(holder: T, name: Name): T[Name] {
  return holder[name];
}

/** Whether some seed meets the problem that this bug makes; that a life does not end, or anything else, is none of its. */
async function meets(wanted: RegExp, flaws: Flaws = {}, proves = false, act?: Act): Promise<boolean> {
  for (let seed = 1; seed <= most; seed++) {
    const { problems } = await simulate(
      seed,
      flaws,
      false,
      proves,
      act === undefined ? undefined : new Set([act]),
    );
    if (problems.some((problem) => wanted.test(problem))) return true;
  }
  return false;
}

/** Rows of one of these tables that are not the source's. */
const differs = (...tables: readonly string[]): RegExp =>
  new RegExp(`^(?:${tables.join("|")}) at \\d+: source .* target `);
const cutTables = ["parents", "children", "notes", "journal"];
/** What is written into a table without a key once too often shows in it, or misses a row that it wants. */
const twice = /^(?:journal at \d+: |replayed: journal: )/;

afterEach(() => vi.restoreAllMocks());

describe("a bug in the world around", () => {
  it.each<[string, Flaws, RegExp]>([
    [
      "a marker's commit that returns before a SELECT sees it",
      { earlyAnswer: true },
      differs("items", "names"),
    ],
    ["a cut whose position is the log's and not its view's", { bareCut: true }, differs(...cutTables)],
    ["transactions handed over again that a lane has", { neverWithin: true }, twice],
    ["a checkpoint without epoch and number", { unfenced: true }, /^I5: /],
    ["a checkpoint that is not committed with its rows", { apart: true }, /^replayed: .* is (?:not )?there/],
  ])("is found: %s", async (_, flaws, wanted) => {
    expect(await meets(wanted, flaws)).toBe(true);
  });
});

describe("a bug that shows when somebody acts, or a server crashes", () => {
  it.each<[string, Act, Flaws, RegExp]>([
    [
      "a table copied again in ranges of their own time",
      "recopy",
      { plainAgain: true },
      differs("items", "names"),
    ],
    [
      "a table copied again whose cut stays the one of before",
      "recopy",
      { oldCut: true },
      differs(...cutTables),
    ],
    [
      "lanes tied before the cut of a table copied again",
      "recopy",
      { earlyGate: true },
      /^keys are built at \d+, before/,
    ],
    [
      "a crash that takes back rows whose range stays done",
      "crash",
      { halfLost: true },
      differs("items", "names"),
    ],
    [
      "a start that asks for no prepared transaction",
      "xa",
      { unasked: true },
      differs("items", "names", ...cutTables),
    ],
    [
      "positions that pass a prepared transaction",
      "xa",
      { passing: true },
      differs("items", "names", ...cutTables),
    ],
  ])("is found: %s", async (_, act, flaws, wanted) => {
    expect(await meets(wanted, flaws, false, act)).toBe(true);
  });

  it("is found: a lane that is paused begins a batch", async () => {
    const until = method(Bell.prototype, "until");
    vi.spyOn(Bell.prototype, "until").mockImplementation(async function (this: Bell, holds, signal) {
      if (!String(holds).includes("isPaused")) await until.call(this, holds, signal);
    });
    expect(await meets(/begins a batch while it is paused/, {}, false, "pause")).toBe(true);
  });

  it("is found: more is left out than was said", async () => {
    const id = method(Places.prototype, "id");
    vi.spyOn(Places.prototype, "id").mockImplementation(function (this: Places, table, place) {
      return id.call(this, table, { ...place, ordinal: 1 });
    });
    expect(await meets(differs("items"), {}, false, "skip")).toBe(true);
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
    expect(await meets(/a false alarm/u, flaws, true)).toBe(true);
  });
});

describe("a bug in the engine", () => {
  it("is found: before the join a row that came and went in one batch is left alone", async () => {
    const end = method(KeyedFold.prototype, "end");
    vi.spyOn(KeyedFold.prototype, "end").mockImplementation(function (this: KeyedFold, _, tuples) {
      return end.call(this, true, tuples);
    });
    expect(await meets(differs("items", "names"))).toBe(true);
  });

  it("is found: a key's last image is not the one that is kept", async () => {
    const put = method(KeyedFold.prototype, "put");
    vi.spyOn(KeyedFold.prototype, "put").mockImplementation(function (this: KeyedFold, key, ...rest) {
      if (this.fits(key, true)) put.call(this, key, ...rest);
    });
    expect(await meets(differs("items", "names", "parents", "children", "notes"))).toBe(true);
  });

  it("is found: a unique value changes hands inside a group", async () => {
    vi.spyOn(UniqueIndexes.prototype, "clash").mockReturnValue(false);
    expect(await meets(/replayed/)).toBe(true);
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
    expect(await meets(differs("journal"))).toBe(true);
  });

  it("is found: a lane applies what its checkpoint holds", async () => {
    vi.spyOn(Lane.prototype, "within", "get").mockReturnValue(false);
    expect(await meets(twice)).toBe(true);
  });

  it("is found: lanes that an earlier life left apart are tied where each of them stands", async () => {
    vi.spyOn(Settled.prototype, "caughtUp").mockReturnValue(true);
    expect(await meets(/stand apart/)).toBe(true);
  });

  it("is found: a batch's bytes are given back before they are sent", async () => {
    const close = method(Filling.prototype, "close");
    vi.spyOn(Filling.prototype, "close").mockImplementation(function (this: Filling, end) {
      const part = close.call(this, end);
      part.release();
      return part;
    });
    expect(await meets(/^engine \d+: .*tuple|: source .* target /)).toBe(true);
  });

  it("is found: a lane goes past a change of shape before somebody has accepted it", async () => {
    vi.spyOn(Sink.prototype, "schemaChange").mockReturnValue(undefined);
    expect(await meets(/^I12: /)).toBe(true);
  });
});
