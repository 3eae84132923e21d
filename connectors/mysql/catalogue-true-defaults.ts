/**
 * Defaults that the catalogue views cannot print whole: bytes, and text beyond utf8mb3. SHOW CREATE TABLE of a MySQL
 * with a data dictionary prints them exactly, in hex where it must. Others' does not, but DEFAULT(column) can be
 * asked there: over a join by the primary key, because of all forms tried it is the one that also answers for NOT
 * NULL columns of an empty table. Nothing is written, and at most one row is read. What nobody can tell is given as
 * an expression, which no plan takes for a value: a default with question marks in it would be a wrong one.
 */
import type { ColumnDefault } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { groupBy } from "./catalogue-views.js";
import type { Cell, Connection, Row } from "./connection.js";
import { readQuoted } from "./sql-text.js";

export interface SuspectDefault {
  readonly table: string;
  readonly column: string;
  readonly binary: boolean;
  readonly charset: string | null;
  /** As the catalogue prints it, for people. */
  readonly printed: string;
}

export type Defaults = ReadonlyMap<string, ReadonlyMap<string, ColumnDefault>>;

/** The true defaults by table and column, as far as the server tells them; a query or two for each table that has suspects. */
export async function trueDefaults(
  connection: Connection,
  suspects: readonly SuspectDefault[],
  primaryKeyOf: (table: string) => readonly string[],
  signal?: AbortSignal,
): Promise<Defaults> {
  const tables = new Map<string, ReadonlyMap<string, ColumnDefault>>();
  const prints = suspects.length > 0 && (await printsWhole(connection));
  for (const [table, columns] of groupBy(suspects, (suspect) => suspect.table)) {
    const hexes = prints
      ? await printedDefaults(connection, table, columns, signal)
      : await askedDefaults(connection, table, columns, primaryKeyOf(table), signal);
    const found = columns.map(({ column, binary, printed }, index): [string, ColumnDefault] => {
      const hex = hexes[index]?.toLowerCase();
      if (hex === undefined)
        return [column, { kind: "expression", text: `${printed}, as the catalogue prints it` }];
      const text = Buffer.from(hex, "hex").toString("utf8");
      return [column, binary ? { kind: "bytes", hex } : { kind: "literal", text }];
    });
    tables.set(table, new Map(found));
  }
  return tables;
}

/** MySQL with a data dictionary, whose views are known by one of them. */
async function printsWhole(connection: Connection): Promise<boolean> {
  if (connection.engine !== "mysql") return false;
  const view = await connection.value(
    "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'information_schema' AND TABLE_NAME = 'ST_GEOMETRY_COLUMNS'",
  );
  return view === "1";
}

/** Hex of each column's default, text as UTF-8. */
async function printedDefaults(
  connection: Connection,
  table: string,
  columns: readonly SuspectDefault[],
  signal: AbortSignal | undefined,
): Promise<readonly Cell[]> {
  const [row] = await connection.query(`SHOW CREATE TABLE ${mysqlName(table)}`, [], signal);
  const lines = (row?.[1] ?? "").split("\n");
  const hexes: Cell[] = [];
  for (const { column, binary, charset } of columns) {
    const start = `  ${mysqlName(column)} `;
    const line = lines.find((each) => each.startsWith(start));
    const printed = line === undefined ? null : defaultIn(line, start.length);
    if (printed === null) hexes.push(null);
    else if ("text" in printed) hexes.push(Buffer.from(printed.text).toString("hex"));
    else if (binary || charset === "utf8mb4" || charset === null) hexes.push(printed.hex);
    // Hex is in the column's own character set, whose name the server gave us.
    else
      hexes.push(
        await connection.value(
          `SELECT HEX(CONVERT(_${charset.replaceAll(/\W/gu, "")} x'${printed.hex}' USING utf8mb4))`,
        ),
      );
  }
  return hexes;
}

/** The literal after DEFAULT in a column's line; labels and comments are quoted, so the word in them is not met. */
function defaultIn(line: string, start: number): { readonly text: string } | { readonly hex: string } | null {
  let at = start;
  while (at < line.length) {
    if (line.startsWith(" DEFAULT ", at)) {
      const value = at + " DEFAULT ".length;
      const quoted = line.charAt(value) === "'" ? readQuoted(line, value) : null;
      const hex = /^0x([0-9A-F]+)/u.exec(line.slice(value))?.[1];
      return quoted ?? (hex === undefined ? null : { hex });
    }
    at = line.charAt(at) === "'" ? (readQuoted(line, at)?.end ?? line.length) : at + 1;
  }
  return null;
}

/** The same by DEFAULT(); null for a NOT NULL column of an empty table without a primary key. */
async function askedDefaults(
  connection: Connection,
  table: string,
  columns: readonly SuspectDefault[],
  primaryKey: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly Cell[]> {
  const name = mysqlName(table);
  const list = columns.map(({ column, binary }) => {
    const value = `DEFAULT(t.${mysqlName(column)})`;
    return binary ? `HEX(${value})` : `HEX(CONVERT(${value} USING utf8mb4))`;
  });
  const ask = async (from: string): Promise<Row | undefined> =>
    (await connection.query(`SELECT ${list.join(", ")} FROM ${from} LIMIT 1`, [], signal))[0];
  if (primaryKey.length > 0) {
    const largest = `SELECT ${primaryKey.map((key, index) => `MAX(${mysqlName(key)}) AS k${index}`).join(", ")} FROM ${name}`;
    const on = primaryKey.map((key, index) => `t.${mysqlName(key)} = o.k${index}`).join(" AND ");
    return (await ask(`(${largest} UNION ALL ${largest}) AS o LEFT JOIN ${name} AS t ON ${on}`)) ?? [];
  }
  return (
    (await ask(`${name} AS t`)) ?? (await ask(`(SELECT 1 AS one) AS o LEFT JOIN ${name} AS t ON FALSE`)) ?? []
  );
}
