/**
 * DDL on the target, each statement in one transaction with the line that says it is built: interrupted anywhere,
 * it is there and recorded, or neither. Builds run on sessions of their own, so that a long index holds up nothing
 * else; when the engine stops, its socket is cut, and the server notices within seconds and builds no further.
 */
import { Fault } from "../../src/errors.js";
import type { PlanStatement } from "../../src/model.js";
import { stopReason, throwIfStopped } from "../../src/stop.js";
import { postgresName } from "../../src/safety/identifier.js";
import { Session } from "./connection.js";
import type { PostgresOptions } from "./connection.js";
import { endBackend, proveEpoch, recordBackend } from "./epoch.js";
import type { Claim } from "./epoch.js";
import { demandForward } from "./forward.js";
import { madeBy, meaning } from "./ours.js";
import { takeAway } from "./take-away.js";

/** Memory for one index build; the server uses it only for builds that need it. */
const buildSettings = { maintenance_work_mem: "256MB" };

export class Builder implements AsyncDisposable {
  readonly #options: PostgresOptions;
  readonly #claim: Claim;
  readonly #schema: string;
  readonly #idle: Session[] = [];

  constructor(options: PostgresOptions, claim: Claim, schema: string) {
    this.#options = options;
    this.#claim = claim;
    this.#schema = schema;
  }

  async build(statement: PlanStatement, signal: AbortSignal): Promise<void> {
    await this.#alone(signal, async (session) => {
      try {
        await session.transaction(() => this.#run(session, statement), `building ${statement.name}`);
      } catch (error) {
        throw signal.aborted ? error : await this.#named(session, statement, error);
      }
    });
  }

  async unbuild(statement: PlanStatement, signal: AbortSignal): Promise<void> {
    const doing = `dropping ${statement.name}`;
    await this.#alone(signal, (session) =>
      session.transaction(async () => {
        await proveEpoch(session, this.#claim);
        await demandForward(session, this.#claim.migration);
        await takeAway(session, this.#claim.migration, this.#schema, statement);
      }, doing),
    );
  }

  async #alone(signal: AbortSignal, act: (session: Session) => Promise<void>): Promise<void> {
    throwIfStopped(signal);
    const session = await this.#take();
    const cancel = (): void => session.destroy();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      await act(session);
    } catch (error) {
      if (signal.aborted) throw stopReason(signal);
      throw error;
    } finally {
      signal.removeEventListener("abort", cancel);
      this.#idle.push(session);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((session) => session.close()));
  }

  /** PostgreSQL names one row that a foreign key has no parent for; a person needs to know how many, and which. */
  async #named(session: Session, statement: PlanStatement, error: unknown): Promise<unknown> {
    const { violations } = statement;
    const violated = error instanceof Fault && error.facts["sqlState"] === "23503";
    if (!violated || violations === undefined || session.dead !== null) return error;
    const { rows } = await session.query(
      violations,
      undefined,
      `naming the rows that ${statement.name} stumbled over`,
    );
    const keys = rows.map((row) => `(${row["key"] ?? ""})`);
    const count = Number(rows[0]?.["rows"] ?? 0);
    return new Fault(
      "foreign-key-violated",
      `${statement.name}: ${count === 1 ? "1 row has" : `${String(count)} rows have`} no parent. ${count > keys.length ? "The first keys" : "Keys"}: ${keys.join(", ")}.`,
      { facts: { statement: statement.name, rows: count, keys: keys.join(", ") }, cause: error },
    );
  }

  /** An idle session that lives, else a new one; a dead one's backend is ended first, as its build may go on. */
  async #take(): Promise<Session> {
    const idle = this.#idle.pop();
    if (idle !== undefined && idle.dead === null) return idle;
    const session = await Session.open(this.#options, buildSettings);
    try {
      await recordBackend(session, this.#claim);
      if (idle !== undefined) await endBackend(session, idle.backend);
      return session;
    } catch (error) {
      session.destroy();
      throw error;
    }
  }

  /** Rows that a unique index holds equal are told in the plan's own words, because PostgreSQL names only the index. */
  async #make(session: Session, statement: PlanStatement): Promise<void> {
    try {
      await session.query(statement.sql, undefined, `building ${statement.name}`);
    } catch (error) {
      if (!(error instanceof Fault) || statement.duplicate === undefined) throw error;
      if (error.facts["sqlState"] !== "23505") throw error;
      throw new Fault(error.code, `${statement.name} cannot be built. ${statement.duplicate}`, {
        next: "headgate check",
        facts: error.facts,
        cause: error,
      });
    }
  }

  async #run(session: Session, statement: PlanStatement): Promise<void> {
    await proveEpoch(session, this.#claim);
    const known = await session.query("SELECT 1 FROM headgate.built WHERE migration = $1 AND name = $2", [
      this.#claim.migration,
      statement.name,
    ]);
    if (known.count > 0) return;
    await demandForward(session, this.#claim.migration);
    await this.#make(session, statement);
    await this.#options.moment?.("build:run-not-recorded");
    const made = madeBy(statement);
    const name = made === null ? null : `${postgresName(this.#schema)}.${postgresName(made.name)}`;
    const recorded = await session.query(
      `INSERT INTO headgate.built (migration, name, kind, target, relation, built_at)
       VALUES ($1, $2, $3, $4, ${meaning(made?.space ?? "relation", "$5::text")}, clock_timestamp()) RETURNING relation`,
      [this.#claim.migration, statement.name, statement.kind, statement.table, name],
    );
    if (name !== null && recorded.rows[0]?.["relation"] === null)
      throw new Fault("bug", `${statement.name} was run, and ${name} is not there.`);
  }
}
