/**
 * Who holds a table that could not be looked at in time, as far as the server tells: performance_schema lists the
 * metadata locks where its instrument is on and the account may read it. A session is named by its id and account,
 * never by what it runs.
 */
import { Fault } from "../../src/errors.js";
import type { Connection } from "./connection.js";

/** `session 12 of app@10.0.0.5 (for 340 seconds)`; null where the server does not tell. */
export async function lockHolder(connection: Connection, table: string): Promise<string | null> {
  try {
    const rows = await connection.query(
      "SELECT DISTINCT t.PROCESSLIST_ID, t.PROCESSLIST_USER, t.PROCESSLIST_HOST, t.PROCESSLIST_TIME " +
        "FROM performance_schema.metadata_locks AS m JOIN performance_schema.threads AS t ON t.THREAD_ID = m.OWNER_THREAD_ID " +
        "WHERE m.OBJECT_TYPE = 'TABLE' AND m.OBJECT_SCHEMA = DATABASE() AND m.OBJECT_NAME = ? AND m.LOCK_STATUS = 'GRANTED' " +
        // Readers hold a shared lock as well; what keeps a reader out is one of these.
        "AND m.LOCK_TYPE IN ('EXCLUSIVE', 'SHARED_NO_READ_WRITE', 'SHARED_UPGRADABLE', 'SHARED_NO_WRITE') " +
        "AND t.PROCESSLIST_ID <> CONNECTION_ID() ORDER BY t.PROCESSLIST_ID LIMIT 3",
      [table],
    );
    const told = rows.map(
      ([id, user, host, seconds]) =>
        `session ${id ?? "?"} of ${user ?? "?"}@${host ?? "?"} (${seconds ?? "?"} seconds in its present state)`,
    );
    return told.length === 0 ? null : told.join(", ");
  } catch (error) {
    // No such table (5.6, an instrument that is off) or no right to read it: then nobody is named.
    if (error instanceof Fault && (error.code === "grant-missing" || error.code === "source-refused"))
      return null;
    throw error;
  }
}
