/**
 * The source's database `headgate`, which the migrations of a server share: who makes or drops tables in it does so alone, so
 * that nobody drops one in which another migration is about to write. A table is dropped by whoever used it last, and only
 * where its columns are those that we make: something else of its name is somebody else's.
 */
import { Fault } from "../../src/errors.js";
import type { Connection } from "./connection.js";

/** The source's database that is ours. */
export const markerDatabase = "headgate";

/** A name of the whole server, seconds of patience. */
const lock = "headgate database";
const patience = 10;

/**
 * On a connection that holds no other lock: MySQL 5.6 has one a session. An engine of an older build takes none: what it makes
 * in the same moment may be dropped under it, which it is told at its next statement.
 */
export async function alone<T>(connection: Connection, act: () => Promise<T>): Promise<T> {
  if ((await connection.value("SELECT GET_LOCK(?, ?)", [lock, patience])) !== "1")
    throw new Fault(
      "source-busy",
      `Another migration makes or drops tables in the database ${markerDatabase} of ${connection.place} for more than ${String(patience)} s.`,
    );
  try {
    return await act();
  } finally {
    if (connection.open) await connection.query("SELECT RELEASE_LOCK(?)", [lock]);
  }
}

/** `missing`, or whether its columns are these, in this order. */
export async function standing(
  connection: Connection,
  table: string,
  columns: readonly string[],
): Promise<"missing" | "ours" | "strange"> {
  const rows = await connection.query(
    "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION",
    [markerDatabase, table],
  );
  if (rows.length === 0) return "missing";
  const same = rows.length === columns.length && rows.every(([name], at) => name === columns[at]);
  return same ? "ours" : "strange";
}

/** How many things stand in it; null where there is no such database. */
export async function fullness(connection: Connection): Promise<number | null> {
  const there = await connection.value(
    "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?",
    [markerDatabase],
  );
  if (there === null) return null;
  const count = await connection.value(
    "SELECT (SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?) + " +
      "(SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ?) + " +
      "(SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ?)",
    [markerDatabase, markerDatabase, markerDatabase],
  );
  return Number(count);
}
