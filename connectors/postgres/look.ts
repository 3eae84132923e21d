/**
 * One consistent view of the target for comparing (design.md, decision 10): a transaction that only reads, whose first
 * statement asks for the checkpoints of all lanes, so that its rows hold exactly what those batches have applied.
 * Rows go on as the server sends them.
 */
import type { Fault } from "../../src/errors.js";
import type { Plan, PlanTable } from "../../src/model.js";
import type { LaneCheckpoint } from "../../src/stream-port.js";
import { stopReason, throwIfStopped } from "../../src/stop.js";
import type {
  Buckets,
  DigestQuery,
  DigestSums,
  TargetDigests,
  TargetLook,
  TargetQuery,
  TupleSink,
} from "../../src/verify-port.js";
import { readColumns } from "./apply/shape.js";
import type { ColumnShapes } from "./apply/shape.js";
import { demandAsPlanned } from "./as-planned.js";
import { Session } from "./connection.js";
import type { PostgresOptions } from "./connection.js";
import { hashesStatement, sumsSink, sumsStatement } from "./digest.js";
import type { DigestedRows } from "./digest.js";
import { faultOf } from "./fault.js";
import { positionOf } from "./position.js";
import { HostSlots } from "./slots.js";
import { streamTuples } from "./tuple-rows.js";
import type { TupleStatement } from "./tuple-rows.js";
import { rowsFrom, rowsStatement } from "./wanted.js";

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
  /** By the table as it was asked for: a part of its columns is another shape. */
  readonly #shapes = new Map<PlanTable, ColumnShapes>();
  readonly digests: TargetDigests = {
    sums: (query, buckets, signal) => this.#sums(query, buckets, signal),
    hashes: (query, buckets, sink, signal) => this.#hashes(query, buckets, sink, signal),
  };
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

  async asPlanned(table: PlanTable, signal: AbortSignal): Promise<void> {
    return this.#alone(`looking at ${table.target}`, signal, async () => {
      demandAsPlanned(table, await this.#shapesOf(table), this.#plan.schema);
    });
  }

  async #sums(query: DigestQuery, buckets: number, signal: AbortSignal): Promise<readonly DigestSums[]> {
    const sums: DigestSums[] = [];
    const statement = sumsStatement(query, buckets, await this.#digested(query, signal));
    await this.#tried(
      statement,
      sumsSink((each) => sums.push(each)),
      signal,
    );
    return sums;
  }

  async #hashes(query: DigestQuery, buckets: Buckets, sink: TupleSink, signal: AbortSignal): Promise<void> {
    await this.#tried(hashesStatement(query, buckets, await this.#digested(query, signal)), sink, signal);
  }

  async #digested({ table, range }: DigestQuery, signal: AbortSignal): Promise<DigestedRows> {
    return this.#alone(`reading ${table.target}`, signal, async () => {
      const shapes = await this.#shapesOf(table);
      const wanted = range === null ? { kind: "all" as const } : { kind: "range" as const, range };
      const key = shapes.key.flatMap((place) => shapes.columns[place]?.name ?? []);
      return { from: rowsFrom(table, wanted, shapes), key, name: table.target };
    });
  }

  /** A value without a text ends the statement, and not the view: the same rows can still be read as bytes. */
  async #tried(statement: TupleStatement, sink: TupleSink, signal: AbortSignal): Promise<void> {
    const failed = await this.#alone(statement.doing, signal, async () => {
      await this.#session.query("SAVEPOINT digest", undefined, statement.doing);
      try {
        await streamTuples(this.#session, statement, sink, signal);
        await this.#session.query("RELEASE SAVEPOINT digest", undefined, statement.doing);
        return null;
      } catch (error) {
        const fault = faultOf(error, statement.doing);
        if (this.#session.dead !== null || fault.facts["sqlState"] === undefined) throw error;
        await this.#session.query("ROLLBACK TO SAVEPOINT digest", undefined, statement.doing);
        return fault;
      }
    });
    if (failed !== null) throw failed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      // A view that its session's end takes away is counted as a transaction that failed, and in the soak that is watched.
      if (this.#session.dead === null && this.#session.inTransaction)
        await this.#session
          .query("COMMIT", undefined, "ending a view of the target")
          .catch((error: unknown) => {
            // The view is over with its session, which is all that was asked for.
            if (this.#session.dead === null) throw error;
          });
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
    const known = this.#shapes.get(table);
    if (known !== undefined) return known;
    const shapes = await readColumns(this.#session, table, this.#plan.schema);
    this.#shapes.set(table, shapes);
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
