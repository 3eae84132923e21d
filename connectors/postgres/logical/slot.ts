/** The slot as the server tells it. One that is lost has its name still, and nothing that could be read. */
import { Fault } from "../../../src/errors.js";
import type { Session } from "../connection.js";
import { lsnOf } from "./lsn.js";

export interface Slot {
  readonly name: string;
  readonly plugin: string;
  readonly database: string;
  /** Who reads it now; null for nobody. */
  readonly activePid: string | null;
  /** What is confirmed: the server hands over nothing that was committed before. */
  readonly confirmed: bigint;
  /** Why the server has thrown away what it needs; null while it has not. */
  readonly lost: string | null;
  readonly retainedBytes: number;
}

/** Columns that not every version has are read from the row as a whole. */
const slotSql = `
  SELECT s.plugin, s.database, s.active_pid::text AS pid, s.confirmed_flush_lsn::text AS confirmed, s.wal_status AS status,
         pg_catalog.to_jsonb(s) ->> 'invalidation_reason' AS reason, (s.restart_lsn IS NULL)::text AS empty,
         coalesce(pg_catalog.pg_current_wal_lsn() - s.restart_lsn, 0)::text AS retained
    FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = $1`;

export async function readSlot(session: Session, name: string): Promise<Slot | null> {
  const [row] = (await session.query(slotSql, [name], `looking at the replication slot ${name}`)).rows;
  if (row === undefined) return null;
  const lost =
    row["reason"] ?? (row["status"] === "lost" || row["empty"] === "true" ? "its log was removed" : null);
  return {
    name,
    plugin: row["plugin"] ?? "",
    database: row["database"] ?? "",
    activePid: row["pid"] ?? null,
    confirmed: row["confirmed"] === null || row["confirmed"] === undefined ? 0n : lsnOf(row["confirmed"]),
    lost,
    retainedBytes: Number(row["retained"]),
  };
}

const next =
  "Before the switch: headgate abandon, then begin a new migration. After it: headgate verify shows what the source lacks.";

export function slotGone(name: string): Fault {
  return new Fault(
    "log-purged",
    `The replication slot ${name} is not there any more: somebody has dropped it, or the target is another server than before. The target's log is not kept for the way back.`,
    { next, facts: { slot: name } },
  );
}

export function slotLost(name: string, why: string): Fault {
  return new Fault(
    "log-purged",
    `The target has thrown away the log that the replication slot ${name} kept for the way back (${why}): max_slot_wal_keep_size or idle_replication_slot_timeout was passed.`,
    { next, facts: { slot: name } },
  );
}

/** Both as the server spells them. */
export function slotMoved(name: string, confirmed: string, applied: string): Fault {
  return new Fault(
    "log-purged",
    `The replication slot ${name} stands at ${confirmed}, past ${applied}, which is applied: somebody else has read it or moved it on, and the target has thrown away what lies between.`,
    { next, facts: { slot: name } },
  );
}
