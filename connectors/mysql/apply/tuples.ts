/** Tuples of PostgreSQL's binary form, row by row: each field its bytes, null for NULL. Views of the caller's chunks. */
import { Fault } from "../../../src/errors.js";
import type { Tuples } from "../../../src/stream-port.js";

export type Fields = readonly (Buffer | null)[];

/** Throws Fault bug where a row has another number of fields. */
export function* rowsOf(tuples: Tuples, fields: number): Generator<Fields> {
  const [only] = tuples.chunks;
  // Fields may be split between chunks wherever a chunk was full.
  const bytes = tuples.chunks.length === 1 && only !== undefined ? only : Buffer.concat(tuples.chunks);
  let at = 0;
  for (let left = tuples.rows; left > 0; left--) {
    if (at + 2 > bytes.length || bytes.readInt16BE(at) !== fields) throw malformed();
    at += 2;
    const row: (Buffer | null)[] = [];
    for (let k = 0; k < fields; k++) {
      if (at + 4 > bytes.length) throw malformed();
      const length = bytes.readInt32BE(at);
      at += 4;
      row.push(length < 0 ? null : bytes.subarray(at, at + length));
      at += Math.max(0, length);
    }
    if (at > bytes.length) throw malformed();
    yield row;
  }
  if (at !== bytes.length) throw malformed();
}

function malformed(): Fault {
  return new Fault("bug", "A batch's tuples are not of the shape that their table has.");
}
