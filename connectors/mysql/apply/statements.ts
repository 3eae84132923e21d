/**
 * The statements of the way back with their values, cut so that each fits what the server takes. Rows are told by their
 * key, value by value and byte by byte: what a collation holds equal is another row.
 */
import { Fault } from "../../../src/errors.js";
import type { BackColumn, BackShape } from "./shape.js";
import type { Param } from "./session.js";
import type { Fields } from "./tuples.js";

/** Past so many alternatives MySQL's optimizer looks through the whole table. */
export const mostRows = 500;

export interface Part {
  readonly sql: string;
  readonly params: readonly Param[];
  /** Bytes that it takes in a statement at most. */
  readonly bytes: number;
}

/** Values to be stored, and how many of them only a lenient session takes. */
export interface Values extends Part {
  readonly lenient: number;
}

/** `(?, ?, ...)` of an INSERT. Fault value-refused. */
export function insertValues({ written }: BackShape, row: Fields): Values {
  return assignments(written, row, ({ way }) => way.value, "(", ")");
}

/** `a = ?, b = ?`. Fault value-refused. */
export function setValues({ set }: BackShape, row: Fields): Values {
  return assignments(set, row, ({ name, way }) => `${name} = ${way.value}`, "", "");
}

function assignments(
  columns: readonly BackColumn[],
  row: Fields,
  sqlOf: (column: BackColumn) => string,
  open: string,
  close: string,
): Values {
  const params: Param[] = [];
  let [bytes, lenient] = [0, 0];
  const texts = columns.map((column) => {
    const value = column.way.encode(row[column.place] ?? null);
    if (column.way.lenient(value)) lenient += 1;
    const sql = sqlOf(column);
    bytes += sql.length + 2 + sizeOf(value);
    params.push(value);
    return sql;
  });
  return { sql: `${open}${texts.join(", ")}${close}`, params, bytes, lenient };
}

/** Whether a row is this one. `fields` are the columns' own, in their order. Fault value-refused. */
export function isRow(columns: readonly BackColumn[], fields: Fields): Part {
  const params: Param[] = [];
  let bytes = 0;
  const texts = columns.map(({ name, way, times }, k) => {
    const value = way.encode(fields[k] ?? null);
    if (value === null) return `${name} IS NULL`;
    const sql = way.same(name);
    for (let n = 0; n < times; n++) params.push(value);
    bytes += sql.length + 8 + times * sizeOf(value);
    return sql;
  });
  return { sql: `(${texts.join(" AND ")})`, params, bytes };
}

/** The key's fields out of a whole row's. */
export function keyFields({ key }: BackShape, row: Fields): Fields {
  return key.map(({ place }) => row[place] ?? null);
}

/** Slices of at most so many bytes and rows; `table` for the sentence about a row that is more than a statement may have. */
export function* slices<P extends Part>(
  parts: Iterable<P>,
  packet: number,
  table: string,
): Generator<readonly P[]> {
  let [slice, bytes]: [P[], number] = [[], 0];
  for (const part of parts) {
    if (part.bytes > packet - 4096)
      throw new Fault(
        "value-refused",
        `${table}: a row takes ${String(part.bytes)} bytes in a statement, more than the source's max_allowed_packet of ${String(packet)} allows.`,
        { facts: { table }, next: "Raise max_allowed_packet on the source, then headgate run." },
      );
    if (slice.length > 0 && (slice.length >= mostRows || bytes + part.bytes > packet / 4)) {
      yield slice;
      [slice, bytes] = [[], 0];
    }
    slice.push(part);
    bytes += part.bytes;
  }
  if (slice.length > 0) yield slice;
}

export function joined(parts: readonly Part[], separator: string): { sql: string; params: Param[] } {
  return {
    sql: parts.map(({ sql }) => sql).join(separator),
    params: parts.flatMap(({ params }) => params),
  };
}

const escaped = /[\0\b\t\n\r\x1a"'\\]/gu;

/** As the driver writes it: bytes in hex, texts quoted with a backslash before some of their characters. */
function sizeOf(value: Param): number {
  if (value === null) return 4;
  if (typeof value !== "string") return value.length * 2 + 3;
  return Buffer.byteLength(value) + (value.match(escaped)?.length ?? 0) + 2;
}
