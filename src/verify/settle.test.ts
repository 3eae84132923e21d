/** What is on record of a table without a key after a look at all of it. */
import { expect, it } from "vitest";
import { planColumn, planTable } from "../typemap/column.fixture.js";
import type { Suspect } from "../verify-port.js";
import { exampleComparing, exampleTools } from "./example-ledger.js";
import { settle } from "./settle.js";

it("so many rows are kept, and how many more differ is told", async () => {
  const { signal } = new AbortController();
  const table = {
    ...planTable([planColumn("int", "integer", {}, [], "id")]),
    ...{ source: "a", target: "a", lane: "one", key: null },
  };
  const suspects = Array.from({ length: 8 }, (_, n): Suspect => ({
    table: "a",
    key: Buffer.alloc(32, n),
    kind: "extra",
    columns: [],
    copies: 1,
  }));
  const comparing = exampleComparing({
    hasKeys: () => false,
    range: async (comparer, of, range, onSuspects, stop) => {
      await onSuspects(suspects.slice(0, 3));
      await onSuspects(suspects.slice(3));
      return await exampleComparing().range(comparer, of, range, onSuspects, stop);
    },
  });
  const tools = exampleTools([table], 1);
  const run = await tools.ledger.begin({ method: "stream", kind: "full", tables: ["a"], sample: null });
  await tools.ledger.suspect(run.id, suspects);
  const settled = (kept?: number): Promise<number> =>
    settle({ ...tools, comparing }, run, table, ["suspect", "different"], signal, kept);
  const recorded = async (): Promise<number> =>
    (await tools.ledger.mismatches("a", ["different"], null, 100)).length;
  expect([await settled(5), await recorded()]).toEqual([3, 5]);
  expect([await settled(), await recorded()]).toEqual([0, 8]);
});
