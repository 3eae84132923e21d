/**
 * A table that somebody else has locked while it is looked at or copied: the server's own patience is a year, so ours
 * is a setting of the session that asks, and whoever waits in vain is told who is in the way.
 */
import { Fault } from "../../src/errors.js";
import { Connection } from "./connection.js";
import type { MysqlOptions } from "./connection.js";
import { lockHolder, toBeNamed } from "./profile-lock.js";

/** Seconds that a reading session waits for another's DDL or table lock. */
export const readWaitSeconds = 10;

/** Seconds that opening a view may wait for a lock on what it stands on; it is read for no row. */
const viewWaitSeconds = 3;

/** How long this session waits from now on. */
export async function setLockWait(connection: Connection, seconds: number): Promise<void> {
  await connection.query(`SET SESSION lock_wait_timeout = ${String(seconds)}`);
}

/** The server's number for a lock that was waited for in vain. */
export const lockWaitTimeout = 1205;

/** Whether a statement waited in vain for somebody else's lock. */
function isLocked(error: unknown): error is Fault {
  return error instanceof Fault && error.code === "source-busy" && error.facts["errno"] === lockWaitTimeout;
}

/** Runs what reads the catalogue on a session of its own patience. Faults: source-busy that names the holder. */
export async function readPatiently<T>(connection: Connection, read: () => Promise<T>): Promise<T> {
  await setLockWait(connection, readWaitSeconds);
  try {
    return await read();
  } catch (error) {
    throw isLocked(error) ? await named(connection, null, error) : error;
  }
}

/**
 * Runs what opens views, one after another, with less patience, and with least after one has waited in vain: many may
 * stand on the same locked table. A view that is locked is the holder's name, and no fault.
 */
export function viewOpener(
  connection: Connection,
): <T>(open: () => Promise<T>) => Promise<T | { readonly busy: string }> {
  let patience = viewWaitSeconds;
  return async (open) => {
    await setLockWait(connection, patience);
    try {
      return await open();
    } catch (error) {
      if (!isLocked(error)) throw error;
      const waited = patience;
      patience = 1;
      const holder = await lockHolder(connection, null);
      return {
        busy: `${holder ?? unnamed} held it or what it stands on for more than ${String(waited)} ${waited === 1 ? "second" : "seconds"}`,
      };
    } finally {
      // After an abort there is no session left to set anything in.
      if (connection.open) await setLockWait(connection, readWaitSeconds);
    }
  };
}

const unnamed = "another session, which the server does not name to this account,";

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
    throw await named(connection, table, error);
  }
}

async function named(connection: Connection, table: string | null, fault: Fault): Promise<Fault> {
  const holder = await lockHolder(connection, table);
  const what = table ?? "a table of the database";
  return new Fault(
    "source-busy",
    `${holder ?? unnamed} held ${what} for more than ${String(readWaitSeconds)} seconds; it could not be read.`,
    {
      next: `Let that session end, then run the same command again.${holder === null ? ` ${toBeNamed}` : ""}`,
      cause: fault,
    },
  );
}
