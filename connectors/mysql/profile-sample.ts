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

/** Rows that show a finding. */
export interface Samples {
  readonly keys: readonly string[];
  /** null where nobody asked to see them. */
  readonly values: readonly string[] | null;
}

/** Stands between the parts of one row, and between two rows: neither is in a key's text. */
const [partEnd, rowEnd] = ["\u001f", "\n\n"];

/** Bytes that five rows take at most: five keys in hex, and the values that are shown. */
const packedBytes = 65_536;
/** The server would cut a list of rows at 1024 bytes. */
export const roomToPack = `group_concat_max_len = ${String(packedBytes)}`;
export const roomAgain = "group_concat_max_len = DEFAULT";

/** The cells of one row as one text, SQL; values in hex, since anything may be in them. */
export function packed(key: readonly string[], values: readonly string[]): string {
  const hidden = values.map((value) => `HEX(CONVERT(${value} USING utf8mb4))`);
  return `CONCAT_WS(CHAR(31 USING utf8mb4), ${[...key, ...hidden].join(", ")})`;
}

/** Several such texts of a group as one, SQL. */
export function packedGroup(row: string, order = row): string {
  return `GROUP_CONCAT(${row} ORDER BY ${order} SEPARATOR '${rowEnd.replaceAll("\n", "\\n")}')`;
}

/** The rows of such texts, five at most; `parts` is how many cells each key has. */
export function unpacked(
  cells: readonly (string | null | undefined)[],
  parts: number,
  shows: boolean,
): Samples {
  const rows = cells
    .flatMap((cell) => (cell ?? "").split(rowEnd))
    .slice(0, sampleSize)
    .map((text) => text.split(partEnd));
  const value = (hex: string): string => Buffer.from(hex, "hex").toString("utf8");
  return {
    keys: parts === 0 ? [] : rows.map((row) => keysOf(row.slice(0, parts))),
    values: shows ? rows.map((row) => row.slice(parts).map(value).join(", ")) : null,
  };
}

function textOf(c: string, column: SourceColumn | undefined): string {
  if (column !== undefined && binaryTypes.test(column.type))
    return column.type === "bit" ? `CAST(${c} + 0 AS CHAR)` : `CONCAT('0x', LOWER(HEX(${c})))`;
  return `CAST(${c} AS CHAR)`;
}
