/**
 * The engine that holds a migration, as the target sees it: who it is, for how long its sessions have asked for nothing,
 * and their end. Time, by the target's clock, only offers a takeover; the epoch is what makes it safe (decision 14).
 */
import { Fault } from "../../src/errors.js";
import type { Holder } from "../../src/port.js";
import type { Session } from "./connection.js";
import { ledgerExists, readView } from "./ledger-view.js";

/** An engine asks for something each second, a paused one does not. */
export const silentSeconds = 10;

/** Sessions on record that are there still. */
const sessions = `
  headgate.backend b JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid AND a.backend_start = b.started
   WHERE b.migration = $1 AND b.pid <> pg_backend_pid()`;

/** What waits for its client is as silent as what is idle; of another role's sessions nothing can be told. */
const silenceSql = `
  SELECT CASE WHEN bool_or(a.state IS NULL) THEN NULL
              ELSE min(CASE WHEN a.state = 'active' AND a.wait_event_type IS DISTINCT FROM 'Client' THEN 0
                            ELSE extract(epoch FROM clock_timestamp() - greatest(a.state_change, a.query_start)) END)
          END::bigint::text AS seconds
    FROM ${sessions}`;

/** The Fault for who wants the claim while another one has it. */
export async function claimedBy(session: Session, migration: string): Promise<Fault> {
  const holder = (await readView(session, migration))?.holder ?? null;
  const silent = holder === null ? null : await silence(session, migration);
  const facts = {
    host: holder?.host ?? null,
    pid: holder?.pid ?? null,
    since: holder?.since ?? null,
    silentSeconds: silent,
  };
  if (silent === null || silent < silentSeconds)
    return new Fault("claimed", `${named(holder)} holds ${migration}.`, { facts });
  return new Fault(
    "claimed",
    `${named(holder)} holds ${migration}, and has asked the target for nothing in ${String(silent)} seconds: it is paused, or stands, or is cut off.`,
    { facts, next: "Look at that process. Where it will not come back: headgate run --take-over" },
  );
}

/**
 * Ends the sessions that a migration's engines have on record, the claim's own among them, so that the next claim gets
 * it. A holder that lives notices and stops; one that is only stopped wakes up to find its sessions gone and its epoch
 * over. Resolves with how many there were. Fault claimed where they have asked for something since.
 */
export async function endSessions(session: Session, migration: string, silentFor: number): Promise<number> {
  if (!(await ledgerExists(session))) return 0;
  const silent = await silence(session, migration);
  if (silent !== null && silent < silentFor)
    throw new Fault(
      "claimed",
      `${named((await readView(session, migration))?.holder ?? null)} holds ${migration} and lives: its sessions asked for something ${String(silent)} seconds ago.`,
      { facts: { silentSeconds: silent } },
    );
  const ended = await session.query(
    `SELECT pg_terminate_backend(b.pid, 5000) FROM ${sessions}`,
    [migration],
    "ending the holder's sessions",
  );
  return ended.count;
}

async function silence(session: Session, migration: string): Promise<number | null> {
  const [row] = (await session.query(silenceSql, [migration], "asking how long the holder has been silent"))
    .rows;
  const seconds = row?.["seconds"] ?? null;
  return seconds === null ? null : Number(seconds);
}

function named(holder: Holder | null): string {
  return holder === null
    ? "Another engine, which is just starting,"
    : `The engine on ${holder.host}, pid ${String(holder.pid)}, since ${holder.since},`;
}
