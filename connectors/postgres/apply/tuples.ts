/**
 * Tuples on their way into parameters: rows become one binary array a column, which unnest makes rows of again. An
 * array's elements are spelled as a tuple's fields are, length first, so nothing is decoded. Sizes are counted in a
 * first pass, so that each array is allocated once and to the byte.
 */
import { Fault } from "../../../src/errors.js";
import type { Tuples } from "../../../src/stream-port.js";

/** Some rows, a binary array for each wanted column. */
export interface ArraySlice {
  readonly rows: number;
  readonly bytes: number;
  readonly arrays: readonly Buffer[];
}

export interface SliceLimit {
  readonly rows: number;
  readonly bytes: number;
}

/** A column that is wanted: its place in the tuple, and the oid of its type. */
export interface WantedField {
  readonly place: number;
  readonly oid: number;
}

/** dimensions, has NULLs, element type, length, lower bound. */
const arrayHeader = 20;

/** Cuts `tuples` into slices of at most `limit`, one row at least. */
export function* arraySlices(
  tuples: Tuples,
  fields: number,
  wanted: readonly WantedField[],
  limit: SliceLimit,
): Generator<ArraySlice> {
  const [only] = tuples.chunks;
  // Fields may be split between chunks wherever a chunk was full.
  const bytes = tuples.chunks.length === 1 && only !== undefined ? only : Buffer.concat(tuples.chunks);
  let [at, left] = [0, tuples.rows];
  const sizes = new Float64Array(fields);
  const nulls = new Uint8Array(fields);
  while (left > 0) {
    sizes.fill(0);
    nulls.fill(0);
    const start = at;
    let rows = 0;
    while (rows < left && rows < limit.rows && (rows === 0 || at - start < limit.bytes)) {
      at = measure(bytes, at, fields, sizes, nulls);
      rows += 1;
    }
    yield { rows, bytes: at - start, arrays: gather(bytes, start, rows, wanted, { fields, sizes, nulls }) };
    left -= rows;
  }
  if (at !== bytes.length) throw malformed();
}

/** A tuple's fields as binary parameters. */
export function fieldsOf(tuple: Buffer): readonly (Buffer | null)[] {
  const fields: (Buffer | null)[] = [];
  for (let at = 2, left = tuple.readInt16BE(0); left > 0; left -= 1) {
    const length = tuple.readInt32BE(at);
    fields.push(length < 0 ? null : tuple.subarray(at + 4, at + 4 + length));
    at += 4 + Math.max(0, length);
  }
  return fields;
}

interface Measured {
  readonly fields: number;
  readonly sizes: Float64Array;
  readonly nulls: Uint8Array;
}

function measure(
  bytes: Buffer,
  start: number,
  fields: number,
  sizes: Float64Array,
  nulls: Uint8Array,
): number {
  if (start + 2 > bytes.length || bytes.readInt16BE(start) !== fields) throw malformed();
  let at = start + 2;
  for (let i = 0; i < fields; i++) {
    if (at + 4 > bytes.length) throw malformed();
    const length = bytes.readInt32BE(at);
    const size = length < 0 ? 4 : 4 + length;
    if (length < 0) nulls[i] = 1;
    sizes[i] = (sizes[i] ?? 0) + size;
    at += size;
  }
  if (at > bytes.length) throw malformed();
  return at;
}

function gather(
  bytes: Buffer,
  start: number,
  rows: number,
  wanted: readonly WantedField[],
  { fields, sizes, nulls }: Measured,
): readonly Buffer[] {
  const arrays: (Buffer | undefined)[] = Array.from({ length: fields });
  const ends = new Int32Array(fields);
  for (const { place, oid } of wanted) {
    const array = Buffer.allocUnsafe(arrayHeader + (sizes[place] ?? 0));
    array.writeInt32BE(1, 0);
    array.writeInt32BE(nulls[place] ?? 0, 4);
    array.writeUInt32BE(oid, 8);
    array.writeInt32BE(rows, 12);
    array.writeInt32BE(1, 16);
    arrays[place] = array;
    ends[place] = arrayHeader;
  }
  let at = start;
  for (let row = 0; row < rows; row++) {
    at += 2;
    for (let i = 0; i < fields; i++) {
      const length = bytes.readInt32BE(at);
      const size = length < 0 ? 4 : 4 + length;
      const array = arrays[i];
      if (array !== undefined) {
        const end = ends[i] ?? 0;
        // A native copy has a price of its own.
        if (size > 40) bytes.copy(array, end, at, at + size);
        else for (let k = 0; k < size; k++) array[end + k] = bytes[at + k] as number;
        ends[i] = end + size;
      }
      at += size;
    }
  }
  return wanted.map(({ place }) => arrays[place] ?? Buffer.alloc(0));
}

function malformed(): Fault {
  return new Fault("bug", "A batch's tuples are not of the shape that their table has.");
}
