/**
 * What the type map makes of a planned table, in the shape that the copy asks for: one select list for the source,
 * and an encoder for each range. Columns keep the plan's order, which is the order of the COPY's column list too.
 */
import type { PlanTable, SourceEngine } from "../model.js";
import { mysqlName } from "../safety/identifier.js";
import { codecOf } from "../typemap/compile.js";
import { rowEncoder } from "../typemap/row.js";
import type { TableCoder } from "./copy.js";

/** Faults: type-pair for a column that has no codec. */
export function tableCoder(table: PlanTable, engine: SourceEngine): TableCoder {
  const select = table.columns.map((column) => codecOf(column, engine).select(mysqlName(column.source)));
  const key = (table.key?.columns ?? []).map((name) =>
    table.columns.findIndex((column) => column.source === name),
  );
  return {
    select,
    encode: (sink) =>
      rowEncoder(table.columns, engine, sink, { table: table.source, key: key.filter((at) => at >= 0) }),
  };
}
