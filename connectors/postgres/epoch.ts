/**
 * The proof that this engine is still the one (I6). Every transaction that writes for a migration begins by
 * holding the epoch's row: FOR SHARE lets any number of our own sessions hold it at once, and makes a successor
 * that raises the epoch wait for them or end them. A zombie finds another number and can write nothing.
 */
import { Fault } from "../../src/errors.js";
import type { Session } from "./connection.js";

/** Which engine writes: a migration's id and the epoch it was claimed with. */
export interface Claim {
  readonly migration: string;
  /** bigint as text. */
  readonly epoch: string;
}

/** First statement of a transaction. Throws Fault epoch-lost when another engine has taken over. */
export async function proveEpoch(session: Session, claim: Claim): Promise<void> {
  const held = await session.query(
    "SELECT 1 FROM headgate.epoch WHERE migration = $1 AND epoch = $2 FOR SHARE",
    [claim.migration, claim.epoch],
    "proving the epoch",
  );
  if (held.count !== 1)
    throw new Fault(
      "epoch-lost",
      `Another engine has claimed ${claim.migration}: epoch ${claim.epoch} is no longer the last one.`,
    );
}

/** One transaction that begins with the proof. */
export async function inEpoch<T>(
  session: Session,
  claim: Claim,
  doing: string,
  act: () => Promise<T>,
): Promise<T> {
  return session.transaction(async () => {
    await proveEpoch(session, claim);
    return act();
  }, doing);
}

/** Notes a session that writes for the claim, so that a successor can end it (decision 14). */
export async function recordBackend(session: Session, claim: Claim): Promise<void> {
  await inEpoch(session, claim, "recording a session", () =>
    session.query(
      `INSERT INTO headgate.backend (migration, epoch, pid, started) VALUES ($1, $2, $3, $4)
       ON CONFLICT (migration, pid, started) DO NOTHING`,
      [claim.migration, claim.epoch, session.backend.pid, session.backend.started],
    ),
  );
}

/**
 * Ends a session of ours whose connection was lost, and waits until it has: before that, what it had under way may
 * still be committed, and its locks stand. Resolves at once when the session is gone.
 */
export async function endBackend(session: Session, gone: Session["backend"]): Promise<void> {
  await session.query(
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity
      WHERE pid = $1 AND backend_start = $2`,
    [gone.pid, gone.started],
    "ending a session whose connection was lost",
  );
}
