import { expect, it } from "vitest";
import { planColumn, planTable } from "../typemap/column.fixture.js";
import type { TableOutcome } from "../verify/verification.js";
import { blockingOf, pendingAtReady, recounted } from "./verified.js";
import type { Verified } from "./verified.js";

const table = (name: string, key: readonly string[] | undefined, pending: bigint): TableOutcome => ({
  table: {
    ...planTable([planColumn("int", "integer", {}, [], "id")], key),
    ...{ source: name, target: name, lane: "one", ...(key === undefined ? { key: null } : {}) },
  },
  proof: { table: name, clean: null, rowsSource: "9", rowsTarget: "9", ranges: 1, method: "stream" },
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
});

it("few pending rows are the fence's, but none of a table without a key", () => {
  expect(blockingOf(verified(table("a", ["id"], pendingAtReady)), null)).toEqual([]);
  expect(blockingOf(verified(table("a", ["id"], pendingAtReady + 1n)), null)).toEqual(["pending"]);
  expect(blockingOf(verified(table("a", ["id"], 0n), table("b", undefined, 1n)), null)).toEqual(["pending"]);
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
