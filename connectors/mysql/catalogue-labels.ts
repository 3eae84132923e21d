/**
 * Labels of enum and set that the catalogue cannot print: it is utf8mb3, so a label with a character beyond that
 * (an emoji) stands there with question marks, in SHOW CREATE TABLE as well. MariaDB can be asked without reading a
 * row, by a variable of the column's own type; MySQL has no such way, so its label keeps the question mark and
 * `unreadableLabels` names it for `check`.
 */
import type { SourceColumn } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import type { Connection } from "./connection.js";

export interface TableColumn {
  readonly table: string;
  readonly column: SourceColumn;
}

/** Columns whose labels hold a question mark, where the character set can hold more than the catalogue prints. */
export function unreadableLabels(column: Pick<SourceColumn, "charset" | "labels">): readonly number[] {
  if (column.charset === null || /^(?:ascii|latin1|utf8|utf8mb3|binary)$/u.test(column.charset)) return [];
  return column.labels.flatMap((label, index) => (label.includes("?") ? [index] : []));
}

/** The true labels by table and column, where the server can tell them. */
export async function trueLabels(
  connection: Connection,
  columns: readonly TableColumn[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>> {
  const tables = new Map<string, Map<string, readonly string[]>>();
  if (connection.engine !== "mariadb") return tables;
  for (const { table, column } of columns) {
    const unreadable = unreadableLabels(column);
    if (unreadable.length === 0) continue;
    const labels = [...column.labels];
    for (const index of unreadable) {
      // An enum's value is its index, a set's is a bit for each member.
      const value = column.type === "enum" ? BigInt(index + 1) : 1n << BigInt(index);
      const [row] = await connection.query(
        `BEGIN NOT ATOMIC DECLARE v TYPE OF ${mysqlName(table)}.${mysqlName(column.name)} DEFAULT ${value}; SELECT HEX(CONVERT(v USING utf8mb4)); END`,
        [],
        signal,
      );
      const hex = row?.[0];
      if (hex !== null && hex !== undefined) labels[index] = Buffer.from(hex, "hex").toString("utf8");
    }
    const group = tables.get(table) ?? new Map<string, readonly string[]>();
    group.set(column.name, labels);
    tables.set(table, group);
  }
  return tables;
}
