/**
 * Tables of our own that rows are copied into when they are too many for parameters: temporary, of one session, one for
 * each target table, emptied by every commit. Only so many are kept, because each commit empties all of them.
 */
import type { Tuples } from "../../../src/stream-port.js";
import type { Session } from "../connection.js";
import { CopySink } from "../copy-sink.js";
import { Fault } from "../../../src/errors.js";
import type { TableShape } from "./shape.js";

const most = 16;

const copyHeader = Buffer.from("5047434f50590aff0d0a000000000000000000", "hex");
const copyEnd = Buffer.from([0xff, 0xff]);

interface Stage {
  readonly name: string;
  /** Rows of this transaction are in it. */
  used: boolean;
  /** Made by this transaction, and gone with it. */
  fresh: boolean;
}

export class Stages {
  readonly #session: Session;
  readonly #stages = new Map<string, Stage>();
  #made = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Fills the table's stage with `lists` of whole rows and returns it as `name AS s`, for a FROM. */
  async fill(shape: TableShape, lists: readonly Tuples[]): Promise<string> {
    const stage = await this.#stage(shape);
    stage.used = true;
    const doing = `staging rows of ${shape.table.target}`;
    await copyTuples(this.#session, `COPY ${stage.name} FROM STDIN WITH (FORMAT binary)`, lists, doing);
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

  async #stage(shape: TableShape): Promise<Stage> {
    const known = this.#stages.get(shape.name);
    const doing = `emptying the stage of ${shape.table.target}`;
    if (known !== undefined) {
      this.#stages.delete(shape.name);
      this.#stages.set(shape.name, known);
      if (known.used) await this.#session.query(`TRUNCATE ${known.name}`, undefined, doing);
      return known;
    }
    await this.#makeRoom();
    this.#made += 1;
    const stage = { name: `pg_temp.headgate_stage_${String(this.#made)}`, used: false, fresh: true };
    const columns = shape.columns.map((column, place) => `c${String(place)} ${column.declared}`);
    await this.#session.query(
      `CREATE TEMPORARY TABLE ${stage.name} (${columns.join(", ")}) ON COMMIT DELETE ROWS`,
      undefined,
      `making a stage for ${shape.table.target}`,
    );
    this.#stages.set(shape.name, stage);
    return stage;
  }

  /** Drops the one that was used longest ago. A rolled-back transaction brings it back, under a name never used again. */
  async #makeRoom(): Promise<void> {
    const [oldest] = this.#stages;
    if (this.#stages.size < most || oldest === undefined) return;
    await this.#session.query(`DROP TABLE ${oldest[1].name}`, undefined, "dropping a stage");
    this.#stages.delete(oldest[0]);
  }
}

/** A binary COPY of all of `lists`, in their order. */
export async function copyTuples(
  session: Session,
  sql: string,
  lists: readonly Tuples[],
  doing: string,
): Promise<void> {
  const sink = new CopySink(session, sql, doing);
  const ignored = (): void => undefined;
  try {
    sink.write(copyHeader, ignored);
    // The caller keeps the chunks as they are until this resolves, so none of them is waited for.
    for (const { chunks } of lists)
      for (const chunk of chunks) if (!sink.write(chunk, ignored)) await sink.drained();
    sink.write(copyEnd, ignored);
    const counted = await sink.finish();
    const sent = lists.reduce((sum, { rows }) => sum + rows, 0);
    if (counted !== sent)
      throw new Fault(
        "bug",
        `${String(sent)} rows were sent while ${doing}, and PostgreSQL counted ${String(counted)}.`,
      );
  } catch (error) {
    await sink.cancel();
    throw error;
  }
}
