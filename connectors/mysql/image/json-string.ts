/** Strings of JSON with the escapes that the server prints: short ones where there are, else six characters. */
import { isUtf8 } from "node:buffer";
import { misfit } from "../../../src/typemap/misfit.js";
import type { ProtocolRow } from "../../../src/typemap/protocol-row.js";

/** 0 as it is, 1 as \u00XX, else the character after a backslash. */
const escapes = new Uint8Array(256);
escapes.fill(1, 0, 32);
for (const [byte, escape] of [
  [8, "b"],
  [9, "t"],
  [10, "n"],
  [12, "f"],
  [13, "r"],
  [34, '"'],
  [92, "\\"],
] as const)
  escapes[byte] = escape.charCodeAt(0);

const hex = Buffer.from("0123456789abcdef");
const quote = 34;
const backslash = 92;

/** Up to this length a loop is faster than a native call. */
const shortText = 48;

/** Whether the bytes are UTF-8. */
function isText(source: Buffer, at: number, end: number): boolean {
  if (end - at > shortText) return isUtf8(source.subarray(at, end));
  for (let q = at; q < end;) {
    const first = source[q++] as number;
    if (first < 0x80) continue;
    const more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (first < 0xc2 || first > 0xf4 || q + more > end) return false;
    const second = source[q] as number;
    // Longer than need be, halves of pairs, past the last plane.
    if (first === 0xe0 && second < 0xa0) return false;
    if (first === 0xed && second > 0x9f) return false;
    if (first === 0xf0 && second < 0x90) return false;
    if (first === 0xf4 && second > 0x8f) return false;
    for (const last = q + more; q < last; q++) if (((source[q] as number) & 0xc0) !== 0x80) return false;
  }
  return true;
}

/** From this length on a native copy is tried first. */
const nativeCopy = 64;

/** Up to here room is made for the most that there may be; beyond, escapes are counted first. */
const small = 65_536;

function sizeOf(source: Buffer, at: number, end: number): number {
  let size = 0;
  for (let q = at; q < end; q++) {
    const escape = escapes[source[q] as number] as number;
    size += escape === 0 ? 1 : escape === 1 ? 6 : 2;
  }
  return size;
}

/** Appends it in quotes. Throws a Fault where it is no UTF-8. */
export function putString(row: ProtocolRow, source: Buffer, at: number, length: number): void {
  row.reserve((length <= small ? 6 * length : sizeOf(source, at, at + length)) + 2);
  const { bytes } = row;
  const end = at + length;
  let o = row.at;
  let q = at;
  let high = 0;
  bytes[o++] = quote;
  if (length > nativeCopy) {
    while (q < end && escapes[source[q] as number] === 0) high |= source[q++] as number;
    source.copy(bytes, o, at, q);
    o += q - at;
  }
  while (q < end) {
    const byte = source[q++] as number;
    const escape = escapes[byte] as number;
    high |= byte;
    if (escape === 0) bytes[o++] = byte;
    else if (escape === 1) {
      bytes[o++] = backslash;
      bytes[o++] = 117;
      bytes[o++] = 48;
      bytes[o++] = 48;
      bytes[o++] = 48 + (byte >> 4);
      bytes[o++] = hex[byte & 15] as number;
    } else {
      bytes[o++] = backslash;
      bytes[o++] = escape;
    }
  }
  bytes[o++] = quote;
  row.at = o;
  if (high > 127 && !isText(source, at, end)) throw misfit("JSON");
}
