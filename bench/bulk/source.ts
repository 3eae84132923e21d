/**
 * Fills a source once for all rounds: files of lines in the one folder that the server may read, then LOAD DATA. A row
 * in a table of its own says what was loaded, so that a second call finds it done.
 */
import { chmodSync, closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import type { RowDataPacket } from "mysql2/promise";
import { homeOf } from "../../test/world/stack/home.js";
import { dataFolder, serverFolder } from "../../test/world/stack/place.js";
import { columns, lines } from "./rows.js";
import { bigTables, createSmall, databaseAt, smallRows, smallTables, version } from "./schema.js";

export const account = { user: "headgate_bulk", password: "bulk-password" } as const;

export function scaled(rows: number, scale: number): number {
  return Math.max(2, Math.round(rows * scale));
}

/** Makes and fills the database unless it is there at this scale. Gives the rows in it. */
export async function fillSource(name: "mysql9" | "mariadb", url: string, scale: number): Promise<number> {
  const connection = await createConnection({ uri: url, charset: "utf8mb4" });
  const total =
    bigTables.reduce((sum, table) => sum + scaled(table.rows, scale), 0) + smallTables.length * smallRows;
  const mark = `${String(version)} at ${String(scale)}`;
  const database = databaseAt(scale);
  try {
    if ((await loaded(connection, database)) === mark) return total;
    process.stderr.write(`filling ${name} with ${total.toLocaleString("en-US")} rows\n`);
    for (const statement of [
      `DROP DATABASE IF EXISTS ${database}`,
      `CREATE DATABASE ${database} CHARACTER SET utf8mb4`,
      `USE ${database}`,
    ])
      await connection.query(statement);
    await connection.query(
      "SET unique_checks = 0, foreign_key_checks = 0, time_zone = '+00:00', sql_log_bin = 0",
    );
    const users = scaled(1_000_000, scale);
    const files = homeOf(dataFolder(), name).files;
    mkdirSync(files, { recursive: true });
    const load = async (
      table: string,
      kind: keyof typeof columns,
      seed: number,
      rows: number,
    ): Promise<void> => {
      const path = join(files, `${table}.tsv`);
      const file = openSync(path, "w");
      for (const block of lines(kind, seed, rows, users)) writeSync(file, block);
      closeSync(file);
      chmodSync(path, 0o644);
      await connection.query(
        `LOAD DATA INFILE ? INTO TABLE ${table} CHARACTER SET utf8mb4 ${columns[kind]}`,
        [join(serverFolder(files), `${table}.tsv`)],
      );
      rmSync(path);
    };
    for (const [i, table] of bigTables.entries()) {
      await connection.query(table.create);
      await load(table.name, table.name, i + 1, scaled(table.rows, scale));
    }
    for (const [i, table] of smallTables.entries()) {
      await connection.query(createSmall(table));
      await load(table, "small", 100 + i, smallRows);
    }
    await connection.query(`ANALYZE TABLE ${[...bigTables.map((t) => t.name), ...smallTables].join(", ")}`);
    await makeAccount(connection);
    await connection.query("CREATE DATABASE IF NOT EXISTS headgate_bulk_mark");
    await connection.query(
      "CREATE TABLE IF NOT EXISTS headgate_bulk_mark.filled (name VARCHAR(80) PRIMARY KEY, what VARCHAR(80))",
    );
    await connection.query("REPLACE INTO headgate_bulk_mark.filled VALUES (?, ?)", [database, mark]);
    return total;
  } finally {
    await connection.end();
  }
}

/** Reads every row once, so that no run pays for a memory that has forgotten them. */
export async function warm(url: string, scale: number): Promise<void> {
  const connection = await createConnection({ uri: url, database: databaseAt(scale) });
  try {
    await connection.query(`CHECKSUM TABLE ${bigTables.map((table) => table.name).join(", ")}`);
  } finally {
    await connection.end();
  }
}

type Admin = Awaited<ReturnType<typeof createConnection>>;

/** For pgloader, which needs a password to log in with, and for Headgate. */
async function makeAccount(connection: Admin): Promise<void> {
  await connection.query(
    `CREATE USER IF NOT EXISTS '${account.user}'@'127.0.0.1' IDENTIFIED BY '${account.password}'`,
  );
  await connection.query(`GRANT ALL ON *.* TO '${account.user}'@'127.0.0.1'`);
}

async function loaded(connection: Admin, database: string): Promise<string | null> {
  const [there] = await connection.query<RowDataPacket[]>(
    "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'headgate_bulk_mark' AND TABLE_NAME = 'filled'",
  );
  if (there.length === 0) return null;
  const [rows] = await connection.query<RowDataPacket[]>(
    "SELECT what FROM headgate_bulk_mark.filled WHERE name = ?",
    [database],
  );
  return rows[0] === undefined ? null : String(rows[0]["what"]);
}
