/** Keys in memory are one for each key, and become their own bytes again. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Plan } from "../model.js";
import { exampleTable, packetImages, packetOf, placesOf, valuesOf } from "./example-rows.js";
import type { ExampleType, Value } from "./example-rows.js";
import { inKeyOrder, keyIn, putKey } from "./key.js";
import type { Key } from "./key.js";
import { Store, TupleRun } from "./store.js";
import { codecCells, Shape, StreamTable } from "./table.js";

function keysOf(
  types: readonly ExampleType[],
  rows: readonly (readonly Value[])[],
): { keys: Key[]; back: unknown } {
  const columns = Object.fromEntries(types.map((type, at) => [`c${at}`, type]));
  const table = exampleTable({ name: "t", columns, key: Object.keys(columns) });
  const plan: Plan = {
    version: 1,
    migration: "20261126_keys",
    database: "d",
    schema: "public",
    fingerprint: "f",
    lanes: ["one"],
    tables: [table],
    before: [],
    after: [],
    findings: [],
  };
  const known = new StreamTable(table, plan, codecCells("mysql"));
  const shape = new Shape(known, packetImages(table));
  const { key } = known;
  if (key === null) throw new Error("no key");
  const keys = rows.map((row) => {
    const packet = packetOf(table, row);
    key.read(shape.key, packet, 0, packet.length);
    return keyIn(key, known.keyForm);
  });
  const store = new Store();
  const run = new TupleRun(store);
  for (const one of keys) putKey(store, one, known.keyForm);
  return { keys, back: valuesOf(table, placesOf(table, Object.keys(columns)), run.end(keys.length)) };
}

const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const big = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const bigValue = big.map((n): Value =>
  n >= -(2n ** 53n) + 1n && n <= 2n ** 53n - 1n ? Number(n) : n.toString(),
);
/** Of every size, and many that end in zeros, whose last groups a numeric leaves out. */
const whole = (least: bigint, most: bigint): fc.Arbitrary<Value> =>
  fc
    .tuple(fc.bigInt({ min: least, max: most }), fc.nat(62), fc.nat(19))
    .map(([n, bits, zeros]) => (n / 2n ** BigInt(bits) / 10n ** BigInt(zeros)) * 10n ** BigInt(zeros))
    .map((n): Value => (Number.isSafeInteger(Number(n)) ? Number(n) : n.toString()));
const unsignedValue = whole(0n, 2n ** 64n - 1n);
const decimalValue = whole(-(10n ** 20n) + 1n, 10n ** 20n - 1n);
const label = fc
  .string({ maxLength: 9 })
  .filter((one) => Buffer.byteLength(one) <= 40 && !one.includes("\0"));

describe("a key", () => {
  it.each<[string, readonly ExampleType[], fc.Arbitrary<readonly Value[]>]>([
    ["int", ["int"], fc.tuple(int)],
    ["bigint", ["bigint"], fc.tuple(bigValue)],
    ["bigint unsigned", ["bigint unsigned"], fc.tuple(unsignedValue)],
    ["decimal", ["decimal(20,0)"], fc.tuple(decimalValue)],
    ["text", ["varchar(40)"], fc.tuple(label)],
    ["several columns", ["bigint", "varchar(40)", "int"], fc.tuple(bigValue, label, int)],
  ])("of %s becomes its bytes again, and two keys are never one", (_, types, row) => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), (rows) => {
        const { keys, back } = keysOf(types, rows);
        expect(back).toEqual(rows);
        expect(new Set(keys).size).toBe(new Set(rows.map((one) => JSON.stringify(one))).size);
      }),
      { numRuns: 150 },
    );
  });

  it("of one integer is a number where no digit is lost, and a text beyond", () => {
    const { keys } = keysOf(
      ["bigint"],
      [[0], [-1], [2 ** 53 - 1], ["9007199254740992"], ["-9223372036854775808"]],
    );
    expect(keys.map((key) => typeof key)).toEqual(["number", "number", "number", "string", "string"]);
  });

  it("of one whole numeric is a number in the same way, whatever its sign and its zeros", () => {
    const { keys } = keysOf(
      ["decimal(20,0)"],
      [[0], [10_000], [-123_450_000], [2 ** 53 - 1], ["9007199254740992"], ["-99999999999999999999"]],
    );
    expect(keys.slice(0, 4)).toEqual([0, 10_000, -123_450_000, 2 ** 53 - 1]);
    expect(keys.slice(4).map((key) => typeof key)).toEqual(["string", "string"]);
  });

  it("has an order: numbers by value, then the others", () => {
    expect(inKeyOrder([10, 9, -3, 2 ** 40])).toEqual([-3, 9, 10, 2 ** 40]);
    expect(inKeyOrder(["b", 10, "a", 9])).toEqual([9, 10, "a", "b"]);
  });
});
