/**
 * Buffers for rows that wait to be compared, kept from one range to the next: made anew for each, they would lie about
 * until the collector comes, and a verification's memory would be what it has not yet taken back.
 */
import { Fault } from "../errors.js";

/** A chunk of a side whose bytes are compared as they come, and the row that fills it up. */
export const chunkBytes = 262_144;

const free: Buffer[] = [];
/** More than these are left to the collector. */
const most = 32;

export function takeChunk(): Buffer {
  return keptChunk() ?? Buffer.allocUnsafeSlow(chunkBytes);
}

/** One that is kept, if any: a buffer that has to grow first leaves behind all that it was before. */
export function keptChunk(): Buffer | undefined {
  return free.pop();
}

/** Whoever gives one back writes and reads it no more. Buffers of other sizes are not kept. */
export function giveChunk(bytes: Buffer): void {
  if (bytes.length !== chunkBytes || free.length >= most) return;
  if (free.includes(bytes)) throw new Fault("bug", "A buffer was given back twice.");
  free.push(bytes);
}
