/**
 * Every target type through every way that a row can take, told apart to the byte: the server makes the tuples, the lane
 * writes them, and record_image_eq compares the rows with those that the server wrote by itself. The types are those of
 * the codecs' own cases, so a new one that has no values here fails. Then tables without a key, as multisets of such rows.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cases } from "../conformance/cases.js";
import { apply, changes, faultOf, laneWorld, loose, strict } from "./apply-lane.js";
import type { LaneWorld, TableWish } from "./apply-lane.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

/** Values of a type, as literals that the server takes; NULL comes by itself. First match counts. */
const literals: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^smallint$/u, ["-32768", "32767", "0"]],
  [/^integer$/u, ["-2147483648", "2147483647", "0"]],
  [/^bigint$/u, ["-9223372036854775808", "9223372036854775807", "9007199254740993"]],
  [/^numeric\(30,30\)$/u, ["0", "-0.000000000000000000000000000001"]],
  [/^numeric\((\d+),0\)$/u, ["0", "-1", "99999"]],
  [/^numeric\(9,5\)$/u, ["0", "-9999.99999", "0.00001"]],
  [/^numeric\(65,30\)$/u, ["-0.1", `${"9".repeat(35)}.${"9".repeat(30)}`]],
  [/^numeric/u, ["0", "-1.50", "99999.99", "0.01"]],
  [/^(real|double precision)$/u, ["-0", "0", "NaN", "1e-30", "3.4e38", "0.1", "-Infinity"]],
  [/^boolean$/u, ["true", "false"]],
  [/^text\[\]$/u, ["{}", '{a,NULL,"b c",""}', '{"NULL"}']],
  [/^real\[\]$/u, ["{}", "{1,-0,NaN,3e-9}"]],
  [/^json$/u, ['{"a":1}', '{"a": 1}', "[]", '"\\u00e9"', '{"b":2,"a":1,"b":3}']],
  [/^jsonb$/u, ['{"a": 1.10, "b": [1, null]}', "[]", '"é"', "1e3"]],
  [/^bytea$/u, ["\\x", "\\x00", "\\xff00ff"]],
  [/^uuid$/u, ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-abcdefabcdef"]],
  [/^inet$/u, ["0.0.0.0", "255.255.255.255", "::1", "::ffff:1.2.3.4"]],
  [/^codec_label$/u, ["small", "größer", "a,b", "it's"]],
  [/^date$/u, ["0001-01-01", "9999-12-31", "2000-02-29", "-infinity"]],
  [/^timestamp/u, ["0001-01-01 00:00:00", "9999-12-31 23:59:59", "1713-12-31 23:59:59", "-infinity"]],
  [/^interval/u, ["-838:59:59", "24:00:00", "1 day", "838:59:59.999999"]],
  [/^time/u, ["00:00:00", "23:59:59.999999", "24:00:00"]],
  [/^character\(/u, ["", "é", "a b"]],
  [/^(text|character varying)/u, ["", " ", "a'b\\c", "é😀", '"{,}']],
];

/** bit(n): none, all, the first and the last. */
function bitsOf(type: string): readonly string[] | null {
  const size = Number(/^bit\((\d+)\)$/u.exec(type)?.[1] ?? 0);
  return size === 0
    ? null
    : [...new Set(["0".repeat(size), "1".repeat(size), "1".padEnd(size, "0"), "1".padStart(size, "0")])];
}

const enumSql = `CREATE TYPE public.codec_label AS ENUM ('small','MEDIUM','größer','a,b','it''s')`;
/** Beside the codecs' own: a domain, which a user's typemap may name. */
const domainSql = `CREATE DOMAIN public.positive AS numeric(6,2) CHECK (VALUE IS NULL OR VALUE > 0)`;
const types = [...new Set(cases.map(({ target }) => target)), "positive"].sort();
const values = new Map(
  types.map((type) => {
    const found = type === "positive" ? ["1.50", "0.01"] : bitsOf(type);
    return [type, found ?? literals.find(([name]) => name.test(type))?.[1] ?? []] as const;
  }),
);

const literal = (text: string | undefined): string =>
  text === undefined ? "NULL" : `'${text.replaceAll("'", "''")}'`;

/** `n` rows of all of `list`, each with NULL among its values; `shift` gives the same keys other values. */
function rowsOf(list: readonly string[], n: number, shift: number, from = 1): string {
  const columns = list.map((type) => {
    const all = [...(values.get(type) ?? []), undefined].map((text) => `${literal(text)}::${type}`);
    return `(ARRAY[${all.map((_, i) => String(i)).join(",")}])[1 + (g + ${String(shift)}) % ${String(all.length)}]`;
  });
  // Picked by CASE: an array of arrays would flatten.
  const picked = columns.map((index, i) => {
    const all = [...(values.get(list[i] ?? "") ?? []), undefined];
    const arms = all.map((text, k) => `WHEN ${String(k)} THEN ${literal(text)}::${list[i] ?? ""}`);
    return `CASE ${index} ${arms.join(" ")} END`;
  });
  return `SELECT g::bigint, ${picked.join(", ")} FROM generate_series(${String(from)}, ${String(from + n - 1)}) g`;
}

const wish = (name: string, list: readonly string[], key: readonly string[]): TableWish => ({
  name,
  columns: [["id", "bigint"], ...list.map((type, i) => [`c${String(i)}`, type] as const)],
  key,
});

const flat = types.filter((type) => !type.endsWith("[]"));
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
  return laneWorld(database, wishes, { before: `${enumSql}; ${domainSql}` });
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
