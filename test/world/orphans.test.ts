/**
 * Referential integrity on a real target: which rows are orphans (NULLs, several columns, collations, a table of its
 * own), how many exactly, and that no value is told unasked.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { openPostgres } from "../../connectors/postgres/target.js";
import { Fault } from "../../src/errors.js";
import type { Plan, PlanForeignKey, PlanTable } from "../../src/model.js";
import type { Target } from "../../src/port.js";
import { planColumn, planTable } from "../../src/typemap/column.fixture.js";
import { verifyOrphans } from "../../src/verify/orphans.js";
import type { OrphanOptions, OrphanVerdict } from "../../src/verify/orphans.js";
import type { StillTools } from "../../src/verify/still.js";
import type { TargetLook } from "../../src/verify-port.js";
import { syntheticPlan } from "./synthetic.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

let database: TargetDatabase;
let target: Target;

const keyOf = (columns: readonly string[], more: Partial<PlanForeignKey> = {}): PlanForeignKey => ({
  name: "fk",
  columns,
  referencedTable: "parent",
  referencedColumns: ["a", "b"].slice(0, columns.length),
  onDelete: "restrict",
  onUpdate: "restrict",
  orphans: "refuse",
  ...more,
});
const named = (source: string, table: PlanTable, foreignKeys: readonly PlanForeignKey[] = []): PlanTable => ({
  ...table,
  source,
  target: source,
  foreignKeys,
});
const text = (name: string, icu: boolean) => ({
  ...planColumn("varchar(9)", "character varying(9)", {}, [], name),
  ...(icu
    ? {
        equality: {
          by: "icu" as const,
          padded: false,
          collation: { name: "hg_ci", locale: "und-u-ks-level2", strength: "as_ci" as const, language: "" },
        },
      }
    : {}),
});
const int = (name: string) => planColumn("int", "integer", {}, [], name);
const parent = named("parent", planTable([int("a"), int("b")], ["a", "b"]));
const child = (key: PlanForeignKey): PlanTable =>
  named("child", planTable([int("id"), int("x"), int("y")], ["id"]), [key]);

beforeAll(async () => {
  database = await targetDatabase("hg_orphans");
  await database.sql(
    `CREATE COLLATION hg_ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
     CREATE TABLE parent (a int, b int); INSERT INTO parent VALUES (1, 1), (1, 2), (7, NULL);
     CREATE TABLE child (id int, x int, y int);
     INSERT INTO child VALUES (1, 1, 1), (2, 1, 2), (3, 1, NULL), (4, NULL, 9), (5, 2, 1), (6, 1, 3);
     CREATE TABLE many (id int, x int, y int); INSERT INTO many SELECT n, -n, 1 FROM generate_series(1, 150) AS n;
     CREATE TABLE words_ci (w varchar(9) COLLATE hg_ci); INSERT INTO words_ci VALUES ('Abc');
     CREATE TABLE words (w varchar(9)); INSERT INTO words VALUES ('Abc');
     CREATE TABLE says (id int, w varchar(9)); INSERT INTO says VALUES (1, 'aBC'), (2, 'Abc'), (3, 'x');
     CREATE TABLE says_ci (id int, w varchar(9) COLLATE hg_ci); INSERT INTO says_ci VALUES (1, 'aBC'), (2, 'Abc');
     GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC`,
  );
  target = await openPostgres(database.options);
}, 120_000);
afterAll(async () => {
  await target[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

/** A stream beside the looks; `moves`: an event has touched the table. */
function still(following: StillTools["following"], moves: () => boolean = () => false): StillTools {
  const refuse = (): Promise<never> => Promise.reject(new Error("not asked"));
  const lanes = new Map(["one", "two"].map((lane) => [lane, { seq: 1n, position: null }]));
  const lookNow: TargetLook = {
    checkpoints: lanes,
    read: refuse,
    count: refuse,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return {
    source: { seen: refuse },
    target: { look: () => Promise.resolve(lookNow) },
    ledger: {
      touched: async (_table, _after, _upTo, onBatch) => {
        if (moves()) onBatch(2n, null);
        await Promise.resolve();
      },
    },
    plan: syntheticPlan([]),
    following,
    slots: 1,
    wait: refuse,
    onEvent: () => undefined,
  };
}

async function look(
  table: PlanTable,
  others: readonly PlanTable[] = [parent],
  more: Partial<OrphanOptions> = {},
): Promise<OrphanVerdict | undefined> {
  const plan: Plan = { ...syntheticPlan([]), tables: [table, ...others] };
  const signal = new AbortController().signal;
  const [verdict] = await verifyOrphans({
    ...{ target, plan, tables: [table], still: still(null), showValues: false, signal },
    ...more,
  });
  return verdict;
}

it("a NULL asks for no parent, and all columns count", async () => {
  expect(await look(child(keyOf(["x", "y"])))).toEqual({
    table: "child",
    foreignKey: "fk",
    parent: "parent",
    result: "orphans",
    orphans: "2",
    keys: [["5"], ["6"]],
    truncated: false,
    values: null,
    sentence: "fk of child (x, y) to parent: 2 rows ask for a row that is not there on the target.",
  });
  expect(await look(child(keyOf(["x"])))).toMatchObject({ orphans: "1", keys: [["5"]] });
});

it("values are told where they are asked for", async () => {
  expect((await look(child(keyOf(["x", "y"])), [parent], { showValues: true }))?.values).toEqual([
    ["2", "1"],
    ["1", "3"],
  ]);
});

it("all are counted and a hundred named", async () => {
  const many = named("many", planTable([int("id"), int("x"), int("y")], ["id"]), [keyOf(["x"])]);
  const verdict = await look(many);
  expect([verdict?.orphans, verdict?.keys.length, verdict?.keys[0]]).toEqual(["150", 100, ["1"]]);
  expect(verdict).toMatchObject({
    truncated: true,
    sentence:
      "fk of many (x) to parent: 150 rows ask for a row that is not there on the target. The first 100 are listed.",
  });
  const keyless = await look({ ...many, key: null });
  expect(keyless).toMatchObject({ orphans: "150", keys: [], truncated: true, result: "orphans" });
  expect(keyless?.sentence).not.toContain("listed");
});

it("a key that the target does not have is asked about where that can be, and told with the reason", async () => {
  const table = { ...child(keyOf(["x"])), foreignKeys: [] };
  const left = { name: "fk", why: "parent has no unique key" };
  const asked = { ...left, asked: keyOf(["x"]), onSource: null };
  // check let it pass: it may not keep the target from being ready.
  expect(await look({ ...table, leftKeys: [asked] })).toMatchObject({
    result: "kept",
    keys: [["5"]],
    sentence:
      "fk of child (x) to parent: 1 row asks for a row that is not there on the target. The target does not have this key: parent has no unique key.",
  });
  const away = { name: "fk", why: "parent does not travel", asked: null, onSource: null };
  expect(await look({ ...table, leftKeys: [away] }, [])).toMatchObject({
    result: "not-asked",
    orphans: null,
    sentence: "fk of child is not on the target and its rows were not asked about: parent does not travel.",
  });
});

it("a table may be its own parent", async () => {
  const self = child({ ...keyOf(["x"]), referencedTable: "child", referencedColumns: ["id"] });
  expect(await look(self, [])).toMatchObject({ result: "holds", orphans: "0", keys: [] });
  const other = child({ ...keyOf(["y"]), referencedTable: "child", referencedColumns: ["id"] });
  expect(await look(other, [])).toMatchObject({ orphans: "1", keys: [["4"]] });
});

it("kept by policy, or perhaps on their way from another lane", async () => {
  expect(await look(child(keyOf(["x"], { orphans: "keep" })))).toMatchObject({
    result: "kept",
    orphans: "1",
  });
  const apart = [{ ...parent, lane: "two" }];
  const level = { caughtUp: () => Promise.resolve() };
  const moving = still(level, () => true);
  expect(await look(child(keyOf(["x"])), apart, { still: moving })).toMatchObject({ result: "pending" });
  // Nothing moved while it was looked at, so it is not on its way either.
  expect(await look(child(keyOf(["x"])), apart, { still: still(level) })).toMatchObject({
    result: "orphans",
  });
  expect(await look(child(keyOf(["x"])), apart)).toMatchObject({ result: "orphans" });
});

it("a table that was copied again is ahead of its lane, and nobody is accused before that has come there", async () => {
  const asked = child(keyOf(["x"]));
  const caughtUp: string[] = [];
  // Row 5 asks for a parent that comes with the lane's next batch.
  const later = {
    caughtUp: async (lane: string) => {
      caughtUp.push(lane);
      await database.sql("INSERT INTO parent VALUES (2, 1)");
    },
  };
  try {
    expect(await look(asked, [parent], { still: still(later) })).toMatchObject({ result: "holds" });
  } finally {
    await database.sql("DELETE FROM parent WHERE a = 2");
  }
  expect(caughtUp).toEqual(["one"]);
  const stands = {
    caughtUp: () => Promise.reject(new Fault("quarantined", "The lane one stands still.")),
  };
  expect(await look(asked, [parent], { still: still(stands) })).toMatchObject({
    result: "pending",
    orphans: null,
    sentence: "fk of child (x) to parent cannot be judged: The lane one stands still.",
  });
});

it("texts are equal by the parent's collation, as the target's own foreign keys have it", async () => {
  const key = (to: string): PlanForeignKey => keyOf(["w"], { referencedTable: to, referencedColumns: ["w"] });
  const words = named("words", planTable([text("w", false)]));
  const wordsCi = named("words_ci", planTable([text("w", true)]));
  const says = (to: string) => named("says", planTable([int("id"), text("w", false)], ["id"]), [key(to)]);
  const saysCi = (to: string) => named("says_ci", planTable([int("id"), text("w", true)], ["id"]), [key(to)]);
  expect(await look(says("words"), [words])).toMatchObject({ keys: [["1"], ["3"]] });
  expect(await look(says("words_ci"), [wordsCi])).toMatchObject({ keys: [["3"]] });
  expect(await look(saysCi("words"), [words])).toMatchObject({ keys: [["1"]] });
  expect(await look(saysCi("words_ci"), [wordsCi])).toMatchObject({ result: "holds" });
});

it("a table that is not there is told", async () => {
  const gone = named("gone", planTable([int("id"), int("x")], ["id"]), [keyOf(["x"])]);
  expect(await look(gone)).toMatchObject({ result: "refused", orphans: null });
});
