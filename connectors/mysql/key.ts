/**
 * The key of a table as the source itself compares it: for each column the expression that gives a bound as text
 * and the one that makes a bound parameter comparable again, with the column's own type, character set and
 * collation. Without that cast MySQL compares an integer with a text as doubles, or a latin1 column with a
 * utf8mb4 parameter without its index. Nothing here compares keys: only the source does.
 */
import { mysqlName } from "../../src/safety/identifier.js";
import type { Statement, Wire } from "./wire/wire.js";

export type KeyKind = "integer" | "decimal" | "text" | "binary" | "date" | "datetime" | "time" | "opaque";

export interface KeyColumn {
  readonly name: string;
  readonly kind: KeyKind;
  /** Select list: the bound's text; of a text column its bytes in hex before it. */
  readonly read: readonly string[];
  /** SQL that makes one `?` comparable; of a text column the one for bounds in hex. */
  readonly bind: string;
  readonly bindHex: string | null;
  readonly fsp: number;
  readonly scale: number;
  /** Bytes of binary(n), else 0. */
  readonly width: number;
}

/** A key whose ranges the source can tell apart along one index. */
export interface KeyShape {
  readonly table: string;
  readonly index: string;
  /**
   * The columns that bounds are made of: the key's first ones, up to one that has no exact bounds (float), whose ranges no index serves (enum) or
   * that the index sorts the other way round. Bounds on them part the rows all the same, group by group.
   */
  readonly columns: readonly KeyColumn[];
}

/** One text a column; a prefix of a key where it holds fewer. */
export type Bound = readonly string[];

/** SQL with the values of its `?`. */
export type Condition = Statement;

/** What the catalogue says of a column: name, type and so on, then its part of the index. */
export type ColumnFacts = readonly (string | null)[];

export async function columnFacts(
  wire: Wire,
  table: string,
  index: string,
): Promise<ReadonlyMap<string, ColumnFacts>> {
  const rows = await wire.select({
    sql:
      "SELECT c.COLUMN_NAME, LOWER(DATA_TYPE), LOWER(COLUMN_TYPE), CHARACTER_SET_NAME, COLLATION_NAME, " +
      "CAST(NUMERIC_PRECISION AS CHAR), CAST(NUMERIC_SCALE AS CHAR), CAST(DATETIME_PRECISION AS CHAR), " +
      "CAST(CHARACTER_OCTET_LENGTH AS CHAR), s.COLLATION, CAST(s.SUB_PART AS CHAR) " +
      "FROM information_schema.COLUMNS c LEFT JOIN information_schema.STATISTICS s " +
      "ON s.TABLE_SCHEMA = c.TABLE_SCHEMA AND s.TABLE_NAME = c.TABLE_NAME " +
      "AND s.COLUMN_NAME = c.COLUMN_NAME AND s.INDEX_NAME = ? " +
      "WHERE c.TABLE_SCHEMA = DATABASE() AND c.TABLE_NAME = ?",
    params: [index, table],
  });
  return new Map(rows.map((row) => [row[0] ?? "", row]));
}

/** Asks the source for the key's columns; null when the first one has no exact bounds. */
export async function keyShape(
  wire: Wire,
  table: string,
  key: { readonly index: string; readonly columns: readonly string[] },
): Promise<KeyShape | null> {
  const facts = await columnFacts(wire, table, key.index);
  const columns: KeyColumn[] = [];
  let direction: string | null | undefined;
  for (const name of key.columns) {
    const row = facts.get(name) ?? [];
    const [order, prefix] = row.slice(9);
    direction ??= order;
    const column = order === direction && prefix === null ? keyColumn(name, row) : null;
    if (column === null) break;
    columns.push(column);
  }
  if (columns.length === 0) return null;
  return { table, index: key.index, columns };
}

const integers = new Set(["tinyint", "smallint", "mediumint", "int", "bigint", "year", "bit"]);
const texts = new Set(["char", "varchar", "tinytext", "text", "mediumtext", "longtext"]);
const binaries = new Set(["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"]);
const own = new Set(["uuid", "inet4", "inet6"]);

/**
 * A parameter that stays a text until we cast it. MySQL gives a bare one the type of its surroundings and converts
 * before we do: past 2^63 `CAST(? AS UNSIGNED)` of a text is 2^63 - 1, and a guess that has no spelling in the
 * column's character set is an error instead of a miss.
 */
export const given = "CAST(? AS CHAR CHARACTER SET utf8mb4)";

export function keyColumn(name: string, facts: ColumnFacts): KeyColumn | null {
  const [, type, columnType, charset, collation, precision, scale, fsp, octets] = facts;
  if (type === undefined || type === null) return null;
  const c = mysqlName(name);
  // ZEROFILL shows in text, and zeros in front are no part of the number.
  const bare = / zerofill/u.test(columnType ?? "") ? `${c} + 0` : c;
  const column = (kind: KeyKind, read: string, bind: string): KeyColumn => ({
    name,
    kind,
    read: [read],
    bind,
    bindHex: null,
    fsp: Number(fsp ?? 0),
    scale: Number(scale ?? 0),
    width: type === "binary" ? Number(octets ?? 0) : 0,
  });
  if (integers.has(type)) {
    const signed = type !== "bit" && type !== "year" && !/ unsigned/u.test(columnType ?? "");
    const value = type === "bit" ? `${c} + 0` : bare;
    return column("integer", `CAST(${value} AS CHAR)`, `CAST(${given} AS ${signed ? "SIGNED" : "UNSIGNED"})`);
  }
  if (type === "decimal")
    return column(
      "decimal",
      `CAST(${bare} AS CHAR)`,
      `CAST(${given} AS DECIMAL(${Number(precision ?? 65)},${Number(scale ?? 0)}))`,
    );
  if (binaries.has(type)) return column("binary", `LOWER(HEX(${c}))`, `UNHEX(${given})`);
  if (type === "date") return column("date", `CAST(${c} AS CHAR)`, `CAST(${given} AS DATE)`);
  if (type === "datetime" || type === "timestamp")
    return column("datetime", `CAST(${c} AS CHAR)`, `CAST(${given} AS DATETIME(${Number(fsp ?? 0)}))`);
  if (type === "time")
    return column("time", `CAST(${c} AS CHAR)`, `CAST(${given} AS TIME(${Number(fsp ?? 0)}))`);
  if (own.has(type)) return column("opaque", `CAST(${c} AS CHAR)`, `CAST(${given} AS ${type.toUpperCase()})`);
  if (
    !texts.has(type) ||
    charset === undefined ||
    charset === null ||
    collation === undefined ||
    collation === null
  )
    return null;
  const [set, order] = [word(charset), word(collation)];
  return {
    ...column("text", `LOWER(HEX(${c}))`, `CONVERT(${given} USING ${set}) COLLATE ${order}`),
    read: [`LOWER(HEX(${c}))`, `CONVERT(${c} USING utf8mb4)`],
    bindHex: `CONVERT(UNHEX(${given}) USING ${set}) COLLATE ${order}`,
  };
}

/** Names of character sets and collations can't be quoted; they are the server's own and plain words. */
export function word(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/gu, "");
}

/** The select list that reads a whole key. */
export function readList(shape: KeyShape): string {
  return shape.columns.flatMap((column) => column.read).join(", ");
}

/**
 * The bound in a row of `readList`. A text that is plain stays readable; one with control characters, a leading
 * backslash or bytes that are no text is `\x` and its bytes in hex, so that every ledger can hold it.
 */
export function boundOf(shape: KeyShape, row: readonly (string | null)[]): Bound {
  let at = 0;
  return shape.columns.map((column) => {
    const first = row[at++] ?? "";
    if (column.kind !== "text") return first;
    const text = row[at++] ?? null;
    return text === null || unplain.test(text) ? "\\x" + first : text;
  });
}

// eslint's no-control-regex does not apply: \p{Cc} names the class. U+FFFD is what undecodable bytes turn into.
const unplain = /^\\|\p{Cc}|\p{Cs}|\p{Co}|\p{Cn}|\uFFFD/u;

interface Comparable {
  readonly sql: string;
  readonly param: string;
}

function comparable(column: KeyColumn, text: string): Comparable {
  return column.bindHex !== null && text.startsWith("\\x")
    ? { sql: column.bindHex, param: text.slice(2) }
    : { sql: column.bind, param: text };
}

/**
 * lower <= key < upper in the form that the range optimizer turns into index ranges; null when both are open.
 * `open` leaves the lower bound itself out.
 */
export function between(
  shape: KeyShape,
  lower: Bound | null,
  upper: Bound | null,
  open = false,
): Condition | null {
  let shared = 0;
  if (lower !== null && upper !== null)
    while (shared < lower.length && shared < upper.length && lower[shared] === upper[shared]) shared++;
  const parts: Condition[] = [];
  if (lower !== null && upper !== null && shared > 0) parts.push(equal(shape, lower.slice(0, shared)));
  if (lower !== null && shared < lower.length) parts.push(beyond(shape, lower, shared, open ? ">" : ">="));
  if (upper !== null && shared < upper.length) parts.push(beyond(shape, upper, shared, "<"));
  // Two equal bounds hold nothing: key < upper must not be forgotten.
  if (lower !== null && upper !== null && shared === upper.length) return { sql: "FALSE", params: [] };
  return parts.length === 0 ? null : joined(parts, " AND ");
}

/** key = bound, for as many columns as the bound has. */
export function equal(shape: KeyShape, bound: Bound): Condition {
  return joined(
    bound.map((text, i) => compare(shape, i, "=", text)),
    " AND ",
  );
}

/**
 * `(a > 1) OR (a = 1 AND b >= 2)`, written out: of `(a, b) >= (1, 2)` MySQL makes a scan of the whole index. The
 * columns before `from` are equal on both sides and left out.
 */
function beyond(shape: KeyShape, bound: Bound, from: number, order: "<" | ">" | ">="): Condition {
  const alternatives: Condition[] = [];
  for (let i = from; i < bound.length; i++) {
    const parts: Condition[] = [];
    for (let k = from; k < i; k++) parts.push(compare(shape, k, "=", bound[k] ?? ""));
    const last = i === bound.length - 1;
    parts.push(compare(shape, i, order === ">=" && !last ? ">" : order, bound[i] ?? ""));
    alternatives.push(joined(parts, " AND "));
  }
  const either = joined(alternatives, ") OR (");
  return alternatives.length === 1 ? either : { sql: `((${either.sql}))`, params: either.params };
}

function compare(shape: KeyShape, i: number, operator: string, text: string): Condition {
  const column = shape.columns[i];
  if (column === undefined) return { sql: "NULL", params: [] };
  const { sql, param } = comparable(column, text);
  return { sql: `${mysqlName(column.name)} ${operator} ${sql}`, params: [param] };
}

/** Conditions joined by AND, or by what `glue` says. */
export function joined(parts: readonly Condition[], glue: string): Condition {
  return { sql: parts.map((part) => part.sql).join(glue), params: parts.flatMap((part) => part.params) };
}

/** ORDER BY of the columns that bounds are made of. */
export function orderList(shape: KeyShape, descending = false): string {
  return shape.columns.map((column) => mysqlName(column.name) + (descending ? " DESC" : "")).join(", ");
}
