/**
 * DECIMAL as the log packs it: nine digits in four bytes, fewer in fewer, big-endian, the first bit turned round and
 * all bits of a negative number too. The protocol sends it as text with all digits of its scale.
 */
import { misfit } from "../../../src/typemap/misfit.js";
import { callReading } from "./reading.js";
import type { Reading } from "./reading.js";
import type { ProtocolRow } from "../../../src/typemap/protocol-row.js";

/** Bytes for 0 to 9 digits. */
const partBytes: readonly number[] = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

function bytesOf(digits: number): number {
  return Math.floor(digits / 9) * 4 + (partBytes[digits % 9] ?? 0);
}

export function decimalBytes(precision: number, scale: number): number {
  return bytesOf(precision - scale) + bytesOf(scale);
}

/** The most that a decimal's text takes: sign, 65 digits, a zero before the point, the point. */
const textBytes = 68;

/** `padded`: ZEROFILL, which the protocol sends with its leading zeros. */
export function decimalReading(precision: number, scale: number, padded: boolean): Reading {
  return callReading((source, at, _length, row) => {
    row.reserve(textBytes + 1);
    const head = row.at;
    row.at = head + 1;
    writeDecimal(source, at, precision, scale, padded, row);
    row.bytes[head] = row.at - head - 1;
  });
}

/** Writes the text; the caller has made room for it. */
export function writeDecimal(
  source: Buffer,
  at: number,
  precision: number,
  scale: number,
  padded: boolean,
  row: ProtocolRow,
): void {
  const { bytes } = row;
  const negative = ((source[at] as number) & 0x80) === 0;
  const turned = negative ? 0xff : 0;
  let first = 0x80;
  let q = at;
  let o = row.at;
  if (negative) bytes[o++] = 45;
  const whole = precision - scale;
  let leading = !padded;
  for (let left = whole; left > 0;) {
    const digits = left % 9 === 0 ? 9 : left % 9;
    const size = partBytes[digits] as number;
    let value = 0;
    for (let k = 0; k < size; k++) {
      value = value * 256 + ((source[q++] as number) ^ turned ^ first);
      first = 0;
    }
    if (!leading) o = putDigits(bytes, o, value, digits);
    else if (value !== 0) {
      o = putDigits(bytes, o, value, Math.min(digits, digitsOf(value)));
      leading = false;
    }
    left -= digits;
  }
  if (leading || whole === 0) bytes[o++] = 48;
  if (scale > 0) {
    bytes[o++] = 46;
    for (let left = scale; left > 0;) {
      const digits = left < 9 ? left : 9;
      const size = partBytes[digits] as number;
      let value = 0;
      for (let k = 0; k < size; k++) {
        value = value * 256 + ((source[q++] as number) ^ turned ^ first);
        first = 0;
      }
      o = putDigits(bytes, o, value, digits);
      left -= digits;
    }
  }
  row.at = o;
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit && digits < 10; limit *= 10) digits++;
  return digits;
}

function putDigits(bytes: Buffer, at: number, value: number, digits: number): number {
  let rest = value;
  for (let k = at + digits - 1; k >= at; k--) {
    const tenth = Math.floor(rest / 10);
    bytes[k] = 48 + rest - tenth * 10;
    rest = tenth;
  }
  if (rest !== 0) throw misfit("decimal");
  return at + digits;
}
