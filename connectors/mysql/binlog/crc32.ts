/**
 * CRC32 as the binary log ends its events with. Node's own is far faster, but its call costs more than a small event
 * takes in plain code: eight bytes a step from tables.
 */
import { crc32 as nativeCrc32 } from "node:zlib";

/** Bytes from which the native function is the cheaper one. */
const nativeFrom = 256;

const tables = slices();

function slices(): Uint32Array {
  const t = new Uint32Array(8 * 256);
  for (let i = 0; i < 256; i++) {
    let c = i;
    for (let k = 0; k < 8; k++) c = (c & 1) !== 0 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    t[i] = c;
  }
  for (let k = 1; k < 8; k++)
    for (let i = 0; i < 256; i++) {
      const before = t[(k - 1) * 256 + i] as number;
      t[k * 256 + i] = (t[before & 255] as number) ^ (before >>> 8);
    }
  return t;
}

/** Of bytes [start, end). */
export function crc32(bytes: Buffer, start: number, end: number): number {
  if (end - start >= nativeFrom) return nativeCrc32(bytes.subarray(start, end));
  const t = tables;
  let c = -1;
  let at = start;
  for (; end - at >= 8; at += 8) {
    const low =
      c ^
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24));
    c =
      (t[1792 + (low & 255)] as number) ^
      (t[1536 + ((low >>> 8) & 255)] as number) ^
      (t[1280 + ((low >>> 16) & 255)] as number) ^
      (t[1024 + (low >>> 24)] as number) ^
      (t[768 + (bytes[at + 4] as number)] as number) ^
      (t[512 + (bytes[at + 5] as number)] as number) ^
      (t[256 + (bytes[at + 6] as number)] as number) ^
      (t[bytes[at + 7] as number] as number);
  }
  for (; at < end; at++) c = (t[(c ^ (bytes[at] as number)) & 255] as number) ^ (c >>> 8);
  return (c ^ -1) >>> 0;
}
