/**
 * A fresh MySQL or MariaDB database of a test's own, with an administrator's connection that shares no code with
 * the connector, and the connector's options. Dropped at the end.
 */
import { createConnection } from "mysql2/promise";
import type { Connection as Driver } from "mysql2/promise";
import type { MysqlOptions } from "../../connectors/mysql/connection.js";
import type { CutFrom } from "../../src/port.js";
import { asEngine, dropSourceAccount, engineName, makeSourceAccount } from "./accounts.js";
import { ownServer } from "./matrix.js";
import type { SourceName } from "./matrix.js";
import { up } from "./stack/servers.js";

export type { SourceName } from "./matrix.js";

/** Anything the driver takes for `?`. */
export type Bound = string | number | bigint | Buffer | null;

export interface SourceDatabase extends AsyncDisposable {
  readonly name: string;
  /** The engine's: an account with no more rights than a copy needs. */
  readonly options: MysqlOptions;
  /** The same as a URL. */
  readonly url: string;
  /** One more account with the rights of a copy, under this name; those of an exact cut too unless a later phase is named. */
  account(name: string, password: string, cut?: CutFrom, phases?: readonly string[]): Promise<void>;
  /** An administrator's statement in the database, with sql_mode empty and UTC; cells as text. */
  sql(text: string, values?: readonly Bound[]): Promise<(string | null)[][]>;
}

/** mysql://… of an administrator: one's own server where HEADGATE_TEST_SOURCE_URL names one, else the stack's. */
export async function sourceUrl(server: SourceName): Promise<string> {
  return ownServer("SOURCE") ?? (await up([server]))[server].url;
}

/** Brings the server up where it is not, and makes the database anew. */
export async function sourceDatabase(name: string, server: SourceName): Promise<SourceDatabase> {
  const url = await sourceUrl(server);
  let driver = await openDriver(url);
  const quoted = `\`${name.replaceAll("`", "``")}\``;
  await driver.query(`DROP DATABASE IF EXISTS ${quoted}`);
  await driver.query(`CREATE DATABASE ${quoted} CHARACTER SET utf8mb4`);
  await driver.query(`USE ${quoted}`);
  await makeSourceAccount(driver, name);
  // A test may kill the server: the next statement then logs in anew.
  let lost = false;
  const watched = (): void => {
    driver.on("error", () => {
      lost = true;
    });
  };
  watched();
  const live = async (): Promise<Driver> => {
    if (!lost) return driver;
    driver = await openDriver(url);
    lost = false;
    watched();
    await driver.query(`USE ${quoted}`);
    return driver;
  };
  return {
    name,
    options: optionsOf(asEngine(url, name), name),
    url: asEngine(url, name),
    account: async (user, password, cut, phases) =>
      makeSourceAccount(await live(), name, user, password, cut, phases),
    sql: async (text, values) => run(await live(), text, values),
    [Symbol.asyncDispose]: async () => {
      await live();
      await driver.query(`DROP DATABASE IF EXISTS ${quoted}`);
      await dropSourceAccount(driver, engineName(name));
      await driver.end();
    },
  };
}

/** The connector's options for a database of the server at `url`. */
export function optionsOf(url: string, database: string): MysqlOptions {
  const { hostname, port, username, password } = new URL(url);
  return {
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database,
    tls: { mode: "off" },
  };
}

/** The engine's account for a database that a test made on its own, made anew; its options. */
export async function engineOptions(url: string, database: string): Promise<MysqlOptions> {
  const driver = await openDriver(url);
  try {
    await makeSourceAccount(driver, database);
  } finally {
    await driver.end();
  }
  return optionsOf(asEngine(url, database), database);
}

/** An administrator's connection: text as it is, no zone but UTC, and sql_mode empty so that anything can be stored. */
export async function openDriver(url: string): Promise<Driver> {
  const { hostname, port, username, password } = new URL(url);
  const driver = await createConnection({
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    charset: "UTF8MB4_GENERAL_CI",
    rowsAsArray: true,
    typeCast: (field) => field.string("utf8"),
  });
  await driver.query("SET SESSION sql_mode = '', time_zone = '+00:00', foreign_key_checks = 1");
  return driver;
}

async function run(
  driver: Driver,
  text: string,
  values: readonly Bound[] = [],
): Promise<(string | null)[][]> {
  const [rows] = await driver.query({ sql: text, values: [...values] });
  return Array.isArray(rows) ? (rows as (string | null)[][]) : [];
}
