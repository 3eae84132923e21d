/**
 * The mark on what is written forward: a replication origin of the session, by which the way back tells our own rows from
 * everybody else's on the target (traps.md, 58). PostgreSQL lets one session at a time have an origin, and remembers them
 * in a table of fixed size, so they have a few names that are used again and again. Only with `wayBack`, and only where our
 * role has the right: `check` and the way back itself ask for it.
 */
import { Fault } from "../../src/errors.js";
import type { PostgresOptions, Session } from "./connection.js";
import { originGrants } from "./grants.js";
import { originPrefix } from "./logical/names.js";

/** Who writes. */
export interface OriginRole {
  readonly role: string;
  /** More than one session does so at a time. */
  readonly several: boolean;
}

/** Sessions that do the same at once. */
const most = 64;

const rightsSql = `
  SELECT current_user AS me,
         (SELECT bool_and(has_function_privilege(p.oid, 'EXECUTE')) FROM pg_catalog.pg_proc p
           WHERE p.pronamespace = 'pg_catalog'::regnamespace
             AND p.proname IN ('pg_replication_origin_create', 'pg_replication_origin_drop',
                               'pg_replication_origin_session_setup')) AS rights`;

/** Outside of a transaction. Faults: target-busy while another session of ours has it, target-refused where the server has no room. */
export async function takeOrigin(
  session: Session,
  options: PostgresOptions,
  migration: string,
  { role, several }: OriginRole,
): Promise<void> {
  if (options.wayBack !== true || (await missingRight(session)) !== null) return;
  const prefix = originPrefix(options, migration);
  for (let number = 1; number <= (several ? most : 1); number++) {
    const name = `${prefix}${role}${several ? `_${String(number)}` : ""}`;
    await create(session, name);
    try {
      await session.query(
        "SELECT pg_catalog.pg_replication_origin_session_setup($1)",
        [name],
        "marking what is written",
      );
      return;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const state = error.facts["sqlState"];
      if (state === "53400") throw noRoom(error);
      if (state !== "55006") throw error;
      if (several && number < most) continue;
      throw new Fault("target-busy", `Another session of ours still writes as ${name}.`, {
        facts: error.facts,
        cause: error,
      });
    }
  }
}

/** Whether the way back is there, so that whatever is written has to be told from the application's. */
export async function isWayBack(
  session: Session,
  options: PostgresOptions,
  migration: string,
): Promise<boolean> {
  if (options.wayBack !== true) return false;
  const found = await session.query(
    "SELECT FROM headgate.way_back WHERE migration = $1",
    [migration],
    "asking whether the way back is there",
  );
  return found.count > 0;
}

/** Fault grant-missing with the exact statements. */
export async function demandOriginRight(session: Session): Promise<void> {
  const me = await missingRight(session);
  if (me === null) return;
  const next = originGrants(me).join(" ");
  throw new Fault(
    "grant-missing",
    `${me} may not mark what it writes by a replication origin, so the way back would take it for the application's. An administrator of the target gives the right: ${next}`,
    { next },
  );
}

/** Our role where it has not the right; null where it has. */
async function missingRight(session: Session): Promise<string | null> {
  const [row] = (await session.query(rightsSql, [], "asking for the right to mark what is written")).rows;
  return row?.["rights"] === "t" ? null : (row?.["me"] ?? "");
}

async function create(session: Session, name: string): Promise<void> {
  const known = async (): Promise<boolean> =>
    (
      await session.query(
        "SELECT FROM pg_catalog.pg_replication_origin WHERE roname = $1",
        [name],
        "looking for a replication origin",
      )
    ).count > 0;
  if (await known()) return;
  try {
    await session.query(
      "SELECT pg_catalog.pg_replication_origin_create($1)",
      [name],
      "creating a replication origin",
    );
  } catch (error) {
    // Somebody was quicker.
    if (!(error instanceof Fault) || !(await known())) throw error;
  }
}

function noRoom(cause: Fault): Fault {
  return new Fault(
    "target-refused",
    "The target has no room for another replication origin, by which the way back tells our own writes.",
    {
      next: "Raise max_replication_slots (from PostgreSQL 18 on max_active_replication_origins) and restart the target.",
      facts: cause.facts,
      cause,
    },
  );
}
