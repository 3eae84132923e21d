/**
 * JSON strings: read with every escape resolved, written with the escapes that jsonb prints and no other. A string
 * is read into bytes first, because keys are compared without their escapes.
 */
import type { Bytes } from "./bytes.js";
import { refuse } from "./refusal.js";

const quote = 34;
const backslash = 92;
const noJson = "text that is no JSON";

/** Letter after a backslash to the byte it means, 0 for none. */
const meaning = new Uint8Array(256);
/** Byte to the letter that jsonb prints after a backslash, 0 for none. */
const letter = new Uint8Array(256);
for (const [name, byte] of [
  ["b", 8],
  ["f", 12],
  ["n", 10],
  ["r", 13],
  ["t", 9],
  ['"', quote],
  ["\\", backslash],
] as const) {
  meaning[name.charCodeAt(0)] = byte;
  letter[byte] = name.charCodeAt(0);
}
meaning[47] = 47;

/** What strings held that jsonb does not: set by `readString`, read and cleared by its caller. */
export interface StringFlags {
  /** U+0000 was left out. */
  stripped: boolean;
}

/** Appends the meaning of the string whose quote is at `at`; returns the offset after its closing quote. */
export function readString(
  source: Buffer,
  at: number,
  end: number,
  out: Bytes,
  strip: boolean,
  flags: StringFlags,
): number {
  let q = at + 1;
  out.room(end - q < 4096 ? end - q : 4096);
  for (;;) {
    const run = q;
    let byte = 0;
    while (q < end) {
      byte = source[q] as number;
      if (byte === quote || byte === backslash || byte === 0) break;
      q++;
    }
    if (q > run) out.append(source, run, q);
    if (q >= end) refuse(noJson);
    if (byte === quote) return q + 1;
    if (byte === 0) {
      nul(strip, flags);
      q++;
      continue;
    }
    const escape = source[q + 1] as number;
    if (q + 1 < end && meaning[escape] !== 0) {
      out.push(meaning[escape] as number);
      q += 2;
      continue;
    }
    if (q + 5 >= end || escape !== 117) refuse(noJson);
    let point = hex4(source, q + 2);
    q += 6;
    if (
      point >= 0xd800 &&
      point < 0xdc00 &&
      q + 5 < end &&
      source[q] === backslash &&
      source[q + 1] === 117
    ) {
      const low = hex4(source, q + 2);
      if (low >= 0xdc00 && low < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10) + low - 0xdc00;
        q += 6;
      }
    }
    if (point >= 0xd800 && point < 0xe000)
      refuse("JSON with half a surrogate pair, which PostgreSQL does not hold");
    if (point === 0) nul(strip, flags);
    else pushPoint(point, out);
  }
}

/** Appends the string of bytes [start, end) as jsonb prints it, quotes included. */
export function spellString(source: Buffer, start: number, end: number, out: Bytes): void {
  out.push(quote);
  let run = start;
  for (let q = start; q < end; q++) {
    const byte = source[q] as number;
    if (byte >= 32 && byte !== quote && byte !== backslash) continue;
    out.append(source, run, q);
    run = q + 1;
    out.push(backslash);
    if (letter[byte] !== 0) {
      out.push(letter[byte] as number);
      continue;
    }
    out.push(117);
    out.push(48);
    out.push(48);
    out.push(48 + (byte >> 4));
    out.push((byte & 15) + ((byte & 15) < 10 ? 48 : 87));
  }
  out.append(source, run, end);
  out.push(quote);
}

function nul(strip: boolean, flags: StringFlags): void {
  if (!strip) refuse("JSON with \\u0000, which PostgreSQL does not hold");
  flags.stripped = true;
}

function hex4(source: Buffer, at: number): number {
  let value = 0;
  for (let k = at; k < at + 4; k++) {
    const byte = source[k] as number;
    const low = byte | 32;
    const digit = byte >= 48 && byte <= 57 ? byte - 48 : low >= 97 && low <= 102 ? low - 87 : -1;
    if (digit < 0) refuse(noJson);
    value = value * 16 + digit;
  }
  return value;
}

function pushPoint(point: number, out: Bytes): void {
  if (point < 0x80) out.push(point);
  else if (point < 0x800) {
    out.push(0xc0 | (point >> 6));
    out.push(0x80 | (point & 63));
  } else {
    if (point < 0x10000) out.push(0xe0 | (point >> 12));
    else {
      out.push(0xf0 | (point >> 18));
      out.push(0x80 | ((point >> 12) & 63));
    }
    out.push(0x80 | ((point >> 6) & 63));
    out.push(0x80 | (point & 63));
  }
}
