/**
 * What foreign keys do at a source whose log does not say so (48): the writer does it in SQL, and leaves the keys of all
 * that it touched in the ledger. The judge is PostgreSQL itself: the same changes on tables whose foreign keys are awake.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PlanForeignKey, ReferentialAction } from "../../src/model.js";
import type { Cascade } from "../../src/stream-port.js";
import { apply, cascade, changes, createSql, laneWorld, strict, tuples } from "./apply-lane.js";
import type { LaneWorld, TableWish } from "./apply-lane.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

let database: TargetDatabase;
beforeAll(async () => {
  database = await targetDatabase("apply_cascade");
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

function foreignKey(
  columns: readonly string[],
  referencedTable: string,
  referencedColumns: readonly string[],
  onDelete: ReferentialAction,
  onUpdate: ReferentialAction,
): PlanForeignKey {
  const name = `${referencedTable} ${columns.join(" ")}`;
  return { name, columns, referencedTable, referencedColumns, onDelete, onUpdate, orphans: "refuse" };
}

const id = ["id", "bigint"] as const;
/** Three levels, a composite text key, a table that refers to itself, one without a key, one whose rows only look on. */
const tables: readonly TableWish[] = [
  { name: "roots", columns: [id, ["a", "text"], ["b", "uuid"]], key: ["id"] },
  {
    name: "limbs",
    columns: [id, ["root", "bigint"]],
    key: ["id"],
    foreignKeys: [foreignKey(["root"], "roots", ["id"], "cascade", "cascade")],
  },
  {
    name: "leaves",
    columns: [
      ["limb", "bigint"],
      ["n", "integer"],
      ["note", "text"],
    ],
    key: ["limb", "n"],
    foreignKeys: [foreignKey(["limb"], "limbs", ["id"], "cascade", "cascade")],
  },
  {
    name: "veins",
    columns: [id, ["leaf_n", "integer"], ["leaf_limb", "bigint"]],
    key: ["id"],
    foreignKeys: [foreignKey(["leaf_n", "leaf_limb"], "leaves", ["n", "limb"], "set null", "cascade")],
  },
  {
    name: "labels",
    columns: [id, ["b", "uuid"], ["a", "text"]],
    key: ["id"],
    foreignKeys: [foreignKey(["b", "a"], "roots", ["b", "a"], "set null", "cascade")],
  },
  {
    name: "rows without a key",
    columns: [["root", "bigint"]],
    key: [],
    foreignKeys: [foreignKey(["root"], "roots", ["id"], "cascade", "set null")],
  },
  {
    name: "people",
    columns: [id, ["boss", "bigint"]],
    key: ["id"],
    foreignKeys: [foreignKey(["boss"], "people", ["id"], "cascade", "no action")],
  },
  {
    name: "witnesses",
    columns: [id, ["person", "bigint"]],
    key: ["id"],
    foreignKeys: [foreignKey(["person"], "people", ["id"], "set null", "restrict")],
  },
];

const uniqueSql = "ALTER TABLE roots ADD UNIQUE (b, a)";
const quote = (name: string): string => `"${name}"`;
const uuid = (n: string): string => `('00000000-0000-0000-0000-' || lpad((${n})::text, 12, '0'))::uuid`;

const data = `
  INSERT INTO roots SELECT g, 'a' || g, ${uuid("g")} FROM generate_series(1, 6) g;
  INSERT INTO limbs SELECT g, 1 + g % 6 FROM generate_series(1, 24) g;
  INSERT INTO leaves SELECT l, n, 'x' FROM generate_series(1, 24) l, generate_series(1, 3) n;
  INSERT INTO veins SELECT l * 10 + n, n, l FROM generate_series(1, 24) l, generate_series(1, 2) n;
  INSERT INTO veins VALUES (999, NULL, 1);
  INSERT INTO labels SELECT g, ${uuid("1 + g % 6")}, 'a' || 1 + g % 6 FROM generate_series(1, 12) g;
  INSERT INTO "rows without a key" SELECT 1 + g % 6 FROM generate_series(1, 12) g;
  INSERT INTO people SELECT g, nullif(g / 2, 0) FROM generate_series(1, 200) g;
  INSERT INTO witnesses SELECT g, g FROM generate_series(1, 200) g;`;

/** Every table's rows as text. */
async function all(schema: string): Promise<string[]> {
  const each = tables.map(({ name }) => `SELECT '${name} ' || t::text AS r FROM ${schema}.${quote(name)} t`);
  const rows = await database.sql(`SELECT r FROM (${each.join(" UNION ALL ")}) x ORDER BY r`);
  return rows.map((row) => row["r"] ?? "");
}

/** The same tables in a schema of their own, with foreign keys that act. */
async function judge(): Promise<void> {
  const keys = tables.flatMap(({ name, foreignKeys }) =>
    (foreignKeys ?? []).map(
      (key) => `ALTER TABLE ${quote(name)} ADD FOREIGN KEY (${key.columns.join(", ")})
        REFERENCES ${key.referencedTable} (${key.referencedColumns.join(", ")})
        ON DELETE ${key.onDelete} ON UPDATE ${key.onUpdate}`,
    ),
  );
  await database.sql(
    `DROP SCHEMA IF EXISTS judge CASCADE; CREATE SCHEMA judge; SET search_path = judge;
     ${tables.map((wish) => createSql(wish).replace("public.", "judge.")).join(";")};
     ${uniqueSql}; ${data} ${keys.join(";")}`,
  );
}

interface Case {
  /** What happened at the source, as SQL. */
  readonly sql: string;
  readonly parent: string;
  readonly action: "delete" | "update";
  readonly columns: readonly (readonly string[])[];
  /** One query for each of `columns`. */
  readonly values: readonly string[];
  readonly change: { readonly deletes?: string; readonly updates?: string };
}

const cases: Readonly<Record<string, Case>> = {
  "a parent's delete takes children and theirs along, and sets others to NULL": {
    sql: "DELETE FROM roots WHERE id IN (1, 4)",
    parent: "roots",
    action: "delete",
    columns: [["id"], ["a", "b"]],
    values: [
      "SELECT g::bigint FROM (VALUES (1), (4)) v (g)",
      `SELECT 'a' || g, ${uuid("g")} FROM (VALUES (1), (4)) v (g)`,
    ],
    change: { deletes: "SELECT g::bigint FROM (VALUES (1), (4)) v (g)" },
  },
  "a parent's new key moves children and theirs, which it is part of": {
    sql: "UPDATE roots SET id = id + 100 WHERE id IN (2, 3)",
    parent: "roots",
    action: "update",
    columns: [["id"]],
    values: ["SELECT g::bigint, g + 100::bigint FROM (VALUES (2::bigint), (3)) v (g)"],
    change: {},
  },
  "new values of columns that are no key move those who refer to them": {
    sql: `UPDATE roots SET a = 'é' || id, b = ${uuid("id + 50")} WHERE id IN (5, 6)`,
    parent: "roots",
    action: "update",
    columns: [["a", "b"]],
    values: [`SELECT 'a' || g, ${uuid("g")}, 'é' || g, ${uuid("g + 50")} FROM (VALUES (5), (6)) v (g)`],
    change: {},
  },
  "a key in the middle moves those below it and nobody else": {
    sql: "UPDATE limbs SET id = 500 + id WHERE id <= 2",
    parent: "limbs",
    action: "update",
    columns: [["id"]],
    values: ["SELECT g::bigint, 500 + g::bigint FROM generate_series(1, 2) g"],
    change: {},
  },
  "a table that refers to itself is followed to its end": {
    sql: "DELETE FROM people WHERE id = 3",
    parent: "people",
    action: "delete",
    columns: [["id"]],
    values: ["SELECT 3::bigint"],
    change: { deletes: "SELECT 3::bigint" },
  },
};

async function cascadesOf(world: LaneWorld, one: Case): Promise<readonly Cascade[]> {
  const parent = world.table(one.parent);
  return Promise.all(
    one.columns.map(async (names, i) => ({
      parent,
      action: one.action,
      columns: names.map((name) => parent.columns.findIndex(({ source }) => source === name)),
      values: await tuples(database, one.values[i] ?? ""),
    })),
  );
}

describe("what a foreign key does", () => {
  it.each(Object.entries(cases))("%s", async (_, one) => {
    await judge();
    await using world = await laneWorld(database, tables, { sql: uniqueSql });
    await database.sql(data);
    const before = await all("public");
    expect(before).toEqual(await all("judge"));
    await database.sql(`SET search_path = judge; ${one.sql}`);
    // The parent itself is a row of the log; a key that became another is a delete and an insert there.
    const parent = world.table(one.parent);
    if (one.change.deletes === undefined) await database.sql(one.sql);
    const followed = await apply(world.ledger, [
      ...(one.change.deletes === undefined ? [] : [strict(await changes(database, parent, one.change))]),
      cascade(...(await cascadesOf(world, one))),
    ]);
    const after = await all("public");
    expect(after).toEqual(await all("judge"));
    expect(after).not.toEqual(before);
    await proveDirty(world, before, after, one);
    for (const { name } of tables) {
      const of = (rows: readonly string[]): readonly string[] =>
        rows.filter((row) => row.startsWith(`${name} (`));
      const own = name === one.parent && one.change.deletes !== undefined;
      const told = (operation: string): number =>
        followed
          .filter((each) => each.table.source === name && each.operation === operation)
          .reduce((sum, { rows }) => sum + rows, 0);
      // Of the parent the log tells what was deleted or moved there itself.
      const itself = own ? (await tuples(database, one.change.deletes ?? "")).rows : 0;
      const gone = of(before).length - of(after).length - itself;
      const moved = name === one.parent ? 0 : of(after).filter((row) => !before.includes(row)).length;
      expect([name, told("delete"), told("update")]).toEqual([name, gone, moved]);
    }
  });

  it.each([
    ["latin1_swedish_ci", "delete", "5"],
    ["latin1_swedish_ci", "update", "1=xyz 2=xyz 3=xyz 4=xyz 5= abc"],
    ["utf8mb4_0900_ai_ci", "delete", "2 3 4 5"],
  ] as const)("finds children as %s compares, blanks at the end: %s", async (collation, action, left) => {
    const varchar = "character varying(9)";
    const act: ReferentialAction = "cascade";
    const keys = [foreignKey(["code"], "codes", ["code"], act, act)];
    const padded: readonly TableWish[] = [
      { name: "codes", columns: [["code", varchar]], key: ["code"], collation },
      { name: "coded", columns: [id, ["code", varchar]], key: ["id"], collation, foreignKeys: keys },
    ];
    await using world = await laneWorld(database, padded);
    await database.sql(
      "INSERT INTO coded VALUES (1, 'abc'), (2, 'abc '), (3, 'abc      '), (4, 'abc  '), (5, ' abc')",
    );
    const moved = action === "update" ? ", 'xyz'::varchar" : "";
    const values = await tuples(
      database,
      `SELECT 'abc  '::varchar${moved}`.replace("  '", collation.startsWith("latin1") ? "  '" : "'"),
    );
    await apply(world.ledger, [cascade({ parent: world.table("codes"), action, columns: [0], values })]);
    const what = action === "update" ? "id || '=' || code" : "id::text";
    expect(await database.sql(`SELECT string_agg(${what}, ' ' ORDER BY id) AS left FROM coded`)).toEqual([
      { left },
    ]);
  });

  it("that restricts, or does nothing, is nothing here", async () => {
    await using world = await laneWorld(database, tables, { sql: uniqueSql });
    await database.sql(data);
    const before = await all("public");
    const parent = world.table("people");
    const values = await tuples(database, "SELECT 3::bigint, 7000::bigint");
    await apply(world.ledger, [cascade({ parent, action: "update", columns: [0], values })]);
    expect(await all("public")).toEqual(before);
    expect(await database.sql("SELECT 1 FROM headgate.dirty")).toEqual([]);
  });
});

/** The keys of every row that is not as it was, old and new, are in the ledger, and no others. */
async function proveDirty(
  world: LaneWorld,
  before: readonly string[],
  after: readonly string[],
  one: Case,
): Promise<void> {
  const changed = [
    ...before.filter((row) => !after.includes(row)),
    ...after.filter((row) => !before.includes(row)),
  ];
  for (const { name, key, columns } of tables) {
    if (name === one.parent && one.change.deletes === undefined) continue;
    const ours = changed.filter((row) => row.startsWith(`${name} (`));
    const [row] = await database.sql(
      "SELECT encode(keys, 'hex') AS keys, whole::text FROM headgate.dirty WHERE table_name = $1",
      [name],
    );
    if (ours.length === 0) expect([name, row]).toEqual([name, undefined]);
    else if (key.length === 0) expect(row).toEqual({ keys: null, whole: "true" });
    else {
      const places = key.map((column) => columns.findIndex(([other]) => other === column));
      const wanted = ours.map((text) => {
        const fields = text.slice(name.length + 2, -1).split(",");
        return places.map((place) => fields[place] ?? "").join(",");
      });
      const spelled = places.map((place) => columns[place]?.[1] ?? "");
      const found = tuplesOf(Buffer.from(row?.["keys"] ?? "", "hex"), spelled);
      expect([name, [...new Set(found)].sort()]).toEqual([name, [...new Set(wanted)].sort()]);
    }
  }
  expect(world.plan.tables.length).toBe(tables.length);
}

/** Tuples of integers as text. */
function tuplesOf(bytes: Buffer, types: readonly string[]): string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length;) {
    expect(bytes.readInt16BE(at)).toBe(types.length);
    at += 2;
    const fields = types.map((type) => {
      const size = bytes.readInt32BE(at);
      const value = type === "integer" ? BigInt(bytes.readInt32BE(at + 4)) : bytes.readBigInt64BE(at + 4);
      at += 4 + size;
      return String(value);
    });
    found.push(fields.join(","));
  }
  return found;
}
