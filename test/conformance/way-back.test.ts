/**
 * Every way back against real servers. First the inverse: random values of every codec case -> source -> forward ->
 * PostgreSQL -> back into an emptied table through the lane that the night uses -> byte for byte what the source held, but for
 * what a policy has changed on the way, which must be the same forward again. The same rows are then updated by key, and of
 * a table without a key deleted by their whole image. Then what was written by PostgreSQL itself: the examples of
 * typemaps/postgres-mysql.yaml come back, or are refused by name. HEADGATE_SEED repeats a run.
 */
import { once } from "node:events";
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openMysql } from "../../connectors/mysql/source.js";
import { Fault } from "../../src/errors.js";
import type { ColumnPolicy, PlanColumn, PlanTable, SourceEngine } from "../../src/model.js";
import type { Tuples } from "../../src/stream-port.js";
import { codecOf, targetTypes } from "../../src/typemap/compile.js";
import { column as exampleColumn } from "../../src/typemap/example-column.js";
import { sourceTypes } from "../../src/typemap/type-pattern.js";
import { wayBackOf } from "../../src/typemap/way-back.js";
import { wayBackRule, wayBackRules } from "../../src/typemap/way-back-rules.js";
import type { WayBackRule } from "../../src/typemap/way-back-rules.js";
import { freshSeed } from "../fresh-seed.js";
import { makeSourceAccount } from "../world/accounts.js";
import { combinations } from "../world/matrix.js";
import { world } from "../world/world.js";
import { cases } from "./cases.js";
import {
  encoded,
  fieldsOf,
  fill,
  literals,
  offered,
  optionsOf,
  planned,
  rowsAtOnce,
  takesType,
} from "./codec-world.js";
import { BackWriter, changesOf, forward, planOf, stored, targetTuples } from "./way-back-world.js";

const database = "headgate_way_back";
const seed = Number(process.env["HEADGATE_SEED"] ?? freshSeed());
/** Each looks through the whole table; the extremes are among the first. */
const copiesTried = 100;
const enginePhases = ["copy", "inventory", "stream", "way back"];

describe.each(combinations)("the way back from $target to $source", (combination) => {
  const engine: SourceEngine = combination.source === "mariadb" ? "mariadb" : "mysql";
  let source: Connection;
  let target: pg.Client;
  let url: string;

  beforeAll(async () => {
    const servers = await world(combination);
    url = servers.source;
    source = await createConnection({ uri: url, charset: "utf8mb4" });
    await source.query(`DROP DATABASE IF EXISTS ${database}`);
    await source.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
    await source.query(`USE ${database}`);
    await makeSourceAccount(source, database, undefined, undefined, "copy", enginePhases);
    await source.query(
      "SET NAMES utf8mb4, time_zone='+00:00', sql_mode='NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES'",
    );
    target = new pg.Client({ connectionString: servers.target });
    await target.connect();
    await target.query(`DROP SCHEMA IF EXISTS ${database} CASCADE`);
    await target.query(`CREATE SCHEMA ${database}`);
    await target.query(`SET search_path=${database}; SET timezone='UTC'; SET datestyle='ISO'`);
    await target.query(
      `CREATE TYPE codec_label AS ENUM ('small','MEDIUM','größer','a,b','it''s',E'back\\\\slash','😀')`,
    );
  });
  afterAll(async () => {
    await source.query(`DROP DATABASE IF EXISTS ${database}`);
    await source.end();
    await target.query(`DROP SCHEMA IF EXISTS ${database} CASCADE`);
    await target.end();
  });

  it(`brings back what came from there, byte for byte (seed ${seed})`, { timeout: 300_000 }, async () => {
    // Older collations hold an emoji equal to any other: which label it is nobody could tell then.
    const old = combination.source === "mysql56" ? " COLLATE utf8mb4_bin" : "";
    const meant = cases
      .filter((one) => one.engine === undefined || one.engine === engine)
      .map((one) => (one.ddl.startsWith("ENUM(") ? { ...one, ddl: one.ddl + old } : one));
    const tried = await offered(source, meant);
    console.log(
      `way-back.test ${combination.source}: seed ${seed}, ${tried.length} codecs of ${meant.length}`,
    );
    await fill(source, tried, literals(tried, seed));
    const table = await planned(url, tried, database);
    const quote = (name: string): string => `\`${name}\``;
    const sent = await encoded(
      url,
      table,
      engine,
      table.columns.map((column) => codecOf(column, engine).select(quote(column.source))),
      database,
    );
    await target.query(
      `CREATE TABLE t (${table.columns.map((c) => `"${c.target}" ${c.targetType}`).join(", ")})`,
    );
    const load = target.query(copyFrom("COPY t FROM STDIN (FORMAT binary)"));
    load.end(sent);
    await once(load, "finish");

    const before = await stored(source, "t", table);
    const given = fieldsOf(sent);
    await source.query("RENAME TABLE t TO original");
    await source.query("CREATE TABLE t LIKE original");
    await using back = await BackWriter.open(url, planOf(database, [table]));
    const problems: string[] = [];
    const judge = (
      what: string,
      wanted: (Buffer | null)[][],
      held: typeof before,
      found: typeof given,
      now: typeof before,
    ): void => {
      for (const [i, column] of table.columns.entries()) {
        const label = `${what}: ${tried[i - 1]?.ddl ?? "id"} -> ${column.targetType}`;
        const wrong = wanted.findIndex((row, k) => !same(row[i] ?? null, found[k]?.[i] ?? null));
        if (wrong >= 0)
          problems.push(`${label}: ${told(wanted[wrong]?.[i])} came back as ${told(found[wrong]?.[i])}`);
        if (changes(column)) continue;
        const bent = held.findIndex((row, k) => row[i] !== now[k]?.[i]);
        if (bent >= 0)
          problems.push(
            `${label}: the source held ${held[bent]?.[i] ?? "NULL"} and holds ${now[bent]?.[i] ?? "NULL"}`,
          );
      }
    };

    await back.write([
      changesOf(table, { inserts: await targetTuples(target, "SELECT * FROM t ORDER BY id") }),
    ]);
    judge(
      "inserted",
      given,
      before,
      await forward(url, table, engine, database),
      await stored(source, "t", table),
    );

    // Each row gets the values of the one before it, the first those of the last.
    const names = table.columns.slice(1).map(({ target: name }) => `s."${name}"`);
    const shifted = `SELECT t.id, ${names.join(", ")} FROM t JOIN t s ON s.id = (t.id + ${rowsAtOnce - 1}) % ${rowsAtOnce} ORDER BY t.id`;
    await back.write([changesOf(table, { updates: await targetTuples(target, shifted) })]);
    const turned = <T>(rows: readonly (readonly T[])[]): T[][] =>
      rows.map((row, k) => [...row.slice(0, 1), ...(rows[(k + rowsAtOnce - 1) % rowsAtOnce] ?? []).slice(1)]);
    judge(
      "updated",
      turned(given),
      turned(before),
      await forward(url, table, engine, database),
      await stored(source, "t", table),
    );
    expect(problems, `seed ${seed}`).toEqual([]);

    // Rows of a table without a key are told by every byte: only what a policy changed cannot be found again.
    await source.query("DROP TABLE t");
    await source.query("CREATE TABLE t LIKE original");
    await source.query("INSERT INTO t SELECT * FROM original");
    await source.query("ALTER TABLE t DROP PRIMARY KEY");
    const kept = table.columns.filter((column) => !changes(column));
    const keyless: PlanTable = { ...table, key: null, columns: kept };
    const images = await targetTuples(
      target,
      `SELECT ${kept.map(({ target: name }) => `"${name}"`).join(", ")} FROM t WHERE id < ${copiesTried}`,
    );
    await using copies = await BackWriter.open(url, planOf(database, [keyless]));
    await copies.write([changesOf(keyless, { deletes: images })]);
    const [left] = await source.query({ sql: "SELECT COUNT(*) FROM t", rowsAsArray: true });
    expect(left).toEqual([[rowsAtOnce - copiesTried]]);
  });

  it(
    "takes what PostgreSQL wrote, or refuses it by name: the examples of the rules",
    { timeout: 300_000 },
    async () => {
      const examples = wayBackRules().flatMap((rule) => rule.examples.map((example) => ({ rule, example })));
      const there: typeof examples = [];
      for (const one of examples)
        if ((one.example.engine ?? engine) === engine && (await takesType(source, one.example.source)))
          there.push(one);
      for (const [k, { example }] of there.entries())
        await source.query(`CREATE TABLE example${k} (id INT NOT NULL PRIMARY KEY, c ${example.source})`);
      await using reader = await openMysql(optionsOf(url, database));
      const catalogue = await reader.catalogue(new AbortController().signal);
      const tables = there.map(({ rule, example }, k) => {
        const found = catalogue.tables.find(({ name }) => name === `example${k}`);
        if (found === undefined) throw new Error(`no example${k}`);
        const [id, c] = found.columns.map((column, i): PlanColumn => {
          const targetType = i === 0 ? "integer" : example.target;
          const policy = { ...strict, ...(i === 0 ? {} : example.policy) };
          return {
            ...{
              column,
              source: column.name,
              target: column.name,
              sourceType: column.columnType,
              targetType,
              policy,
            },
            ...{ rule: "test", nullable: true, identity: null },
          };
        });
        expect(wayBackRule(c!)?.name, `${example.source} from ${example.target}`).toBe(rule.name);
        return { ...table0, source: found.name, target: found.name, columns: [id!, c!] };
      });
      await using back = await BackWriter.open(url, planOf(database, tables));
      const problems: string[] = [];
      for (const [k, { rule, example }] of there.entries()) {
        const table = tables[k]!;
        const label = (text: string): string =>
          `${rule.name}, ${example.source} from ${example.target}: ${text}`;
        let id = 0;
        for (const text of example.takes) {
          id += 1;
          const { inserts } = await native(target, id, text, example);
          try {
            await back.write([changesOf(table, { inserts })]);
          } catch (error) {
            problems.push(`${label(text)} is refused: ${String(error)}`);
          }
        }
        const kept = await nativeRows(target, example.takes, example);
        const found = await forward(url, table, engine, database);
        for (const [n, row] of found.entries())
          if (!same(row[1] ?? null, kept[n] ?? null))
            problems.push(`${label(example.takes[n] ?? "")}: ${told(kept[n])} became ${told(row[1])}`);
        if (found.length !== example.takes.length) problems.push(`${label("")}: ${found.length} rows`);
        for (const text of example.refuses) {
          const code = await refusedAs(async () => {
            await back.write([
              changesOf(table, { inserts: (await native(target, 0, text, example)).inserts }),
            ]);
          });
          if (code !== "value-refused") problems.push(`${label(text)} ends with ${code}`);
        }
      }
      expect(problems).toEqual([]);
    },
  );
});

it("has a rule for every pair of types that has a codec", () => {
  for (const engine of ["mysql", "mariadb"] as const)
    for (const type of sourceTypes) {
      const of = exampleColumn(
        "c",
        type === "enum" || type === "set" ? `${type}('a','b')` : `${type}${declared[type] ?? ""}`,
      );
      for (const targetType of targetTypes(of, engine)) {
        const named = targetType.startsWith("(");
        const planned = { source: "c", column: of, targetType: named ? "label" : targetType, policy: strict };
        const pair = { ...planned, ...(named ? { nativeEnum: true } : {}) };
        expect(wayBackOf(pair, engine).rule, `${type} from ${targetType}`).not.toBe("");
      }
    }
});

const declared: Readonly<Record<string, string>> = {
  binary: "(16)",
  varbinary: "(16)",
  char: "(36)",
  varchar: "(40)",
  bit: "(8)",
  decimal: "(4,0)",
};
const strict: ColumnPolicy = { zeroDate: "refuse", nul: "refuse", badText: "refuse", enumZero: "refuse" };
const table0 = {
  lane: "one",
  key: { index: "PRIMARY", columns: ["id"], primary: true },
  estimatedRows: 1,
  estimatedBytes: 1,
  exactCut: false,
} as const;

type Example = WayBackRule["examples"][number];

/** One value that PostgreSQL makes of its text. */
async function native(
  target: pg.Client,
  id: number,
  text: string,
  example: Example,
): Promise<{ inserts: Tuples }> {
  return { inserts: await targetTuples(target, `SELECT ${id}::integer, ${literal(target, text, example)}`) };
}

async function nativeRows(
  target: pg.Client,
  texts: readonly string[],
  example: Example,
): Promise<(Buffer | null)[]> {
  const fields: (Buffer | null)[] = [];
  for (const text of texts) {
    const [tuple] = (await native(target, 1, text, example)).inserts.chunks;
    const length = tuple?.readInt32BE(10) ?? -1;
    fields.push(length < 0 ? null : (tuple?.subarray(14, 14 + length) ?? null));
  }
  return fields;
}

function literal(target: pg.Client, text: string, { target: type }: Example): string {
  const [, what, count] = /^(REPEAT|BLANKS):(\d+)$/.exec(text) ?? [];
  if (what !== undefined) return `repeat('${what === "BLANKS" ? " " : "x"}', ${count ?? "0"})::${type}`;
  return `(${target.escapeLiteral(text)})::${type}`;
}

/** Whether the way there makes one value of several of the source's (jsonb has no -0.0): then only the way there can be compared. */
function changes({ column, targetType, policy }: PlanColumn): boolean {
  return (
    policy.zeroDate !== "refuse" ||
    policy.nul === "strip" ||
    policy.enumZero === "null" ||
    (targetType === "uuid" && column.type === "char") ||
    targetType === "jsonb"
  );
}

async function refusedAs(act: () => Promise<void>): Promise<string> {
  try {
    await act();
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
  return "nothing: it was taken";
}

const same = (a: Buffer | null, b: Buffer | null): boolean =>
  a === null || b === null ? a === b : a.equals(b);
const told = (field: Buffer | null | undefined): string => field?.toString("hex").slice(0, 200) ?? "NULL";
