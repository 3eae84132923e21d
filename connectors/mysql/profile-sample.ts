/**
 * How rows that show a finding are named: by the key of their table, as text, five at most. Values are shown only
 * where somebody asked for them, cut to a length that a screen bears.
 */
import type { PlanTable, SourceColumn } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";

export const sampleSize = 5;
/** Characters of a value that are shown. */
const shown = 80;

const binaryTypes =
  /^(?:binary|varbinary|tinyblob|blob|mediumblob|longblob|bit|geometry|point|linestring|polygon|multi.*|geom.*|vector)$/u;

/** The key's columns as texts, `alias` before each name; null where the table has no key. */
export function keyList(table: PlanTable, alias = ""): readonly string[] | null {
  if (table.key === null) return null;
  const columns = new Map(table.columns.map((column) => [column.source, column.column]));
  return table.key.columns.map((name) => textOf(alias + mysqlName(name), columns.get(name)));
}

/** One row's key. */
export function keysOf(cells: readonly (string | null)[]): string {
  return cells.map((cell) => cell ?? "NULL").join(", ");
}

/** A value to show, by its quoted name. */
export function valueText(c: string, column: SourceColumn): string {
  return `COALESCE(LEFT(${textOf(c, column)}, ${String(shown)}), 'NULL')`;
}

function textOf(c: string, column: SourceColumn | undefined): string {
  if (column !== undefined && binaryTypes.test(column.type))
    return column.type === "bit" ? `CAST(${c} + 0 AS CHAR)` : `CONCAT('0x', LOWER(HEX(${c})))`;
  return `CAST(${c} AS CHAR)`;
}
