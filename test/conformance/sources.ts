/**
 * The sources that a conformance test goes through, as test/world/matrix.ts names them. A test works in a database
 * of its own name, made anew each time, and fills it over an administrator's connection that knows nothing of the
 * code under test.
 */
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import type { MysqlOptions } from "../../connectors/mysql/connection.js";
import type { PlanTable } from "../../src/model.js";
import type { RowSink } from "../../src/port.js";
import { engineName, enginePassword, makeSourceAccount } from "../world/accounts.js";
import { testSources } from "../world/matrix.js";
import type { SourceName } from "../world/matrix.js";
import { optionsOf, sourceUrl } from "../world/source-database.js";

export interface TestSource {
  readonly name: SourceName;
  readonly engine: "mysql" | "mariadb";
  /** The engine's: an account with no more rights than a copy needs. */
  readonly options: MysqlOptions;
  /** An administrator's, for further connections of a test's own. */
  readonly root: MysqlOptions;
  /** Any number of statements at once; sql_mode empty, so that odd values get in. */
  readonly admin: Connection;
}

/** Each source with a fresh database. */
export async function sources(database: string): Promise<readonly TestSource[]> {
  return Promise.all(
    testSources.map(async (name) => {
      const root = optionsOf(await sourceUrl(name), database);
      const admin = await openAdmin(root);
      await admin.query(
        `DROP DATABASE IF EXISTS \`${database}\`; CREATE DATABASE \`${database}\`; USE \`${database}\``,
      );
      const [version] = await admin.query({ sql: "SELECT VERSION()", rowsAsArray: true });
      const engine = /mariadb/iu.test(String((version as string[][])[0]?.[0])) ? "mariadb" : "mysql";
      await makeSourceAccount(admin, database);
      const options: MysqlOptions = { ...root, user: engineName(database), password: enginePassword };
      return { name, engine, options, root, admin } as const;
    }),
  );
}

/** The source of that name among those that were opened. */
export function named(all: readonly TestSource[], name: string): TestSource {
  const one = all.find((source) => source.name === name);
  if (one === undefined) throw new Error(`no source ${name}`);
  return one;
}

/** A further administrator's connection, standing in the database if it exists. */
export async function openAdmin(options: MysqlOptions): Promise<Connection> {
  const { host, port, user, password } = options;
  const admin = await createConnection({
    host,
    port,
    user,
    password,
    charset: "UTF8MB4_GENERAL_CI",
    multipleStatements: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    jsonStrings: true,
  });
  await admin.query("SET SESSION sql_mode = '', time_zone = '+00:00'");
  return admin;
}

/** What the connector reads of a plan's table. */
export function planTable(
  table: string,
  key: readonly string[] | null,
  index = "PRIMARY",
  exactCut = false,
): PlanTable {
  return {
    source: table,
    target: table,
    lane: "main",
    key: key === null ? null : { index, columns: key, primary: index === "PRIMARY" },
    columns: [],
    estimatedRows: 0,
    estimatedBytes: 0,
    exactCut,
  };
}

/** A sink that is never full. */
export function openSink(row: RowSink["row"]): RowSink {
  return { row, full: () => false, drained: () => Promise.resolve() };
}

/** Deterministic randomness (mulberry32): the same seed, the same test. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The seed of this run: HEADGATE_TEST_SEED, or the one given. Printed, so that a failure can be had again. */
export function seedOf(fallback: number, test: string): number {
  const seed = Number(process.env["HEADGATE_TEST_SEED"] ?? fallback);
  process.stdout.write(`${test}: seed ${seed}\n`);
  return seed;
}
