/**
 * Bounds of a table's ranges, in the source's own order and made of keys that it has. First step: every
 * `rangeRows`-th key along the index. Correct for every key that the source can compare; the index is read once.
 */
import type { PlanTable, Range } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { between, boundOf, keyShape, orderList, readList } from "./key.js";
import type { Bound } from "./key.js";
import type { Wire } from "./wire/wire.js";

/** Ranges in key order: contiguous, the first and the last unbounded. One where there is no key to tell rows apart. */
export async function* splitTable(
  wire: Wire,
  table: PlanTable,
  rangeRows: number,
  signal: AbortSignal,
): AsyncGenerator<Range> {
  const shape = table.key === null || table.exactCut ? null : await keyShape(wire, table.source, table.key);
  let number = 0;
  let lower: Bound | null = null;
  while (shape !== null) {
    const where = between(shape, lower, null);
    const rows = await wire.select(
      {
        sql:
          `SELECT ${readList(shape)} FROM ${mysqlName(shape.table)} FORCE INDEX (${mysqlName(shape.index)})` +
          (where === null ? "" : ` WHERE ${where.sql}`) +
          ` ORDER BY ${orderList(shape)} LIMIT 1 OFFSET ${rangeRows}`,
        params: where?.params ?? [],
      },
      signal,
    );
    const row = rows[0];
    if (row === undefined) break;
    const upper: Bound = boundOf(shape, row);
    yield { table: table.source, number: number++, lower, upper };
    lower = upper;
  }
  yield { table: table.source, number, lower, upper: null };
}
