/**
 * What foreign keys do below a log that does not carry it: the referenced values that went, or became others, behind
 * the last changes of a group. Deletes of one parent are followed together; an update ends its group.
 */
import { Fault } from "../errors.js";
import type { Cascade, StatementGroup } from "../stream-port.js";
import type { Change } from "./change.js";
import { fieldsOf } from "./projection.js";
import { TupleRun } from "./store.js";
import type { Store } from "./store.js";
import type { StreamTable } from "./table.js";

interface Run {
  readonly action: "delete" | "update";
  readonly columns: readonly number[];
  readonly values: Buffer[];
}

export class Actions {
  readonly #table: StreamTable;
  readonly #runs: Run[] = [];

  constructor(table: StreamTable) {
    this.#table = table;
  }

  /** Whether the action of this change can be written together with those that are here. */
  takes({ shape, operation }: Change): boolean {
    return this.#table === shape.table && operation === "delete";
  }

  /** Notes what the log leaves out behind this delete or update. False when there is nothing. */
  follow({ shape, operation, bytes, before, beforeEnd, after, afterEnd }: Change): boolean {
    const action = operation === "delete" ? "delete" : "update";
    let acts = false;
    this.#table.referenced.forEach(({ columns, onDelete, onUpdate }, index) => {
      if (!(action === "delete" ? onDelete : onUpdate)) return;
      const reader = shape.referenced[index];
      if (reader === undefined)
        throw new Fault("bug", `${this.#table.plan.source} has no reader of what is referred to.`);
      columns.read(reader, bytes, before, beforeEnd);
      // Nothing refers to a value that is NULL in part.
      if (fieldsOf(columns.out.bytes, columns.out.at).includes(null)) return;
      let values: Buffer = Buffer.from(columns.out.bytes.subarray(0, columns.out.at));
      if (action === "update") {
        columns.read(reader, bytes, after, afterEnd);
        const now = columns.out.bytes.subarray(0, columns.out.at);
        if (now.equals(values)) return;
        values = joinTuples(values, now);
      }
      acts = true;
      const run = this.#runs.find((known) => known.columns === columns.places);
      if (run === undefined) this.#runs.push({ action, columns: columns.places, values: [values] });
      else run.values.push(values);
    });
    return acts;
  }

  end(tuples: Store): StatementGroup {
    const cascades = this.#runs.map(({ action, columns, values }): Cascade => {
      const run = new TupleRun(tuples);
      for (const value of values) tuples.put(value, 0, value.length);
      return { parent: this.#table.plan, action, columns, values: run.end(values.length) };
    });
    return { kind: "cascade", cascades };
  }
}

/** One tuple of the fields of two. */
function joinTuples(one: Buffer, other: Buffer): Buffer {
  const count = Buffer.alloc(2);
  count.writeInt16BE(one.readInt16BE(0) + other.readInt16BE(0));
  return Buffer.concat([count, one.subarray(2), other.subarray(2)]);
}
