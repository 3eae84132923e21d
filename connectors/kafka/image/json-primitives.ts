/**
 * Values of Connect's JSON: numbers are digits in the text, bytes are base64, texts may have escapes. What has no
 * escape stays where it is.
 */
import { misfit } from "../../../src/typemap/misfit.js";
import { JsonCursor, jsonKinds } from "../json-cursor.js";
import { MemberNames } from "../member-names.js";
import { held } from "./field.js";
import type { Primitives } from "./field.js";

/** Digits that a double holds whatever they are. */
const safeDigits = 15;

export const jsonPrimitives: Primitives = {
  integer(source, at, length, kind) {
    if (kind !== jsonKinds.plain) throw misfit("whole number");
    const end = at + length;
    const negative = source[at] === minus;
    const first = negative ? at + 1 : at;
    if (first === end) throw misfit("whole number");
    let value = 0;
    for (let q = first; q < end; q++) {
      const digit = (source[q] as number) - 48;
      if (digit < 0 || digit > 9) throw misfit("whole number");
      value = value * 10 + digit;
    }
    if (end - first > safeDigits) return BigInt(source.toString("latin1", at, end));
    return negative && value !== 0 ? -value : value;
  },
  float(source, at, length, kind) {
    const text = source.toString("latin1", at, at + length);
    if (kind !== jsonKinds.plain || !/^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(text)) throw misfit("number");
    return Number(text);
  },
  truth(source, at, length, kind) {
    const first = source[at];
    if (kind !== jsonKinds.plain || (first !== letterT && first !== letterF)) throw misfit("truth value");
    return length === 4;
  },
  text,
  bytes(source, at, length, kind) {
    text(source, at, length, kind);
    decodeText("base64");
  },
  geometry,
  floats(source, at, length, kind, each) {
    if (kind !== jsonKinds.container || source[at] !== openBracket) throw misfit("list of numbers");
    const inside = source.toString("latin1", at + 1, at + length - 1);
    if (inside.trim() === "") return;
    for (const part of inside.split(",")) {
      const value = Number(part);
      if (part.trim() === "" || !Number.isFinite(value)) throw misfit("list of numbers");
      each(value);
    }
  },
};

const minus = 45;
const letterT = 116;
const letterF = 102;
const equals = 61;
const openBracket = 91;

/** What had to be made of a value. */
let scratch = Buffer.allocUnsafeSlow(4096);

function room(size: number): Buffer {
  if (scratch.length < size) scratch = Buffer.allocUnsafeSlow(Math.max(size, scratch.length * 2));
  else if (scratch.length > keptBytes && size < keptBytes) scratch = Buffer.allocUnsafeSlow(size + 4096);
  return scratch;
}

/** A buffer that one large value left behind is not kept. */
const keptBytes = 1_048_576;

function text(source: Buffer, at: number, length: number, kind: number): void {
  if (kind === jsonKinds.text) {
    held.bytes = source;
    held.at = at + 1;
    held.length = length - 2;
    return;
  }
  if (kind !== jsonKinds.escaped) throw misfit("text");
  const out = room(length);
  held.length = unescape(source, at + 1, at + length - 1, out);
  held.bytes = out;
  held.at = 0;
}

const short: ReadonlyMap<number, number> = new Map([
  [34, 34],
  [92, 92],
  [47, 47],
  [98, 8],
  [102, 12],
  [110, 10],
  [114, 13],
  [116, 9],
]);

/** Appends the text without its escapes; returns its length. No escape is shorter than what it stands for. */
function unescape(source: Buffer, start: number, end: number, out: Buffer): number {
  let o = 0;
  for (let q = start; q < end;) {
    const byte = source[q] as number;
    if (byte !== 92) {
      out[o++] = byte;
      q++;
      continue;
    }
    const letter = source[q + 1] as number;
    if (letter !== 117) {
      const plain = short.get(letter);
      if (plain === undefined || q + 2 > end) throw misfit("JSON text");
      out[o++] = plain;
      q += 2;
      continue;
    }
    let point = unit(source, q, end);
    q += 6;
    if ((point & 0xf800) === 0xd800) {
      const low = source[q] === 92 && source[q + 1] === 117 ? unit(source, q, end) : 0;
      if (point > 0xdbff || (low & 0xfc00) !== 0xdc00) throw misfit("JSON text");
      point = 0x10000 + ((point & 0x3ff) << 10) + (low & 0x3ff);
      q += 6;
    }
    o = putPoint(out, o, point);
  }
  return o;
}

/** The number of `\u1234`. */
function unit(source: Buffer, at: number, end: number): number {
  if (at + 6 > end) throw misfit("JSON text");
  let value = 0;
  for (let q = at + 2; q < at + 6; q++) {
    const digit = hexDigit(source[q] as number);
    if (digit < 0) throw misfit("JSON text");
    value = value * 16 + digit;
  }
  return value;
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

function putPoint(out: Buffer, at: number, point: number): number {
  let o = at;
  if (point < 0x80) out[o++] = point;
  else if (point < 0x800) {
    out[o++] = 0xc0 | (point >> 6);
    out[o++] = 0x80 | (point & 63);
  } else if (point < 0x10000) {
    out[o++] = 0xe0 | (point >> 12);
    out[o++] = 0x80 | ((point >> 6) & 63);
    out[o++] = 0x80 | (point & 63);
  } else {
    out[o++] = 0xf0 | (point >> 18);
    out[o++] = 0x80 | ((point >> 12) & 63);
    out[o++] = 0x80 | ((point >> 6) & 63);
    out[o++] = 0x80 | (point & 63);
  }
  return o;
}

/** Makes bytes of the text that is held. What a lenient decoder leaves out is found by the length. */
export function decodeText(encoding: "base64" | "base64url" | "hex"): void {
  const { bytes, at, length } = held;
  const text = bytes.toString("latin1", at, at + length);
  const digits = encoding === "hex" ? length : length - padding(bytes, at, length);
  const size = encoding === "hex" ? digits / 2 : Math.floor((digits * 3) / 4);
  // Where the text itself stands in the scratch it is no longer needed: it is a copy by now.
  const out = room(Math.max(1, length));
  if (!Number.isInteger(size) || out.write(text, 0, out.length, encoding) !== size)
    throw misfit(`bytes in ${encoding}`);
  held.bytes = out;
  held.at = 0;
  held.length = size;
}

/** Signs that fill the last four of base64; at most two. */
function padding(bytes: Buffer, at: number, length: number): number {
  let found = 0;
  while (found < 2 && found < length && bytes[at + length - 1 - found] === equals) found++;
  return found;
}

const cursor = new JsonCursor();
const geometryNames = new MemberNames(["wkb", "srid"]);

/** `{"wkb":..., "srid":...}`, a point with x and y beside them. */
function geometry(source: Buffer, at: number, length: number, kind: number): number {
  if (kind !== jsonKinds.container) throw misfit("geometry");
  let srid = 0;
  let found = false;
  let [from, size, textKind] = [0, 0, 0];
  cursor.set(source, at, at + length);
  cursor.object();
  for (let index = 0; cursor.member(); index++) {
    const place = geometryNames.place(source, cursor.from, cursor.to, index);
    cursor.value();
    if (place === 0) {
      [from, size, textKind] = [cursor.from, cursor.to - cursor.from, cursor.kind];
      found = true;
    } else if (place === 1 && cursor.kind !== jsonKinds.null) {
      srid = Number(jsonPrimitives.integer(source, cursor.from, cursor.to - cursor.from, cursor.kind));
    }
  }
  if (!found) throw misfit("geometry");
  jsonPrimitives.bytes(source, from, size, textKind);
  return srid;
}
