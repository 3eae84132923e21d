/**
 * Tables of our own that rows are copied into when they are too many for parameters: temporary, of one session, one for
 * each target table, emptied by every commit. Only so many are kept, because each commit empties all of them.
 */
import type { Tuples } from "../../../src/stream-port.js";
import type { Sending } from "./sending.js";
import type { TableShape } from "./shape.js";

const most = 16;

interface Stage {
  readonly name: string;
  /** Rows of this transaction are in it. */
  used: boolean;
  /** Made by this transaction, and gone with it. */
  fresh: boolean;
}

export class Stages {
  readonly #stages = new Map<string, Stage>();
  #made = 0;

  /** Sends what fills the table's stage with `lists` of whole rows, and returns it as `name AS s`, for a FROM. */
  fill(sending: Sending, shape: TableShape, lists: readonly Tuples[]): string {
    const stage = this.#stage(sending, shape);
    stage.used = true;
    const doing = `staging rows of ${shape.table.target}`;
    sending.copy(`COPY ${stage.name} FROM STDIN WITH (FORMAT binary)`, lists, doing);
    return `${stage.name} AS s`;
  }

  /** The transaction is over. */
  ended(committed: boolean): void {
    for (const [table, stage] of this.#stages) {
      if (stage.fresh && !committed) this.#stages.delete(table);
      stage.used = false;
      stage.fresh = false;
    }
  }

  #stage(sending: Sending, shape: TableShape): Stage {
    const known = this.#stages.get(shape.name);
    const doing = `emptying the stage of ${shape.table.target}`;
    if (known !== undefined) {
      this.#stages.delete(shape.name);
      this.#stages.set(shape.name, known);
      if (known.used) sending.plain(`TRUNCATE ${known.name}`, doing);
      return known;
    }
    this.#makeRoom(sending);
    this.#made += 1;
    const stage = { name: `pg_temp.headgate_stage_${String(this.#made)}`, used: false, fresh: true };
    const columns = shape.columns.map((column, place) => `c${String(place)} ${column.declared}`);
    sending.plain(
      `CREATE TEMPORARY TABLE ${stage.name} (${columns.join(", ")}) ON COMMIT DELETE ROWS`,
      `making a stage for ${shape.table.target}`,
    );
    this.#stages.set(shape.name, stage);
    return stage;
  }

  /** Drops the one that was used longest ago. A rolled-back transaction brings it back, under a name never used again. */
  #makeRoom(sending: Sending): void {
    const [oldest] = this.#stages;
    if (this.#stages.size < most || oldest === undefined) return;
    sending.plain(`DROP TABLE ${oldest[1].name}`, "dropping a stage");
    this.#stages.delete(oldest[0]);
  }
}
