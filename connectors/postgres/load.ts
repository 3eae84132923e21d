/**
 * Loads ranges into the target: lease, COPY and the mark "done" are one transaction on one session, so a range is
 * wholly there and marked, or absent and unmarked (I7), whoever is killed and whenever. Nothing is ever deleted.
 *
 * These transactions commit without waiting for the disk. A crash of the server can then undo the last of them, but
 * data and mark together, so the ledger says the truth either way; the join is recorded by a commit that does wait
 * (ledger.ts). Without it every range would stop for the log of its 15 MB to reach the disk.
 */
import { Fault } from "../../src/errors.js";
import type { PlanTable, RangeOrder } from "../../src/model.js";
import type { ByteSink, LeasedRange, RangeLoader, RangeResult } from "../../src/port.js";
import { postgresName } from "../../src/safety/identifier.js";
import { throwIfStopped } from "../../src/stop.js";
import { Session } from "./connection.js";
import type { PostgresOptions } from "./connection.js";
import { CopySink } from "./copy-sink.js";
import { endBackend, proveEpoch, recordBackend } from "./epoch.js";
import type { Claim } from "./epoch.js";
import { demandForward } from "./forward.js";
import { isHeld } from "./ledger-view.js";
import { isWayBack, takeOrigin } from "./origin.js";

const leaseSql = (order: RangeOrder): string => `
  SELECT r.table_name, r.number, r.lower::text, r.upper::text, t.ranges
    FROM headgate.range r
    JOIN headgate.source_table t ON t.migration = r.migration AND t.name = r.table_name
   WHERE r.migration = $1 AND r.state = 'open' AND r.table_name = ANY ($2::text[])
     AND NOT (${isHeld("headgate.hold")})
   ORDER BY r.rank, r.number${order === "newest" ? " DESC" : ""}
   LIMIT 1
     FOR UPDATE OF r SKIP LOCKED`;

const markSql = `
  UPDATE headgate.range
     SET state = 'done', rows = $4, bytes = $5, policies = $6::json, position = $7::json, epoch = $8,
         done_at = clock_timestamp()
   WHERE migration = $1 AND table_name = $2 AND number = $3 AND state = 'open'
  RETURNING pg_catalog.pg_current_xact_id()::text AS transaction`;

export class PostgresLoader implements RangeLoader {
  readonly #options: PostgresOptions;
  readonly #claim: Claim;
  readonly #schema: string;
  readonly #lost: AbortSignal;
  readonly #leaseSql: string;
  #session: Session | null = null;
  /** Carries an origin. */
  #marked: Session | null = null;
  #leased: LeasedRange | null = null;
  #sink: CopySink | null = null;

  constructor(options: PostgresOptions, claim: Claim, schema: string, lost: AbortSignal, order: RangeOrder) {
    this.#options = options;
    this.#claim = claim;
    this.#schema = schema;
    this.#lost = lost;
    this.#leaseSql = leaseSql(order);
  }

  async lease(tables: readonly string[]): Promise<LeasedRange | null> {
    if (this.#leased !== null) throw new Fault("bug", "A loader was asked for a second range.");
    const session = await this.#connected();
    await session.query("BEGIN", undefined, "leasing a range");
    try {
      await proveEpoch(session, this.#claim);
      await demandForward(session, this.#claim.migration);
      // Asked within the transaction: a slot that is made from now on does not tell what this one writes.
      if (this.#marked !== session && (await isWayBack(session, this.#options, this.#claim.migration)))
        await this.#mark(session);
      const [row] = (await session.query(this.#leaseSql, [this.#claim.migration, tables], "leasing a range"))
        .rows;
      if (row === undefined) {
        await session.query("ROLLBACK", undefined, "leasing a range");
        return null;
      }
      const table = row["table_name"] ?? "";
      this.#leased = {
        table,
        range: {
          table,
          number: Number(row["number"]),
          lower: bound(row["lower"] ?? null),
          upper: bound(row["upper"] ?? null),
        },
        whole: row["ranges"] === "1",
      };
      return this.#leased;
    } catch (error) {
      await this.#rollback();
      throw error;
    }
  }

  /** The transaction begins again, on a session that is told from the application's. */
  async #mark(session: Session): Promise<void> {
    await session.query("ROLLBACK", undefined, "leasing a range");
    await takeOrigin(session, this.#options, this.#claim.migration, { role: "load", several: true });
    this.#marked = session;
    await session.query("BEGIN", undefined, "leasing a range");
    await proveEpoch(session, this.#claim);
    await demandForward(session, this.#claim.migration);
  }

  async open(table: PlanTable, freeze: boolean): Promise<ByteSink> {
    const session = this.#held();
    const name = `${postgresName(this.#schema)}.${postgresName(table.target)}`;
    const columns = table.columns.map((column) => postgresName(column.target)).join(", ");
    const { tied, watched } = freeze ? await this.#built(session, name) : { tied: false, watched: false };
    // A table that is copied again stands among its foreign keys and triggers; where a key holds it, it was emptied by
    // whoever opened its range again. Triggers would put what they make in place of what the source holds.
    if (tied || watched)
      await session.query(
        "SET LOCAL session_replication_role = replica",
        undefined,
        `loading ${table.target}`,
      );
    if (freeze && !tied) await session.query(`TRUNCATE ${name}`, undefined, `emptying ${table.target}`);
    // PostgreSQL freezes no rows on their way through a partitioned table.
    const format = freeze && !tied && table.partitioned !== true ? "FORMAT binary, FREEZE" : "FORMAT binary";
    this.#sink = new CopySink(
      session,
      `COPY ${name} (${columns}) FROM STDIN WITH (${format})`,
      `loading ${this.#name()}`,
    );
    return this.#sink;
  }

  async commit(result: RangeResult): Promise<void> {
    const session = this.#held();
    const leased = this.#leased;
    if (this.#sink === null || leased === null) throw new Fault("bug", "A range was committed before COPY.");
    const counted = await this.#sink.finish();
    this.#sink = null;
    if (counted !== result.rows)
      throw new Fault(
        "range-incomplete",
        `${this.#name()}: ${result.rows} rows were sent and PostgreSQL counted ${counted}.`,
      );
    const marked = await session.query(
      markSql,
      [
        this.#claim.migration,
        leased.table,
        leased.range.number,
        result.rows,
        result.bytes,
        JSON.stringify(result.policies),
        result.position === null ? null : JSON.stringify(result.position),
        this.#claim.epoch,
      ],
      `marking ${this.#name()}`,
    );
    if (marked.count !== 1)
      throw new Fault("ledger-mismatch", `${this.#name()} was leased, and is not open any more.`);
    await this.#options.moment?.("range:marked-not-committed");
    throwIfStopped(this.#lost);
    const committing = session.query("COMMIT", undefined, `committing ${this.#name()}`);
    try {
      await Promise.all([committing, this.#options.moment?.("range:commit-sent")]);
    } catch (error) {
      if (session.dead === null) throw error;
      await this.#settle(session, leased, marked.rows[0]?.["transaction"] ?? "");
    }
    this.#leased = null;
  }

  async abort(): Promise<void> {
    await this.#rollback();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rollback();
    await this.#session?.close();
    this.#session = null;
  }

  /**
   * The connection died while COMMIT was under way: nobody knows yet what became of it. The old backend is ended, and
   * then the server is asked for that very transaction: the range's mark alone would not tell, because another worker
   * may have leased the range after our roll-back and committed it meanwhile. Throws connection-lost when ours did not
   * commit, or when there is no server to ask: then the next lease will find out.
   */
  async #settle(dead: Session, leased: LeasedRange, transaction: string): Promise<void> {
    this.#leased = null;
    this.#session = null;
    const session = await this.#connected();
    const doing = `asking what became of range ${leased.range.number} of ${leased.table}`;
    await session.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity
        WHERE pid = $1 AND backend_start = $2`,
      [dead.backend.pid, dead.backend.started],
      doing,
    );
    const [row] = (
      await session.query("SELECT pg_catalog.pg_xact_status($1::text::xid8) AS status", [transaction], doing)
    ).rows;
    if (row?.["status"] !== "committed")
      throw dead.dead ?? new Fault("connection-lost", `The connection was lost while ${doing}.`);
  }

  async #connected(): Promise<Session> {
    throwIfStopped(this.#lost);
    if (this.#session !== null && this.#session.dead === null) return this.#session;
    const session = await Session.open(this.#options, { synchronous_commit: "off" });
    try {
      await recordBackend(session, this.#claim);
      if (this.#session !== null) await endBackend(session, this.#session.backend);
    } catch (error) {
      await session.close();
      throw error;
    }
    this.#session = session;
    return session;
  }

  /** Whether a foreign key stands on the table or points to it, so that TRUNCATE is refused and COPY would be checked; whether triggers do. */
  async #built(
    session: Session,
    name: string,
  ): Promise<{ readonly tied: boolean; readonly watched: boolean }> {
    const [row] = (
      await session.query(
        `SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint
                         WHERE contype = 'f' AND to_regclass($1) IN (conrelid, confrelid)) AS tied,
                EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = to_regclass($1) AND NOT tgisinternal) AS watched`,
        [name],
        `looking for the foreign keys and triggers of ${name}`,
      )
    ).rows;
    return { tied: row?.["tied"] === "t", watched: row?.["watched"] === "t" };
  }

  /** Never throws: where the server cannot be told, the socket is cut, and that rolls back as well. */
  async #rollback(): Promise<void> {
    const session = this.#session;
    const sink = this.#sink;
    this.#sink = null;
    this.#leased = null;
    await sink?.cancel();
    if (session === null || session.dead !== null || !session.inTransaction) return;
    try {
      await session.query("ROLLBACK", undefined, "rolling a range back");
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      session.destroy();
    }
  }

  #held(): Session {
    if (this.#session === null || this.#leased === null)
      throw new Fault("bug", "A loader was used without a lease.");
    return this.#session;
  }

  #name(): string {
    return `range ${this.#leased?.range.number ?? "?"} of ${this.#leased?.table ?? "?"}`;
  }
}

function bound(text: string | null): readonly string[] | null {
  if (text === null) return null;
  const parts: unknown = JSON.parse(text);
  if (!Array.isArray(parts) || !parts.every((part): part is string => typeof part === "string"))
    throw new Fault("ledger-mismatch", "A range's bound in the ledger is not a list of texts.");
  return parts;
}
