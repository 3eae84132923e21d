/**
 * A planned table as the way back writes it: each column's way, the places that are written, and the key. What the source
 * computes itself is left out of what is written (decision 0007), and is no part of what a row is told by.
 */
import { Fault } from "../../../src/errors.js";
import type { Plan, PlanTable, SourceEngine } from "../../../src/model.js";
import { mysqlName } from "../../../src/safety/identifier.js";
import { wayBackOf } from "../../../src/typemap/way-back.js";
import type { WayBack } from "../../../src/typemap/way-back.js";

export interface BackColumn {
  /** Quoted. */
  readonly name: string;
  /** Place in the tuple of a whole row. */
  readonly place: number;
  readonly way: WayBack;
  /** How often its value stands in `way.same`. */
  readonly times: number;
  readonly generated: boolean;
}

export interface BackShape {
  readonly table: PlanTable;
  /** Qualified and quoted. */
  readonly name: string;
  /** Fields of a whole row's tuple. */
  readonly fields: number;
  /** In the key's order; empty for a table without a key. */
  readonly key: readonly BackColumn[];
  /** What an INSERT names. */
  readonly written: readonly BackColumn[];
  /** What an UPDATE sets. */
  readonly set: readonly BackColumn[];
}

export function backShape(table: PlanTable, plan: Plan, engine: SourceEngine): BackShape {
  const columns = table.columns.map((column, place): BackColumn => {
    const way = wayBackOf(column, engine);
    return {
      name: mysqlName(column.source),
      place,
      way,
      times: way.same("").split("?").length - 1,
      generated: column.column.generated !== null,
    };
  });
  const key = (table.key?.columns ?? []).map((source) => {
    const found = columns[table.columns.findIndex((column) => column.source === source)];
    if (found === undefined)
      throw new Fault("bug", `The key of ${table.source} has a column that does not travel.`);
    return found;
  });
  const written = columns.filter(({ generated }) => !generated);
  const others = written.filter((column) => !key.includes(column));
  return {
    table,
    name: `${mysqlName(plan.database)}.${mysqlName(table.source)}`,
    fields: columns.length,
    key,
    written,
    // A table that is all key has nothing else to set, and the count still tells whether the row was there.
    set: others.length > 0 ? others : written.slice(0, 1),
  };
}
