/**
 * The accounts that Headgate itself runs under in tests: one for a source database, one for a target database, each made
 * with the very statements that `check --grants` prints for check and copy, and nothing else. Tests' own set-up, writers and
 * the oracle are administrators; the engine never is (engine-only.ts refuses it).
 */
import { createHash } from "node:crypto";
import type { Connection as Driver } from "mysql2/promise";
import { Client } from "pg";
import type { ClientConfig } from "pg";
import { adminStatements } from "../../connectors/mysql/admin-rights.js";
import { routineRight, grantStatements as sourceGrants } from "../../connectors/mysql/grants.js";
import { grantStatements as targetGrants } from "../../connectors/postgres/grants.js";
import type { CutFrom } from "../../src/port.js";
import { nightName } from "./night-name.js";

/** No secret: accounts of test servers on the loopback. */
export const enginePassword = "engine-Pw1";

/** One account a database; 16 characters are what MySQL 5.6 takes. */
export function engineName(database: string): string {
  return `hg_${createHash("sha256").update(database).digest("hex").slice(0, 12)}`;
}

/** What a copy, a whole check and the stream need. Later phases add theirs here. */
export const enginePhases: readonly string[] = ["copy", "inventory", "stream"];

/** Makes the account anew over an administrator's connection that gives rows as arrays of text. */
export async function makeSourceAccount(
  admin: Driver,
  database: string,
  name = engineName(database),
  password = enginePassword,
  cut: CutFrom = "copy",
  phases = enginePhases,
): Promise<void> {
  await dropSourceAccount(admin, name);
  await admin.query(`CREATE USER ?@'%' IDENTIFIED BY ?`, [name, password]);
  const [versions] = await admin.query({ sql: "SELECT VERSION()", rowsAsArray: true });
  const engine = /mariadb/iu.test(JSON.stringify(versions)) ? "mariadb" : "mysql";
  const [known] = await admin.query({ sql: "SHOW PRIVILEGES", rowsAsArray: true });
  const names = Array.isArray(known)
    ? known.map((row: unknown): unknown => (Array.isArray(row) ? (row as unknown[])[0] : undefined))
    : [];
  const privileges = new Set(names.flatMap((name) => (typeof name === "string" ? [name.toUpperCase()] : [])));
  for (const { phase, statements } of sourceGrants({
    account: `${name}@%`,
    admin: `${name}@%`,
    engine,
    database,
    cut,
    dynamic: privileges.has("XA_RECOVER_ADMIN"),
    routines: routineRight(engine, privileges),
  }))
    if (phases.includes(phase)) for (const statement of statements) await admin.query(withoutEnd(statement));
}

/** Makes the fence's account anew, with what `check --grants` prints for it and `more` that findings ask for. */
export async function makeNightAccount(
  admin: Driver,
  database: string,
  more: readonly string[] = [],
): Promise<string> {
  const name = nightName(database);
  await dropSourceAccount(admin, name);
  await admin.query(`CREATE USER ?@'%' IDENTIFIED BY ?`, [name, enginePassword]);
  const [versions] = await admin.query({ sql: "SELECT VERSION()", rowsAsArray: true });
  const engine = /mariadb/iu.test(JSON.stringify(versions)) ? "mariadb" : "mysql";
  const [known] = await admin.query({ sql: "SHOW PRIVILEGES", rowsAsArray: true });
  const dynamic = JSON.stringify(known).includes("XA_RECOVER_ADMIN");
  for (const statement of [...adminStatements({ engine, dynamic, database }, `'${name}'@'%'`), ...more])
    await admin.query(withoutEnd(statement));
  return name;
}

/** The same server and database, logged in as the fence's account. */
export function asNight(url: string, database: string): string {
  const own = new URL(asEngine(url, database));
  own.username = nightName(database);
  return own.href;
}

export async function dropSourceAccount(admin: Driver, name: string): Promise<void> {
  // MySQL 5.6 has no DROP USER IF EXISTS.
  const [found] = await admin.query({
    sql: "SELECT 1 FROM mysql.user WHERE user = ? AND host = '%'",
    values: [name],
    rowsAsArray: true,
  });
  if (Array.isArray(found) && found.length > 0) await admin.query(`DROP USER ?@'%'`, [name]);
}

/** Makes the role anew for the database at an administrator's URL. */
export async function makeTargetAccount(
  url: string,
  database: string,
  schema = "public",
  name = engineName(database),
  password = enginePassword,
  phases = enginePhases,
): Promise<void> {
  await asAdministrator(url, async (client) => {
    const role = client.escapeIdentifier(name);
    const there = await client.query("SELECT FROM pg_roles WHERE rolname = $1", [name]);
    if (there.rowCount === 1) await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await client.query(`CREATE ROLE ${role} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
    const found = await client.query("SELECT FROM pg_namespace WHERE nspname = $1", [schema]);
    for (const { phase, statements } of targetGrants({
      role: name,
      database,
      schema,
      schemaExists: found.rowCount === 1,
    }))
      if (phases.includes(phase)) for (const statement of statements) await client.query(statement);
  });
}

/** Once its database is gone: a role that owns something in another one would stay, and that is told. */
export async function dropTargetAccount(url: string, name: string): Promise<void> {
  await asAdministrator(url, async (client) => {
    const role = client.escapeIdentifier(name);
    const there = await client.query("SELECT FROM pg_roles WHERE rolname = $1", [name]);
    // Rights on settings of the server are no database's, and hold the role.
    if (there.rowCount === 1) await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });
}

/** The same server and database, logged in as the engine's account. */
export function asEngine(url: string, database: string): string {
  const own = new URL(url);
  own.username = engineName(database);
  own.password = enginePassword;
  own.pathname = `/${encodeURIComponent(database)}`;
  return own.href;
}

async function asAdministrator(url: string, act: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client(loginOf(url));
  await client.connect();
  try {
    await act(client);
  } finally {
    await client.end();
  }
}

/** A URL's parts for pg, whose own parser leaves some names percent-encoded. */
export function loginOf(url: string): ClientConfig {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    host: hostname,
    port: Number(port === "" ? "5432" : port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
  };
}

function withoutEnd(statement: string): string {
  return statement.replace(/;$/u, "");
}
