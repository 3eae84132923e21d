/** The sentence of a sample against its definition, and what its rows hang on. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { planColumn, planTable } from "../typemap/column.fixture.js";
import { confidence, leavesOut, sampleOf, seenRate } from "./sample.js";

const fresh = process.env["HEADGATE_FRESH"] === "1" ? Math.floor(Math.random() * 0x7fffffff) : 20_261_127;
const seed = Number(process.env["HEADGATE_SEED"] ?? fresh);
console.log(`sample.test: seed ${String(seed)}`);

it("the rate that is told is the least, of two digits, that 99 % would have shown", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000_000_000 }), (rows) => {
      const percent = seenRate(rows) ?? 0;
      const seen = (p: number): number => -Math.expm1(rows * Math.log1p(-p / 100));
      expect(percent >= 100 || seen(percent) >= 0.99 - 1e-12).toBe(true);
      const step = 10 ** (Math.floor(Math.log10(percent)) - 1);
      // One step less would have been too much to say.
      expect(seen(percent - step) < 0.99).toBe(true);
    }),
    { seed, numRuns: 2000 },
  );
});

it("falls with every row", () => {
  const rates = [1, 2, 10, 100, 15_348, 15_349, 1_000_000].map((rows) => seenRate(rows) ?? 0);
  expect(rates).toEqual([99, 90, 37, 4.6, 0.031, 0.03, 0.00047]);
  expect(seenRate(0)).toBeNull();
});

it("in words", () => {
  expect(confidence(15_350, 1_535_000, 1)).toBe(
    "15350 of 1535000 rows were looked at, each picked by a hash of its key: a fault rate above 0.03 % would have been seen with 99 %. Rows that were not picked were not looked at.",
  );
  expect(confidence(90_000_000, 9_000_000_000, 1)).toMatch(/above 0\.0000052 % would/u);
  expect(confidence(0, 7, 1)).toMatch(/says nothing/u);
  expect(confidence(7, 7, null)).toBe("Every row was looked at, 7 in all.");
});

it("holds for every mixture of faults, rows that the target does not have among them, and however lucky the pick was", () => {
  const log = (what: number): number => Math.log1p(what);
  fc.assert(
    fc.property(
      fc.record({
        of: fc.integer({ min: 1, max: 5000 }),
        percent: fc.double({ min: 0.1, max: 99, noNaN: true }),
        picked: fc.double({ min: 0, max: 1, noNaN: true }),
        missing: fc.double({ min: 0, max: 1, noNaN: true }),
        more: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      ({ of, percent, picked, missing, more }) => {
        const rows = Math.round(picked * of);
        const told = Number(/above ([\d.]+) %/u.exec(confidence(rows, of, percent))?.[1] ?? 100) / 100;
        // Somewhat above what is told, of rows that both sides have and of rows that only the source has.
        const rate = told + more * (1 - told) * 0.999;
        if (rate >= 1) return;
        const gone = missing * (rate / (1 - rate)) * of;
        const wrong = Math.max(0, rate * (of + gone) - gone);
        let unseen = gone * log(-percent / 100);
        for (let row = 0; row < rows; row += 1) unseen += log(-Math.min(1, wrong / (of - row)));
        expect(unseen).toBeLessThanOrEqual(Math.log(0.01) + 1e-9);
      },
    ),
    { seed, numRuns: 2000 },
  );
});

it("never says that every row was looked at where rows were left out, however few the table has afterwards", () => {
  expect(confidence(50, 40, 90)).toMatch(
    /^50 rows, of a table that has 40 now, were looked at, each picked by a hash of its key: a fault rate above 13 % would/u,
  );
  expect(confidence(50, 50, 90)).toMatch(/^50 of 50 rows were looked at, each picked/u);
  // What came later is no row that was left out.
  expect(confidence(50, 51, null)).toBe("Every row was looked at, 50 in all.");
  const keyed = planTable([planColumn("int", "integer", {}, [], "id")], ["id"]);
  const keyless = { ...keyed, key: null };
  const of = (percent: number): readonly boolean[] =>
    [keyed, keyless].map((table) => leavesOut(table, "mysql", { percent, seed: 7 }));
  expect([of(99), of(100)]).toEqual([
    [true, false],
    [false, false],
  ]);
});

it("hangs on percent, seed and the key's columns, and on nothing else", () => {
  const columns = [
    planColumn("int", "integer", {}, [], "id"),
    planColumn("varchar(9)", "character varying(9)", {}, [], "b"),
    planColumn("json", "jsonb", {}, [], "doc"),
  ];
  const table = planTable(columns, ["b", "id"]);
  const a = sampleOf(table, "mysql", { percent: 1, seed: 7 });
  expect(a).toEqual(
    sampleOf({ ...table, columns: columns.toReversed(), estimatedRows: 9 }, "mysql", { percent: 1, seed: 7 }),
  );
  expect(a?.source.texts.map(({ value }) => value)).toEqual(["'7'", "`b`", "`id`"]);
  expect(a?.source.below).toBe(a?.target.below);
  expect(
    (sampleOf(table, "mysql", { percent: 2, seed: 7 })?.source.below ?? 0) / (a?.source.below ?? 1),
  ).toBeCloseTo(2);
  expect(sampleOf(table, "mysql", { percent: 1, seed: 8 })).not.toEqual(a);
  expect(sampleOf(planTable(columns), "mysql", { percent: 1, seed: 7 })).toBeNull();
  expect(sampleOf(planTable(columns, ["doc"]), "mysql", { percent: 1, seed: 7 })).toBeNull();
});
