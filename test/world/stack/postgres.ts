/**
 * How PostgreSQL is set up and started for tests: logical WAL, small buffers, UTC, loopback only, no socket file.
 * fsync and synchronous_commit stay on: a test that kills the server must find what a user would find.
 */
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import type { Programs } from "./offer.js";
import { serverAccount } from "./place.js";
import type { Home } from "./home.js";
import { run } from "./tool.js";

/** Included by postgresql.conf and written at each start; ALTER SYSTEM still wins, so a test may set its own. */
const settings = `
wal_level = logical
max_connections = 100
max_prepared_transactions = 10
max_wal_senders = 10
max_replication_slots = 10
shared_buffers = 256MB
maintenance_work_mem = 128MB
max_wal_size = 4GB
fsync = on
synchronous_commit = on
timezone = 'UTC'
log_timezone = 'UTC'
unix_socket_directories = ''
`;

export function postgresCommand(programs: Programs, home: Home, port: number): readonly string[] {
  writeFileSync(join(home.data, "stack.conf"), settings, { mode: 0o644 });
  return [...programs.server, "-D", home.data, "-h", "127.0.0.1", "-p", String(port)];
}

/** Fills the empty folder `data` with a new cluster; the superuser postgres has no password. */
export async function postgresInitialize(programs: Programs, data: string): Promise<void> {
  const options = { cwd: data, env: { ...process.env, ...programs.env, LC_ALL: "C" }, ...serverAccount() };
  const kind = ["-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust"];
  await run([...(programs.initdb ?? []), "-D", data, ...kind], options);
  appendFileSync(join(data, "postgresql.conf"), "\ninclude 'stack.conf'\n");
}

export function postgresUrl(port: number): string {
  return `postgresql://postgres@127.0.0.1:${port}/postgres`;
}

/** The data folder of the server that answers on this port: the proof that it is the one we started. */
export async function postgresDataFolder(port: number): Promise<string> {
  const client = new Client({
    connectionString: postgresUrl(port),
    connectionTimeoutMillis: 10_000,
  });
  // A server that goes away closes the connection; the query's own rejection says so.
  client.on("error", () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ data_directory: string }>("SHOW data_directory");
    return rows[0]?.data_directory ?? "";
  } finally {
    await client.end();
  }
}
