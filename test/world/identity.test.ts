/**
 * Counters after the copy: the target hands out the id that the source would have, whatever was deleted, reserved or
 * negative, and whether the column became an identity or a serial. The source itself is asked: both sides get one
 * more row without an id.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { journey, toTheEnd, unequal } from "./journey.js";
import type { Journey } from "./journey.js";

let trip: Journey;

const tables: readonly (readonly [
  name: string,
  type: string,
  ids: readonly number[],
  next: number | null,
])[] = [
  ["past_the_largest", "INT", [1, 2, 77], null],
  ["past_what_was_handed_out", "INT", [1, 2, 3], 1000],
  ["negative_only", "INT", [-5, -3], null],
  ["negative_and_positive", "BIGINT", [-5, 12], null],
  ["empty", "INT UNSIGNED", [], null],
  ["empty_but_used", "SMALLINT", [], 500],
  ["small", "TINYINT UNSIGNED", [200], null],
  ["big", "BIGINT UNSIGNED", [9007199254740991], null],
  ["serial", "INT", [4], 40],
  ["Od\"d na'me", "INT", [6], null],
];

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

beforeAll(async () => {
  trip = await journey("hg_identity");
  for (const [name, type, ids, next] of tables) {
    await trip.source.sql(
      `CREATE TABLE \`${name}\` (\`i"d\` ${type} AUTO_INCREMENT PRIMARY KEY, note VARCHAR(9))`,
    );
    for (const id of ids) await trip.source.sql(`INSERT INTO \`${name}\` VALUES (?, 'old')`, [id]);
    if (next !== null) await trip.source.sql(`ALTER TABLE \`${name}\` AUTO_INCREMENT = ${String(next)}`);
  }
  trip.configure(["typemap: [{ match: { table: serial, autoIncrement: true }, to: { identity: serial } }]"]);
  await trip.said(0, ...toTheEnd.slice(0, -1));
});
afterAll(async () => {
  await trip[Symbol.asyncDispose]();
});

it("begins equal", async () => {
  expect(unequal(await trip.judge())).toEqual([]);
});

it.each(tables)("goes on with the source's own next id: %s", async (name, type, ids, next) => {
  await trip.source.sql(`INSERT INTO \`${name}\` (note) VALUES ('new')`);
  const [[onSource] = []] = await trip.source.sql("SELECT CAST(LAST_INSERT_ID() AS CHAR)");
  const insert = `INSERT INTO ${quoted(name)} (note) VALUES ('new') RETURNING "i""d"::text AS id`;
  const [first] = await trip.target.sql(insert);
  expect(first?.["id"], type).toBe(onSource);
  expect(Number(first?.["id"])).toBeGreaterThan(Math.max(0, ...ids, (next ?? 0) - 1));
  const [second] = await trip.target.sql(insert);
  expect(BigInt(second?.["id"] ?? 0)).toBe(BigInt(onSource ?? 0) + 1n);
});

it("is an identity that takes ids of the application too, or a serial where a rule says so", async () => {
  const kinds = await trip.target.sql(
    `SELECT c.relname AS name, a.attidentity::text AS identity, pg_get_expr(d.adbin, d.adrelid) AS default
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
       LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attname = 'i"d'`,
  );
  expect(kinds).toHaveLength(tables.length);
  for (const kind of kinds)
    if (kind["name"] === "serial")
      expect(kind).toMatchObject({ identity: "", default: expect.stringContaining("nextval(") as string });
    else expect(kind).toMatchObject({ identity: "d", default: null });
  // The sequence goes with its column, as a serial's does.
  await trip.target.sql("DROP TABLE serial");
  const left = await trip.target.sql(
    "SELECT relname FROM pg_class WHERE relkind = 'S' AND relname LIKE '%serial%'",
  );
  expect(left).toEqual([]);
});
