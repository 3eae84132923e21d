/**
 * The one writer of the way back, on a session of its own. Each batch begins by moving the checkpoint from the number
 * that we know, under our epoch (decision 14): that one statement is exactly-once effect, monotonic progress and the end
 * of zombies. A session that was lost is ended on the server before anything is asked again, so that what the checkpoint
 * then says is the truth.
 */
import { Fault } from "../../../src/errors.js";
import type { Plan, PlanTable } from "../../../src/model.js";
import type { LaneCheckpoint, LaneTransaction, LaneWriter } from "../../../src/stream-port.js";
import { demandNoTriggers } from "./asleep.js";
import { tablesForMany } from "./many.js";
import type { ReverseOptions } from "./moments.js";
import { refusalOf } from "./refusal.js";
import { waits } from "./refused.js";
import { epochLost, laneTable, readLane } from "./schema.js";
import { ApplySession, endHolder, lockName } from "./session.js";
import { backShape } from "./shape.js";
import type { BackShape } from "./shape.js";
import { ReverseTransaction } from "./transaction.js";

/** The name by which position and status know it. */
export const reverseLane = "reverse";

/** Seconds within which a session that was ended gives its lock up. */
const endSeconds = "20";

export class MysqlLane implements LaneWriter {
  readonly lane = reverseLane;
  readonly #options: ReverseOptions;
  readonly #plan: Plan;
  readonly #epoch: bigint;
  readonly #shapes = new Map<string, BackShape>();
  #many: ReadonlySet<string> = new Set();
  /** A change waits that it stood before when the session began. */
  #stood = false;
  #session: ApplySession | null = null;
  #open = false;

  private constructor(options: ReverseOptions, plan: Plan, epoch: bigint) {
    this.#options = options;
    this.#plan = plan;
    this.#epoch = epoch;
  }

  /** Connects. Faults: type-pair where a column has no way back, source-refused where a trigger stands on a table, epoch-lost, and those of a connection. */
  static async open(options: ReverseOptions, plan: Plan, epoch: bigint): Promise<MysqlLane> {
    const lane = new MysqlLane(options, plan, epoch);
    const { connection } = await lane.#ready();
    try {
      for (const table of plan.tables)
        lane.#shapes.set(table.source, backShape(table, plan, connection.engine));
    } catch (error) {
      await lane[Symbol.asyncDispose]();
      throw error;
    }
    return lane;
  }

  async checkpoint(): Promise<LaneCheckpoint> {
    return this.#read(await this.#ready());
  }

  async begin(seq: bigint): Promise<LaneTransaction> {
    if (this.#open) throw new Fault("bug", "The way back was asked for a second batch at once.");
    const session = await this.#ready();
    const transaction = new ReverseTransaction({
      session,
      migration: this.#plan.migration,
      seq: seq + 1n,
      shapeOf: (table) => this.#shape(table),
      many: this.#many,
      stood: this.#stood,
      moment: (name) => this.#options.moment?.(name),
      ended: () => {
        this.#open = false;
      },
      settle: (fault) => this.#settle(seq, fault),
    });
    this.#open = true;
    try {
      await this.#move(session, seq);
      await this.#options.moment?.("apply:begun");
      return transaction;
    } catch (error) {
      await transaction.abort();
      throw refusalOf(error, "the way back");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await session?.close();
  }

  async #move(session: ApplySession, seq: bigint): Promise<void> {
    const { migration } = this.#plan;
    await session.write("START TRANSACTION READ WRITE");
    const moved =
      seq < 0n
        ? 0
        : await session.write(
            `UPDATE ${laneTable} SET seq = seq + 1 WHERE migration = ? AND seq = CAST(? AS UNSIGNED) AND epoch = CAST(? AS UNSIGNED)`,
            [migration, String(seq), String(this.#epoch)],
          );
    if (moved === 1) return;
    const found = await this.#read(session);
    throw this.#moved(String(seq), found.seq, "");
  }

  async #read(session: ApplySession): Promise<LaneCheckpoint> {
    const row = await this.#kept(session, readLane(session.connection, this.#plan.migration, true));
    // Outside of a batch the lock is not to stay.
    if (!this.#open) await session.write("ROLLBACK");
    if (row === null)
      throw new Fault("ledger-mismatch", `The source has no way back of ${this.#plan.migration}.`);
    if (row.epoch !== this.#epoch) throw epochLost(this.#plan.migration, this.#epoch);
    return { seq: row.seq, position: row.position };
  }

  /**
   * The connection died while COMMIT was under way. `#ready` ends the old session and waits for its lock, which it gives
   * up when its transaction is over: what is then read is the truth. Resolves when the batch was committed; throws the
   * connection's fault when it was not.
   */
  async #settle(seq: bigint, fault: Fault): Promise<void> {
    const found = await this.#read(await this.#ready());
    if (found.seq === seq + 1n) return;
    if (found.seq === seq) throw fault;
    throw this.#moved(String(seq + 1n), found.seq, " after a COMMIT whose answer was lost");
  }

  #moved(expected: string, found: bigint, when: string): Fault {
    return new Fault(
      "checkpoint-moved",
      `The way back stands at batch ${String(found)}${when}, and this engine wanted ${expected}.`,
      { facts: { lane: reverseLane, expected, found: String(found) } },
    );
  }

  #shape(table: PlanTable): BackShape {
    const known = this.#shapes.get(table.source);
    if (known === undefined) throw new Fault("bug", `${table.source} is none of the plan's tables.`);
    return known;
  }

  async #ready(): Promise<ApplySession> {
    const before = this.#session;
    if (before !== null && !before.dead) return before;
    this.#session = null;
    await before?.close();
    const session = await ApplySession.open(this.#options);
    try {
      await this.#claimLock(session);
      await demandNoTriggers(session.connection, this.#plan);
      this.#many = await tablesForMany(session.connection, this.#plan);
      this.#stood = await waits(session.connection, this.#plan.migration);
      await session.connection.query("ROLLBACK");
    } catch (error) {
      await session.close();
      throw error;
    }
    this.#session = session;
    return session;
  }

  /** Only one session of the migration writes; a lost one of ours may still be there. */
  async #claimLock(session: ApplySession): Promise<void> {
    const { connection } = session;
    const { migration } = this.#plan;
    const row = await readLane(connection, migration);
    await connection.query("ROLLBACK");
    if (row === null) throw new Fault("ledger-mismatch", `The source has no way back of ${migration}.`);
    if (row.epoch !== this.#epoch) throw epochLost(migration, this.#epoch);
    const lock = lockName(migration);
    await endHolder(connection, lock);
    if ((await connection.value("SELECT GET_LOCK(?, ?)", [lock, endSeconds])) !== "1")
      throw new Fault("source-busy", `The session that wrote the way back of ${migration} does not end.`);
  }

  async #kept<T>(session: ApplySession, act: Promise<T>): Promise<T> {
    try {
      return await act;
    } catch (error) {
      if (error instanceof Fault && error.code === "connection-lost") session.abandon();
      throw error;
    }
  }
}
