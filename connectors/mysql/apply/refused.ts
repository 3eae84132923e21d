/**
 * Changes of the target that the source does not hold, in the source's database `headgate`: what the way back stands before,
 * and what became of it. Whoever leaves one out moves the lane by a batch that writes nothing and touches the rows that it
 * is about, in one transaction with the decision: so they are compared from then on, and a lane that was not told is ended.
 */
import { createHash } from "node:crypto";
import type { RefusedChange, RefusedRecord } from "../../../src/cutover-port.js";
import { Fault } from "../../../src/errors.js";
import { mysqlName } from "../../../src/safety/identifier.js";
import type { Connection, Row } from "../connection.js";
import { markerDatabase } from "../own-database.js";
import { dirtyTable, epochLost, laneTable, readLane } from "./schema.js";

export const refusedTable = `${mysqlName(markerDatabase)}.${mysqlName("reverse_refused")}`;

export const refusedColumns = [
  ...[
    "migration",
    "event_hash",
    "event",
    "cutover",
    "table_name",
    "operation",
    "touched",
    "about",
    "reason",
    "sentence",
  ],
  ...["kept_at", "state", "who", "why", "settled_at"],
] as const;

const name = "VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL";
const text = "LONGTEXT CHARACTER SET utf8mb4";

/** Once the way back's other tables are there; alone in the database. Asked first: CREATE ... IF NOT EXISTS writes to the log even when there is nothing to do. */
export async function createRefused(connection: Connection): Promise<void> {
  if (await haveRefused(connection)) return;
  await connection.query(
    `CREATE TABLE IF NOT EXISTS ${refusedTable} (migration ${name}, event_hash BINARY(32) NOT NULL, event ${text} NOT NULL, ` +
      `cutover ${text} NOT NULL, table_name ${text} NOT NULL, operation ${text} NOT NULL, touched LONGBLOB NULL, ` +
      `about ${text} NOT NULL, reason ${text} NOT NULL, sentence ${text} NOT NULL, kept_at DATETIME(6) NOT NULL, ` +
      `state VARCHAR(10) CHARACTER SET ascii NOT NULL, who ${text} NULL, why ${text} NULL, settled_at DATETIME(6) NULL, ` +
      `PRIMARY KEY (migration, event_hash)) ENGINE = InnoDB`,
  );
}

export async function haveRefused(connection: Connection): Promise<boolean> {
  const found = await connection.value(
    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = 'reverse_refused'",
    [markerDatabase],
  );
  return found !== null;
}

/** The lane stands before it. Once somebody has decided about it, it stays so. */
export async function keepRefused(
  connection: Connection,
  migration: string,
  { event, cutover, table, operation, touched, about, reason, sentence }: RefusedChange,
): Promise<void> {
  await connection.write(
    `INSERT INTO ${refusedTable} (migration, event_hash, event, cutover, table_name, operation, touched, about, reason, sentence, kept_at, state) ` +
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6), 'kept') " +
      "ON DUPLICATE KEY UPDATE reason = IF(state = 'kept', VALUES(reason), reason), " +
      "sentence = IF(state = 'kept', VALUES(sentence), sentence)",
    [migration, hashOf(event), event, cutover, table, operation, touched, about, reason, sentence],
  );
}

/** Oldest first; none where nothing was ever refused. */
export async function readRefused(
  connection: Connection,
  migration: string,
): Promise<readonly RefusedRecord[]> {
  if (!(await haveRefused(connection))) return [];
  const at = (column: string): string => `DATE_FORMAT(${column}, '%Y-%m-%dT%H:%i:%s.%fZ')`;
  const rows = await connection.query(
    `SELECT event, cutover, table_name, operation, HEX(touched), about, reason, sentence, state, ${at("kept_at")}, who, why, ${at("settled_at")} ` +
      `FROM ${refusedTable} WHERE migration = ? ORDER BY kept_at, event_hash`,
    [migration],
  );
  return rows.map(recordOf);
}

/** Whether the lane stands before one. */
export async function waits(connection: Connection, migration: string): Promise<boolean> {
  if (!(await haveRefused(connection))) return false;
  const found = await connection.value(
    `SELECT 1 FROM ${refusedTable} WHERE migration = ? AND state = 'kept' LIMIT 1`,
    [migration],
  );
  return found !== null;
}

/**
 * For the transaction of a batch: the change that the lane stood before is in it, or it would still stand. A row of a form that
 * the plan does not know is in none, as the log keeps that form.
 */
export const appliedSql =
  `UPDATE ${refusedTable} SET state = 'applied', settled_at = UTC_TIMESTAMP(6) ` +
  "WHERE migration = ? AND state = 'kept' AND reason <> 'schema-changed'";

/** False where nothing of this name waits. Faults: epoch-lost. */
export async function leaveOut(
  connection: Connection,
  migration: string,
  epoch: bigint,
  event: string,
  { who, why }: { readonly who: string; readonly why: string },
): Promise<boolean> {
  await connection.write("START TRANSACTION READ WRITE");
  const lane = await readLane(connection, migration, true);
  if (lane === null) throw new Fault("ledger-mismatch", `The source has no way back of ${migration}.`);
  if (lane.epoch !== epoch) throw epochLost(migration, epoch);
  const [waiting] = await connection.query(
    `SELECT table_name, HEX(touched) FROM ${refusedTable} WHERE migration = ? AND event_hash = ? AND state = 'kept' FOR UPDATE`,
    [migration, hashOf(event)],
  );
  if (waiting === undefined) {
    await connection.write("ROLLBACK");
    return false;
  }
  const [table = "", touched = null] = waiting;
  await connection.write(`UPDATE ${laneTable} SET seq = seq + 1 WHERE migration = ?`, [migration]);
  await connection.write(
    `INSERT INTO ${dirtyTable} (migration, table_name, seq, touched, position) VALUES (?, ?, ?, ?, ?)`,
    [migration, table, String(lane.seq + 1n), bytesOf(touched), JSON.stringify(lane.position)],
  );
  await connection.write(
    `UPDATE ${refusedTable} SET state = 'skipped', who = ?, why = ?, settled_at = UTC_TIMESTAMP(6) WHERE migration = ? AND event_hash = ?`,
    [who, why, migration, hashOf(event)],
  );
  await connection.write("COMMIT");
  return true;
}

/** Ids have no bound, and what an index of an old server holds has one. */
function hashOf(event: string): Buffer {
  return createHash("sha256").update(event).digest();
}

function bytesOf(hex: string | null): Buffer | null {
  return hex === null ? null : Buffer.from(hex, "hex");
}

function recordOf(row: Row): RefusedRecord {
  const [event, cutover, table, operation, touched, about, reason, sentence, state] = row;
  const [keptAt, who, why, settledAt] = row.slice(9);
  if (state !== "kept" && state !== "skipped" && state !== "applied")
    throw new Fault(
      "ledger-mismatch",
      "A refused change on the source is in no state that this build knows.",
    );
  return {
    ...{ event: event ?? "", cutover: cutover ?? "", table: table ?? "", operation: operation ?? "" },
    ...{ touched: bytesOf(touched ?? null), about: about ?? "", reason: reason ?? "" },
    ...{ sentence: sentence ?? "", state, keptAt: keptAt ?? "" },
    ...{ who: who ?? null, why: why ?? null, settledAt: settledAt ?? null },
  };
}
