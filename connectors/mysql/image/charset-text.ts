/**
 * Text of a character set into UTF-8, by the tables that the server filled. A table has the UTF-8 of a character as
 * one number, its bytes from the highest on; where bytes are no character, the row is refused and nothing is put in
 * their place.
 */
import type { WriteText } from "./charset.js";
import { misfit } from "../../../src/typemap/misfit.js";
import type { ProtocolRow } from "../../../src/typemap/protocol-row.js";

/** No UTF-8 has it. */
export const noCharacter = 0xffffffff;

export interface CharacterTables {
  /** By byte. */
  readonly single: Uint32Array;
  /** By two bytes, of which the first is no character of its own. */
  readonly pairs: Uint32Array;
  /** By two bytes after 0x8F. */
  readonly triples: Uint32Array | null;
  /** GB18030: by the number of the four-byte character. */
  readonly quads: Uint32Array | null;
}

/** Up to here room is made for the most that there may be; beyond, characters are counted first. */
const small = 65_536;
const noText = "text of its character set";

/** Sets of one byte a character. */
export function byteText(table: Uint32Array): WriteText {
  return (source, at, length, row) => {
    const end = at + length;
    row.reserve(length <= small ? length * 4 : sizeOf(table, source, at, end));
    const { bytes } = row;
    let o = row.at;
    for (let q = at; q < end; q++) {
      const character = table[source[q] as number] as number;
      if (character < 0x80) bytes[o++] = character;
      else if (character < 0x10000) {
        bytes[o++] = character >> 8;
        bytes[o++] = character & 255;
      } else if (character < 0x1000000) {
        bytes[o++] = character >> 16;
        bytes[o++] = (character >> 8) & 255;
        bytes[o++] = character & 255;
      } else throw misfit(noText);
    }
    row.at = o;
  };
}

function sizeOf(table: Uint32Array, source: Buffer, at: number, end: number): number {
  let size = 0;
  for (let q = at; q < end; q++) size += utf8Bytes(table[source[q] as number] as number);
  return size;
}

function utf8Bytes(character: number): number {
  if (character < 0x80) return 1;
  if (character < 0x10000) return 2;
  return character < 0x1000000 ? 3 : 4;
}

/** Sets of East Asia, of one to four bytes a character. No character grows to more than three times its bytes. */
export function pairText({ single, pairs, triples, quads }: CharacterTables): WriteText {
  return (source, at, length, row) => {
    const end = at + length;
    for (let q = at; q < end;) {
      row.reserve(4);
      const first = source[q] as number;
      const alone = single[first] as number;
      if (alone !== noCharacter) {
        put(row, alone);
        q++;
        continue;
      }
      const second = q + 1 < end ? (source[q + 1] as number) : 0;
      if (triples !== null && first === 0x8f) {
        if (q + 3 > end) throw misfit(noText);
        put(row, triples[(second << 8) | (source[q + 2] as number)] as number);
        q += 3;
      } else if (quads !== null && second >= 0x30 && second <= 0x39) {
        if (q + 4 > end) throw misfit(noText);
        put(row, fourByte(quads, source, q));
        q += 4;
      } else {
        if (q + 2 > end) throw misfit(noText);
        put(row, pairs[(first << 8) | second] as number);
        q += 2;
      }
    }
  };
}

/** U+10000 and its number among GB18030's four-byte characters; beyond it they are in Unicode's order. */
const supplementary = 189_000;

function fourByte(quads: Uint32Array, source: Buffer, at: number): number {
  const third = (source[at + 2] as number) - 0x81;
  const fourth = (source[at + 3] as number) - 0x30;
  if (third < 0 || third > 125 || fourth < 0 || fourth > 9) throw misfit(noText);
  const number =
    ((source[at] as number) - 0x81) * 12_600 +
    ((source[at + 1] as number) - 0x30) * 1260 +
    third * 10 +
    fourth;
  if (number < supplementary) return quads[number] ?? noCharacter;
  return utf8Of(0x10000 + number - supplementary);
}

/** A code point as one number of its UTF-8. */
function utf8Of(point: number): number {
  if (point < 0x80) return point;
  if (point < 0x800) return ((0xc0 | (point >> 6)) << 8) | 0x80 | (point & 63);
  if (point < 0x10000)
    return ((0xe0 | (point >> 12)) << 16) | ((0x80 | ((point >> 6) & 63)) << 8) | 0x80 | (point & 63);
  if (point > 0x10ffff) return noCharacter;
  const low =
    ((0x80 | ((point >> 12) & 63)) << 16) | ((0x80 | ((point >> 6) & 63)) << 8) | 0x80 | (point & 63);
  return (0xf0 | (point >> 18)) * 0x1000000 + low;
}

function put(row: ProtocolRow, character: number): void {
  if (character === noCharacter) throw misfit(noText);
  const { bytes } = row;
  if (character >= 0x1000000) bytes[row.at++] = character >>> 24;
  if (character >= 0x10000) bytes[row.at++] = (character >>> 16) & 255;
  if (character >= 0x80) bytes[row.at++] = (character >>> 8) & 255;
  bytes[row.at++] = character & 255;
}

/** UCS-2 and the two UTFs of whole units, which need no table. */
export function wideText(name: string): WriteText {
  const unit = name === "utf32" ? 4 : 2;
  const little = name === "utf16le";
  const pairs = name === "utf16" || little;
  return (source, at, length, row) => {
    if (length % unit !== 0) throw misfit(noText);
    const end = at + length;
    for (let q = at; q < end; q += unit) {
      row.reserve(4);
      let point = 0;
      if (unit === 4) point = source.readUInt32BE(q);
      else point = little ? source.readUInt16LE(q) : source.readUInt16BE(q);
      if (pairs && (point & 0xf800) === 0xd800) {
        q += 2;
        const low = q < end ? (little ? source.readUInt16LE(q) : source.readUInt16BE(q)) : 0;
        if (point > 0xdbff || (low & 0xfc00) !== 0xdc00) throw misfit(noText);
        point = 0x10000 + ((point & 0x3ff) << 10) + (low & 0x3ff);
      }
      put(row, utf8Of(point));
    }
  };
}
