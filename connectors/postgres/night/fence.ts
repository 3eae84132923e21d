/**
 * The fence on the target: the roles of applications are shut out. It stands from the beginning, falls when the ledger's
 * `openTarget` lets them in, and is raised again on the way back. Each act proves the epoch in its own transaction, so an
 * engine that was overtaken shuts nobody out; that is this side's named lock.
 */
import { Fault } from "../../../src/errors.js";
import type { Fence, FenceState, Note, RaiseOptions } from "../../../src/cutover-port.js";
import type { Finding } from "../../../src/model.js";
import { Session } from "../connection.js";
import type { PostgresOptions } from "../connection.js";
import { endBackend, recordBackend } from "../epoch.js";
import type { Claim } from "../epoch.js";
import { isIn, readDoors } from "./doors.js";
import { doorFindings } from "./findings.js";
import { rolesLetIn, shutTarget } from "./shut.js";

export interface TargetFenceOptions {
  readonly postgres: PostgresOptions;
  readonly roles: readonly string[];
  /** null: it is only looked at. */
  readonly claim: Claim | null;
}

export class TargetFence implements Fence {
  readonly #options: TargetFenceOptions;
  #session: Session | null = null;

  constructor(options: TargetFenceOptions) {
    this.#options = options;
  }

  async findings(): Promise<readonly Finding[]> {
    return await doorFindings(await this.session(), this.#options.roles);
  }

  async state(): Promise<FenceState> {
    const session = await this.session();
    const roles = await this.roles();
    const [doors, sessions, life] = [
      await readDoors(session, roles),
      await session.query(
        `SELECT usename::text AS role, count(*)::text AS sessions FROM pg_catalog.pg_stat_activity
          WHERE datname = current_database() AND usename::text = ANY ($1::text[]) AND pid <> pg_backend_pid()
          GROUP BY usename ORDER BY usename`,
        [roles],
        "looking for sessions of the roles",
      ),
      await session.query("SELECT pg_postmaster_start_time()::text AS life", [], "asking since when it runs"),
    ];
    const open = doors.filter(isIn);
    const gaps = [
      ...open.map(({ role, database }) => `${role} may log in and connect to ${database} on the target.`),
      ...sessions.rows.map(
        (row) => `${row["role"] ?? ""} has ${row["sessions"] ?? ""} sessions on the target.`,
      ),
    ];
    const known = doors.filter(({ oid }) => oid !== null);
    return {
      raised: gaps.length === 0 ? "yes" : open.length === known.length ? "no" : "partly",
      gaps,
      serverLife: life.rows[0]?.["life"] ?? "",
    };
  }

  /** `cutover.open.roles`, and whoever this migration has let in beside them. */
  async roles(): Promise<readonly string[]> {
    const { claim, roles } = this.#options;
    return claim === null ? roles : await rolesLetIn(await this.session(), claim.migration, roles);
  }

  /** For people: what raising takes back is in the ledger, noted by the transaction that gave it. */
  async note(): Promise<Note> {
    const doors = await readDoors(await this.session(), this.#options.roles);
    return {
      roles: doors.map(({ role, oid, login, connect }) => ({ role, there: oid !== null, login, connect })),
    };
  }

  async raise(_note: Note, options: RaiseOptions): Promise<void> {
    const { claim, roles, postgres } = this.#options;
    if (claim === null) throw new Fault("bug", "The target was to be shut by who has not claimed it.");
    const session = await this.session();
    await shutTarget({ session, claim, roles, moment: (name) => postgres.moment?.(name) }, options);
  }

  lower(): Promise<void> {
    return Promise.reject(
      new Fault("bug", "The target is opened by the ledger, in the transaction that closes the lanes."),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await session?.close();
  }

  /** On record in the ledger, so that a successor ends it; one that was lost is ended before anything else is done. */
  async session(): Promise<Session> {
    const before = this.#session;
    if (before !== null && before.dead === null) return before;
    const session = await Session.open(this.#options.postgres);
    try {
      if (this.#options.claim !== null) await recordBackend(session, this.#options.claim);
      if (before !== null) await endBackend(session, before.backend);
    } catch (error) {
      await session.close();
      throw error;
    }
    this.#session = session;
    return session;
  }
}
