/**
 * Text that was stored under the wrong charset: UTF-8 bytes in a column that says latin1 come out as "Ã©" where "é"
 * was written. The policy badText: recode(CHARSET) says that all of a column is such text. Of a column that has that
 * charset its bytes are read as they lie there, which is exact whatever the charset; of another column (text that was
 * encoded twice) characters are made latin1 bytes again. A value that is then no UTF-8 is refused and never guessed at.
 */
import { isUtf8 } from "node:buffer";
import type { ColumnPolicy } from "../model.js";
import { refuse } from "./refusal.js";

export interface Recode {
  /** The value comes as the bytes that lie in the column, not as its characters. */
  readonly bytes: boolean;
  /** The text that was meant. Throws a Refusal where there is none. */
  readonly heal: (text: Buffer) => Buffer;
}

/** How a column of this charset is recoded; null where its policy asks for nothing, `impossible` for what has no exact way. */
export function recodeOf(
  charset: string | null,
  policy: ColumnPolicy["badText"],
): Recode | "impossible" | null {
  if (policy === "refuse") return null;
  const wanted = policy.recode.toLowerCase();
  if (charset?.toLowerCase() === wanted) return { bytes: true, heal: utf8Bytes };
  return wanted === "latin1" ? { bytes: false, heal: recodeLatin1 } : "impossible";
}

function utf8Bytes(bytes: Buffer): Buffer {
  if (!isUtf8(bytes)) refuse("bytes that are no UTF-8, though its policy says that they are");
  return bytes;
}

/** U+20AC and the others that Windows-1252, MySQL's latin1, has at 0x80 to 0x9F; 0 for its five holes, U+0081 and the like. */
const c1 = [
  0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,
  0x017d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a,
  0x0153, 0, 0x017e, 0x0178,
];
const byteOf = new Map<number, number>(
  c1.map((point, index) => [point === 0 ? 0x80 + index : point, 0x80 + index]),
);

/** The text that was meant by characters that are UTF-8's bytes read as latin1. */
export function recodeLatin1(text: Buffer): Buffer {
  const bytes = Buffer.alloc(text.length);
  let length = 0;
  for (const char of text.toString("utf8")) {
    const point = char.codePointAt(0) ?? 0;
    const byte = point < 0x80 || (point >= 0xa0 && point < 0x100) ? point : byteOf.get(point);
    if (byte === undefined) refuse("characters that are no latin1, though its policy says that they are");
    bytes[length++] = byte;
  }
  return utf8Bytes(bytes.subarray(0, length));
}
