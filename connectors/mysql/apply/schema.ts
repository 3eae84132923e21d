/**
 * The way back's own tables in the source's database `headgate`: where it stands, and which keys each of its batches
 * touched. They move in the very transactions that write rows, so they are InnoDB's whatever the server's default is.
 */
import type { Position } from "../../../src/model.js";
import { Fault } from "../../../src/errors.js";
import { mysqlName } from "../../../src/safety/identifier.js";
import type { Connection } from "../connection.js";
import { markerDatabase } from "../own-database.js";

const own = (name: string): string => `${mysqlName(markerDatabase)}.${mysqlName(name)}`;
export const laneTable = own("reverse_lane");
export const dirtyTable = own("reverse_dirty");

const name = "VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL";
const position = "LONGTEXT CHARACTER SET utf8mb4";

export const laneColumns = ["migration", "seq", "position", "epoch"] as const;
export const dirtyColumns = ["migration", "table_name", "seq", "touched", "position"] as const;

/** Creates what is missing; alone in the database. Faults: grant-missing. */
export async function createTables(connection: Connection): Promise<void> {
  // Asked first: CREATE ... IF NOT EXISTS writes to the log even when there is nothing to do.
  if (await haveTables(connection)) return;
  await connection.query(
    `CREATE DATABASE IF NOT EXISTS ${mysqlName(markerDatabase)} DEFAULT CHARACTER SET utf8mb4`,
  );
  await connection.query(
    `CREATE TABLE IF NOT EXISTS ${dirtyTable} (migration ${name}, table_name ${name}, seq BIGINT UNSIGNED NOT NULL, ` +
      `touched LONGBLOB NULL, position ${position} NOT NULL, PRIMARY KEY (migration, table_name, seq)) ENGINE = InnoDB`,
  );
  await connection.query(
    `CREATE TABLE IF NOT EXISTS ${laneTable} (migration ${name}, seq BIGINT UNSIGNED NOT NULL, ` +
      `position ${position} NULL, epoch BIGINT UNSIGNED NOT NULL, PRIMARY KEY (migration)) ENGINE = InnoDB`,
  );
}

/** The table that is created last stands for both. */
export async function haveTables(connection: Connection): Promise<boolean> {
  const found = await connection.value(
    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = 'reverse_lane'",
    [markerDatabase],
  );
  return found !== null;
}

/** A lane's row. */
export interface LaneRow {
  readonly seq: bigint;
  readonly position: Position | null;
  readonly epoch: bigint;
}

/** null where there is none. */
export async function readLane(
  connection: Connection,
  migration: string,
  locked = false,
): Promise<LaneRow | null> {
  const [row] = await connection.query(
    `SELECT CAST(seq AS CHAR), position, CAST(epoch AS CHAR) FROM ${laneTable} WHERE migration = ?${locked ? " FOR UPDATE" : ""}`,
    [migration],
  );
  if (row === undefined) return null;
  const [seq, position, epoch] = row;
  return { seq: BigInt(seq ?? ""), position: positionOf(position ?? null), epoch: BigInt(epoch ?? "") };
}

function positionOf(text: string | null): Position | null {
  if (text === null) return null;
  const value: unknown = JSON.parse(text);
  if (!isPosition(value))
    throw new Fault("ledger-mismatch", "The way back's position on the source is none.");
  return value;
}

function isPosition(value: unknown): value is Position {
  return (
    typeof value === "object" && value !== null && "kind" in value && "file" in value && "offset" in value
  );
}

export function epochLost(migration: string, epoch: bigint): Fault {
  return new Fault(
    "epoch-lost",
    `Another engine has claimed ${migration}: epoch ${String(epoch)} is no longer that of its way back.`,
  );
}
