/** What is known of foreign keys goes no further than what was asked. */
import { expect, it } from "vitest";
import type { PlanTable } from "../model.js";
import { planColumn, planTable } from "../typemap/column.fixture.js";
import type { TableProof, TargetLook } from "../verify-port.js";
import { AskedKeys } from "./asked-keys.js";
import type { AskedPage } from "./asked-keys.js";
import { examplePlan } from "./example-ledger.js";
import type { OrphanVerdict } from "./orphans.js";

const never = new AbortController().signal;
const int = (name: string) => planColumn("int", "integer", {}, [], name);
const parent: PlanTable = { ...planTable([int("id")], ["id"]), source: "p", target: "p", lane: "one" };
const child: PlanTable = {
  ...planTable([int("id"), int("p_id")], ["id"]),
  ...{ source: "c", target: "c", lane: "two" },
  foreignKeys: [
    {
      ...{ name: "fk", columns: ["p_id"], referencedTable: "p", referencedColumns: ["id"] },
      ...{ orphans: "refuse", target: "fk", onDelete: "no action", onUpdate: "no action" },
    },
  ],
};
const plan = examplePlan([parent, child]);
const key = (n: number): Buffer => Buffer.from(`000100000004${n.toString(16).padStart(8, "0")}`, "hex");

/** A target on which these children have no parent, whoever asks for them. */
const lookOf = (orphans: readonly Buffer[]): TargetLook => ({
  checkpoints: new Map(),
  read: ({ wanted }, sink) => {
    if (wanted.kind !== "keys") throw new Error("all rows are asked");
    for (const each of orphans) sink.tuple(each, 0, each.length);
    return Promise.resolve({ rows: orphans.length });
  },
  count: () => Promise.reject(new Error("not asked")),
  [Symbol.asyncDispose]: () => Promise.resolve(),
});

const verdict = (result: OrphanVerdict["result"]): OrphanVerdict => ({
  ...{ table: "c", foreignKey: "fk", parent: "p", result, orphans: "0", keys: [], truncated: false },
  ...{ values: null, sentence: "" },
});
const at = (p: bigint, c: bigint) =>
  new Map([
    ["one", { seq: p, position: null }],
    ["two", { seq: c, position: null }],
  ]);
const clean = (p: bigint | null, c: bigint | null): TableProof[] =>
  [["p", p] as const, ["c", c] as const].map(([table, seq]) => ({
    ...{ table, whole: null, rowsSource: "1", rowsTarget: "1", ranges: 1, method: "stream" },
    clean: seq === null ? null : { seq, position: null, at: "then" },
  }));

async function page(
  asked: AskedKeys,
  given: Partial<AskedPage> & Pick<AskedPage, "table" | "after" | "upTo">,
  orphans: readonly Buffer[] = [],
): Promise<void> {
  const whole: AskedPage = { keys: [key(1)], absent: [], ...given };
  asked.carry(whole, await asked.ask(lookOf(orphans), whole, never));
}

const looked = (): AskedKeys => {
  const asked = new AskedKeys(plan, "mysql");
  asked.looked([verdict("holds")], at(10n, 20n));
  return asked;
};
const known = (asked: AskedKeys, p: bigint | null, c: bigint | null): boolean =>
  asked.known("c", "fk", clean(p, c));

it("nothing is known that was never asked, or did not hold", () => {
  const asked = new AskedKeys(plan, "mysql");
  expect(known(asked, 1n, 1n)).toBe(false);
  for (const result of ["orphans", "kept", "pending", "refused", "not-asked"] as const) {
    asked.looked([verdict("holds")], at(10n, 20n));
    asked.looked([verdict(result)], at(10n, 20n));
    expect(known(asked, 1n, 1n)).toBe(false);
  }
});

it("a look at all rows is good for what was compared before it, and for nothing after", () => {
  const asked = looked();
  expect(known(asked, 10n, 20n)).toBe(true);
  // A table that was never compared is looked at whole anyway.
  expect(known(asked, 10n, null)).toBe(false);
  // Compared further than it was asked: by a look at rows alone, or at one of the tables.
  expect(known(asked, 11n, 20n)).toBe(false);
  expect(known(asked, 10n, 21n)).toBe(false);
  asked.forget();
  expect(known(asked, 10n, 20n)).toBe(false);
});

it("pages of touched rows carry it on, one after the other", async () => {
  const asked = looked();
  await page(asked, { table: child, after: 15n, upTo: 25n });
  expect(known(asked, 10n, 25n)).toBe(true);
  await page(asked, { table: parent, after: 8n, upTo: 12n });
  expect([known(asked, 12n, 25n), known(asked, 13n, 25n)]).toEqual([true, false]);
  // A page between was another engine's.
  await page(asked, { table: child, after: 30n, upTo: 40n });
  expect([known(asked, 12n, 25n), known(asked, 12n, 40n)]).toEqual([true, false]);
  expect(asked.doubtful).toBe(false);
});

it("a child without its parent ends it, and so does a parent that went and has children", async () => {
  const touched = looked();
  await page(touched, { table: child, after: 15n, upTo: 25n }, [key(1)]);
  expect([known(touched, 10n, 20n), touched.doubtful]).toEqual([false, true]);
  touched.answered();
  touched.looked([verdict("holds")], at(30n, 30n));
  expect([known(touched, 30n, 30n), touched.doubtful]).toEqual([true, false]);
  const gone = looked();
  await page(gone, { table: parent, after: 8n, upTo: 12n, keys: [key(5)], absent: [key(5)] }, [key(7)]);
  expect([known(gone, 10n, 20n), gone.doubtful]).toEqual([false, true]);
});
