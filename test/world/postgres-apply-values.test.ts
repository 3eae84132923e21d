/**
 * Every target type through every way that a row can take, told apart to the byte: the server makes the tuples, the lane
 * writes them, and record_image_eq compares the rows with those that the server wrote by itself. The types are those of
 * the codecs' own cases, so a new one that has no values here fails. Then tables without a key, as multisets of such rows.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apply, changes, faultOf, laneWorld, loose, strict } from "./apply-lane.js";
import type { LaneWorld, TableWish } from "./apply-lane.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";
import { declareSql, flat, literal, rowsOf, types, values } from "./type-values.js";

const wish = (name: string, list: readonly string[], key: readonly string[]): TableWish => ({
  name,
  columns: [["id", "bigint"], ...list.map((type, i) => [`c${String(i)}`, type] as const)],
  key,
});

const keysOf = (n: number, from = 1): string =>
  `SELECT g::bigint FROM generate_series(${String(from)}, ${String(from + n - 1)}) g`;

let database: TargetDatabase;
beforeAll(async () => {
  database = await targetDatabase("apply_values");
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

/** Rows that are not byte for byte those of the query. */
async function unlike(table: string, sql: string): Promise<string> {
  await database.sql(`DROP TABLE IF EXISTS wanted; CREATE TABLE wanted (LIKE ${table})`);
  await database.sql(`INSERT INTO wanted ${sql}`);
  const [row] = await database.sql(
    `SELECT count(*) FILTER (WHERE (t::record *= w::record) IS NOT TRUE) || ' of ' || count(*) AS n
       FROM ${table} t FULL JOIN wanted w USING (id)`,
  );
  return row?.["n"] ?? "";
}

async function worldOf(wishes: readonly TableWish[]): Promise<LaneWorld> {
  await database.sql("DROP SCHEMA IF EXISTS headgate CASCADE");
  return laneWorld(database, wishes, { before: declareSql });
}

describe("a row of every target type", () => {
  it("has values for each of them here", () => {
    expect(types.filter((type) => (values.get(type) ?? []).length === 0)).toEqual([]);
    expect(types.length).toBeGreaterThan(60);
  });

  it.each([
    ["arrays", flat, 40],
    ["COPY", flat, 2200],
    ["COPY, as it has array columns,", types, 40],
  ] as const)("goes through %s to the byte", async (_, list, n) => {
    const tables = [wish("strictly", list, ["id"]), wish("loosely", list, ["id"])];
    await using world = await worldOf(tables);
    const [one, two] = [world.table("strictly"), world.table("loosely")];
    await apply(world.ledger, [
      strict(await changes(database, one, { inserts: rowsOf(list, n, 0) })),
      loose(await changes(database, two, { inserts: rowsOf(list, n, 0) })),
    ]);
    const all = String(n);
    expect(await unlike("strictly", rowsOf(list, n, 0))).toBe(`0 of ${all}`);
    expect(await unlike("loosely", rowsOf(list, n, 0))).toBe(`0 of ${all}`);
    await apply(world.ledger, [
      strict(await changes(database, one, { updates: rowsOf(list, n, 1) })),
      loose(await changes(database, two, { updates: rowsOf(list, n, 1) })),
    ]);
    expect(await unlike("strictly", rowsOf(list, n, 1))).toBe(`0 of ${all}`);
    expect(await unlike("loosely", rowsOf(list, n, 1))).toBe(`0 of ${all}`);
    await apply(world.ledger, [
      strict(await changes(database, one, { deletes: keysOf(n - 1) })),
      loose(await changes(database, two, { deletes: keysOf(n - 1) })),
    ]);
    expect(await unlike("strictly", rowsOf(list, 1, 1, n))).toBe("0 of 1");
    expect(await unlike("loosely", rowsOf(list, 1, 1, n))).toBe("0 of 1");
  });

  it("can be a key, where the type can be one: rows are found by it in every way", async () => {
    const able = flat.filter((type) => !/^(json|real|double)/u.test(type));
    const wishes = able.map((type, i): TableWish => ({
      name: `k${String(i)}`,
      columns: [
        ["k", type],
        ["note", "text"],
      ],
      key: ["k"],
    }));
    await using world = await worldOf(wishes);
    // Each value once as the type counts: 24 hours are a day.
    const keys = (type: string): string => {
      const list = (values.get(type) ?? []).map(literal).join(",");
      return `SELECT DISTINCT ON (v::${type}) v::${type} FROM unnest(ARRAY[${list}]) v`;
    };
    const groups = async (kind: "inserts" | "updates" | "deletes", note: string) => {
      const list = able.map((type, i) => {
        const sql = kind === "deletes" ? keys(type) : `SELECT k.*, '${note}' FROM (${keys(type)}) k`;
        return changes(database, world.table(`k${String(i)}`), { [kind]: sql });
      });
      return Promise.all(list);
    };
    const counted = async (note: string): Promise<number> => {
      const each = able.map((_, i) => `SELECT count(*) FROM k${String(i)} WHERE note = '${note}'`);
      const [row] = await database.sql(`SELECT sum(n.count) AS n FROM (${each.join(" UNION ALL ")}) n`);
      return Number(row?.["n"]);
    };
    const inserts = await groups("inserts", "new");
    const total = inserts.reduce((sum, one) => sum + one.inserts.rows, 0);
    await apply(world.ledger, [strict(...inserts)]);
    expect(await counted("new")).toBe(total);
    await apply(world.ledger, [strict(...(await groups("updates", "changed")))]);
    expect(await counted("changed")).toBe(total);
    await apply(world.ledger, [loose(...(await groups("inserts", "again")))]);
    expect(await counted("again")).toBe(total);
    await apply(world.ledger, [strict(...(await groups("deletes", "")))]);
    expect(await counted("again")).toBe(0);
  });
});

describe("a table without a key", () => {
  it("loses one copy for each deleted row, of all types, and no other (43)", async () => {
    const list = types;
    await using world = await worldOf([wish("bag", list, [])]);
    const table = world.table("bag");
    const n = 30;
    const rows = rowsOf(list, n, 0);
    const thrice = `SELECT r.* FROM (${rows}) r, generate_series(1, 3)`;
    const twice = `SELECT r.* FROM (${rows}) r, generate_series(1, 2)`;
    await apply(world.ledger, [strict(await changes(database, table, { inserts: thrice }))]);
    await apply(world.ledger, [strict(await changes(database, table, { deletes: twice }))]);
    expect(await unlike("bag", rows)).toBe(`0 of ${String(n)}`);
    await apply(world.ledger, [loose(await changes(database, table, { deletes: rows }))]);
    expect(await database.sql("SELECT count(*) AS n FROM bag")).toEqual([{ n: "0" }]);
    expect(await database.sql("SELECT DISTINCT whole::text, keys FROM headgate.dirty")).toEqual([
      { whole: "true", keys: null },
    ]);
  });

  const bag = (more: string): TableWish => ({
    name: "bag",
    columns: [
      ["a", `integer${more}`],
      ["b", "text"],
      ["c", "double precision"],
      ["d", "json"],
    ],
    key: [],
  });

  it.each([
    ["with a column that is never NULL", " NOT NULL"],
    ["with none", ""],
  ])("%s tells apart what differs in one bit, and misses no NULL", async (_, more) => {
    await using world = await worldOf([bag(more)]);
    const table = world.table("bag");
    const row = (a: string, b: string, c: string, d: string): string =>
      `SELECT ${a}::integer, ${b}::text, ${c}::double precision, ${d}::json`;
    const stored = [
      row("1", "NULL", "'-0'", "NULL"),
      row("1", "NULL", "'0'", "NULL"),
      row("1", "''", "'NaN'", "'{\"a\":1}'"),
      row("1", "''", "'NaN'", "'{\"a\": 1}'"),
    ];
    await apply(world.ledger, [
      strict(await changes(database, table, { inserts: stored.join(" UNION ALL ") })),
    ]);
    await apply(world.ledger, [
      strict(await changes(database, table, { deletes: [stored[0], stored[3]].join(" UNION ALL ") })),
    ]);
    expect(await database.sql("SELECT b, c::text, d::text FROM bag ORDER BY b NULLS FIRST")).toEqual([
      { b: null, c: "0", d: null },
      { b: "", c: "NaN", d: '{"a":1}' },
    ]);
    const left = stored[1] ?? "";
    for (const kind of [strict, loose]) {
      const group = kind(
        await changes(database, table, { deletes: `${left} UNION ALL ${left} UNION ALL ${stored[0] ?? ""}` }),
      );
      const fault = await faultOf(apply(world.ledger, [group]));
      expect([fault.code, fault.facts]).toEqual([
        "divergence",
        { table: "bag", operation: "delete", rows: 2, keys: "" },
      ]);
    }
    expect(await database.sql("SELECT count(*) AS n FROM bag")).toEqual([{ n: "2" }]);
  });

  it("is replayed through the ledger only: the same batch again is refused by its number", async () => {
    await using world = await worldOf([bag("")]);
    await using writer = await world.ledger.lane("one");
    const group = strict(
      await changes(database, world.table("bag"), { inserts: "SELECT 1, 'x'::text, 1::float8, NULL::json" }),
    );
    const batch = await writer.begin(0n);
    await batch.write(group);
    await batch.commit({ kind: "file", file: "f", offset: "1" });
    expect((await faultOf(writer.begin(0n))).code).toBe("checkpoint-moved");
    expect(await database.sql("SELECT count(*) AS n FROM bag")).toEqual([{ n: "1" }]);
  });
});
