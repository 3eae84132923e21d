/**
 * Rules of the user's own, from headgate.yaml to the target: the contract's example, native enum types, json as it
 * was written, a CHECK in SQL. The rule is told by `plan --explain`, its column stands in the target's catalogue, and
 * the values that the built-in rule would have refused arrive as they are.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { journey, toTheEnd, unequal } from "./journey.js";
import type { Journey } from "./journey.js";

let trip: Journey;

const labels = ["it's", "a,b", "back\\slash", 'say "x"', "é€", "Z", "a", "trailing"];
const rules = [
  "typemap:",
  "  - match: { table: users, column: flags, type: 'tinyint(1)' }",
  "    to: { type: smallint }",
  "  - { match: { type: enum, column: native }, to: { type: enum } }",
  "  - { name: kept-json, match: { type: json, column: doc }, to: { type: json } }",
  "  - { match: { column: share }, to: { type: integer, check: '{column} BETWEEN 0 AND 100' } }",
];

beforeAll(async () => {
  trip = await journey("hg_typemap");
  const list = labels.map((label) => `'${label.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`).join(", ");
  await trip.source.sql(
    `CREATE TABLE users (id INT PRIMARY KEY, flags TINYINT(1), active TINYINT(1), native ENUM(${list}),
       plain ENUM(${list}), doc JSON, other JSON, share TINYINT UNSIGNED)`,
  );
  for (const [at, label] of labels.entries())
    await trip.source.sql("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [
      ...[at + 1, [7, -128, 127, null][at % 4] ?? null, at % 2, label, label],
      ...['{"b": 1.50, "a": [null, "x"]}', '{"b": 1, "a": 2}', at],
    ]);
});
afterAll(async () => {
  await trip[Symbol.asyncDispose]();
});

it("without the rule, what it is for is refused by name, and nothing is written", async () => {
  const refused = await trip.said(3, ...toTheEnd.slice(0, -1));
  expect(refused["findings"]).toContainEqual(
    expect.objectContaining({ severity: "error", object: "users.flags", count: 6 }) as unknown,
  );
  const schemas = await trip.target.sql("SELECT FROM pg_namespace WHERE nspname = 'headgate'");
  expect(schemas).toEqual([]);
  const { stdout } = await trip.headgate("plan", "--explain", "users.flags");
  expect(stdout).toMatch(/tinyint-1-boolean/u);
});

it("with it, plan --explain says which rule won, and the target has it", async () => {
  trip.configure(rules);
  const { stdout } = await trip.headgate("plan", "--explain", "users.flags");
  expect(stdout).toContain("typemap[0]");
  expect(stdout).toMatch(/smallint/u);
  expect((await trip.headgate("plan", "--explain", "users.doc")).stdout).toContain("kept-json");
  expect((await trip.headgate("plan", "--explain", "users.none")).code).toBe(64);

  await trip.said(0, ...toTheEnd.slice(0, -1));
  expect(unequal(await trip.judge())).toEqual([]);
  const columns = await trip.target.sql(
    `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, t.typtype::text AS kind
       FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = 'users'::regclass AND a.attnum > 0 ORDER BY a.attnum`,
  );
  expect(
    columns.map(({ name, type, kind }) => `${name ?? ""} ${(kind === "e" ? "enum" : type) ?? ""}`),
  ).toEqual([
    ...["id integer", "flags smallint", "active boolean", "native enum", "plain text"],
    ...["doc json", "other jsonb", "share integer"],
  ]);
  const [[spelled] = []] = await trip.source.sql("SELECT CAST(doc AS CHAR) FROM users LIMIT 1");
  const kept = await trip.target.sql("SELECT DISTINCT doc::text AS doc FROM users");
  expect(kept, "json as the source spells it").toEqual([{ doc: spelled }]);
  const flags = await trip.target.sql("SELECT DISTINCT flags::text AS flags FROM users ORDER BY flags");
  expect(flags.map((row) => row["flags"])).toEqual(["-128", "127", "7", null]);
  const known = await trip.target.sql(
    "SELECT enumlabel FROM pg_enum e JOIN pg_attribute a ON a.atttypid = e.enumtypid WHERE a.attrelid = 'users'::regclass ORDER BY enumsortorder",
  );
  expect(known.map((row) => row["enumlabel"])).toEqual(labels);
  await expect(trip.target.sql("INSERT INTO users (id, native) VALUES (99, 'none')")).rejects.toThrow("enum");
  await expect(trip.target.sql("INSERT INTO users (id, plain) VALUES (99, 'none')")).rejects.toThrow("check");
  await expect(trip.target.sql("INSERT INTO users (id, share) VALUES (99, 101)")).rejects.toThrow("check");
});
