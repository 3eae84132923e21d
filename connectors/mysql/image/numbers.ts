/**
 * Integers and floating numbers. The log has them little-endian as the protocol does; MEDIUMINT has three bytes
 * there and four here, and YEAR counts from 1900. An integer that is read as text becomes its digits.
 */
import type { AnnouncedColumn } from "./announced-column.js";
import { logTypes } from "./log-type.js";
import { callReading, opReading, readingOps } from "./reading.js";
import type { Reading, ReadingOp } from "./reading.js";

const plain: ReadonlyMap<number, ReadingOp> = new Map<number, ReadingOp>([
  [logTypes.tiny, readingOps.one],
  [logTypes.short, readingOps.two],
  [logTypes.long, readingOps.four],
  [logTypes.float, readingOps.four],
  [logTypes.longlong, readingOps.eight],
  [logTypes.double, readingOps.eight],
]);

/** null where the type is no number of a fixed size. */
export function numberReading(announced: AnnouncedColumn, unsigned: boolean): Reading | null {
  const op = plain.get(announced.type);
  if (op !== undefined) return opReading(op);
  if (announced.type === logTypes.int24) return mediumReading(unsigned);
  if (announced.type === logTypes.year) return yearReading;
  return null;
}

/** `c+0e0` of a DOUBLE: the same number, but for -0, which becomes 0. */
export const plusZeroReading: Reading = callReading((source, at, _length, row) => {
  const { bytes, at: o } = row;
  for (let k = 0; k < 8; k++) bytes[o + k] = source[at + k] as number;
  if (source.readDoubleLE(at) === 0) bytes[o + 7] = 0;
  row.at = o + 8;
});

/** The digits of an integer, or of a year without leading zeros. null for other types. */
export function digitsReading(announced: AnnouncedColumn, unsigned: boolean): Reading | null {
  const read = digitsOf(announced.type, unsigned);
  if (read === null) return null;
  return callReading((source, at, _length, row) => row.ascii(read(source, at)));
}

function digitsOf(type: number, unsigned: boolean): ((source: Buffer, at: number) => string) | null {
  switch (type) {
    case logTypes.tiny:
      return (source, at) => String(unsigned ? source.readUInt8(at) : source.readInt8(at));
    case logTypes.short:
      return (source, at) => String(unsigned ? source.readUInt16LE(at) : source.readInt16LE(at));
    case logTypes.int24:
      return (source, at) => String(unsigned ? source.readUIntLE(at, 3) : source.readIntLE(at, 3));
    case logTypes.long:
      return (source, at) => String(unsigned ? source.readUInt32LE(at) : source.readInt32LE(at));
    case logTypes.longlong:
      return (source, at) => String(unsigned ? source.readBigUInt64LE(at) : source.readBigInt64LE(at));
    case logTypes.year:
      return (source, at) => String(source[at] === 0 ? 0 : 1900 + (source[at] as number));
    default:
      return null;
  }
}

function mediumReading(unsigned: boolean): Reading {
  return callReading((source, at, _length, row) => {
    const { bytes, at: o } = row;
    const high = source[at + 2] as number;
    bytes[o] = source[at] as number;
    bytes[o + 1] = source[at + 1] as number;
    bytes[o + 2] = high;
    bytes[o + 3] = !unsigned && high > 127 ? 255 : 0;
    row.at = o + 4;
  });
}

const yearReading: Reading = callReading((source, at, _length, row) => {
  const year = source[at] === 0 ? 0 : 1900 + (source[at] as number);
  row.bytes[row.at++] = year & 255;
  row.bytes[row.at++] = year >> 8;
});
