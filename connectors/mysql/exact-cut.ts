/**
 * One consistent view of some tables at an exactly known position (design.md, decision 4), for tables whose replay
 * would not converge. MySQL: a moment's read lock on all of them, under which a second session opens its view
 * and the position is noted. MariaDB: the server itself notes the position when a consistent snapshot starts, and
 * no lock is taken. The view lives and dies with its session, so the raw reader reads on that very session.
 */
import { Fault } from "../../src/errors.js";
import type { Position, SourceEngine } from "../../src/model.js";
import type { ExactCut } from "../../src/port.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { Connection } from "./connection.js";
import { accountName } from "./grant-names.js";
import type { MysqlOptions, Row } from "./connection.js";
import { readPosition } from "./position.js";
import { WireReader } from "./read.js";
import type { Wire } from "./wire/wire.js";

/** Seconds that the lock may be waited for; writers queue behind us as long. */
const lockWaitSeconds = 5;

export interface CutOptions {
  readonly options: MysqlOptions;
  readonly tables: readonly string[];
  readonly engine: SourceEngine;
  /** Runs before the reading connection goes. */
  readonly close: (wire: Wire) => Promise<void>;
}

/** Opens the view on `wire`, which the cut owns from then on. Faults: source-busy with the holder when the lock is not got. */
export async function takeCut(wire: Wire, cut: CutOptions): Promise<ExactCut> {
  const position = cut.engine === "mariadb" ? await mariadbView(wire) : await lockedView(wire, cut);
  const reader = new WireReader(wire, cut.options, async (open) => {
    await open.query("ROLLBACK");
    await cut.close(open);
  });
  return { position, reader, [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose]() };
}

const openView = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

async function mariadbView(wire: Wire): Promise<Position> {
  await wire.query(openView);
  const rows = await wire.query("SHOW STATUS LIKE 'binlog_snapshot_%'");
  const status = new Map(rows.map((row) => [(row[0] ?? "").toLowerCase(), row[1] ?? ""]));
  const file = status.get("binlog_snapshot_file") ?? "";
  const offset = status.get("binlog_snapshot_position") ?? "";
  if (file === "" || !/^\d+$/u.test(offset))
    throw new Fault(
      "source-refused",
      "The source did not say where in its binary log the consistent view stands.",
      {
        next: "Set log_bin on the source and restart it.",
      },
    );
  const set = await wire.select({
    sql: "SELECT BINLOG_GTID_POS(?, CAST(? AS UNSIGNED))",
    params: [file, offset],
  });
  const gtid = set[0]?.[0] ?? null;
  return gtid === null ? { kind: "file", file, offset } : { kind: "gtid", set: gtid, file, offset };
}

async function lockedView(wire: Wire, cut: CutOptions): Promise<Position> {
  await using locker = await Connection.open(cut.options);
  await locker.query(`SET SESSION lock_wait_timeout = ${lockWaitSeconds}`);
  try {
    await locker.query(`FLUSH TABLES ${cut.tables.map(mysqlName).join(", ")} WITH READ LOCK`);
  } catch (error) {
    if (error instanceof Fault && error.code === "source-busy") throw await named(error, cut);
    throw error;
  }
  // Between lock and unlock nothing of these tables can commit, so any position read here parts their events exactly.
  await wire.query(openView);
  const position = await readPosition((sql) => locker.query(sql), cut.engine);
  await locker.query("UNLOCK TABLES");
  return position;
}

/**
 * Who holds the table, as far as the server tells: its metadata locks; where it keeps none on record (5.6, or without
 * performance_schema) the oldest open transactions, one of which it must be.
 */
async function named(fault: Fault, cut: CutOptions): Promise<Fault> {
  await using connection = await Connection.open(cut.options);
  const locks = await asked(
    connection,
    "SELECT t.PROCESSLIST_ID, t.PROCESSLIST_USER, t.PROCESSLIST_HOST FROM performance_schema.metadata_locks l " +
      "JOIN performance_schema.threads t ON t.THREAD_ID = l.OWNER_THREAD_ID " +
      `WHERE l.OBJECT_TYPE = 'TABLE' AND l.OBJECT_SCHEMA = DATABASE() AND l.OBJECT_NAME IN (${cut.tables.map(() => "?").join(", ")}) ` +
      "AND l.LOCK_STATUS = 'GRANTED' AND t.PROCESSLIST_ID <> CONNECTION_ID() LIMIT 3",
    cut.tables,
  );
  const open = await asked(
    connection,
    "SELECT p.ID, p.USER, p.HOST FROM information_schema.INNODB_TRX t " +
      "JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id ORDER BY t.trx_started LIMIT 3",
    [],
  );
  const account = (await connection.value("SELECT CURRENT_USER()")) ?? "";
  const who = (holders: readonly Row[]): string =>
    holders.map(([id, user, host]) => `connection ${id ?? "?"} (${user ?? "?"}@${host ?? "?"})`).join(", ");
  const told = cut.tables.length > 3 ? `one of ${cut.tables.length} tables` : cut.tables.join(", ");
  const seen = locks.length > 0 || open.length > 0;
  const held =
    locks.length > 0
      ? `${who(locks)} holds ${told}`
      : `A transaction holds ${told}${open.length > 0 ? `, perhaps ${who(open)}` : ""}`;
  return new Fault(fault.code, `${held}; its exact cut could not begin within ${lockWaitSeconds} s.`, {
    next: `Let that transaction end, then run the same command again.${seen ? "" : ` To have its holder named: ${toName(account)}`}`,
    cause: fault,
  });
}

/** What lets the account see other sessions; no copy needs it. */
function toName(account: string): string {
  const name = accountName(account);
  return `GRANT PROCESS ON *.* TO ${name}; GRANT SELECT ON \`performance_schema\`.* TO ${name};`;
}

/** No rows where the server does not know the table or the account may not ask. */
async function asked(
  connection: Connection,
  sql: string,
  params: readonly string[],
): Promise<readonly Row[]> {
  try {
    return await connection.query(sql, params);
  } catch (error) {
    if (error instanceof Fault && !error.retriable) return [];
    throw error;
  }
}
