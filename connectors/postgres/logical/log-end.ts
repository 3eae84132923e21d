/** Where the target's log ends now: every transaction that is committed so far is before it, on disk already or not. */
import type { Position } from "../../../src/model.js";
import type { Session } from "../connection.js";
import { lsnOf, positionAt } from "./lsn.js";

/** The name of a log file begins with its timeline; the control file knows a new one only after its first checkpoint. */
const currentSql = `
  SELECT l.lsn::text AS lsn, pg_catalog.pg_current_wal_flush_lsn()::text AS flushed,
         pg_catalog.left(pg_catalog.pg_walfile_name(l.lsn), 8) AS timeline
    FROM pg_catalog.pg_current_wal_insert_lsn() AS l (lsn)`;

/** The head of a page, and of a log file's first page. */
const heads = [24n, 40n] as const;
const pageBytes = 8192n;

export interface LogEnd {
  /** Holds every commit. */
  readonly position: Position;
  /** What is on disk, and can be read; holds every commit that waited for the disk. */
  readonly flushed: bigint;
}

export async function logEnd(session: Session): Promise<LogEnd> {
  const [row] = (await session.query(currentSql, [], "asking for the end of the target's log")).rows;
  const lsn = lsnOf(row?.["lsn"] ?? "");
  // Right behind the head of a page nothing has ended yet, and a reader of the log would not come to this place.
  const head = heads.some((bytes) => bytes === lsn % pageBytes) ? lsn % pageBytes : 0n;
  return {
    position: positionAt(String(parseInt(row?.["timeline"] ?? "", 16)), lsn - head),
    flushed: lsnOf(row?.["flushed"] ?? ""),
  };
}
