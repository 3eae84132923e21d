/**
 * Whether the pairs of source column and target type that a plan decided have a codec. The one place where planning
 * asks: a pair without one is refused when the plan is made, naming the supported types, and never during a copy.
 */
import { Fault } from "../errors.js";
import type { PlanColumn, SourceEngine } from "../model.js";
import { codecOf } from "../typemap/compile.js";

/** Throws Fault type-pair for the first column without a codec, by the table's name and its own. */
export function requirePairs(table: string, columns: readonly PlanColumn[], engine: SourceEngine): void {
  for (const column of columns)
    try {
      codecOf(column, engine);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "type-pair") throw error;
      throw new Fault("type-pair", `${table}.${error.message}`, {
        cause: error,
        next: error.next.replace("TABLE.COLUMN", `${table}.${column.source}`),
        facts: { table, ...error.facts },
      });
    }
}
