/** The soak's records: what has no room is compared again, and never taken for clean. */
import { expect, it } from "vitest";
import type { LaneCheckpoint } from "../stream-port.js";
import type { Suspect, VerifyLedger, VerifyScope } from "../verify-port.js";
import { keptIn, keptLedger } from "./kept-ledger.js";

const from: LaneCheckpoint = { seq: 5n, position: null };
const dirty: VerifyScope = { method: "stream", kind: "dirty", tables: ["a", "b"], sample: null };

interface Text {
  kept: string | null;
}

async function ledgerOf(text: Text): Promise<VerifyLedger> {
  const proof = (table: string) => ({
    ...{ table, whole: null, clean: null, rowsSource: "9", rowsTarget: "9", ranges: 1 },
    method: "stream" as const,
  });
  return await keptLedger({
    ...{ cutover: "m-1", from, clock: () => "then" },
    tables: [proof("a"), proof("b")],
    touched: () => Promise.resolve(),
    text: {
      read: () => Promise.resolve(text.kept),
      write: (written) => {
        text.kept = written;
        return Promise.resolve();
      },
    },
  });
}

const suspects = (table: string, many: number): Suspect[] =>
  Array.from({ length: many }, (_, n) => {
    const key = Buffer.alloc(4);
    key.writeInt32BE(n);
    return { table, key, kind: "different", columns: ["n"], copies: 1 };
  });

const cleanOf = async (ledger: VerifyLedger, name: string): Promise<bigint | null> =>
  (await ledger.tables()).find(({ table }) => table === name)?.clean?.seq ?? null;

it("a table with more suspects than are kept is not clean until a later verification has compared all of it", async () => {
  const text: Text = { kept: null };
  const ledger = await ledgerOf(text);
  const first = await ledger.begin(dirty);
  await ledger.suspect(first.id, suspects("a", 10_001));
  await ledger.setClean("b", 8n, null, null);
  // Page by page, as a comparison of touched keys goes on: none of them says anything of the keys that were dropped.
  for (const seq of [8n, 9n]) await ledger.setClean("a", seq, null, null);
  expect([await cleanOf(ledger, "a"), await cleanOf(ledger, "b")]).toEqual([null, 8n]);
  await ledger.end(first.id, {});
  expect(await cleanOf(ledger, "a")).toBeNull();
  // Whoever takes over compares all of it too.
  expect(await cleanOf(await ledgerOf(text), "a")).toBeNull();

  const second = await ledger.begin({ ...dirty, kind: "round" });
  await ledger.settle(
    second.id,
    "a",
    suspects("a", 10_000).map(({ key }) => ({ key, state: null, suspect: null })),
  );
  await ledger.setClean("a", 12n, null, null);
  expect(await cleanOf(ledger, "a")).toBe(12n);
});

it("another cutover's records say nothing", async () => {
  const text: Text = { kept: null };
  const ledger = await ledgerOf(text);
  const run = await ledger.begin(dirty);
  await ledger.suspect(run.id, suspects("a", 2));
  await ledger.setClean("a", 9n, null, null);
  expect((await (await ledgerOf(text)).mismatchCounts()).map(({ count }) => count)).toEqual(["2"]);
  // A report reads the same text, and takes no other for it.
  expect(keptIn(text.kept ?? "")).toMatchObject({
    cutover: "m-1",
    clean: [{ table: "a", seq: "9" }, { table: "b" }],
    records: [{ table: "a", state: "suspect" }, { table: "a" }],
  });
  expect([keptIn("{}"), keptIn("{")]).toEqual([null, null]);
  text.kept = text.kept?.replace("m-1", "m-2") ?? null;
  const other = await ledgerOf(text);
  expect([await cleanOf(other, "a"), await other.mismatchCounts()]).toEqual([5n, []]);
});
