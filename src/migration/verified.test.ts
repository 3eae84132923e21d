import { expect, it } from "vitest";
import { planColumn, planTable } from "../typemap/column.fixture.js";
import type { TableOutcome } from "../verify/verification.js";
import { blockingOf, looksAtOpen, openAfter, pendingAtReady, recounted, unjudgedOf } from "./verified.js";
import type { Verified } from "./verified.js";

const table = (name: string, key: readonly string[] | undefined, pending: bigint): TableOutcome => ({
  table: {
    ...planTable([planColumn("int", "integer", {}, [], "id")], key),
    ...{ source: name, target: name, lane: "one", ...(key === undefined ? { key: null } : {}) },
  },
  proof: {
    table: name,
    whole: null,
    clean: null,
    rowsSource: "9",
    rowsTarget: "9",
    ranges: 1,
    method: "stream",
  },
  ...{ whole: true, keysCompared: 0, unlisted: 0, differences: 0n, pending, mismatches: [] },
});
const verified = (...tables: readonly TableOutcome[]): Verified => ({
  outcome: {
    run: {
      ...{ id: "1", startedAt: "then", endedAt: null },
      scope: { method: "stream", kind: "full", tables: [], sample: null },
    },
    ...{ method: "stream", resumed: 0, tables, differences: 0n, position: null },
    pending: tables.reduce((all, { pending }) => all + pending, 0n),
  },
  gates: [],
  orphans: [],
  open: 0,
});
const gate = (result: "holds" | "pending" | "broken"): Verified["gates"][number] => ({
  ...{
    name: "sum",
    kind: "pair",
    asks: "this",
    rowsSource: 1,
    rowsTarget: 1,
    keys: [],
    seconds: 0,
    sentence: "",
  },
  result,
});

it("few pending rows are the fence's, but none of a table without a key", () => {
  expect(blockingOf(verified(table("a", ["id"], pendingAtReady)), null)).toEqual([]);
  expect(blockingOf(verified(table("a", ["id"], pendingAtReady + 1n)), null)).toEqual(["pending"]);
  expect(blockingOf(verified(table("a", ["id"], 0n), table("b", undefined, 1n)), null)).toEqual(["pending"]);
});

it("a query that could not be judged yet keeps back what one that does not hold keeps back", () => {
  const asked = (result: "holds" | "pending" | "broken", open = 1): readonly string[] => {
    return blockingOf({ ...verified(), gates: [gate(result)], open }, null);
  };
  expect([asked("holds"), asked("pending"), asked("broken")]).toEqual([[], ["queries-pending"], ["queries"]]);
  // Tables that are never still would keep it back for ever: then it is the fence's. One that is broken never is.
  const looks = [looksAtOpen - 1, looksAtOpen, looksAtOpen + 1];
  expect(looks.map((open) => asked("pending", open))).toEqual([["queries-pending"], [], []]);
  expect(asked("broken", looksAtOpen)).toEqual(["queries"]);
  // Whoever hears that it is ready hears what was not judged.
  expect(unjudgedOf({ ...verified(), gates: [gate("pending")] })).toEqual(["queries-pending"]);
  expect(unjudgedOf({ ...verified(), gates: [gate("holds")] })).toEqual([]);
  expect(unjudgedOf(verified(table("a", ["id"], 1n)))).toEqual(["pending"]);
  const looked = (result: "holds" | "pending"): number =>
    openAfter(3, { gates: [gate(result)], orphans: [] });
  expect([looked("pending"), looked("holds")]).toEqual([4, 0]);
});

it("an orphan, and a key that would not be looked at, keep back for good; one that may be on its way as long as a query does", () => {
  const asked = (result: Verified["orphans"][number]["result"], open = 1): readonly string[] => {
    const orphan = { table: "a", foreignKey: "k", parent: "b", orphans: "1", keys: [], truncated: true };
    const orphans = [{ ...orphan, values: null, sentence: "", result }];
    return blockingOf({ ...verified(), orphans, open }, null);
  };
  for (const result of ["holds", "kept", "not-asked"] as const) expect(asked(result)).toEqual([]);
  for (const result of ["orphans", "refused"] as const)
    expect([asked(result), asked(result, looksAtOpen)]).toEqual([["orphans"], ["orphans"]]);
  expect([asked("pending"), asked("pending", looksAtOpen)]).toEqual([["orphans-pending"], []]);
});

it("what is on record counts, table by table", () => {
  const now = recounted(verified(table("a", ["id"], 7n), table("b", undefined, 1n)), [
    { table: "a", state: "different", count: "2" },
    { table: "a", state: "suspect", count: "3" },
    { table: "elsewhere", state: "different", count: "9" },
  ]);
  expect(now.outcome.tables.map(({ differences, pending }) => [differences, pending])).toEqual([
    [2n, 3n],
    [0n, 0n],
  ]);
  expect([now.outcome.differences, now.outcome.pending]).toEqual([2n, 3n]);
  expect(blockingOf(now, null)).toEqual(["differences"]);
});
