/**
 * One batch of the way back: an open transaction whose first statement has moved the checkpoint. Groups are written in
 * their order; the commit adds touched keys and the position.
 */
import { Fault } from "../../../src/errors.js";
import type { PlanTable, Position } from "../../../src/model.js";
import type { LaneTransaction, PolicyCount, StatementGroup } from "../../../src/stream-port.js";
import type { OnMoment } from "./moments.js";
import { refusalOf } from "./refusal.js";
import { appliedSql } from "./refused.js";
import { writeRows } from "./rows.js";
import { laneTable } from "./schema.js";
import type { ApplySession } from "./session.js";
import type { BackShape } from "./shape.js";
import { TouchedKeys } from "./touched.js";

export interface ReverseBatch {
  readonly session: ApplySession;
  readonly migration: string;
  /** Where the lane stands once this is committed. */
  readonly seq: bigint;
  readonly shapeOf: (table: PlanTable) => BackShape;
  /** As RowsContext.many. */
  readonly many: ReadonlySet<string>;
  /** The lane stood before a change: whatever is committed now holds it. */
  readonly stood: boolean;
  readonly moment: OnMoment;
  /** Called at the end of it; a lost COMMIT is the lane's to settle. */
  readonly ended: () => void;
  readonly settle: (fault: Fault) => Promise<void>;
}

export class ReverseTransaction implements LaneTransaction {
  readonly #batch: ReverseBatch;
  readonly #touched: TouchedKeys;
  #state: "open" | "failed" | "over" = "open";

  constructor(batch: ReverseBatch) {
    this.#batch = batch;
    this.#touched = new TouchedKeys(batch.session.packet);
  }

  async write(group: StatementGroup): Promise<void> {
    this.#demandOpen();
    this.#state = "failed";
    const { session, shapeOf, many, moment } = this.#batch;
    if (group.kind === "rows") {
      await writeRows({ session, shapeOf, many }, group);
      for (const { table, touched } of group.changes)
        if (table.key === null) this.#touched.whole(table);
        else this.#touched.add(table, touched);
    } else if (group.kind === "truncate") await this.#empty(group.table);
    else
      throw new Fault(
        "bug",
        "The target's log has what its foreign keys did, and a batch asks for it again.",
      );
    this.#state = "open";
    await moment("apply:group-written");
  }

  async commit(position: Position, policies: readonly PolicyCount[] = []): Promise<void> {
    this.#demandOpen();
    this.#state = "failed";
    if (policies.length > 0)
      throw new Fault("bug", "No policy changes a value on its way back, and a batch counts some.");
    const { session, migration, seq, stood, moment } = this.#batch;
    await moment("apply:before-commit");
    await this.#touched.write(session, migration, seq, position);
    await session.write(`UPDATE ${laneTable} SET position = ? WHERE migration = ?`, [
      JSON.stringify(position),
      migration,
    ]);
    if (stood) await session.write(appliedSql, [migration]);
    try {
      // Begun before the moment, awaited after it: a hook acts while the answer is on its way.
      await Promise.all([session.write("COMMIT"), moment("apply:commit-sent")]);
    } catch (error) {
      if (!session.dead || !(error instanceof Fault)) throw error;
      this.#end();
      await this.#batch.settle(error);
      await moment("apply:committed");
      return;
    }
    this.#end();
    await moment("apply:committed");
  }

  /** Never throws: a session that cannot be told is over, and that rolls back as well. */
  async abort(): Promise<void> {
    if (this.#state === "over") return;
    this.#end();
    const { session } = this.#batch;
    if (session.dead) return;
    try {
      await session.write("ROLLBACK");
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      session.abandon();
    }
  }

  /** Row by row: TRUNCATE would commit what came before it. */
  async #empty(table: PlanTable): Promise<void> {
    try {
      await this.#batch.session.write(`DELETE FROM ${this.#batch.shapeOf(table).name}`);
    } catch (error) {
      throw refusalOf(error, table.source);
    }
    this.#touched.whole(table);
  }

  #demandOpen(): void {
    if (this.#state !== "open") throw new Fault("bug", "A batch was used after it had failed or ended.");
  }

  #end(): void {
    this.#state = "over";
    this.#batch.ended();
  }
}
