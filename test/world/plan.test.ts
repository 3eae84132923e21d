/**
 * Plans of real catalogues, built on a real PostgreSQL without data: every statement of both halves runs, and what
 * then stands in the target's own catalogue is what the plan said. Defaults, identities and the ON UPDATE trigger are
 * held against what the source itself does.
 */
import { readFileSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readCatalogue } from "../../connectors/mysql/catalogue.js";
import { Connection } from "../../connectors/mysql/connection.js";
import type { MysqlOptions } from "../../connectors/mysql/connection.js";
import type { Plan } from "../../src/model.js";
import { plan } from "../../src/plan/plan.js";
import { loadParser } from "../../src/translate/parser.js";
import type { PlanRequest } from "../../src/plan/plan.js";
import { corpora, corpusMissing, dropCorpus, splitStatements } from "./corpus.js";
import type { Corpus } from "./corpus.js";
import { fromSources } from "./from-sources.js";
import { engineOptions, openDriver, sourceDatabase, sourceUrl } from "./source-database.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";
import { mariadbTorture, mysqlTorture, torture } from "./torture.js";

const engines = ["mysql9", "mariadb"] as const;

const everything: PlanRequest = {
  migration: "20261122_plan",
  schema: "public",
  include: ["*"],
  exclude: [],
  rename: {},
  names: "keep",
  rules: [],
  policies: [],
  lanes: "one",
};

async function planOf(options: MysqlOptions, more: Partial<PlanRequest> = {}): Promise<Plan> {
  await using connection = await Connection.open(options);
  await loadParser();
  const catalogue = await readCatalogue(connection);
  const request = { ...everything, ...more };
  const made = plan(catalogue, request);
  // A second reading of the same database gives the same plan, to the byte; only the server's estimates may move.
  expect(settled(plan(await readCatalogue(connection), request))).toBe(settled(made));
  return made;
}

function settled(made: Plan): string {
  const tables = made.tables.map((table) => ({ ...table, estimatedRows: 0, estimatedBytes: 0 }));
  return JSON.stringify({ ...made, tables });
}

/** The corpus without its rows: a plan is about schemas. */
async function loadSchemas(url: string, corpus: Corpus): Promise<void> {
  const driver = await openDriver(url);
  try {
    for (const database of corpus.databases) await driver.query(`DROP DATABASE IF EXISTS \`${database}\``);
    const [own = ""] = corpus.databases;
    if (!corpus.makesItsOwn) {
      await driver.query(`CREATE DATABASE \`${own}\` CHARACTER SET utf8mb4`);
      await driver.query(`USE \`${own}\``);
    }
    const folder = resolve("..", "shared", "corpus", corpus.folder);
    for (const file of readdirSync(folder).sort())
      if (file.endsWith(".sql"))
        for (const statement of splitStatements(readFileSync(resolve(folder, file), "utf8")))
          if (!/^(?:\s|--.*\n|\/\*[^]*?\*\/)*INSERT\b/i.test(statement)) await driver.query(statement);
  } finally {
    await driver.end();
  }
}

/** Runs statements on one connection, each as the engine would: alone, as one statement. */
async function build(target: TargetDatabase, statements: Plan["before"]): Promise<void> {
  const client = new Client({ connectionString: target.url });
  await client.connect();
  try {
    for (const { name, sql } of statements)
      try {
        // With a parameter list the server takes one statement only.
        await client.query({ text: sql, values: [] });
      } catch (error) {
        throw new Error(`${name}\n${sql}`, { cause: error });
      }
  } finally {
    await client.end();
  }
}

/** What the target's catalogue says of the plan's tables. */
async function expectAsPlanned(target: TargetDatabase, made: Plan): Promise<void> {
  const columns = await target.sql(
    `SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, (NOT a.attnotnull)::text AS nullable
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY c.relname COLLATE "C", a.attnum`,
    [made.schema],
  );
  const found = columns.map(
    ({ relname, attname, type, nullable }) => `${relname}.${attname} ${type} ${nullable}`,
  );
  const wanted = made.tables.flatMap((table) =>
    table.columns.map((each) => `${table.target}.${each.target} ${each.targetType} ${String(each.nullable)}`),
  );
  expect(found.sort()).toEqual(wanted.sort());
  const count = (kind: string): number => made.after.filter((statement) => statement.kind === kind).length;
  const [indexes] = await target.sql(
    `SELECT count(*) AS n FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
     WHERE c.relnamespace = $1::text::regnamespace AND i.indisvalid`,
    [`"${made.schema}"`],
  );
  expect(Number(indexes?.["n"])).toBe(count("primary") + count("unique") + count("index"));
  const [foreign] = await target.sql(
    "SELECT count(*) AS n FROM pg_constraint WHERE contype = 'f' AND convalidated AND connamespace = $1::text::regnamespace",
    [`"${made.schema}"`],
  );
  expect(Number(foreign?.["n"])).toBe(count("foreign"));
}

/** What torture.ts holds that PostgreSQL has no equal for, whatever the engine. */
const told = [
  "check-not-translated",
  "column-visible",
  "default-not-translated",
  "engine-not-transactional",
  "event-not-copied",
  "function-not-copied",
  "generated-as-plain",
  "index-invisible",
  "index-not-built",
  "name-needs-quotes",
  "no-key",
  "partitions-flattened",
  "procedure-not-copied",
  "trigger-not-copied",
];

fromSources(engines, "a torture schema of %s", (server) => {
  const name = `hg_plan_${server}`;
  const own = server === "mariadb" ? mariadbTorture : mysqlTorture;

  it.each([
    ["as it is", {}],
    ["folded", { names: "lower" }],
    [
      "in a schema of its own, with enum types and serials",
      {
        schema: 'a "schema',
        rules: [
          { match: { type: "enum" }, to: { type: "enum" } },
          { match: { autoIncrement: true }, to: { identity: "serial" } },
        ],
      },
    ],
  ] as const)("is built %s", async (_, more) => {
    await using database = await sourceDatabase(name, server);
    for (const text of [...torture, ...own]) await database.sql(text);
    await using target = await targetDatabase(name);
    const made = await planOf(database.options, more);
    await build(target, [...made.before, ...made.after]);
    if (made.schema === "public") await expectAsPlanned(target, made);
    expect(made.tables.length).toBeGreaterThanOrEqual(15);
    // What could not be carried over is named.
    expect(made.findings.map(({ code }) => code)).toEqual(expect.arrayContaining(told));
  });
});

fromSources(engines, "the corpus of %s", (server) => {
  it.for(corpora)("$folder is built whole", async (corpus, { skip }) => {
    if (corpusMissing !== null) skip(corpusMissing);
    const url = await sourceUrl(server);
    await loadSchemas(url, corpus);
    try {
      for (const name of corpus.databases) {
        const made = await planOf(await engineOptions(url, name));
        await using target = await targetDatabase(`hg_plan_${corpus.folder}`);
        await build(target, [...made.before, ...made.after]);
        await expectAsPlanned(target, made);
        expect(made.findings.filter(({ severity }) => severity === "error")).toEqual([]);
      }
    } finally {
      await dropCorpus(url, corpus);
    }
  });
});

fromSources(engines, "what the target then does, from %s", (server) => {
  const name = `hg_plan_does_${server}`;
  let source: Awaited<ReturnType<typeof sourceDatabase>>;
  let target: TargetDatabase;
  let made: Plan;

  beforeAll(async () => {
    source = await sourceDatabase(name, server);
    await source.sql(String.raw`CREATE TABLE defaults (
      a INT DEFAULT -5, b DECIMAL(10,3) DEFAULT 3.1, c VARCHAR(50) DEFAULT 'it''s \\ back', d VARCHAR(20) DEFAULT '😀',
      e ENUM('x', 'y''z') DEFAULT 'y''z', f DATE DEFAULT '2024-02-29', g DATETIME(3) DEFAULT '1999-12-31 23:59:59.123',
      h TIME DEFAULT '-12:34:56', i YEAR DEFAULT 2024, j BIGINT UNSIGNED DEFAULT 18446744073709551615,
      k VARCHAR(30) DEFAULT 'CURRENT_TIMESTAMP', l VARCHAR(30) DEFAULT 'NULL', m CHAR(5) DEFAULT 'ab', n TEXT,
      o SET('p', 'q') DEFAULT 'p,q', r VARCHAR(20) DEFAULT ('quoted'), s INT(8) ZEROFILL DEFAULT 42,
      t TINYINT(1) DEFAULT 1, u BIT(3) DEFAULT b'101', v BINARY(4) DEFAULT 'a\0b', w VARBINARY(4) DEFAULT x'ff00')`);
    await source.sql("INSERT INTO defaults (n) VALUES (NULL)");
    for (const [table, next] of [
      ["vacant", 1],
      ["given", 41],
      ["negative", 1],
      ["filled", 1],
    ] as const)
      await source.sql(
        `CREATE TABLE ${table} (id INT AUTO_INCREMENT PRIMARY KEY, v INT) AUTO_INCREMENT = ${String(next)}`,
      );
    await source.sql(
      "CREATE TABLE touched (id INT PRIMARY KEY, v INT, doc JSON, at DATETIME(6) DEFAULT '2000-01-01' ON UPDATE CURRENT_TIMESTAMP(6), other TIMESTAMP NULL ON UPDATE CURRENT_TIMESTAMP)",
    );
    target = await targetDatabase(name);
    made = await planOf(source.options);
    await build(target, made.before);
    await target.sql("INSERT INTO negative VALUES (-7, 1), (-3, 1)");
    await target.sql("INSERT INTO filled VALUES (9, 1), (12, 1)");
    await build(target, made.after);
  });

  afterAll(async () => {
    await source[Symbol.asyncDispose]();
    await target[Symbol.asyncDispose]();
  });

  it("fills in the defaults that the source fills in", async () => {
    const [theirs] = await source.sql(
      `SELECT CAST(a AS CHAR), CAST(b AS CHAR), c, d, e, DATE_FORMAT(f, '%Y-%m-%d'), DATE_FORMAT(g, '%Y-%m-%d %H:%i:%s.%f'),
       CAST(h AS CHAR), CAST(i AS CHAR), CAST(j AS CHAR), k, l, m, n, o, r, CAST(s + 0 AS CHAR), CAST(t AS CHAR), LPAD(BIN(u + 0), 3, '0'), HEX(v), HEX(w) FROM defaults`,
    );
    await target.sql("INSERT INTO defaults DEFAULT VALUES");
    const [ours] = await target.sql(
      `SELECT a::text, b::text, c, d, e, f::text, to_char(g, 'YYYY-MM-DD HH24:MI:SS.US') AS g, h::text, i::text, j::text, k, l, m, n,
       array_to_string(o, ',') AS o, r, s::text, t::int::text AS t, u::text, upper(encode(v, 'hex')) AS v, upper(encode(w, 'hex')) AS w FROM defaults`,
    );
    expect(Object.values(ours ?? {})).toEqual(theirs);
  });

  it.each([
    ["vacant", "1"],
    ["given", "41"],
    ["negative", "1"],
    ["filled", "13"],
  ])("counts on in the table %s: %s", async (table, next) => {
    const [row] = await target.sql(`INSERT INTO ${table} (v) VALUES (1) RETURNING id::text`);
    expect(row?.["id"]).toBe(next);
  });

  it("sets the columns with ON UPDATE when something else changed, and only then", async () => {
    const at = async (change: string): Promise<string | null | undefined> => {
      await target.sql("DELETE FROM touched");
      await target.sql(`INSERT INTO touched (id, v, doc) VALUES (1, 1, '{"a": 1}')`);
      await target.sql(`UPDATE touched SET ${change}`);
      const [row] = await target.sql(
        "SELECT at::text || ' ' || coalesce(other::text, 'null') AS seen FROM touched",
      );
      return row?.["seen"];
    };
    const untouched = "2000-01-01 00:00:00 null";
    expect(await at("v = 1")).toBe(untouched);
    expect(await at(`doc = '{"a": 1}'`)).toBe(untouched);
    expect(await at("v = 2")).toMatch(/^20[2-9]\d-.* 20[2-9]\d-/);
    expect(await at(`doc = '{"a": 2}'`)).not.toBe(untouched);
    expect(await at("at = '2001-01-01', v = 2")).toMatch(/^2001-01-01 00:00:00 20[2-9]\d-/);
    expect(await at("v = NULL, other = '2001-01-01 00:00+00'")).toMatch(/^20[2-9]\d-.* 2001-01-01/);
  });

  it("leaves those columns alone for the apply of a stream", async () => {
    await target.sql("DELETE FROM touched");
    await target.sql("INSERT INTO touched (id, v) VALUES (1, 1)");
    await target.sql("SET session_replication_role = replica; UPDATE touched SET v = 2");
    const [row] = await target.sql("SELECT at::text AS at FROM touched");
    expect(row?.["at"]).toBe("2000-01-01 00:00:00");
  });

  it("keeps out what the source keeps out", async () => {
    const refused = async (insert: string): Promise<void> => {
      await expect(target.sql(insert), insert).rejects.toThrow(/violates|out of range/);
    };
    await refused("INSERT INTO defaults (e) VALUES ('z')");
    await refused("INSERT INTO defaults (o) VALUES (ARRAY['z'])");
    await refused("INSERT INTO defaults (j) VALUES (-1)");
    await refused("INSERT INTO filled VALUES (9, 2)");
  });
});
