/**
 * Repairs rows of a lane beside its writer (design.md, decision 10). One transaction holds the lane's checkpoint, as every
 * batch does, so that no batch is between the look at what was touched and the rows that are written; the checkpoint
 * itself stays where it is. Whole rows go and come, deletes before inserts, so that values may change places among them.
 */
import { Fault } from "../../../src/errors.js";
import type { Plan, PlanTable } from "../../../src/model.js";
import { throwIfStopped } from "../../../src/stop.js";
import type { LaneCheckpoint, Tuples } from "../../../src/stream-port.js";
import type { Mended, MendRequest, RowMender } from "../../../src/mend-port.js";
import { Session } from "../connection.js";
import type { PostgresOptions } from "../connection.js";
import { recordBackend } from "../epoch.js";
import type { Claim } from "../epoch.js";
import { laneClosed } from "../forward.js";
import { takeOrigin } from "../origin.js";
import { positionOf } from "../position.js";
import { applySettings, sleepTriggers } from "./lane.js";
import { mendCopies, mendKeys } from "./mend-rows.js";
import type { Change } from "./mend-rows.js";
import { scanCopies } from "./mend-scan.js";
import type { ScannedCopies } from "./mend-scan.js";
import { mendStatements } from "./mend-statements.js";
import { touchedSince } from "./mend-touched.js";
import { refusalOf } from "./refusal.js";
import { writeRows } from "./rows.js";
import { readShape } from "./shape.js";
import type { TableShape } from "./shape.js";
import { Stages } from "./stage.js";

const laneSql = `
  SELECT seq::text AS seq, position::text AS position, (epoch = $3)::text AS ours, closed::text AS closed
    FROM headgate.lane WHERE migration = $1 AND lane = $2`;

/** The keys are touched as of the batch that the lane stands at: whoever compared before this looks again. */
const dirtySql = `
  INSERT INTO headgate.dirty AS d (migration, lane, seq, table_name, keys, whole, position)
  SELECT $1, $2, $3, $4, $5, $5::bytea IS NULL, l.position FROM headgate.lane l WHERE l.migration = $1 AND l.lane = $2
  ON CONFLICT (migration, lane, seq, table_name) DO UPDATE
     SET keys = d.keys || excluded.keys, whole = d.whole OR excluded.whole`;

const journalSql = `
  INSERT INTO headgate.repair (migration, act, run, lane, seq, position, table_name, key, did, copies, before, after, epoch, at)
  SELECT $1, pg_current_xact_id()::text, r.run, $2, $3, l.position, $4, decode(r.key, 'hex'), r.did, r.copies, decode(r.before, 'hex'),
         decode(r.after, 'hex'), $5, clock_timestamp()
    FROM unnest($6::text[], $7::text[], $8::text[], $9::int[], $10::text[], $11::text[]) AS r (run, key, did, copies, before, after)
    JOIN headgate.lane l ON l.migration = $1 AND l.lane = $2`;

/** Replay is exact behind the marker that was committed after the rows were read. */
const joinSql = `
  UPDATE headgate.lane SET join_position = $3::json, join_marker = $4
   WHERE migration = $1 AND lane = $2 AND seq = 0 AND position IS NULL AND join_marker IS NOT NULL`;

export class PostgresMender implements RowMender {
  readonly #options: PostgresOptions;
  readonly #claim: Claim;
  readonly #plan: Plan;
  readonly #lane: string;
  readonly #lost: AbortSignal;
  readonly #session: Session;
  readonly #stages: Stages;
  readonly #shapes = new Map<string, TableShape>();

  private constructor({ options, claim, plan, lane, lost }: MenderOptions, session: Session) {
    this.#options = options;
    this.#claim = claim;
    this.#plan = plan;
    this.#lane = lane;
    this.#lost = lost;
    this.#session = session;
    this.#stages = new Stages();
  }

  /** Connects. Faults: grant-missing with the exact statement, epoch-lost, and those of a connection. */
  static async open(options: MenderOptions): Promise<PostgresMender> {
    throwIfStopped(options.lost);
    const session = await Session.open(options.options, applySettings);
    try {
      await sleepTriggers(session);
      await recordBackend(session, options.claim);
      await takeOrigin(session, options.options, options.claim.migration, { role: "mend", several: true });
    } catch (error) {
      await session.close();
      throw error;
    }
    return new PostgresMender(options, session);
  }

  async checkpoint(): Promise<LaneCheckpoint> {
    return await this.#checkpoint("");
  }

  async mend(request: MendRequest): Promise<readonly Mended[]> {
    const shape = await this.#shape(request.table);
    const doing = `repairing ${request.table.target}`;
    // The whole table is read for it: no batch of the lane waits as long.
    const scanned = shape.key.length === 0 ? await scanCopies(this.#session, shape, request.rows) : null;
    await this.#options.moment?.("mend:scanned");
    await this.#session.query("BEGIN", undefined, doing);
    let committed = false;
    try {
      const mended = await this.#mend(shape, request, scanned);
      if (!request.dryRun) {
        await this.#options.moment?.("mend:written");
        throwIfStopped(this.#lost);
        const [ended] = await this.#session.burst([{ sql: "COMMIT", values: [], doing }]);
        // COMMIT of a transaction that had failed answers ROLLBACK, and no error.
        if (ended?.command !== "COMMIT")
          throw new Fault("bug", "PostgreSQL rolled a repair back instead of committing it.");
        committed = true;
        await this.#options.moment?.("mend:committed");
      }
      return mended;
    } catch (error) {
      throw refusalOf(error, this.#lane);
    } finally {
      this.#stages.ended(committed);
      if (this.#session.dead === null && this.#session.inTransaction)
        await this.#session.query("ROLLBACK", undefined, doing);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.close();
  }

  async #mend(
    shape: TableShape,
    request: MendRequest,
    scanned: ScannedCopies | null,
  ): Promise<readonly Mended[]> {
    const at = await this.#checkpoint("FOR UPDATE");
    await this.#options.moment?.("mend:begun");
    if (at.seq < request.since)
      throw new Fault("bug", `The lane ${this.#lane} stands before what it had applied.`);
    const touched = await touchedSince(this.#session, this.#claim, request);
    const open = request.rows.filter(({ key }) => !touched.has(key));
    const changes =
      scanned === null ? await mendKeys(this.#session, shape, open) : mendCopies(shape, open, scanned);
    const statements = request.dryRun
      ? await mendStatements(this.#session, shape, changes, request.showValues)
      : null;
    if (!request.dryRun) {
      for (const { sql, values, rows } of changes.deletes) {
        const doing = `deleting from ${shape.table.target}`;
        const [done] = await this.#session.burst([{ sql, values, doing }]);
        // No event did that, or the rows would have been touched; so they are read again.
        if (rows !== null && done?.count !== rows)
          throw new Fault(
            "target-busy",
            `Somebody else has changed or moved rows of ${shape.table.target} while they were repaired.`,
          );
      }
      await this.#insert(shape, changes.inserts);
      await this.#record(request, at, changes.rows);
    }
    return [
      ...changes.rows.map((change) => ({
        key: change.key,
        did: change.did,
        seq: at.seq,
        copies: change.copies,
        statements: statements?.get(change) ?? [],
      })),
      ...request.rows
        .filter(({ key }) => touched.has(key))
        .map(({ key }) => ({ key, did: "touched" as const, seq: at.seq, copies: 0, statements: [] })),
    ];
  }

  async #insert(shape: TableShape, inserts: Tuples): Promise<void> {
    if (inserts.rows === 0) return;
    const none: Tuples = { rows: 0, bytes: 0, chunks: [] };
    await writeRows(
      {
        session: this.#session,
        stages: this.#stages,
        stagedRows: 2000,
        shapeOf: (table) => this.#shape(table),
        savepoint: false,
      },
      {
        kind: "rows",
        strict: true,
        changes: [{ table: shape.table, deletes: none, updates: none, inserts, touched: none }],
      },
    );
  }

  /** Marks the rows touched and journals them, and where the lane has applied nothing moves its join behind them. */
  async #record({ table, join }: MendRequest, at: LaneCheckpoint, changes: readonly Change[]): Promise<void> {
    const { migration, epoch } = this.#claim;
    const done = changes.filter(({ did }) => did !== "equal");
    if (done.length === 0) return;
    const doing = `recording a repair of ${table.target}`;
    if (at.position !== null) {
      const keys = table.key === null ? null : Buffer.concat(done.map(({ key }) => key));
      await this.#session.burst([
        { sql: dirtySql, values: [migration, this.#lane, String(at.seq), table.source, keys], doing },
      ]);
    } else if (join !== null) {
      const moved = await this.#session.query(
        joinSql,
        [migration, this.#lane, JSON.stringify(join.position), join.marker],
        doing,
      );
      if (moved.count !== 1)
        throw new Fault(
          "ledger-mismatch",
          `The lane ${this.#lane} has no join that could be moved behind a repair.`,
        );
    } else throw new Fault("bug", `A lane that has applied nothing is repaired without a marker behind it.`);
    await this.#session.query(
      journalSql,
      [
        migration,
        this.#lane,
        String(at.seq),
        table.source,
        epoch,
        done.map(({ run }) => run),
        done.map(({ key }) => key.toString("hex")),
        done.map(({ did }) => did),
        done.map(({ copies }) => copies),
        done.map(({ before }) => before),
        done.map(({ after }) => after),
      ],
      doing,
    );
  }

  async #checkpoint(lock: "" | "FOR UPDATE"): Promise<LaneCheckpoint> {
    const { migration, epoch } = this.#claim;
    const [row] = (
      await this.#session.query(
        `${laneSql} ${lock}`,
        [migration, this.#lane, epoch],
        `reading the checkpoint of the lane ${this.#lane}`,
      )
    ).rows;
    if (row === undefined)
      throw new Fault("ledger-mismatch", `The ledger has no lane ${this.#lane} of ${migration}.`);
    if (row["ours"] !== "true")
      throw new Fault(
        "epoch-lost",
        `Another engine has claimed ${migration}: epoch ${epoch} is no longer that of the lane ${this.#lane}.`,
      );
    if (lock !== "" && row["closed"] === "true") throw laneClosed(this.#lane);
    return { seq: BigInt(row["seq"] ?? ""), position: positionOf(row["position"] ?? null) };
  }

  async #shape(table: PlanTable): Promise<TableShape> {
    const known = this.#shapes.get(table.target);
    if (known !== undefined) return known;
    const shape = await readShape(this.#session, table, this.#plan.schema);
    this.#shapes.set(table.target, shape);
    return shape;
  }
}

export interface MenderOptions {
  readonly options: PostgresOptions;
  readonly claim: Claim;
  readonly plan: Plan;
  readonly lane: string;
  readonly lost: AbortSignal;
}
