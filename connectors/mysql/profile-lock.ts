/**
 * Who holds a table that could not be looked at in time, as far as the server tells: performance_schema lists the
 * metadata locks where it and its instrument are on, and the handles of LOCK TABLES (MariaDB as it comes with it).
 * Elsewhere (5.6, no performance_schema) nothing tells; it may be those whose transaction has been open longest, or
 * those that are in the database and wait for nobody. A session is named by its id and account, never by what it runs.
 */
import { Fault } from "../../src/errors.js";
import type { Connection, Row } from "./connection.js";

/** What keeps a reader out; readers hold shared locks themselves. */
const keepsOut = "'EXCLUSIVE', 'SHARED_NO_READ_WRITE', 'SHARED_UPGRADABLE', 'SHARED_NO_WRITE'";

/** Exactly those in the way; without a table, of any of the database's. Number, user, host, seconds, table. */
const exact: readonly ((table: string | null) => string)[] = [
  (table) =>
    "SELECT DISTINCT t.PROCESSLIST_ID, t.PROCESSLIST_USER, t.PROCESSLIST_HOST, t.PROCESSLIST_TIME, m.OBJECT_NAME " +
    "FROM performance_schema.metadata_locks AS m JOIN performance_schema.threads AS t ON t.THREAD_ID = m.OWNER_THREAD_ID " +
    `WHERE m.OBJECT_TYPE = 'TABLE' AND m.OBJECT_SCHEMA = DATABASE() ${named("m", table)} AND m.LOCK_STATUS = 'GRANTED' ` +
    `AND m.LOCK_TYPE IN (${keepsOut}) AND t.PROCESSLIST_ID <> CONNECTION_ID() ORDER BY t.PROCESSLIST_ID LIMIT 3`,
  (table) =>
    "SELECT DISTINCT t.PROCESSLIST_ID, t.PROCESSLIST_USER, t.PROCESSLIST_HOST, t.PROCESSLIST_TIME, h.OBJECT_NAME " +
    "FROM performance_schema.table_handles AS h JOIN performance_schema.threads AS t ON t.THREAD_ID = h.OWNER_THREAD_ID " +
    `WHERE h.OBJECT_TYPE = 'TABLE' AND h.OBJECT_SCHEMA = DATABASE() ${named("h", table)} AND h.EXTERNAL_LOCK = 'WRITE EXTERNAL' ` +
    "AND t.PROCESSLIST_ID <> CONNECTION_ID() ORDER BY t.PROCESSLIST_ID LIMIT 3",
];

function named(alias: string, table: string | null): string {
  return table === null ? "" : `AND ${alias}.OBJECT_NAME = ?`;
}

/** No session of this account: those only wait as we do. */
const others = (user: string): string => `LEFT(USER(), CHAR_LENGTH(${user}) + 1) <> CONCAT(${user}, '@')`;

/** Those that it may be, the likeliest first: sessions say what they wait for, but not what they hold. */
const perhaps: readonly string[] = [
  "SELECT p.ID, p.USER, p.HOST, p.TIME FROM information_schema.INNODB_TRX AS t " +
    "JOIN information_schema.PROCESSLIST AS p ON p.ID = t.trx_mysql_thread_id " +
    "WHERE p.ID <> CONNECTION_ID() ORDER BY t.trx_started LIMIT 3",
  "SELECT PROCESSLIST_ID, PROCESSLIST_USER, PROCESSLIST_HOST, PROCESSLIST_TIME FROM performance_schema.threads " +
    "WHERE PROCESSLIST_DB = DATABASE() AND COALESCE(PROCESSLIST_STATE, '') NOT LIKE 'Waiting for table%' " +
    `AND ${others("PROCESSLIST_USER")} ORDER BY PROCESSLIST_TIME DESC, PROCESSLIST_ID LIMIT 3`,
  "SELECT ID, USER, HOST, TIME FROM information_schema.PROCESSLIST " +
    "WHERE DB = DATABASE() AND COALESCE(STATE, '') NOT LIKE 'Waiting for table%' " +
    `AND ${others("USER")} ORDER BY TIME DESC, ID LIMIT 3`,
];

/**
 * `session 12 of app@10.0.0.5 (340 seconds in its present state)`; null where the server does not tell. Without a
 * table it is any of the database's, and each session is told with what it holds.
 */
export async function lockHolder(connection: Connection, table: string | null): Promise<string | null> {
  for (const sql of exact) {
    const locks = await asked(connection, sql(table), table === null ? [] : [table]);
    if (locks.length > 0) return told(locks, table === null);
  }
  const maybe = new Map<string, Row>();
  for (const sql of perhaps)
    for (const row of await asked(connection, sql, []))
      if (!maybe.has(row[0] ?? "")) maybe.set(row[0] ?? "", row);
  if (maybe.size === 0) return null;
  const some = told([...maybe.values()].slice(0, 3), false);
  return `another session, perhaps ${some}, in this database or with a transaction open,`;
}

/** What lets a holder be named that was not. */
export const toBeNamed =
  "To have its holder named: GRANT SELECT ON performance_schema.*, where the server keeps metadata_locks and its instrument (wait/lock/metadata/sql/mdl) is on; elsewhere GRANT PROCESS ON *.*.";

function told(rows: readonly Row[], withTable: boolean): string {
  return rows
    .map(
      ([id, user, host, seconds, table]) =>
        `session ${id ?? "?"} of ${user ?? "?"}@${host ?? "?"} (${seconds ?? "?"} seconds in its present state${withTable ? `, with ${table ?? "?"}` : ""})`,
    )
    .join(", ");
}

/** No rows where the server knows no such table (5.6, a plugin that is not there) or this account may not read it. */
async function asked(
  connection: Connection,
  sql: string,
  params: readonly string[],
): Promise<readonly Row[]> {
  try {
    return await connection.query(sql, params);
  } catch (error) {
    if (error instanceof Fault && (error.code === "grant-missing" || error.code === "source-refused"))
      return [];
    throw error;
  }
}
