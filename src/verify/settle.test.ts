/** What is on record of a table without a key after looks at all of it. */
import { expect, it } from "vitest";
import { planColumn, planTable } from "../typemap/column.fixture.js";
import type { Suspect } from "../verify-port.js";
import { exampleComparing, exampleLedger, exampleTools } from "./example-ledger.js";
import { settle } from "./settle.js";

const { signal } = new AbortController();
const table = {
  ...planTable([planColumn("int", "integer", {}, [], "id")]),
  ...{ source: "a", target: "a", lane: "one", key: null },
};
const suspect = (n: number, kind: Suspect["kind"] = "extra"): Suspect => ({
  table: "a",
  key: Buffer.alloc(32, n),
  kind,
  columns: [],
  copies: 1,
});

it("so many rows are kept, and how many more differ is told", async () => {
  const suspects = Array.from({ length: 8 }, (_, n) => suspect(n));
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

it("a row that events touch at each look is pending and accused by nobody, and different at the first look without one", async () => {
  const key = Buffer.from("00010000000400000007", "hex");
  const keyed = { ...table, key: { index: "PRIMARY", columns: ["id"], primary: true } };
  const found: Suspect = { table: "a", key, kind: "different", columns: ["id"], copies: 1 };
  const after = async (still: number): Promise<readonly [number, readonly string[]]> => {
    const ledger = exampleLedger(["a"]);
    ledger.touches.push({ table: "a", seq: 9n, keys: key });
    let looks = 0;
    const comparing = exampleComparing({
      keys: () => {
        looks += 1;
        if (looks === still) ledger.touches.splice(0);
        return Promise.resolve({ suspects: [found], rowsSource: 1, rowsTarget: 1 });
      },
    });
    const tools = exampleTools([keyed], 1, { ledger });
    const run = await ledger.begin({ method: "stream", kind: "full", tables: ["a"], sample: null });
    await ledger.suspect(run.id, [found]);
    await settle({ ...tools, comparing }, run, keyed, ["suspect"], signal);
    const left = await ledger.mismatches("a", ["suspect", "different", "pending"], null, 9);
    return [looks, left.map(({ state }) => state)];
  };
  expect(await after(Infinity)).toEqual([25, ["pending"]]);
  expect(await after(3)).toEqual([3, ["different"]]);
});

/** Rows that look after look suspects, while events touch the table all the time; what is on record in the end, and the looks it took. */
async function busy(
  of: (look: number) => readonly Suspect[],
  accused: readonly Suspect[] = [],
  still = Infinity,
): Promise<readonly [number, readonly (readonly [number, string])[]]> {
  const ledger = exampleLedger(["a"]);
  ledger.touches.push({ table: "a", seq: 9n, keys: null });
  let looks = 0;
  const comparing = exampleComparing({
    hasKeys: () => false,
    range: async (comparer, planned, range, onSuspects, stop) => {
      looks += 1;
      if (looks === still) ledger.touches.splice(0);
      await onSuspects(of(looks));
      return await exampleComparing().range(comparer, planned, range, onSuspects, stop);
    },
  });
  const tools = exampleTools([table], 1, { ledger });
  const run = await ledger.begin({ method: "stream", kind: "full", tables: ["a"], sample: null });
  await ledger.suspect(run.id, of(0));
  await ledger.settle(
    run.id,
    "a",
    accused.map((each) => ({ key: each.key, state: "different" as const, suspect: each })),
  );
  await settle({ ...tools, comparing }, run, table, ["suspect", "different"], signal);
  const left = await ledger.mismatches("a", ["suspect", "different", "pending"], null, 100);
  return [looks, left.map(({ key, state }) => [key[0] ?? -1, state])];
}

it("what events bring to a table without a key is absent at the next looks, and keeps nothing open", async () => {
  expect(await busy((look) => [suspect(look, "missing"), suspect(look + 100, "missing")])).toEqual([3, []]);
});

it("an event of an equal row that hides a difference at a look, or at every other one, lets nothing go", async () => {
  expect(await busy((look) => (look === 2 ? [] : [suspect(7)]))).toEqual([10, [[7, "pending"]]]);
  expect(await busy((look) => (look > 0 && look % 2 === 0 ? [] : [suspect(7)]))).toEqual([
    10,
    [[7, "pending"]],
  ]);
  // With another number each time it is there, it is events that bring and take it.
  const hot = (look: number): Suspect[] =>
    look > 0 && look % 2 === 0 ? [] : [{ ...suspect(7), copies: look }];
  expect(await busy(hot)).toEqual([4, []]);
});

it("an accused row of a busy table without a key is let go by a still look alone, and is looked at until then", async () => {
  expect(await busy(() => [], [suspect(7)])).toEqual([10, [[7, "different"]]]);
  expect(await busy(() => [suspect(7)], [suspect(7)])).toEqual([1, [[7, "different"]]]);
  expect(await busy(() => [], [suspect(7)], 4)).toEqual([4, []]);
});

it("a row that every look suspects stays open, however its events turn it, and alone", async () => {
  const rows = (look: number): Suspect[] => [
    suspect(7, look % 2 === 0 ? "extra" : "missing"),
    suspect(look + 100),
  ];
  expect(await busy(rows)).toEqual([10, [[7, "pending"]]]);
});
