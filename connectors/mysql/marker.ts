/**
 * Markers: rows that we commit at the source so as to recognise them in its log. Each lane has its own table,
 * routed with the lane, because only a lane's own marker proves anything about it. They live in the database
 * `headgate`, the only one of the source that Headgate ever writes to.
 */
import { Fault } from "../../src/errors.js";
import { mysqlName } from "../../src/safety/identifier.js";
import type { Connection } from "./connection.js";
import { alone, markerDatabase } from "./own-database.js";

/** `headgate`.`marker_<lane>`, quoted. MySQL's names end at 64 characters. */
export function markerTable(lane: string): string {
  const name = `marker_${lane}`;
  if (name.length > 64) throw new Fault("bug", `The lane ${lane} has a name too long for its marker table.`);
  return `${mysqlName(markerDatabase)}.${mysqlName(name)}`;
}

/** The columns of a marker table, in their order. */
export const markerColumns = ["id", "note", "at"] as const;

/** Creates database and tables where they are missing. Idempotent. Faults: grant-missing. */
export async function prepareMarkers(connection: Connection, lanes: readonly string[]): Promise<void> {
  if ((await missingOf(connection, lanes)).length > 0)
    await alone(connection, () => createMarkers(connection, lanes));
}

async function missingOf(connection: Connection, lanes: readonly string[]): Promise<readonly string[]> {
  // Asked first: CREATE ... IF NOT EXISTS writes to the log even when there is nothing to do.
  const found = await connection.query(
    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?",
    [markerDatabase],
  );
  const there = new Set(found.map((row) => row[0]));
  return lanes.filter((lane) => !there.has(`marker_${lane}`));
}

async function createMarkers(connection: Connection, lanes: readonly string[]): Promise<void> {
  const missing = await missingOf(connection, lanes);
  const database = await connection.value(
    "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?",
    [markerDatabase],
  );
  if (database === null)
    await connection.query(
      `CREATE DATABASE IF NOT EXISTS ${mysqlName(markerDatabase)} DEFAULT CHARACTER SET utf8mb4`,
    );
  // A table that was dropped and is made again gives no id a second time: a topic or a log may still have the first.
  const first = `${(await connection.value("SELECT UNIX_TIMESTAMP()")) ?? "0"}000`;
  for (const lane of missing)
    await connection.query(
      `CREATE TABLE IF NOT EXISTS ${markerTable(lane)} (` +
        "id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, " +
        "note VARCHAR(200) CHARACTER SET utf8mb4 NOT NULL, " +
        "at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP) " +
        `ENGINE = InnoDB AUTO_INCREMENT = ${String(BigInt(first))}`,
    );
}

/** Commits a marker and returns its id; the commit has returned when this resolves. */
export async function mark(connection: Connection, lane: string, note: string): Promise<string> {
  // The session commits each statement by itself, but a server may start it with autocommit off.
  await connection.query("SET SESSION autocommit = 1");
  await connection.query(`INSERT INTO ${markerTable(lane)} (note) VALUES (?)`, [note.slice(0, 200)]);
  const id = await connection.value("SELECT LAST_INSERT_ID()");
  if (id === null || id === "0") throw new Fault("bug", "The source gave a marker no id.");
  return id;
}

/** The note of a marker; null when the source has none of that id, or no such table. */
export async function marked(connection: Connection, lane: string, id: string): Promise<string | null> {
  const table = await connection.value(
    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
    [markerDatabase, `marker_${lane}`],
  );
  if (table === null) return null;
  return connection.value(`SELECT note FROM ${markerTable(lane)} WHERE id = ?`, [id]);
}

/** XA transactions that are prepared now, by the name that their session gave them. */
export async function preparedTransactions(connection: Connection): Promise<readonly string[]> {
  const rows = await connection.query("XA RECOVER");
  return rows.map(([, gtridLength, , data]) => (data ?? "").slice(0, Number(gtridLength ?? 0)));
}
