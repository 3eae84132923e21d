/**
 * A fresh PostgreSQL database of a test's own, with what tests of the target need beside the connector: an
 * administrator's client that shares no code with it, and the connector's options. Dropped at the end, whoever
 * is still connected.
 */
import { Client } from "pg";
import type { PostgresOptions } from "../../connectors/postgres/connection.js";
import { asEngine, dropTargetAccount, engineName, loginOf, makeTargetAccount } from "./accounts.js";
import { ownServer } from "./matrix.js";
import type { TargetName } from "./matrix.js";
import { up } from "./stack/servers.js";

export type { TargetName } from "./matrix.js";

export interface TargetDatabase extends AsyncDisposable {
  /** An administrator's, for set-up and oracle. */
  readonly url: string;
  /** The engine's: a role with no more rights than a copy needs. */
  readonly options: PostgresOptions;
  /** One more role with the rights of a copy, under this name. */
  account(name: string, password: string, phases?: readonly string[]): Promise<void>;
  /** Rows as the driver's own text; administrator's rights. */
  sql(text: string, values?: readonly unknown[]): Promise<Record<string, string | null>[]>;
}

/** Brings the server up where it is not, and makes the database anew. */
export async function targetDatabase(
  name: string,
  server: TargetName = "postgres18",
): Promise<TargetDatabase> {
  const base = ownServer("TARGET") ?? (await up([server]))[server].url;
  return databaseAt(base, name);
}

/** The same on a server that the test itself keeps. */
export async function databaseAt(base: string, name: string): Promise<TargetDatabase> {
  const quoted = `"${name.replaceAll('"', '""')}"`;
  await once(base, `DROP DATABASE IF EXISTS ${quoted} WITH (FORCE)`);
  await once(base, `CREATE DATABASE ${quoted} ENCODING 'UTF8' TEMPLATE template0`);
  const there = targetAt(base, name);
  await makeTargetAccount(there.url, name);
  return {
    ...there,
    account: (role, password, phases) => makeTargetAccount(there.url, name, "public", role, password, phases),
    [Symbol.asyncDispose]: async () => {
      await once(base, `DROP DATABASE IF EXISTS ${quoted} WITH (FORCE)`);
      await dropTargetAccount(base, engineName(name));
    },
  };
}

/** A database that is there already, with its account. */
export function targetAt(base: string, name: string): Pick<TargetDatabase, "url" | "options" | "sql"> {
  const url = new URL(base);
  url.pathname = `/${encodeURIComponent(name)}`;
  return {
    url: url.href,
    options: {
      url: asEngine(url.href, name),
      tls: { mode: "off" },
      engine: { host: "test-host", pid: process.pid },
    },
    sql: (text, values) => once(url.href, text, values),
  };
}

async function once(
  url: string,
  text: string,
  values?: readonly unknown[],
): Promise<Record<string, string | null>[]> {
  const client = new Client({
    ...loginOf(url),
    types: { getTypeParser: () => (value: string) => value },
  });
  await client.connect();
  try {
    const result = await client.query<Record<string, string | null>>(text, values && [...values]);
    return Array.isArray(result) ? [] : result.rows;
  } finally {
    await client.end();
  }
}
