/**
 * A row of the source that holds values which no policy lets through, as a tuple all the same: their fields are marked
 * (tuple.ts), so that the row is equal to none, has the same name whenever it is read, and tells which columns it is.
 */
import { Fault } from "../errors.js";
import type { Codec } from "../typemap/codec.js";
import type { Output } from "../typemap/output.js";
import { Refusal } from "../typemap/refusal.js";
import { cellsOf } from "../typemap/row.js";
import type { RowWriter } from "../typemap/writer.js";
import { fieldName, fieldsAt, refusedLength } from "./tuple.js";
import type { TupleShape } from "./tuple.js";

/** Where tuples are written. */
export interface Pen {
  readonly out: Output;
  readonly writer: RowWriter;
}

/** A row of the binary protocol, bytes [start, end) of the packet. */
export interface WireRow {
  readonly packet: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Writes the row once more, without the values that are refused. Fault value-refused where one of them is in the key: such a row has no name. */
export function writeRefused(
  { shape, codecs }: { readonly shape: TupleShape; readonly codecs: readonly Codec[] },
  { out, writer }: Pen,
  { packet, start, end }: WireRow,
  first: Refusal,
): void {
  const before = out.at;
  const cells = cellsOf(codecs, packet, start, end);
  const marked: number[] = [];
  for (let refusal: Refusal | null = first; refusal !== null;) {
    const field = out.column;
    if ((cells[field] ?? null) === null) throw new Fault("bug", `${shape.table.source}: ${refusal.message}.`);
    if (shape.key.includes(field)) throw refusedKey(shape, field, refusal);
    cells[field] = null;
    marked.push(field);
    const row = rowOf(cells);
    try {
      writer.row(row, 0, row.length);
      refusal = null;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      out.at = before;
      refusal = error;
    }
  }
  const at = new Int32Array(codecs.length);
  fieldsAt(out.bytes, before, at);
  for (const field of marked) out.bytes.writeInt32BE(refusedLength, at[field]);
}

/** A row of the binary protocol: header byte, NULL bitmap, cells with the lengths that stand before them. */
function rowOf(cells: readonly (Buffer | null)[]): Buffer {
  const nulls = Buffer.alloc((cells.length + 9) >> 3);
  cells.forEach((cell, index) => {
    const bit = index + 2;
    if (cell === null) nulls[bit >> 3] = (nulls[bit >> 3] ?? 0) | (1 << (bit & 7));
  });
  return Buffer.concat([Buffer.from([0]), nulls, ...cells.flatMap((cell) => (cell === null ? [] : [cell]))]);
}

/** Without its key no one could say which row it is. */
function refusedKey(shape: TupleShape, field: number, refusal: Refusal): Fault {
  const column = fieldName(shape, field);
  return new Fault(
    "value-refused",
    `${shape.table.source}.${column} is part of the key and holds ${refusal.message}: the row cannot be compared.`,
    { facts: { table: shape.table.source, column }, cause: refusal },
  );
}
