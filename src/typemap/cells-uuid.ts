/**
 * uuid: from 16 raw bytes, or from its text in the one form with four dashes (any case; PostgreSQL prints lower
 * case). Braces, missing dashes and the empty string are refused: they would come back as another text.
 */
import type { CellSink } from "./codec.js";
import { refuse } from "./refusal.js";

/** Value of a hex digit's byte, 255 for others. */
const nibbles = new Uint8Array(256).fill(255);
for (let value = 0; value < 16; value++) {
  nibbles[value.toString(16).charCodeAt(0)] = value;
  nibbles[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}

export function writeUuidText(source: Buffer, at: number, length: number, out: CellSink): void {
  if (length !== 36) refuse("text that is no uuid");
  const { bytes, view } = out;
  let o = out.at;
  view.setInt32(o, 16);
  o += 4;
  for (let k = 0; k < 36;) {
    if (k === 8 || k === 13 || k === 18 || k === 23) {
      if (source[at + k] !== 45) refuse("text that is no uuid");
      k++;
      continue;
    }
    const high = nibbles[source[at + k] as number] as number;
    const low = nibbles[source[at + k + 1] as number] as number;
    if ((high | low) > 15) refuse("text that is no uuid");
    bytes[o++] = (high << 4) | low;
    k += 2;
  }
  out.at = o;
}

export function writeUuidBytes(source: Buffer, at: number, length: number, out: CellSink): void {
  if (length !== 16) refuse("bytes that are no uuid");
  out.view.setInt32(out.at, 16);
  source.copy(out.bytes, out.at + 4, at, at + 16);
  out.at += 20;
}
