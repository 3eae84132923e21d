/**
 * Heals text that was stored under the wrong charset: UTF-8 bytes in a column that says latin1 come out as "Ã©" where
 * "é" was written. MySQL's latin1 is Windows-1252 with its five holes filled by U+0081 and the like. Text that
 * cannot be such bytes (a real "é") is left as it is, so that a column that mixes both comes out right.
 */
import { isUtf8 } from "node:buffer";

/** U+20AC and the others that Windows-1252 has at 0x80 to 0x9F; 0 for the holes. */
const c1 = [
  0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,
  0x017d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a,
  0x0153, 0, 0x017e, 0x0178,
];
const byteOf = new Map<number, number>(
  c1.map((point, index) => [point === 0 ? 0x80 + index : point, 0x80 + index]),
);

/** The text that was meant, or null when the text is no UTF-8 in disguise. */
export function recodeLatin1(text: Buffer): Buffer | null {
  const bytes = Buffer.alloc(text.length);
  let length = 0;
  let ascii = true;
  for (const char of text.toString("utf8")) {
    const point = char.codePointAt(0) ?? 0;
    const byte = point < 0x80 || (point >= 0xa0 && point < 0x100) ? point : byteOf.get(point);
    if (byte === undefined) return null;
    if (byte >= 0x80) ascii = false;
    bytes[length++] = byte;
  }
  const meant = bytes.subarray(0, length);
  return ascii || !isUtf8(meant) ? null : meant;
}
