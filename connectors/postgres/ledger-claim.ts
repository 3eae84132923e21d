/**
 * Becoming the one engine of a migration (decision 14, I6). A session's advisory lock says who may try; the raised
 * epoch is what makes it safe. In between, the predecessor's recorded sessions are ended, since the transactions
 * they hold open would block the epoch and could still commit. After kill -9 the lock is already gone: the server
 * drops it with the dead engine's connection.
 */
import { Fault } from "../../src/errors.js";
import type { Plan } from "../../src/model.js";
import type { PostgresOptions, Session } from "./connection.js";
import type { Claim } from "./epoch.js";
import { claimedBy } from "./holder.js";
import { ledgerSteps } from "./ledger-schema.js";
import { claimKey } from "./ledger-view.js";

/** Attempts at raising the epoch, each of which ends the predecessor's sessions and waits up to two seconds. */
const raiseAttempts = 15;

/** The source that answers now. `proven`: it has every transaction that the one before had, so it may take its place. */
export interface ClaimedSource {
  readonly server: string | null;
  readonly proven: boolean;
}

/** Takes the lock on `session`, which must stay open for as long as the claim is to last. Faults: claimed, plan-stale, server-changed. */
export async function claimMigration(
  session: Session,
  options: PostgresOptions,
  plan: Plan,
  source: ClaimedSource,
): Promise<Claim> {
  const [lock] = (
    await session.query(`SELECT pg_try_advisory_lock(${claimKey}) AS got`, [plan.migration], "claiming")
  ).rows;
  if (lock?.["got"] !== "t") throw await claimedBy(session, plan.migration);
  await options.moment?.("claim:locked");
  await createLedger(session);
  await enter(session, plan, source);
  const epoch = await raiseEpoch(session, plan);
  await session.transaction(async () => {
    await session.query(
      `INSERT INTO headgate.engine (migration, epoch, host, pid, since)
       VALUES ($1, $2, $3, $4, clock_timestamp())`,
      [plan.migration, epoch, options.engine.host, options.engine.pid],
    );
    await session.query(
      `INSERT INTO headgate.backend (migration, epoch, pid, started) VALUES ($1, $2, $3, $4)`,
      [plan.migration, epoch, session.backend.pid, session.backend.started],
    );
  }, "recording the claim");
  await options.moment?.("claim:raised");
  return { migration: plan.migration, epoch };
}

/** Creates or completes the schema. Two migrations may do so at once: the transaction's lock lets one go first. */
async function createLedger(session: Session): Promise<void> {
  await session.transaction(async () => {
    await session.query("SELECT pg_advisory_xact_lock(hashtextextended('headgate ledger', 0))");
    await session.query("CREATE SCHEMA IF NOT EXISTS headgate");
    await session.query(
      "CREATE TABLE IF NOT EXISTS headgate.step (number integer PRIMARY KEY, done_at timestamptz NOT NULL)",
    );
    const done = (await session.query("SELECT number FROM headgate.step")).rows.map((row) => row["number"]);
    for (const step of ledgerSteps) {
      if (done.includes(String(step.number))) continue;
      await session.query(step.sql);
      await session.query("INSERT INTO headgate.step VALUES ($1, clock_timestamp())", [step.number]);
    }
  }, "creating the ledger");
}

/** The migration's rows. A plan with another fingerprint may take over only while nothing was built from the first. */
async function enter(session: Session, plan: Plan, source: ClaimedSource): Promise<void> {
  await session.transaction(async () => {
    await session.query(
      `INSERT INTO headgate.migration (id, state, since, fingerprint, source_database, target_schema)
       VALUES ($1, 'new', clock_timestamp(), $2, $3, $4) ON CONFLICT (id) DO NOTHING`,
      [plan.migration, plan.fingerprint, plan.database, plan.schema],
    );
    await session.query(
      "INSERT INTO headgate.epoch (migration, epoch) VALUES ($1, 0) ON CONFLICT (migration) DO NOTHING",
      [plan.migration],
    );
    const [known] = (
      await session.query(
        `SELECT fingerprint = $2 AS same, source_server AS server,
                EXISTS (SELECT FROM headgate.built b WHERE b.migration = m.id) AS built
           FROM headgate.migration m WHERE id = $1`,
        [plan.migration, plan.fingerprint],
      )
    ).rows;
    const server = known?.["server"] ?? null;
    const moved = server !== null && source.server !== null && server !== source.server;
    if (known?.["built"] === "t" && moved && !source.proven)
      throw new Fault(
        "server-changed",
        `${plan.migration} was begun from the source server ${server}, and ${source.server} answers now.`,
      );
    await session.query(
      "UPDATE headgate.migration SET source_server = coalesce($2, source_server) WHERE id = $1",
      [plan.migration, source.server],
    );
    if (known?.["same"] !== "t") {
      if (known?.["built"] === "t")
        throw new Fault(
          "plan-stale",
          `${plan.migration} was begun with another plan than this one, and tables stand on the target from it.`,
          { next: "Go back to the plan and source it was begun with, or begin a new migration." },
        );
      await session.query("DELETE FROM headgate.range WHERE migration = $1", [plan.migration]);
      await session.query("DELETE FROM headgate.source_table WHERE migration = $1", [plan.migration]);
      await session.query("DELETE FROM headgate.lane WHERE migration = $1", [plan.migration]);
      await session.query(
        `UPDATE headgate.migration SET fingerprint = $2, source_database = $3, target_schema = $4 WHERE id = $1`,
        [plan.migration, plan.fingerprint, plan.database, plan.schema],
      );
    }
    // Biggest first: the last range to finish should be a small one.
    const tables = [...plan.tables].sort((a, b) => b.estimatedBytes - a.estimatedBytes);
    await session.query(
      `INSERT INTO headgate.source_table (migration, name, target, lane, rank)
       SELECT $1, t.name, t.target, t.lane, t.rank
         FROM unnest($2::text[], $3::text[], $4::text[], $5::int[]) AS t (name, target, lane, rank)
       ON CONFLICT (migration, name) DO NOTHING`,
      [
        plan.migration,
        tables.map((table) => table.source),
        tables.map((table) => table.target),
        tables.map((table) => table.lane),
        tables.map((_, rank) => rank),
      ],
    );
  }, "entering the migration in the ledger");
}

/**
 * Ends what the predecessor left and raises the epoch, in its own row and in every lane's: an apply under way holds its
 * lane's row, so this waits for it or ends it, and afterwards no batch of the old epoch can begin. A session that the
 * predecessor opens meanwhile is ended the next time round; one that could not be ended stays on record.
 */
async function raiseEpoch(session: Session, { migration, lanes }: Plan): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    await session.query(
      `SELECT pg_terminate_backend(b.pid, 2000)
         FROM headgate.backend b
         JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid AND a.backend_start = b.started
        WHERE b.migration = $1 AND b.pid <> pg_backend_pid()`,
      [migration],
      "ending the sessions of the engine before",
    );
    try {
      return await session.transaction(async () => {
        await session.query("SET LOCAL lock_timeout = '2s'");
        const [row] = (
          await session.query(
            "UPDATE headgate.epoch SET epoch = epoch + 1 WHERE migration = $1 RETURNING epoch::text",
            [migration],
          )
        ).rows;
        const epoch = row?.["epoch"] ?? "";
        await session.query("UPDATE headgate.lane SET epoch = $2 WHERE migration = $1", [migration, epoch]);
        await session.query(
          `INSERT INTO headgate.lane (migration, lane, epoch, closed)
           SELECT $1, lane, $2, EXISTS (SELECT FROM headgate.lane c WHERE c.migration = $1 AND c.closed)
             FROM unnest($3::text[]) AS l (lane)
           ON CONFLICT (migration, lane) DO NOTHING`,
          [migration, epoch, lanes],
        );
        await session.query(
          `DELETE FROM headgate.backend b WHERE b.migration = $1
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a
                               WHERE a.pid = b.pid AND a.backend_start = b.started)`,
          [migration],
        );
        return epoch;
      }, "raising the epoch");
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "target-busy" || attempt === raiseAttempts) throw error;
    }
  }
}
