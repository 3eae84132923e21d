/** What the way back stands before, and which rows that explains once it was left out. */
import { expect, it } from "vitest";
import type { RefusedChange, RefusedRecord } from "../cutover-port.js";
import { Fault } from "../errors.js";
import { planColumn, planTable } from "../typemap/column.fixture.js";
import { examplePlan } from "../verify/example-ledger.js";
import type { PoisonEvent } from "../stream/poison.js";
import { RefusedChanges } from "./refused.js";

const goods = { ...planTable([planColumn("int", "integer", {}, [], "id")], ["id"]), source: "goods" };
const shelves = { ...goods, source: "shelves" };

/** The tuple of an integer key. */
function key(id: number): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.writeInt16BE(1, 0);
  bytes.writeInt32BE(4, 2);
  bytes.writeInt32BE(id, 6);
  return bytes;
}

function poison(id: string, was: number, is = was): PoisonEvent {
  return {
    ...{ id, lane: "reverse", table: "goods", transaction: "1", ordinal: 1, operation: "update" },
    ...{ reason: "value-refused", sentence: "no decimal", before: null, after: null },
    key: key(was).toString("hex"),
    newKey: is === was ? null : key(is).toString("hex"),
  };
}

const standing = (id: string): Fault => new Fault("quarantined", "refused", { facts: { id } });
const decision = { who: "me", why: "so" };

/** A source that keeps what it is told. */
function ledger(records: RefusedRecord[] = []) {
  return {
    records,
    quarantine: (_: string, change: RefusedChange) => {
      const undecided = { who: null, why: null, settledAt: null };
      records.push({ ...change, state: "kept", keptAt: "then", ...undecided });
      return Promise.resolve();
    },
    quarantined: () => Promise.resolve(records),
    leaveOut: (_: string, _epoch: string, event: string, { who, why }: typeof decision) => {
      const at = records.findIndex((each) => each.event === event && each.state === "kept");
      const found = records[at];
      if (found === undefined) return Promise.resolve(false);
      records[at] = { ...found, state: "skipped", who, why };
      return Promise.resolve(true);
    },
  };
}

const open = (at = ledger(), cutover = "m-1"): Promise<RefusedChanges> =>
  RefusedChanges.open({
    ledger: at,
    plan: examplePlan([goods, shelves]),
    engine: "mysql",
    epoch: "1",
    cutover,
  });

it("explains both keys of a row that was left out, and no other row", async () => {
  const at = ledger();
  const refused = await open(at);
  await refused.keep(poison("a", 5, 6));
  expect(refused.told(standing("a"))).toContain("goods (5) (6)");
  expect(refused.explains("goods", key(5))).toBe(false);
  await refused.leaveOut("a", decision);
  expect([5, 6, 7].map((id) => refused.explains("goods", key(id)))).toEqual([true, true, false]);
  expect(refused.explains("shelves", key(5))).toBe(false);
  await expect(refused.leaveOut("a", decision)).rejects.toMatchObject({ code: "usage" });
  // The next life knows it, and the soak of another cutover does not.
  expect((await open(at)).explains("goods", key(6))).toBe(true);
  expect([...(await open(at)).skips]).toEqual(["a"]);
  expect((await open(at, "m-2")).explains("goods", key(6))).toBe(false);
});

it("lets a word hold for what follows of its row, by the row as it was", async () => {
  const refused = await open();
  await refused.keep(poison("a", 5));
  await refused.leaveOut("a", decision);
  await refused.keep(poison("b", 5, 8));
  expect(refused.follows(standing("b"))).toMatchObject({ event: "b", leftOut: { event: "a" } });
  // A row that takes the key of one that was left out is another row.
  await refused.keep(poison("c", 9, 5));
  expect(refused.follows(standing("c"))).toBeNull();
  expect(refused.follows(standing("unknown"))).toBeNull();
});

it("closes a table of another form once its event was left out", async () => {
  const refused = await open();
  const facts = { id: "1#shelves.form", table: "shelves" };
  await refused.stands(new Fault("schema-changed", "it has a column more", { facts }));
  expect([...refused.closed()]).toEqual([]);
  await refused.leaveOut("1#shelves.form", decision);
  expect([...refused.closed()]).toEqual(["shelves"]);
  expect(refused.explains("shelves", key(1))).toBe(true);
  expect(refused.follows(standing("1#shelves.form"))).toBeNull();
});
