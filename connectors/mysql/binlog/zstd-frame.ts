/** Where the parts of a zstd frame end (RFC 8878): just enough to hand it to the decoder block by block. */
import { Fault } from "../../../src/errors.js";

const magic = 0xfd2fb528;

/** The header of the frame that begins the bytes. */
export function frameStart(bytes: Buffer): { readonly end: number; readonly checksum: boolean } {
  if (bytes.length < 6 || bytes.readUInt32LE(0) !== magic) throw noFrame();
  const flags = bytes[4] as number;
  const single = (flags & 0x20) !== 0;
  const size = [single ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
  const dictionary = [0, 1, 2, 4][flags & 3] ?? 0;
  return { end: 5 + (single ? 0 : 1) + dictionary + size, checksum: (flags & 4) !== 0 };
}

/** The block that begins the bytes. */
export function blockEnd(bytes: Buffer): { readonly end: number; readonly last: boolean } {
  if (bytes.length < 3) throw noFrame();
  const head = bytes.readUIntLE(0, 3);
  // One byte stands for a run of it.
  const size = ((head >> 1) & 3) === 1 ? 1 : head >> 3;
  return { end: 3 + size, last: (head & 1) === 1 };
}

function noFrame(): Fault {
  return new Fault("log-refused", "A compressed transaction in the source's log is no zstd frame.");
}
