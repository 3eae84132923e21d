/** How busy the source is, so that copying and looking can give way to it. */
import type { ServerLoad } from "../../src/port.js";
import type { Connection } from "./connection.js";
import { replicaState } from "./replica.js";

/** Statements that run now, and how far a replica is behind: Infinity where it cannot say. */
export async function loadOf(connection: Connection): Promise<ServerLoad> {
  const [row] = await connection.query("SHOW GLOBAL STATUS LIKE 'Threads_running'");
  const replica = await replicaState(connection);
  // This very statement is one of them.
  const threadsRunning = Math.max(0, Number(row?.[1] ?? "1") - 1);
  return { lagSeconds: replica === null ? null : (replica.lagSeconds ?? Infinity), threadsRunning };
}
