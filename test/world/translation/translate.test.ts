/**
 * Translated SQL on trial: views over one table, one for each construct, made on a real source, read from its
 * catalogue, translated, parsed by PostgreSQL's own grammar, created on a real target, and compared by the oracle,
 * which knows nothing of the translation. Then random expressions over random rows, the seed printed.
 */
import fc from "fast-check";
import { parse } from "libpg-query";
import type { Connection } from "mysql2/promise";
import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshSeed } from "../../fresh-seed.js";
import { readCatalogue } from "../../../connectors/mysql/catalogue.js";
import { Connection as Session } from "../../../connectors/mysql/connection.js";
import type { Plan } from "../../../src/model.js";
import { plan } from "../../../src/plan/plan.js";
import { request } from "../../../src/plan/example-catalogue.js";
import { judges } from "../journey.js";
import { compare } from "../oracle/oracle.js";
import type { TableVerdict } from "../oracle/oracle.js";
import { sourceDatabase, sourceUrl } from "../source-database.js";
import type { SourceDatabase, SourceName } from "../source-database.js";
import { targetDatabase } from "../target-database.js";
import type { TargetDatabase } from "../target-database.js";
import { expressions, jsonExpressions, mysqlOnly, outside, queries } from "./expressions.js";
import { anyExpression } from "./random.js";
import { type Cell, anyRow, sampleColumns, sampleRows, sampleTable } from "./sample.js";

const servers: readonly SourceName[] = ["mysql9", "mariadb"];
const seed = Number(process.env["HEADGATE_SEED"] ?? freshSeed());

/** Lists that neither server puts in order. */
const unordered: readonly string[] = [];

interface Bench extends AsyncDisposable {
  readonly source: SourceDatabase;
  readonly target: TargetDatabase;
  /** Makes the views on the source; those that it refuses itself are left out and named. */
  views(definitions: ReadonlyMap<string, string>): Promise<ReadonlySet<string>>;
  planned(): Promise<Plan>;
  /** Creates and compares what the plan has; verdicts on views only. */
  verdicts(made: Plan): Promise<readonly TableVerdict[]>;
}

async function bench(name: string, server: SourceName, rows: readonly (readonly Cell[])[]): Promise<Bench> {
  const source = await sourceDatabase(name, server);
  const target = await targetDatabase(name);
  await source.sql(sampleTable);
  for (const row of rows) await source.sql(`INSERT INTO t VALUES (${row.map(() => "?").join(", ")})`, row);
  const from = new URL(await sourceUrl(server));
  from.pathname = `/${name}`;
  const [judge, there]: [Connection, Client] = await judges(from.href, target.url);
  await there.query("SET timezone = 'UTC'");
  return {
    source,
    target,
    async views(definitions) {
      const refused = new Set<string>();
      for (const [view, definition] of definitions) {
        try {
          await source.sql(`CREATE VIEW ${view} AS ${definition}`);
          await source.sql(`SELECT * FROM ${view}`);
        } catch (error) {
          if (!(error instanceof Error)) throw error;
          refused.add(view);
          await source.sql(`DROP VIEW IF EXISTS ${view}`);
        }
      }
      return refused;
    },
    async planned() {
      await using session = await Session.open(source.options);
      return plan(await readCatalogue(session), request());
    },
    async verdicts(made) {
      for (const { sql } of made.before) await there.query(sql);
      await there.query(`INSERT INTO t SELECT * FROM json_populate_recordset(NULL::t, $1)`, [
        JSON.stringify(
          rows.map((row): Record<string, unknown> =>
            Object.fromEntries(
              row.map((cell, at): [string, unknown] => [sampleColumns[at] ?? "", jsonCell(cell, at)]),
            ),
          ),
        ),
      ]);
      for (const { kind, sql, name: statement } of made.after)
        if (kind === "view" || kind === "primary") {
          try {
            await there.query(sql);
          } catch (error) {
            throw new Error(`${statement}: ${String(error)}\n${sql}`, { cause: error });
          }
        }
      const views = (made.views ?? []).map((view) => view.source);
      const options = { database: name, schema: "public", views, skipColumns: unordered };
      const all = await compare(judge, there, options);
      expect(all.find(({ table }) => table === "t")?.equal).toBe(true);
      return all.filter(({ table }) => table !== "t");
    },
    [Symbol.asyncDispose]: async () => {
      await judge.end();
      await there.end();
      await source[Symbol.asyncDispose]();
      await target[Symbol.asyncDispose]();
    },
  };
}

function jsonCell(cell: Cell, at: number): unknown {
  if (cell instanceof Buffer) return `\\x${cell.toString("hex")}`;
  if (typeof cell === "bigint") return cell.toString();
  const column = sampleColumns[at];
  return (column === "f" || column === "q") && cell !== null ? cell === 1 : cell;
}

/** What of the plan does not parse by PostgreSQL's own grammar. */
async function unparsed(made: Plan): Promise<string[]> {
  const bad: string[] = [];
  for (const { kind, sql } of made.after) {
    if (kind !== "view") continue;
    try {
      await parse(sql);
    } catch (error) {
      bad.push(`${String(error)}: ${sql}`);
    }
  }
  return bad;
}

const reasons = (made: Plan): Readonly<Record<string, string>> =>
  Object.fromEntries(
    made.findings
      .filter(({ code }) => code === "view-not-translated")
      .map(({ object, sentence }) => [object, sentence]),
  );

describe.each(servers)("views of %s", (server) => {
  const texts = new Map<string, string>();
  expressions.forEach((expression, at) => {
    if (server === "mariadb" && mysqlOnly.has(expression)) return;
    texts.set(`e${String(at)}`, `SELECT id, ${expression} AS x FROM t`);
  });
  queries.forEach((query, at) => texts.set(`q${String(at)}`, query));
  let on: Bench;
  let made: Plan;
  let refused: ReadonlySet<string>;

  beforeAll(async () => {
    on = await bench(`hg_translate_${server}`, server, sampleRows);
    refused = await on.views(texts);
    made = await on.planned();
  });
  afterAll(async () => {
    await on[Symbol.asyncDispose]();
  });

  it("are all taken by the source and all translated", () => {
    expect([...refused].map((view) => texts.get(view))).toEqual([]);
    expect(Object.entries(reasons(made)).map(([view, why]) => `${texts.get(view) ?? ""}: ${why}`)).toEqual(
      [],
    );
    expect(made.views?.length).toBe(texts.size);
  });

  it("parse by PostgreSQL's own grammar", async () => {
    expect(await unparsed(made)).toEqual([]);
  });

  it("show the same values on both servers", async () => {
    const wrong = (await on.verdicts(made)).filter(({ equal }) => !equal);
    const sqlOf = (view: string): string =>
      made.after.find(({ name }) => name === `view public ${view}`)?.sql ?? "";
    expect(
      wrong.map(({ table, onlySource, onlyTarget }) => [
        texts.get(table),
        onlySource,
        onlyTarget,
        sqlOf(table),
      ]),
    ).toEqual([]);
  });
});

it("JSON of MySQL: members by a plain path", async () => {
  await using source = await sourceDatabase("hg_translate_json", "mysql9");
  await using target = await targetDatabase("hg_translate_json");
  await source.sql("CREATE TABLE t (id INT PRIMARY KEY, j JSON)");
  const documents = [
    '{"a": 1, "n": null, "s": "te\\"xt", "o": {"p": true}, "two words": [1, "x"]}',
    '{"a": 1.5, "s": "text", "o": {"p": {"q": 2}}}',
    "[1, 2]",
    '{"a": {"b": "é"}, "n": "null"}',
    "null",
  ];
  for (const [at, document] of [...documents, null].entries())
    await source.sql("INSERT INTO t VALUES (?, ?)", [at, document]);
  for (const [at, text] of jsonExpressions.entries())
    await source.sql(`CREATE VIEW e${String(at)} AS SELECT id, ${text} AS x FROM t`);
  await using session = await Session.open(source.options);
  const made = plan(await readCatalogue(session), request());
  expect(reasons(made)).toEqual({});
  expect(await unparsed(made)).toEqual([]);
  for (const { sql } of [...made.before, ...made.after])
    if (!sql.startsWith("SELECT setval")) await target.sql(sql);
  for (const [at, document] of [...documents, null].entries())
    await target.sql("INSERT INTO t VALUES ($1, $2)", [at, document]);
  const from = new URL(await sourceUrl("mysql9"));
  from.pathname = "/hg_translate_json";
  const [judge, there] = await judges(from.href, target.url);
  const views = (made.views ?? []).map((view) => view.source);
  const verdicts = await compare(judge, there, { database: "hg_translate_json", schema: "public", views });
  await judge.end();
  await there.end();
  expect(verdicts.length).toBe(jsonExpressions.length + 1);
  expect(verdicts.filter(({ equal }) => !equal)).toEqual([]);
});

it("what is outside the subset is named, and nothing is pretended", async () => {
  await using on = await bench("hg_translate_outside", "mysql9", []);
  const texts = new Map<string, string>(outside.map(([text], at) => [`o${String(at)}`, text]));
  expect([...(await on.views(texts))].map((view) => texts.get(view))).toEqual([]);
  const made = await on.planned();
  const told = reasons(made);
  for (const [at, [text, why]] of outside.entries()) expect(told[`o${String(at)}`], text).toMatch(why);
  expect(made.views).toEqual([]);
});

describe.each(servers)("random expressions over random rows of %s", (server) => {
  it(`are equal on both servers (seed ${String(seed)})`, async () => {
    const [rows] = fc.sample(fc.array(anyRow, { minLength: 40, maxLength: 40 }), { seed, numRuns: 1 });
    const picked = fc.sample(anyExpression, { seed, numRuns: 150 });
    await using on = await bench(
      `hg_translate_any_${server}`,
      server,
      (rows ?? []).map((row, at) => [at, ...row]),
    );
    const texts = new Map<string, string>(
      picked.map((text, at) => [`r${String(at)}`, `SELECT id, ${text} AS x FROM t`]),
    );
    const refused = await on.views(texts);
    const made = await on.planned();
    expect(await unparsed(made)).toEqual([]);
    const wrong = (await on.verdicts(made)).filter(({ equal }) => !equal);
    expect(
      wrong.map(({ table, onlySource, onlyTarget }) => [texts.get(table), onlySource, onlyTarget]),
    ).toEqual([]);
    // The generator knows the subset: what is refused must stay the exception.
    expect(refused.size).toBeLessThan(picked.length / 4);
    expect(made.views?.length ?? 0).toBeGreaterThan(picked.length / 2);
  });
});
