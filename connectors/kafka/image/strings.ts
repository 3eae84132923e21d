/**
 * Texts, bytes, geometries and vectors. A CHAR comes without the blanks at its end, as SELECT has it; BINARY is
 * brought to its length again.
 */
import { misfit } from "../../../src/typemap/misfit.js";
import { held } from "./field.js";
import type { Primitives, ReadField, WriteField } from "./field.js";
import { decodeText } from "./json-primitives.js";
import type { Carried } from "./carried.js";

export function writeHeld(read: ReadField<void>): WriteField {
  return (source, at, length, kind, row) => {
    read(source, at, length, kind);
    row.copy(held.bytes, held.at, held.length);
  };
}

/** BINARY(size). */
export function writePadded(size: number, read: ReadField<void>): WriteField {
  return (source, at, length, kind, row) => {
    read(source, at, length, kind);
    if (held.length > size) throw misfit("value of its BINARY");
    row.reserve(size + 9);
    row.length(size);
    held.bytes.copy(row.bytes, row.at, held.at, held.at + held.length);
    row.bytes.fill(0, row.at + held.length, row.at + size);
    row.at += size;
  };
}

/** null where the column's values do not arrive as bytes. */
export function bytesReader(carried: Carried, primitives: Primitives): ReadField<void> | null {
  if (carried.as === "bytes") return primitives.bytes;
  if (carried.as !== "bytes-text") return null;
  const { encoding } = carried;
  return (source, at, length, kind) => {
    primitives.text(source, at, length, kind);
    decodeText(encoding);
  };
}

/** Four bytes of spatial reference and the WKB. */
export function writeGeometry({ geometry }: Primitives): WriteField {
  return (source, at, length, kind, row) => {
    const srid = geometry(source, at, length, kind);
    if (!Number.isInteger(srid) || srid < 0 || srid > 0xffffffff) throw misfit("geometry");
    row.reserve(held.length + 13);
    row.length(held.length + 4);
    row.at = row.bytes.writeUInt32LE(srid, row.at);
    held.bytes.copy(row.bytes, row.at, held.at, held.at + held.length);
    row.at += held.length;
  };
}

/** VECTOR: four bytes a number. */
export function writeVector({ floats }: Primitives): WriteField {
  return (source, at, length, kind, row) => {
    const values: number[] = [];
    floats(source, at, length, kind, (value) => values.push(Math.fround(value)));
    row.reserve(values.length * 4 + 9);
    row.length(values.length * 4);
    for (const value of values) row.at = row.bytes.writeFloatLE(value, row.at);
  };
}
