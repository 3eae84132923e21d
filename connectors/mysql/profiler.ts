/**
 * A connection that looks at values, one table after another. It counts as a worker of its host like one that
 * copies: the slot is a named lock of its own session, so that a copy and a check together are no more than the host
 * was promised to bear.
 */
import type { Finding, PlanTable } from "../../src/model.js";
import type { ProfileOptions, Profiler } from "../../src/port.js";
import { Connection } from "./connection.js";
import type { MysqlOptions } from "./connection.js";
import { piecesOf } from "./profile-piece.js";
import type { Pieces } from "./profile-piece.js";
import { profileTable } from "./profile.js";
import { loadOf } from "./server-load.js";
import { releaseSlot, takeSlot } from "./slots.js";

/** null when all slots of the host are taken. */
export async function openProfiler(options: MysqlOptions, slots: number): Promise<Profiler | null> {
  const connection = await Connection.open(options);
  const session = {
    select: ({ sql, params }: { readonly sql: string; readonly params: readonly string[] }) =>
      connection.query(sql, params),
  };
  let slot: string | null = null;
  try {
    slot = await takeSlot(session, slots);
  } finally {
    if (slot === null) await connection[Symbol.asyncDispose]();
  }
  if (slot === null) return null;
  const taken = slot;
  return {
    profile: (table, how) => look(connection, options, table, how),
    load: () => loadOf(connection),
    [Symbol.asyncDispose]: async () => {
      // A session that an abort has ended has given its lock back by that.
      if (connection.open) await releaseSlot(session, taken);
      await connection[Symbol.asyncDispose]();
    },
  };
}

async function look(
  connection: Connection,
  options: MysqlOptions,
  table: PlanTable,
  how: ProfileOptions,
): Promise<readonly Finding[]> {
  const { sample, pause, signal } = how;
  const pieces = (): Promise<Pieces> => piecesOf(options, table, { sample, byRange: pause !== null, signal });
  return await profileTable(connection, table, { ...how, pieces });
}
