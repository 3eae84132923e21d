/**
 * Comparing against a naive comparison of the same rows: each way, every kind of key, random edits of either side.
 */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PlanTable } from "../model.js";
import type { Suspect } from "../verify-port.js";
import { compareKeys, compareRange, wayOf } from "./compare.js";
import { kindNames } from "./example-kinds.js";
import type { KindName, Row, Value } from "./example-kinds.js";
import { exampleTable, keyPlaces, sidesOf, tupleOf } from "./example-sides.js";

const signal = new AbortController().signal;
const fresh = process.env["HEADGATE_FRESH"] === "1" ? Math.floor(Math.random() * 0x7fffffff) : 20_261_127;
const seed = Number(process.env["HEADGATE_SEED"] ?? fresh);
console.log(`compare.test: seed ${seed}`);

const values: Record<KindName, fc.Arbitrary<string>> = {
  int: fc.integer({ min: -30, max: 30 }).map(String),
  bigint: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  "tinyint(1)": fc.constantFrom("0", "1"),
  "decimal(20,3)": fc
    .tuple(
      fc.constantFrom("", "-"),
      fc.constantFrom(0, 1, 9999, 10000, 123_456_789),
      fc.integer({ min: 1, max: 999 }),
    )
    .map(([sign, whole, part]) => `${sign}${whole}.${String(part).padStart(3, "0")}`),
  double: fc.constantFrom("0", "1", "-1", "1e300", "-1e-300", "0.1", "2.5"),
  "varbinary(40)": fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes).toString("hex")),
  "datetime(6)": fc
    .tuple(
      fc.constantFrom("1000-01-01", "1999-12-31", "2000-01-01", "9999-12-31"),
      fc.integer({ min: 0, max: 999_999 }),
    )
    .map(([day, micros]) => `${day} 23:59:59.${String(micros).padStart(6, "0")}`),
  "time(6)": fc
    .tuple(fc.constantFrom("", "-"), fc.integer({ min: 1, max: 838 }), fc.integer({ min: 0, max: 999_999 }))
    .map(
      ([sign, hours, micros]) =>
        `${sign}${String(hours).padStart(2, "0")}:59:00.${String(micros).padStart(6, "0")}`,
    ),
  longtext: fc.string({ maxLength: 5 }).filter((text) => !text.includes("\0")),
};

interface Told {
  readonly key: string;
  readonly kind: string;
  readonly columns: readonly string[];
  readonly copies: number;
}

/** What a plain look at all rows by key finds. */
function naive(table: PlanTable, source: readonly Row[], target: readonly Row[]): Told[] {
  const all = table.columns.map((_, place) => place);
  const places = table.key === null ? all : keyPlaces(table);
  const keyOf = (row: Row): string =>
    table.key === null
      ? createHash("sha256")
          .update(tupleOf(table, row, all))
          .digest("hex")
      : tupleOf(table, row, places).toString("hex");
  const byKey = new Map<string, { readonly open: Row[]; readonly surplus: Row[] }>();
  const of = (row: Row): { open: Row[]; surplus: Row[] } => {
    const key = keyOf(row);
    const rows = byKey.get(key) ?? { open: [], surplus: [] };
    byKey.set(key, rows);
    return rows;
  };
  const bytes = new Map([...source, ...target].map((row) => [row, tupleOf(table, row, all).toString("hex")]));
  for (const row of source) of(row).open.push(row);
  for (const row of target) {
    const { open, surplus } = of(row);
    const at = open.findIndex((one) => bytes.get(one) === bytes.get(row));
    if (at >= 0) open.splice(at, 1);
    else surplus.push(row);
  }
  const found: Told[] = [];
  for (const [key, { open, surplus }] of byKey) {
    const more = open.length - surplus.length;
    if (more !== 0)
      found.push({ key, kind: more > 0 ? "missing" : "extra", columns: [], copies: Math.abs(more) });
    else if (open.length > 0) {
      const columns = all
        .filter((p) => !tupleOf(table, open[0]!, [p]).equals(tupleOf(table, surplus[0]!, [p])))
        .map((p) => `c${p}`);
      found.push({ key, kind: "different", columns, copies: 1 });
    }
  }
  return found.sort((a, b) => (a.key < b.key ? -1 : 1));
}

function told(suspects: readonly Suspect[]): Told[] {
  return suspects
    .map(({ key, kind, columns, copies }) => ({ key: key.toString("hex"), kind, columns, copies }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

async function compared(
  table: PlanTable,
  source: readonly Row[],
  target: readonly Row[],
): Promise<{ told: Told[]; method: string; rows: string[] }> {
  const found: Suspect[] = [];
  const take = async (suspects: readonly Suspect[]): Promise<void> => {
    expect(suspects.length).toBeLessThanOrEqual(1000);
    await Promise.resolve();
    found.push(...suspects);
  };
  const { comparer } = sidesOf(table, source, target);
  const { method, rowsSource, rowsTarget } = await compareRange(comparer, table, null, take, signal);
  return { told: told(found), method, rows: [rowsSource, rowsTarget] };
}

const tables = fc
  .record({
    columns: fc.array(fc.constantFrom(...kindNames), { minLength: 1, maxLength: 5 }),
    keyed: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ columns, keyed }) =>
    exampleTable(columns, keyed === 0 ? null : columns.map((_, place) => place).slice(-keyed)),
  );

interface Sample {
  readonly table: PlanTable;
  readonly source: readonly Row[];
  readonly target: readonly Row[];
}

/** Rows of a source whose keys are different, and the same rows with some taken away, changed or doubled on either side. */
const samples: fc.Arbitrary<Sample> = tables.chain((table) => {
  const places = keyPlaces(table);
  const cells = table.columns.map(({ sourceType }, place) => {
    const kind = kindNames.find((name) => name === sourceType)!;
    const value: fc.Arbitrary<Value> = values[kind];
    return places.includes(place)
      ? value
      : fc.oneof({ weight: 5, arbitrary: value }, { weight: 1, arbitrary: fc.constant(null) });
  });
  const row = fc.tuple(...cells);
  const key = (one: Row): string => JSON.stringify(places.map((place) => one[place]));
  const rows = fc.uniqueArray(row, {
    maxLength: 60,
    selector: table.key === null ? (one): string => JSON.stringify([one, Math.random()]) : key,
  });
  const edit = fc.record({
    at: fc.nat(),
    act: fc.constantFrom("delete", "double", "change", "add"),
    row,
    place: fc.nat(),
  });
  return fc.tuple(rows, fc.array(edit, { maxLength: 6 })).map(([source, edits]) => {
    const target: Row[] = [...source];
    for (const { at, act, row: other, place } of edits) {
      const index = target.length === 0 ? 0 : at % target.length;
      const one = target[index];
      if (act === "add" || one === undefined) target.push(other);
      else if (act === "delete") target.splice(index, 1);
      else if (act === "double") target.push(one);
      else {
        const p = place % table.columns.length;
        target[index] = one.map((value, k) => (k === p ? (other[k] ?? null) : value));
      }
    }
    return { table, source, target };
  });
});

describe("random tables and edits", () => {
  it("are told as a naive comparison tells them", async () => {
    const ways = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(samples, async ({ table, source, target }) => {
        const found = await compared(table, source, target);
        expect(found.method).toBe(wayOf(table));
        ways.set(found.method, (ways.get(found.method) ?? 0) + 1);
        expect(found.told).toEqual(naive(table, source, target));
        expect(found.rows[0]).toBe(String(source.length));
      }),
      { seed, numRuns: 250 },
    );
    expect([...ways.keys()].sort()).toEqual(["keys", "multiset", "stream"]);
  });

  it("are told the same by their keys alone", async () => {
    await fc.assert(
      fc.asyncProperty(samples, async ({ table, source, target }) => {
        if (table.key === null) return;
        const all = naive(table, source, target);
        const keys = new Set(
          [...source, ...target].map((row) => tupleOf(table, row, keyPlaces(table)).toString("hex")),
        );
        const chunks = [...keys].map((hex) => Buffer.from(hex, "hex"));
        const { comparer } = sidesOf(table, source, target);
        const asked = { rows: keys.size, bytes: chunks.reduce((sum, { length }) => sum + length, 0), chunks };
        const { suspects, rowsTarget } = await compareKeys(comparer, table, asked, signal);
        expect(told(suspects)).toEqual(all);
        expect(rowsTarget).toBe(target.length);
      }),
      { seed, numRuns: 200 },
    );
  });
});
