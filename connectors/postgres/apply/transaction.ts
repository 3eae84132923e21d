/**
 * One batch: an open transaction whose first statement has moved the lane's checkpoint. Groups are written in their
 * order; the commit adds touched keys, position and policies' counts, in one round trip with COMMIT itself.
 */
import { Fault } from "../../../src/errors.js";
import type { Plan, PlanTable, Position } from "../../../src/model.js";
import type {
  FollowedRows,
  LaneTransaction,
  PolicyCount,
  StatementGroup,
  TableChanges,
} from "../../../src/stream-port.js";
import type { BurstStatement } from "../burst.js";
import type { Session } from "../connection.js";
import type { Claim } from "../epoch.js";
import { writeCascade } from "./cascade.js";
import { DirtyKeys } from "./dirty.js";
import type { ApplyMoment } from "./moments.js";
import { refusalOf } from "./refusal.js";
import { writeRows } from "./rows.js";
import type { TableShape } from "./shape.js";
import type { Stages } from "./stage.js";

export interface Batch {
  readonly session: Session;
  readonly stages: Stages;
  readonly stagedRows: number;
  readonly plan: Plan;
  readonly claim: Claim;
  readonly lane: string;
  /** Where the lane stands once this is committed. */
  readonly seq: bigint;
  readonly shapeOf: (table: PlanTable) => Promise<TableShape>;
  readonly moment: (name: ApplyMoment) => void | Promise<void>;
  /** Called at the end of it; a lost COMMIT is the lane's to settle. */
  readonly ended: (committed: boolean) => void;
  readonly settle: (fault: Fault) => Promise<void>;
  /** Throws where the engine may not write any more. */
  readonly demandClaim: () => void;
}

export class BatchTransaction implements LaneTransaction {
  readonly #batch: Batch;
  readonly #dirty = new DirtyKeys();
  readonly followed: FollowedRows[] = [];
  #savepoint = false;
  #state: "open" | "failed" | "over" = "open";

  constructor(batch: Batch) {
    this.#batch = batch;
  }

  async write(group: StatementGroup): Promise<void> {
    this.#demandOpen();
    this.#state = "failed";
    try {
      await this.#write(group);
    } catch (error) {
      throw refusalOf(error, this.#batch.lane);
    }
    this.#state = "open";
    await this.#batch.moment("apply:group-written");
  }

  async commit(position: Position, policies: readonly PolicyCount[] = []): Promise<void> {
    this.#demandOpen();
    this.#state = "failed";
    const { session, claim, lane, seq } = this.#batch;
    await this.#batch.moment("apply:before-commit");
    this.#batch.demandClaim();
    const sent = session.burst([
      ...this.#dirty.statements(claim, lane, seq, position),
      ...countStatements(claim, lane, policies),
      {
        sql: "UPDATE headgate.lane SET position = $3::json WHERE migration = $1 AND lane = $2",
        values: [claim.migration, lane, JSON.stringify(position)],
        doing: `recording the position of the lane ${lane}`,
        keep: true,
      },
      { sql: "COMMIT", values: [], doing: `committing a batch of the lane ${lane}` },
    ]);
    try {
      const [results] = await Promise.all([sent, this.#batch.moment("apply:commit-sent")]);
      // COMMIT of a transaction that had failed answers ROLLBACK, and no error.
      if (results.at(-1)?.command !== "COMMIT")
        throw new Fault(
          "bug",
          `PostgreSQL rolled a batch of the lane ${lane} back instead of committing it.`,
        );
    } catch (error) {
      // What is deferred to the commit is refused there.
      if (session.dead === null || !(error instanceof Fault)) throw refusalOf(error, lane);
      this.#end(false);
      await this.#batch.settle(error);
      await this.#batch.moment("apply:committed");
      return;
    }
    this.#end(true);
    await this.#batch.moment("apply:committed");
  }

  /** Never throws: where the server cannot be told, the socket is cut, and that rolls back as well. */
  async abort(): Promise<void> {
    if (this.#state === "over") return;
    this.#end(false);
    const { session } = this.#batch;
    if (session.dead !== null || !session.inTransaction) return;
    try {
      await session.query("ROLLBACK", undefined, "rolling a batch back");
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      session.destroy();
    }
  }

  async #write(group: StatementGroup): Promise<void> {
    const { session, stages, stagedRows, plan, shapeOf } = this.#batch;
    if (group.kind === "rows") {
      const context = { session, stages, stagedRows, shapeOf, savepoint: this.#savepoint };
      await writeRows(context, group);
      this.#savepoint = context.savepoint;
      for (const changes of group.changes) this.#note(changes);
    } else if (group.kind === "truncate") {
      await truncate(session, await shapeOf(group.table));
      this.#dirty.whole(group.table);
    } else
      for (const cascade of group.cascades)
        await writeCascade(
          {
            ...{ session, plan, shapeOf, dirty: this.#dirty },
            onFollowed: (rows) => void this.followed.push(rows),
          },
          cascade,
        );
  }

  #note({ table, touched }: TableChanges): void {
    if (table.key !== null) this.#dirty.add(table, touched);
    else this.#dirty.whole(table);
  }

  #demandOpen(): void {
    if (this.#state !== "open") throw new Fault("bug", "A batch was used after it had failed or ended.");
  }

  #end(committed: boolean): void {
    this.#state = "over";
    this.#batch.ended(committed);
  }
}

/** Two parts of a batch may both have counts of one column; one statement may touch a row but once. */
function countStatements(
  claim: Claim,
  lane: string,
  policies: readonly PolicyCount[],
): readonly BurstStatement[] {
  if (policies.length === 0) return [];
  return [
    {
      sql: `INSERT INTO headgate.policy AS p (migration, lane, object, policy, count)
            SELECT $1, $2, x.object, x.policy, sum(x.count)
              FROM json_to_recordset($3::json) AS x (object text, policy text, count bigint)
             GROUP BY x.object, x.policy
            ON CONFLICT (migration, lane, object, policy) DO UPDATE SET count = p.count + excluded.count`,
      values: [claim.migration, lane, JSON.stringify(policies)],
      doing: `counting what policies changed in the lane ${lane}`,
      keep: true,
    },
  ];
}

/** PostgreSQL truncates no table that a foreign key points to, asleep or not; its rows are deleted then. */
async function truncate(session: Session, { name, table }: TableShape): Promise<void> {
  const doing = `emptying ${table.target}`;
  const { rows } = await session.query(
    `SELECT 1 FROM pg_catalog.pg_constraint c
      WHERE c.contype = 'f' AND c.confrelid = pg_catalog.to_regclass($1) AND c.conrelid <> c.confrelid LIMIT 1`,
    [name],
    doing,
  );
  await session.query(rows.length === 0 ? `TRUNCATE ${name}` : `DELETE FROM ${name}`, undefined, doing);
}
