/**
 * Numbers of JSON as the server prints them (typemap/json-double.ts says how it prints a double), without a string being
 * made for those that are frequent.
 */
import { jsonDouble } from "../../../src/typemap/json-double.js";
import { misfit } from "../../../src/typemap/misfit.js";
import type { ProtocolRow } from "../../../src/typemap/protocol-row.js";

const minus = 45;
const zero = 48;

/** Appends an integer of at most 53 bits. */
export function putInteger(row: ProtocolRow, value: number): void {
  row.reserve(17);
  const { bytes } = row;
  let o = row.at;
  let rest = value;
  if (value < 0) {
    bytes[o++] = minus;
    rest = -value;
  }
  let digits = 1;
  for (let limit = 10; rest >= limit; limit *= 10) digits++;
  for (let k = o + digits - 1; k >= o; k--) {
    const tenth = Math.floor(rest / 10);
    bytes[k] = zero + rest - tenth * 10;
    rest = tenth;
  }
  row.at = o + digits;
}

/** Appends the 64-bit integer at `at`. */
export function putLong(row: ProtocolRow, source: Buffer, at: number, signed: boolean): void {
  const high = signed ? source.readInt32LE(at + 4) : source.readUInt32LE(at + 4);
  // Within 53 bits both halves make one exact number.
  if (high >= -0x200000 && high < 0x200000) {
    putInteger(row, high * 0x100000000 + source.readUInt32LE(at));
    return;
  }
  putAscii(row, String(signed ? source.readBigInt64LE(at) : source.readBigUInt64LE(at)));
}

/** Past it a double that is an integer may have more digits than the fewest. */
const exactWhole = 1e15;

export function putDouble(row: ProtocolRow, value: number): void {
  if (!Number.isFinite(value)) throw misfit("JSON");
  if (value === 0) {
    putAscii(row, jsonDouble(value));
    return;
  }
  if (value < exactWhole && value > -exactWhole && Math.floor(value) === value) {
    putInteger(row, value);
    putAscii(row, ".0");
    return;
  }
  if (putShort(row, value)) return;
  putAscii(row, jsonDouble(value));
}

/** Up to here a number with four digits after the point has 13 in all. */
const shortMost = 1e9;
const places = 10_000;

/**
 * A number with at most four digits after the point, as most are, without a string being made. No two decimals of 15
 * digits are one double, so one that gives this double back is the shortest that does.
 */
function putShort(row: ProtocolRow, value: number): boolean {
  const size = value < 0 ? -value : value;
  const scaled = Math.round(size * places);
  if (size >= shortMost || scaled / places !== size) return false;
  const whole = Math.floor(scaled / places);
  row.reserve(24);
  const { bytes } = row;
  if (value < 0) bytes[row.at++] = minus;
  putInteger(row, whole);
  bytes[row.at++] = 46;
  let fraction = scaled - whole * places;
  for (let unit = places / 10; fraction > 0; unit /= 10) {
    const digit = Math.floor(fraction / unit);
    bytes[row.at++] = zero + digit;
    fraction -= digit * unit;
  }
  return true;
}

function putAscii(row: ProtocolRow, text: string): void {
  row.reserve(text.length);
  const { bytes, at } = row;
  for (let k = 0; k < text.length; k++) bytes[at + k] = text.charCodeAt(k);
  row.at = at + text.length;
}
