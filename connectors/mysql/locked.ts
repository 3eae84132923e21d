/**
 * A table that somebody else has locked while it is copied: the server's own patience is a year, so ours is a setting
 * of the reading session, and whoever waits in vain is told who is in the way.
 */
import { Fault } from "../../src/errors.js";
import { Connection } from "./connection.js";
import type { MysqlOptions } from "./connection.js";
import { lockHolder } from "./profile-lock.js";

/** Seconds that a reading session waits for another's DDL or table lock. */
export const readWaitSeconds = 10;

/** Runs what reads the table. Faults: source-busy that names the holder, as far as the server tells. */
export async function untilLocked<T>(
  options: MysqlOptions,
  table: string,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "source-busy") throw error;
    await using connection = await Connection.open(options);
    const holder = await lockHolder(connection, table);
    const who = holder ?? "another session, which the server does not name to this account,";
    throw new Fault(
      "source-busy",
      `${who} held ${table} for more than ${String(readWaitSeconds)} seconds; it could not be read.`,
      { next: "Let that session end, then run the same command again.", cause: error },
    );
  }
}
