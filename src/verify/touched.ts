/**
 * Whether events touched a row between the two sides of a look: known once the lane has applied everything that the
 * source had when it was read, for then the ledger has the keys of every event that the source's side can show.
 */
import type { PlanTable } from "../model.js";
import type { LaneCheckpoint } from "../stream-port.js";
import type { VerifyTools } from "./tools.js";
import { keysIn } from "./tuples.js";

/** Which of the keys were touched after `at`. */
export async function touchedAmong(
  tools: VerifyTools,
  table: PlanTable,
  at: LaneCheckpoint,
  keys: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Set<string>> {
  await tools.following?.caughtUp(table.lane, signal);
  const touched = new Set<string>();
  await tools.ledger.touched(
    table,
    at.seq,
    null,
    (_seq, bytes) => {
      if (bytes === null) {
        for (const key of keys) touched.add(key);
        return false;
      }
      for (const key of keysIn(bytes)) if (keys.has(key)) touched.add(key);
      return touched.size < keys.size;
    },
    signal,
  );
  return touched;
}

/** Whether any event touched the table after `at`. */
export async function touchedAtAll(
  tools: VerifyTools,
  table: PlanTable,
  at: LaneCheckpoint,
  signal: AbortSignal,
): Promise<boolean> {
  await tools.following?.caughtUp(table.lane, signal);
  let any = false;
  await tools.ledger.touched(
    table,
    at.seq,
    null,
    () => {
      any = true;
      return false;
    },
    signal,
  );
  return any;
}
