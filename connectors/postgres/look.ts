/**
 * One consistent view of the target for comparing (design.md, decision 10): a transaction that only reads, whose first
 * statement asks for the checkpoints of all lanes, so that its rows hold exactly what those batches have applied.
 * Rows go on as the server sends them.
 */
import type { Fault } from "../../src/errors.js";
import type { Plan, PlanTable } from "../../src/model.js";
import type { LaneCheckpoint } from "../../src/stream-port.js";
import { stopReason, throwIfStopped } from "../../src/stop.js";
import type { TargetLook, TargetQuery, TupleSink } from "../../src/verify-port.js";
import { readColumns } from "./apply/shape.js";
import type { ColumnShapes } from "./apply/shape.js";
import { Session } from "./connection.js";
import type { PostgresOptions } from "./connection.js";
import { faultOf } from "./fault.js";
import { positionOf } from "./position.js";
import { HostSlots } from "./slots.js";
import { streamTuples } from "./tuple-rows.js";
import { rowsStatement } from "./wanted.js";

const beginSql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/**
 * One slot is one core of the server, so no workers of its own besides; policies that would hide rows are an error;
 * statements come once, and their plans are to know the bounds.
 */
const settings = {
  max_parallel_workers_per_gather: "0",
  row_security: "off",
  plan_cache_mode: "force_custom_plan",
};

/** Null when all of the host's worker slots are taken. */
export async function openLook(
  options: PostgresOptions,
  plan: Plan,
  slots: number,
): Promise<TargetLook | null> {
  const host = new HostSlots(options);
  let session: Session | null = null;
  try {
    if ((await host.take(slots)) === null) {
      await host[Symbol.asyncDispose]();
      return null;
    }
    session = await Session.open(options, settings);
    await session.query(beginSql, undefined, "opening a view of the target");
    return new PostgresLook(session, host, plan, await readCheckpoints(session, plan));
  } catch (error) {
    session?.destroy();
    await host[Symbol.asyncDispose]();
    throw error;
  }
}

class PostgresLook implements TargetLook {
  readonly checkpoints: ReadonlyMap<string, LaneCheckpoint>;
  readonly #session: Session;
  readonly #host: HostSlots;
  readonly #plan: Plan;
  readonly #shapes = new Map<string, ColumnShapes>();
  /** Why there is no view any more: an error ends its transaction, and another one would show other rows. */
  #over: Fault | null = null;

  constructor(
    session: Session,
    host: HostSlots,
    plan: Plan,
    checkpoints: ReadonlyMap<string, LaneCheckpoint>,
  ) {
    this.#session = session;
    this.#host = host;
    this.#plan = plan;
    this.checkpoints = checkpoints;
  }

  async read(query: TargetQuery, sink: TupleSink, signal: AbortSignal): Promise<{ readonly rows: number }> {
    return this.#alone(`reading ${query.table.target}`, signal, async () => {
      const shapes = await this.#shapesOf(query.table);
      return { rows: await streamTuples(this.#session, rowsStatement(query, shapes), sink, signal) };
    });
  }

  async count(table: PlanTable, signal: AbortSignal): Promise<string> {
    const doing = `counting ${table.target}`;
    return this.#alone(doing, signal, async () => {
      const { name } = await this.#shapesOf(table);
      const { rows } = await this.#session.query(`SELECT count(*)::text AS rows FROM ${name}`, [], doing);
      return rows[0]?.["rows"] ?? "";
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#session.close();
    } finally {
      await this.#host[Symbol.asyncDispose]();
    }
  }

  /** An abort cuts the socket in the middle of a statement. */
  async #alone<T>(doing: string, signal: AbortSignal, act: () => Promise<T>): Promise<T> {
    throwIfStopped(signal);
    if (this.#over !== null) throw this.#over;
    const cut = (): void => this.#session.destroy();
    signal.addEventListener("abort", cut, { once: true });
    try {
      return await act();
    } catch (error) {
      const fault = signal.aborted ? stopReason(signal) : faultOf(error, doing);
      if (this.#session.dead !== null || fault.facts["sqlState"] !== undefined) this.#over = fault;
      throw fault;
    } finally {
      signal.removeEventListener("abort", cut);
    }
  }

  /** As the view shows the table; its lock keeps it so until the view goes. */
  async #shapesOf(table: PlanTable): Promise<ColumnShapes> {
    const known = this.#shapes.get(table.source);
    if (known !== undefined) return known;
    const shapes = await readColumns(this.#session, table, this.#plan.schema);
    this.#shapes.set(table.source, shapes);
    return shapes;
  }
}

async function readCheckpoints(session: Session, plan: Plan): Promise<ReadonlyMap<string, LaneCheckpoint>> {
  const { rows } = await session.query(
    "SELECT lane, seq::text AS seq, position::text AS position FROM headgate.lane WHERE migration = $1",
    [plan.migration],
    "reading the checkpoints of the lanes",
  );
  return new Map(
    rows.map((row) => [
      row["lane"] ?? "",
      { seq: BigInt(row["seq"] ?? "0"), position: positionOf(row["position"] ?? null) },
    ]),
  );
}
