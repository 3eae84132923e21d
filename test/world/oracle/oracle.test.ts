/**
 * The judge on trial. A small table of every type is copied by the command line; then one value at a time is changed
 * on the target, in the least way that its type has, and the oracle must say unequal and show the row. An oracle
 * that cannot fail proves nothing about the copies that it calls equal.
 */
import type { Connection } from "mysql2/promise";
import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { journey, judges, toTheEnd, unequal } from "../journey.js";
import type { Journey } from "../journey.js";
import { sourceUrl } from "../source-database.js";
import { compare } from "./oracle.js";
import type { TableVerdict } from "./oracle.js";

const name = "hg_oracle";

let trip: Journey;
let source: Connection;
let target: Client;

beforeAll(async () => {
  trip = await journey(name);
  await trip.source.sql(`CREATE TABLE kinds (
    id INT PRIMARY KEY, big BIGINT, dbl DOUBLE, flt FLOAT, amount DECIMAL(20,4), flag TINYINT(1), bits BIT(9),
    label VARCHAR(40) COLLATE utf8mb4_bin, other VARCHAR(40), note TEXT, raw BLOB, pad BINARY(4),
    mood ENUM('good', 'bad'), tags SET('a','b','c'), doc JSON, born DATE, at DATETIME(6), seen TIMESTAMP(6) NULL,
    lasted TIME(6), year YEAR, place POINT)`);
  await trip.source.sql(
    `INSERT INTO kinds VALUES
     (1, 9007199254740993, 0.1, 0.1, 1.5000, 1, b'100000101', 'Straße', 'a', '', x'00ff10', 'ab', 'good', 'a,c',
      '{"n": 12345678901234567890.5, "s": "x", "deep": [1, {"a": null}]}', '1582-10-04', '9999-12-31 23:59:59.999999',
      '2038-01-19 03:14:07.999999', '-838:59:59', 1901, ST_GeomFromText('POINT(1 2)')),
     (2, -9007199254740993, -0.1, 16777216, -1.5000, 0, b'0', 'é', '', NULL, x'', NULL, 'bad', '', '[]', NULL,
      '1000-01-01 00:00:00.000001', NULL, '00:00:00.000001', NULL, NULL)`,
  );
  await trip.source.sql("CREATE TABLE keyless (a VARCHAR(10), b VARCHAR(10))");
  await trip.source.sql(
    "INSERT INTO keyless VALUES ('x', 'y'), ('x', 'y'), ('y', 'x'), (NULL, ''), ('', NULL)",
  );
  await trip.source.sql("CREATE TABLE none (id INT PRIMARY KEY)");
  await trip.said(0, ...toTheEnd.filter((word) => word !== "--json"));
  const from = new URL(await sourceUrl("mysql9"));
  [source, target] = await judges(from.href, trip.target.url);
});
afterAll(async () => {
  await source.end();
  await target.end();
  await trip[Symbol.asyncDispose]();
});

/** The verdicts while `harm` is done, in a transaction that is rolled back. */
async function harmed(...harm: readonly string[]): Promise<readonly TableVerdict[]> {
  await target.query("BEGIN");
  try {
    for (const statement of harm) {
      const { rowCount } = await target.query(statement);
      if (/^(?:UPDATE|INSERT|DELETE)/u.test(statement)) expect(rowCount, statement).toBeGreaterThan(0);
    }
    return unequal(await compare(source, target, { database: name, schema: "public" }));
  } finally {
    await target.query("ROLLBACK");
  }
}

const set = (change: string, id = 1): string => `UPDATE kinds SET ${change} WHERE id = ${String(id)}`;

describe("the oracle", () => {
  it("calls the unharmed copy equal, empty tables too", async () => {
    expect(await harmed()).toEqual([]);
    const [keyless, kinds, none] = await trip.judge();
    expect([keyless?.rowsTarget, kinds?.rowsTarget, none?.rowsTarget]).toEqual(["5", "2", "0"]);
  });

  it.each([
    ["one bit of a double", set("dbl = 0.10000000000000002")],
    ["one bit of a float", set("flt = '0.10000001'::real")],
    ["a float past 2^24", set("flt = 16777218", 2)],
    ["the last digit of an integer past 2^53", set("big = 9007199254740992")],
    ["the last digit of a decimal", set("amount = 1.5001")],
    ["the sign of a decimal", set("amount = 1.5", 2)],
    ["a boolean", set("flag = false")],
    ["one bit", set("bits = B'100000100'")],
    ["a trailing space", set("label = label || ' '")],
    ["case", set("label = 'straße'")],
    ["an accent spelled in two characters", set("label = normalize(label, NFD)", 2)],
    ["NULL for ''", set("note = NULL")],
    ["'' for NULL", set("note = ''", 2)],
    ["NULL for no bytes", set("raw = NULL", 2)],
    ["one byte", set("raw = set_byte(raw, 2, 17)")],
    ["a lost trailing zero byte", set("pad = '\\x616200'")],
    ["an enum's label", set("mood = 'bad'")],
    ["a member of a set", set("tags = '{a}'")],
    ["a JSON number past a double", set(`doc = jsonb_set(doc, '{n}', '12345678901234567890.6')`)],
    ["a JSON number for a string", set(`doc = jsonb_set(doc, '{s}', '1')`)],
    ["a JSON null that is gone", set(`doc = doc #- '{deep,1,a}'`)],
    ["a JSON null for SQL's", set("doc = 'null'", 2)],
    ["a day", set("born = '1582-10-05'")],
    ["a microsecond of a datetime", set("at = '9999-12-31 23:59:59.999998'")],
    ["a microsecond of a timestamp", set("seen = '2038-01-19 03:14:07.999998+00'")],
    ["an hour of a timestamp", set("seen = seen - interval '1 hour'")],
    ["the sign of a time", set("lasted = -lasted")],
    ["a microsecond of a time", set("lasted = interval '0'", 2)],
    ["a year", set("year = 1902")],
    ["a coordinate", set("place = set_byte(place, 13, get_byte(place, 13) # 1)")],
    ["values in the wrong columns of one row", set("label = 'a', other = 'Straße'")],
  ])("sees %s", async (_, harm) => {
    const [verdict, ...more] = await harmed(harm);
    expect(more).toEqual([]);
    expect(verdict).toMatchObject({ table: "kinds", rowsSource: "2", rowsTarget: "2" });
    expect([verdict?.onlySource.length, verdict?.onlyTarget.length]).toEqual([1, 1]);
    const id = /id = (\d)$/u.exec(harm)?.[1] ?? "";
    // The first cell of a canonical row is its id: a person finds the row.
    for (const row of [...(verdict?.onlySource ?? []), ...(verdict?.onlyTarget ?? [])])
      expect(row.startsWith(`V1:${id}V`), row).toBe(true);
  });

  it("sees two rows whose values are swapped, though the column's sum is the same", async () => {
    const swap = "UPDATE kinds k SET amount = o.amount FROM kinds o WHERE o.id = 3 - k.id";
    const [verdict] = await harmed(swap);
    expect([verdict?.onlySource.length, verdict?.onlyTarget.length]).toEqual([2, 2]);
  });

  it("sees a decimal of another scale", async () => {
    const [verdict] = await harmed("ALTER TABLE kinds ALTER amount TYPE numeric(20,3)");
    expect(verdict?.onlyTarget.length).toBe(2);
  });

  it.each([
    ["a duplicate", "INSERT INTO keyless VALUES ('x', 'y')", 0, 1],
    [
      "a lost duplicate",
      "DELETE FROM keyless WHERE ctid = (SELECT ctid FROM keyless WHERE a = 'x' LIMIT 1)",
      1,
      0,
    ],
    ["values that changed places", "UPDATE keyless SET a = b, b = a WHERE a = 'y'", 1, 1],
    ["a NULL that moved", "UPDATE keyless SET a = b, b = a WHERE a IS NULL", 1, 1],
    ["an emptied table", "DELETE FROM keyless", 4, 0],
  ])("sees %s in a table without a key", async (_, harm, lost, extra) => {
    const [verdict] = await harmed(harm);
    expect(verdict?.table).toBe("keyless");
    expect([verdict?.onlySource.length, verdict?.onlyTarget.length]).toEqual([lost, extra]);
  });

  it("sees as many duplicates of one row as there are of another", async () => {
    // XOR would call these equal: each pair cancels itself out.
    const [verdict] = await harmed("UPDATE keyless SET a = 'p', b = 'q' WHERE a = 'x'");
    expect([verdict?.rowsTarget, verdict?.onlySource.length, verdict?.onlyTarget.length]).toEqual([
      "5",
      1,
      1,
    ]);
  });

  it("sees a row where there is none, and demands every column", async () => {
    const [verdict] = await harmed("INSERT INTO none VALUES (0)");
    expect(verdict).toMatchObject({ table: "none", rowsSource: "0", rowsTarget: "1" });
    await expect(harmed("ALTER TABLE kinds DROP COLUMN year")).rejects.toThrow("kinds.year");
    await expect(harmed("DROP TABLE none")).rejects.toThrow("none.id");
  });
});
