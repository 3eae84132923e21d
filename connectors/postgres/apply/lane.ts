/**
 * The writer of one lane: a session of its own, recorded in the ledger so that a successor can end it, with the target's
 * triggers and foreign keys asleep. Each batch begins by moving the lane's checkpoint from the number that we know, under
 * our epoch (decision 14): that one statement is exactly-once effect, monotonic progress and the end of zombies.
 */
import { Fault } from "../../../src/errors.js";
import type { Plan, PlanTable } from "../../../src/model.js";
import type { LaneCheckpoint, LaneTransaction, LaneWriter } from "../../../src/stream-port.js";
import { throwIfStopped } from "../../../src/stop.js";
import { postgresName } from "../../../src/safety/identifier.js";
import { Session } from "../connection.js";
import type { PostgresOptions } from "../connection.js";
import { endBackend, recordBackend } from "../epoch.js";
import type { Claim } from "../epoch.js";
import { takeOrigin } from "../origin.js";
import { positionOf } from "../position.js";
import { laneClosed } from "../forward.js";
import { refusalOf } from "./refusal.js";
import { usualStagedRows } from "./rows.js";
import { readShape } from "./shape.js";
import type { TableShape } from "./shape.js";
import { Stages } from "./stage.js";
import { BatchTransaction } from "./transaction.js";

/**
 * Why each: joins other than by the key's index look through the whole target for every batch; plans are made for the
 * sizes of now, as one that was made for an empty table would be kept; a stage of 20,000 rows is to stay in memory;
 * policies that would hide rows are an error.
 */
export const applySettings = {
  enable_hashjoin: "off",
  enable_mergejoin: "off",
  plan_cache_mode: "force_custom_plan",
  temp_buffers: "64MB",
  row_security: "off",
} as const;

const casSql = `
  UPDATE headgate.lane SET seq = seq + 1
   WHERE migration = $1 AND lane = $2 AND seq = $3 AND epoch = $4 AND NOT closed
  RETURNING pg_catalog.current_setting('session_replication_role')`;

/** FOR SHARE waits for whoever is just moving it. */
const checkpointSql = `
  SELECT seq::text AS seq, position::text AS position, (epoch = $3)::text AS ours, closed::text AS closed
    FROM headgate.lane WHERE migration = $1 AND lane = $2 FOR SHARE`;

/** Everything that belongs to one session. */
interface Connected {
  readonly session: Session;
  readonly stages: Stages;
  readonly shapes: Map<string, TableShape>;
}

export class PostgresLane implements LaneWriter {
  readonly lane: string;
  readonly #options: PostgresOptions;
  readonly #claim: Claim;
  readonly #plan: Plan;
  readonly #lost: AbortSignal;
  readonly #stagedRows: number;
  #connected: Connected | null = null;
  #open = false;

  private constructor(
    options: PostgresOptions,
    claim: Claim,
    plan: Plan,
    lane: string,
    lost: AbortSignal,
    stagedRows: number,
  ) {
    this.lane = lane;
    this.#options = options;
    this.#claim = claim;
    this.#plan = plan;
    this.#lost = lost;
    this.#stagedRows = stagedRows;
  }

  /** Connects. `stagedRows` is the bench's to change. Faults: grant-missing with the exact statement, epoch-lost, and those of a connection. */
  static async open(
    options: PostgresOptions,
    claim: Claim,
    plan: Plan,
    lane: string,
    lost: AbortSignal,
    stagedRows = usualStagedRows,
  ): Promise<PostgresLane> {
    const writer = new PostgresLane(options, claim, plan, lane, lost, stagedRows);
    await writer.#ready();
    return writer;
  }

  async checkpoint(): Promise<LaneCheckpoint> {
    const { seq, position } = await this.#read((await this.#ready()).session);
    return { seq, position };
  }

  async begin(seq: bigint): Promise<LaneTransaction> {
    if (this.#open) throw new Fault("bug", `The lane ${this.lane} was asked for a second batch at once.`);
    const connected = await this.#ready();
    const { session, stages } = connected;
    const transaction = new BatchTransaction({
      session,
      stages,
      stagedRows: this.#stagedRows,
      plan: this.#plan,
      claim: this.#claim,
      lane: this.lane,
      seq: seq + 1n,
      shapeOf: (table) => this.#shape(connected, table),
      moment: (name) => this.#options.moment?.(name),
      ended: (committed) => {
        this.#open = false;
        stages.ended(committed);
      },
      settle: (fault) => this.#settle(seq, fault),
      demandClaim: () => throwIfStopped(this.#lost),
    });
    this.#open = true;
    try {
      await this.#move(session, seq);
      await this.#options.moment?.("apply:begun");
      return transaction;
    } catch (error) {
      await transaction.abort();
      throw refusalOf(error, this.lane);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const connected = this.#connected;
    this.#connected = null;
    await connected?.session.close();
  }

  async #move(session: Session, seq: bigint): Promise<void> {
    const { migration, epoch } = this.#claim;
    const doing = `moving the checkpoint of the lane ${this.lane}`;
    const [, moved] = await session.burst([
      { sql: "BEGIN", values: [], doing },
      { sql: casSql, values: [migration, this.lane, String(seq), epoch], doing, keep: true },
    ]);
    if (moved?.count !== 1) throw await this.#moved(session, seq);
    if (moved.rows[0]?.[0] !== "replica")
      throw new Fault("bug", "The session's triggers are awake: something has reset its settings.");
  }

  /** Why the checkpoint did not move. */
  async #moved(session: Session, seq: bigint): Promise<Fault> {
    const found = await this.#read(session);
    if (found.closed) throw laneClosed(this.lane);
    const facts = { lane: this.lane, expected: String(seq), found: String(found.seq) };
    return new Fault(
      "checkpoint-moved",
      `The lane ${this.lane} stands at batch ${String(found.seq)}, and this engine wanted to go on from ${String(seq)}.`,
      { facts },
    );
  }

  async #read(session: Session): Promise<LaneCheckpoint & { readonly closed: boolean }> {
    const [row] = (
      await session.query(
        checkpointSql,
        [this.#claim.migration, this.lane, this.#claim.epoch],
        `reading the checkpoint of the lane ${this.lane}`,
      )
    ).rows;
    if (row === undefined)
      throw new Fault("ledger-mismatch", `The ledger has no lane ${this.lane} of ${this.#claim.migration}.`);
    if (row["ours"] !== "true")
      throw new Fault(
        "epoch-lost",
        `Another engine has claimed ${this.#claim.migration}: epoch ${this.#claim.epoch} is no longer that of the lane ${this.lane}.`,
      );
    return {
      seq: BigInt(row["seq"] ?? ""),
      position: positionOf(row["position"] ?? null),
      closed: row["closed"] === "true",
    };
  }

  /**
   * The connection died while COMMIT was under way. The old session is ended by `#ready`, and a transaction that still
   * runs holds the checkpoint's row, so the read waits for it: what it then says is the truth. Resolves when the batch
   * was committed; throws the connection's fault when it was not.
   */
  async #settle(seq: bigint, fault: Fault): Promise<void> {
    const found = await this.#read((await this.#ready()).session);
    if (found.seq === seq + 1n) return;
    if (found.seq === seq) throw fault;
    throw new Fault(
      "checkpoint-moved",
      `The lane ${this.lane} stands at batch ${String(found.seq)} after a COMMIT from ${String(seq)} whose answer was lost.`,
      { facts: { lane: this.lane, expected: String(seq + 1n), found: String(found.seq) } },
    );
  }

  async #shape({ session, shapes }: Connected, table: PlanTable): Promise<TableShape> {
    const known = shapes.get(table.target);
    if (known !== undefined) return known;
    const shape = await readShape(session, table, this.#plan.schema);
    shapes.set(table.target, shape);
    return shape;
  }

  async #ready(): Promise<Connected> {
    throwIfStopped(this.#lost);
    const before = this.#connected;
    if (before !== null && before.session.dead === null) return before;
    const session = await Session.open(this.#options, applySettings);
    try {
      await sleepTriggers(session);
      await recordBackend(session, this.#claim);
      if (before !== null) await endBackend(session, before.session.backend);
      await takeOrigin(session, this.#options, this.#claim.migration, {
        role: `lane_${this.lane}`,
        several: false,
      });
    } catch (error) {
      await session.close();
      throw refusalOf(error, this.lane);
    }
    this.#connected = { session, stages: new Stages(), shapes: new Map() };
    return this.#connected;
  }
}

/** The target's triggers would do again what the source has done, and its foreign keys would mind the order. */
export async function sleepTriggers(session: Session): Promise<void> {
  const role = "session_replication_role";
  try {
    const [row] = (
      await session.query(
        "SELECT pg_catalog.set_config($1, 'replica', false) AS role",
        [role],
        "putting triggers asleep",
      )
    ).rows;
    if (row?.["role"] !== "replica") throw new Fault("bug", `${role} does not stay replica.`);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "grant-missing") throw error;
    const [row] = (await session.query("SELECT current_user AS name", [], "asking for our own role")).rows;
    const name = row?.["name"] ?? "";
    const grant = `GRANT SET ON PARAMETER ${role} TO ${postgresName(name)};`;
    throw new Fault(
      "grant-missing",
      `${name} may not set ${role}, so the target's triggers and foreign keys would act on what is applied. An administrator of the target gives the right: ${grant}`,
      { next: grant, facts: error.facts, cause: error },
    );
  }
}
