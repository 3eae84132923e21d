/**
 * The target is shut to the roles of applications again: first nobody new gets in, then whoever is in ends, then the rights
 * that opening gave are taken back. Done in this order nobody loses a transaction that was open when it began, unless asked.
 * A session may be half in when its role is shut out: it has read that it may, and nobody sees it yet. Its start is a
 * transaction, which the server's locks do show, so those that were starting then are waited for.
 */
import { Fault } from "../../../src/errors.js";
import type { OpenTransaction, RaiseOptions } from "../../../src/cutover-port.js";
import { throwIfStopped } from "../../../src/stop.js";
import { postgresName } from "../../../src/safety/identifier.js";
import type { Session } from "../connection.js";
import { inEpoch } from "../epoch.js";
import type { Claim } from "../epoch.js";
import { acts, holdDoors, isIn, readDoors } from "./doors.js";
import type { Door } from "./doors.js";
import type { NightMoment } from "./moments.js";
import { rightOf, statementsOf } from "./privileges.js";

export interface Shutting {
  readonly session: Session;
  readonly claim: Claim;
  readonly roles: readonly string[];
  readonly moment: (name: NightMoment) => void | Promise<void>;
}

/** Resolves when no role gets in, none of their sessions is left in this database, and nothing of theirs is prepared. */
export async function shutTarget(given: Shutting, options: RaiseOptions): Promise<void> {
  const { session, claim, moment } = given;
  // Whoever was let in, and is named no more, has sessions as well.
  const shutting = { ...given, roles: await rolesLetIn(session, claim.migration, given.roles) };
  await refusePrepared(session);
  await inEpoch(session, claim, "shutting the target", async () => {
    await moment("shut:proven");
    await shutDoors(shutting);
    await moment("shut:doors-shut");
  });
  await moment("shut:committed");
  const open = options.endTransactions ? new Map<string, string>() : await openOf(shutting);
  await untilStarted(session, options.signal);
  await moment("shut:nobody-starting");
  await endSessions(shutting, open, options);
  await moment("shut:sessions-ended");
  await refusePrepared(session);
  await inEpoch(session, claim, "taking rights back", async () => {
    await takeBack(session, claim.migration);
    await moment("shut:rights-taken");
  });
  await moment("shut:done");
}

/** Those that are to be let in, and those that were: a role that is no longer named in the config is in all the same. */
export async function rolesLetIn(
  session: Session,
  migration: string,
  roles: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await session.query(
    "SELECT DISTINCT role FROM headgate.opened WHERE migration = $1 ORDER BY role",
    [migration],
    "asking who was let in",
  );
  return [...new Set([...roles, ...rows.map(({ role }) => role ?? "")])];
}

/** What was prepared commits later, whoever is shut out: it holds no session. */
async function refusePrepared(session: Session): Promise<void> {
  const { rows } = await session.query(
    "SELECT gid, owner::text AS owner FROM pg_catalog.pg_prepared_xacts WHERE database = current_database() ORDER BY prepared",
    [],
    "asking for prepared transactions",
  );
  if (rows.length === 0) return;
  const named = rows.map((row) => `${row["gid"] ?? ""} of ${row["owner"] ?? ""}`).join(", ");
  throw new Fault(
    "prepared-transactions",
    `The target has prepared transactions that could be committed at any time: ${named}.`,
    {
      next: "COMMIT PREPARED or ROLLBACK PREPARED each of them on the target, then run the same command again.",
      facts: { transactions: rows.length },
    },
  );
}

/** Exactly what opening gave, then whatever else keeps a role in, as far as we may. */
async function shutDoors({ session, claim, roles }: Shutting): Promise<void> {
  await holdDoors(session);
  const { rows } = await session.query(
    "DELETE FROM headgate.opened WHERE migration = $1 AND kind IN ('login', 'connect') RETURNING role, kind",
    [claim.migration],
    "asking who was let in",
  );
  const given = new Map<string, Set<string>>();
  for (const row of rows) {
    const kinds = given.get(row["role"] ?? "") ?? new Set();
    given.set(row["role"] ?? "", kinds.add(row["kind"] ?? ""));
  }
  const all = [...new Set([...roles, ...given.keys()])];
  const doing = (door: Door): string => `shutting ${door.role} out`;
  for (const door of await readDoors(session, all)) {
    if (door.oid === null) continue;
    const kinds = given.get(door.role);
    if (kinds?.has("connect") === true && door.mayRevoke)
      await session.query(acts.stopConnect(door), undefined, doing(door));
    if (kinds?.has("login") === true && door.mayAlter)
      await session.query(acts.stopLogin(door), undefined, doing(door));
  }
  for (const door of (await readDoors(session, all)).filter(isIn))
    if (door.mayRevoke && !door.superuser && !door.ours)
      await session.query(acts.stopConnect(door), undefined, doing(door));
  for (const door of (await readDoors(session, all)).filter(isIn))
    if (door.mayAlter && !door.superuser && !door.ours)
      await session.query(acts.stopLogin(door), undefined, doing(door));
  const left = (await readDoors(session, all)).filter(isIn);
  if (left.length === 0) return;
  const statements = left.map((door) => `${acts.stopLogin(door)};`).join(" ");
  throw new Fault(
    "fence-refused",
    `${left.map(({ role }) => role).join(", ")} may still log in to the target, and ${left[0]?.me ?? ""} may not change that. An administrator of the target shuts them out: ${statements}`,
    { next: statements },
  );
}

/** $1 roles. A session's transaction is told apart by the lock on its virtual id, which everybody may see. */
const sessionsSql = `
  SELECT a.pid::text AS pid, a.usename::text AS account, l.virtualtransaction AS transaction,
         coalesce(extract(epoch FROM clock_timestamp() - a.xact_start), 0)::float8::text AS seconds
    FROM pg_catalog.pg_stat_activity a
    LEFT JOIN pg_catalog.pg_locks l ON l.pid = a.pid AND l.locktype = 'virtualxid' AND l.virtualxid = l.virtualtransaction
   WHERE a.datname = current_database() AND a.usename::text = ANY ($1::text[]) AND a.pid <> pg_backend_pid()
   ORDER BY a.pid`;

async function openOf({ session, roles }: Shutting): Promise<Map<string, string>> {
  const { rows } = await session.query(sessionsSql, [roles], "looking for open transactions");
  return new Map(
    rows.flatMap(({ pid, transaction }) =>
      pid === null || transaction === null || pid === undefined || transaction === undefined
        ? []
        : [[pid, transaction]],
    ),
  );
}

/** Ends each session as soon as the transaction is over that it had open; what it has begun since never was acknowledged. */
async function endSessions(
  { session, roles }: Shutting,
  open: ReadonlyMap<string, string>,
  { onWaiting, signal }: RaiseOptions,
): Promise<void> {
  for (let told = ""; ;) {
    throwIfStopped(signal);
    const { rows } = await session.query(sessionsSql, [roles], "looking for sessions of the roles");
    if (rows.length === 0) return;
    const waiting = rows.filter((row) => open.get(row["pid"] ?? "") === row["transaction"]);
    const ending = rows.filter((row) => !waiting.includes(row)).map((row) => row["pid"] ?? "");
    const now = waiting.map((row) => row["pid"]).join(" ");
    if (now !== told) onWaiting(waiting.map(openTransactionOf));
    told = now;
    await end(session, roles, ending);
    await nap(session);
  }
}

function openTransactionOf(row: Readonly<Record<string, string | null>>): OpenTransaction {
  return {
    session: row["pid"] ?? "",
    account: row["account"] ?? "",
    seconds: Number(row["seconds"] ?? 0),
  };
}

async function end(session: Session, roles: readonly string[], pids: readonly string[]): Promise<void> {
  if (pids.length === 0) return;
  try {
    await session.query(
      // The number may be another's by now: only where it is a session of these roles still.
      `SELECT pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a
        WHERE a.pid = ANY ($1::int[]) AND a.usename::text = ANY ($2::text[]) AND a.datname = current_database()`,
      [pids, roles],
      "ending sessions of the roles",
    );
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "grant-missing") throw error;
    const [row] = (await session.query("SELECT current_user AS me", [], "asking for our own role")).rows;
    const grant = `GRANT pg_signal_backend TO ${postgresName(row?.["me"] ?? "")};`;
    throw new Fault(
      "grant-missing",
      `The roles are shut out of the target, and their sessions go on: ${row?.["me"] ?? ""} may not end them. An administrator of the target gives the right: ${grant}`,
      { next: grant, cause: error },
    );
  }
}

/** Sessions that were starting, and that nobody sees as anybody's yet. */
const startingSql = `
  SELECT l.virtualtransaction AS transaction
    FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
   WHERE l.locktype = 'virtualxid' AND l.virtualxid = l.virtualtransaction
     AND (a.pid IS NULL OR (a.usesysid IS NULL AND a.backend_type = 'client backend'))`;

async function untilStarted(session: Session, signal: AbortSignal): Promise<void> {
  const starting = async (): Promise<Set<string>> =>
    new Set(
      (await session.query(startingSql, [], "waiting for sessions that are starting")).rows.map(
        (row) => row["transaction"] ?? "",
      ),
    );
  const first = await starting();
  while ([...(await starting())].some((one) => first.has(one))) {
    throwIfStopped(signal);
    await nap(session);
  }
}

/** The clock is the server's. */
async function nap(session: Session): Promise<void> {
  await session.query("SELECT pg_sleep(0.01)", [], "waiting for sessions to end");
}

/** Rights on objects that are there still, of roles that are there still. */
async function takeBack(session: Session, migration: string): Promise<void> {
  const { rows } = await session.query(
    `SELECT o.role, o.kind, o.object, o.privilege,
            CASE o.kind WHEN 'schema' THEN to_regnamespace(o.object) IS NOT NULL ELSE to_regclass(o.object) IS NOT NULL END
              AND EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname::text = o.role) AS there
       FROM headgate.opened o WHERE o.migration = $1 AND o.kind IN ('schema', 'table', 'sequence')
      ORDER BY o.role, o.kind, o.object, o.privilege`,
    [migration],
    "asking which rights were given",
  );
  const rights = rows.filter(({ there }) => there === "t").map(rightOf);
  for (const sql of statementsOf(rights, "REVOKE")) await session.query(sql, undefined, "taking rights back");
  await session.query(
    "DELETE FROM headgate.opened WHERE migration = $1 AND kind IN ('schema', 'table', 'sequence')",
    [migration],
    "forgetting which rights were given",
  );
}

/** For findings: what an administrator runs so that our account may end sessions and see since when they write. */
export function rightsToEnd(me: string): readonly string[] {
  return [`GRANT pg_signal_backend, pg_read_all_stats TO ${postgresName(me)};`];
}
