/**
 * Real schemas with data, copied whole by the command line as a user types it, and judged by the oracle, which
 * shares no code with src. What the target must also have (keys, indexes, foreign keys) is counted in both servers'
 * catalogues. Findings that a config line has to settle are settled the way `init` does it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { corpora, corpusMissing, dropCorpus, loadCorpus } from "./corpus.js";
import type { Corpus } from "./corpus.js";
import { headgate, lastObject } from "./headgate.js";
import { compare } from "./oracle/oracle.js";
import { asEngine } from "./accounts.js";
import { combinations, ownServer, serversAreNamed } from "./matrix.js";
import type { Combination, SourceName } from "./matrix.js";
import { engineOptions, sourceUrl } from "./source-database.js";
import { targetDatabase } from "./target-database.js";

interface Finding {
  readonly code: string;
  readonly object: string;
}

/** The views that are created, by database. */
const viewsOf: Readonly<Record<string, readonly string[]>> = {
  sakila: [
    "actor_info",
    "customer_list",
    "film_list",
    "nicer_but_slower_film_list",
    "sales_by_film_category",
    "sales_by_store",
    "staff_list",
  ],
  employees: ["current_dept_emp", "dept_emp_latest_date"],
};

/** Those that call the database's own functions. */
const leftViewsOf: Readonly<Record<string, readonly string[]>> = {
  employees: ["v_full_departments", "v_full_employees"],
};

/**
 * In `npm test` each database is copied from one source: from MySQL the one with spatial columns, views and cascades, the
 * one with partitions and views on views, and the widest. Where servers are named, as in the gate, all from each.
 */
const fromMysql = ["sakila", "employees", "mall"];

function isOurs({ folder }: Corpus, source: SourceName): boolean {
  return serversAreNamed || fromMysql.includes(folder) === (source === "mysql9");
}

/** Lists that GROUP_CONCAT makes in no order: the product compares them sorted, the oracle not at all. */
const unordered = ["film_list.actors", "nicer_but_slower_film_list.actors"];

async function copied({ source, target: to }: Combination, database: string): Promise<void> {
  const from = await sourceUrl(source);
  await using target = await targetDatabase(`hg_corpus_${source}`, to);
  const folder = mkdtempSync(join(tmpdir(), "headgate-corpus-"));
  try {
    const said = async (exit: number, ...args: string[]): Promise<Readonly<Record<string, unknown>>> => {
      const ended = await headgate([...args, "--json"], { cwd: folder });
      expect(ended.code, `${args.join(" ")}\n${ended.stdout}\n${ended.stderr}`).toBe(exit);
      return lastObject(ended);
    };
    await engineOptions(from, database);
    await said(
      0,
      ...["init", "--source", asEngine(from, database), "--target", target.options.url],
      ...["--environment", "development", "--migration", "20261122_corpus"],
    );
    // Without the values: `run` looks at every one of them, and would end with 3 at an error.
    const planned = await said(0, "plan");
    const findings = planned["findings"] as readonly Finding[];
    const run = await said(0, "run", "--until", "copied");
    expect(run["state"]).toBe("copied");
    const views = run["views"] as readonly { readonly view: string; readonly result: string }[];
    const wanted = viewsOf[database] ?? [];
    expect(views.map(({ view, result }) => `${view} ${result}`).sort()).toEqual(
      wanted.map((view) => `${view} equal`),
    );
    const left = findings.filter(({ code }) => code === "view-not-translated").map(({ object }) => object);
    expect(left.sort()).toEqual(leftViewsOf[database] ?? []);
    await judged(from, target.url, database, run["rows"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function judged(from: string, to: string, database: string, rows: unknown): Promise<void> {
  const source = await createConnection({
    uri: from,
    database,
    charset: "utf8mb4",
    supportBigNumbers: true,
    bigNumberStrings: true,
    jsonStrings: true,
  });
  const target = new Client({ connectionString: to });
  await target.connect();
  try {
    const verdicts = await compare(source, target, {
      database,
      schema: "public",
      views: viewsOf[database] ?? [],
      skipColumns: unordered,
    });
    expect(verdicts.filter((verdict) => !verdict.equal)).toEqual([]);
    expect(verdicts.length).toBeGreaterThan(0);
    const tables = verdicts.filter(({ table }) => viewsOf[database]?.includes(table) !== true);
    const counted = tables.reduce((sum, verdict) => sum + Number(verdict.rowsSource), 0);
    expect(rows, "rows that run says it copied").toBe(counted);
    const [keys] = await source.query<({ n: string } & { constructor: { name: "RowDataPacket" } })[]>(
      `SELECT CAST(COUNT(DISTINCT t.TABLE_NAME) AS CHAR) AS n FROM information_schema.TABLE_CONSTRAINTS c
         JOIN information_schema.TABLES t USING (TABLE_SCHEMA, TABLE_NAME)
        WHERE t.TABLE_SCHEMA = ? AND t.TABLE_TYPE = 'BASE TABLE' AND c.CONSTRAINT_TYPE = 'PRIMARY KEY'`,
      [database],
    );
    const built = await target.query<{ n: string }>(
      "SELECT count(*)::text AS n FROM pg_constraint WHERE contype = 'p' AND connamespace = 'public'::regnamespace",
    );
    expect(built.rows[0]?.n, "primary keys").toBe(keys[0]?.n);
    const unproven = await target.query<{ conname: string }>(
      "SELECT conname FROM pg_constraint WHERE NOT convalidated AND connamespace = 'public'::regnamespace",
    );
    expect(unproven.rows, "constraints that are not validated").toEqual([]);
  } finally {
    await source.end();
    await target.end();
  }
}

describe.each(combinations)("from $source to $target", (combination) => {
  const { source } = combination;
  const missing = corpusMissing;
  if (missing !== null) {
    it("the corpus", (context) => {
      context.skip(missing);
    });
    return;
  }

  /** Why the source cannot hold a corpus, by folder. */
  const refused = new Map<string, string>();

  const ours = corpora.filter((corpus) => isOurs(corpus, source));
  it.for(ours.flatMap((corpus) => corpus.databases.map((database, at) => ({ corpus, database, at }))))(
    "$database is copied, and every table equal by the oracle",
    async ({ corpus, database, at }, { skip }) => {
      const url = await sourceUrl(source);
      if (at === 0) {
        const why = await lacking(source, () => loadCorpus(url, corpus));
        if (why !== null) refused.set(corpus.folder, why);
      }
      const why = refused.get(corpus.folder);
      if (why === undefined) await copied(combination, database);
      if (at === corpus.databases.length - 1) await dropCorpus(url, corpus);
      if (why !== undefined) skip(why);
    },
  );
});

/** Only of an old server, or of one's own, is it no mistake that it refuses a schema. */
async function lacking(source: SourceName, load: () => Promise<void>): Promise<string | null> {
  try {
    await load();
    return null;
  } catch (error) {
    if (source !== "mysql56" && ownServer("SOURCE") === undefined) throw error;
    const cause: unknown = error instanceof Error ? error.cause : undefined;
    if (!(cause instanceof Error && "sqlState" in cause)) throw error;
    return `the source refuses the schema: ${cause.message}`;
  }
}
