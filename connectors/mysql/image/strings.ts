/**
 * CHAR, VARCHAR, the TEXT and BLOB types, BINARY, and MariaDB's COMPRESSED columns. The log has the column's own
 * bytes, in its own character set, CHAR without its blanks and BINARY without the zeros at its end; the protocol
 * sends UTF-8, and BINARY at its full length.
 */
import { inflateRawSync, inflateSync } from "node:zlib";
import type { Charset } from "./charset.js";
import { misfit } from "../../../src/typemap/misfit.js";
import { callReading, opReading, readingOps } from "./reading.js";
import type { Reading } from "./reading.js";

/** Bytes as they are. */
export const bytesReading: Reading = opReading(readingOps.bytes);

/** Text of a character set; `charset` null for what is no text. */
export function textReading(charset: Charset | null): Reading {
  const write = charset?.write ?? null;
  if (write === null) return bytesReading;
  return callReading((source, at, length, row) => {
    const head = row.open();
    write(source, at, length, row);
    row.close(head);
  });
}

/** BINARY(size). */
export function paddedReading(size: number): Reading {
  return callReading((source, at, length, row) => {
    if (length > size) throw misfit("value of its BINARY");
    row.reserve(size + 9);
    row.length(size);
    source.copy(row.bytes, row.at, at, at + length);
    row.bytes.fill(0, row.at + length, row.at + size);
    row.at += size;
  });
}

/** BIT(size), big-endian; what the size leaves over of the first byte is never set. */
export function bitReading(size: number): Reading {
  const unused = size % 8 === 0 ? 0 : 0xff & (0xff << (size % 8));
  return callReading((source, at, length, row) => {
    if (((source[at] as number) & unused) !== 0) throw misfit("value of its BIT");
    row.copy(source, at, length);
  });
}

/** A COMPRESSED column of MariaDB, whose value is then read as `inner` reads it. */
export function compressedReading(inner: Reading): Reading {
  const { write } = inner;
  return callReading((source, at, length, row) => {
    const value = inflated(source, at, length);
    row.reserve(value.length + 9);
    if (write === null) row.copy(value, 0, value.length);
    else write(value, 0, value.length, row);
  });
}

const stored = 0;
const deflated = 8;
/** The header's bit for a stream without zlib's own head and sum. */
const rawBit = 8;

/** A header byte (method, raw bit, bytes of the length), the length big-endian, the stream. */
function inflated(source: Buffer, at: number, length: number): Buffer {
  if (length === 0) return source.subarray(at, at);
  const header = source[at] as number;
  const method = header >> 4;
  if (method === stored) return source.subarray(at + 1, at + length);
  const size = header & 7;
  if (method !== deflated || size < 1 || size > 4 || length < 1 + size) throw misfit("compressed value");
  const full = source.readUIntBE(at + 1, size);
  const stream = source.subarray(at + 1 + size, at + length);
  let value: Buffer;
  try {
    const inflate = (header & rawBit) === 0 ? inflateSync : inflateRawSync;
    value = inflate(stream, { maxOutputLength: Math.max(1, full) });
  } catch {
    throw misfit("compressed value");
  }
  if (value.length !== full) throw misfit("compressed value");
  return value;
}
