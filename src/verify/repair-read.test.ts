import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { exampleTools } from "./example-ledger.js";
import { exampleTable, sidesOf, tupleOf } from "./example-sides.js";
import { compareRange } from "./compare.js";
import { readForRepair } from "./repair-read.js";
import { RepairRows } from "./repair-rows.js";
import type { Suspect } from "../verify-port.js";

const signal = new AbortController().signal;

it("one value that no policy lets through leaves its row, named, and the other rows of a table without a key are read", async () => {
  const table = { ...exampleTable(["int", "tinyint(1)", "longtext"], null), lane: "one" };
  const source = [
    ["1", "1", "a"],
    ["2", "2", "b"],
    ["3", "0", "c"],
    ["3", "0", "c"],
  ];
  const target = [["4", "1", "d"]];
  const sides = sidesOf(table, source, target);
  const found: Suspect[] = [];
  const take = async (suspects: readonly Suspect[]): Promise<void> => {
    found.push(...suspects);
    await Promise.resolve();
  };
  await compareRange(sides.comparer, table, null, take, signal);
  expect(found.map(({ kind }) => kind).sort()).toEqual(["different", "extra", "missing", "missing"]);
  const { comparings, ...base } = exampleTools([table], 1);
  const tools = {
    ...base,
    comparing: comparings.stream,
    source: { ...base.source, reader: () => Promise.resolve(sides.comparer.reader) },
  };
  const keys = found.map(({ key }) => key);
  const read = await readForRepair(tools, new RepairRows(table, "mysql"), table, keys, signal);
  expect(read.taken).toBe(4);
  const refused = found.find(({ kind }) => kind === "different");
  expect(read.refused).toEqual([
    `row ${refused?.key.toString("hex") ?? ""}: t.c1 holds a number that is neither 0 nor 1, which boolean does not hold. No policy lets it through, so the row is left as it is.`,
  ]);
  const nameOf = (row: readonly string[]): string =>
    createHash("sha256")
      .update(tupleOf(table, row, [0, 1, 2]))
      .digest("hex");
  expect(new Map(read.found.map(({ key, copies }) => [key.toString("hex"), copies]))).toEqual(
    new Map([
      [nameOf(["1", "1", "a"]), 1],
      [nameOf(["3", "0", "c"]), 2],
      [nameOf(["4", "1", "d"]), 0],
    ]),
  );
});
