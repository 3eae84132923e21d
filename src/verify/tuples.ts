/** Tuples of keys one after the other, as the ledger and the ports carry them. */
import { Fault } from "../errors.js";
import type { Tuples } from "../stream-port.js";

/** Where the tuple that begins at `start` ends. Fault ledger-mismatch where it has no end within the bytes. */
export function tupleEnd(bytes: Buffer, start: number): number {
  if (start + 2 > bytes.length) throw cut();
  let at = start + 2;
  for (let fields = bytes.readInt16BE(start); fields > 0; fields -= 1) {
    if (at + 4 > bytes.length) throw cut();
    at += 4 + Math.max(0, bytes.readInt32BE(at));
  }
  if (at > bytes.length) throw cut();
  return at;
}

/** Each tuple of the bytes, as one character a byte: two are the same key when these are equal. */
export function* keysIn(bytes: Buffer): Generator<string> {
  for (let at = 0; at < bytes.length;) {
    const end = tupleEnd(bytes, at);
    yield bytes.toString("latin1", at, end);
    at = end;
  }
}

export function tuplesOf(keys: readonly Buffer[]): Tuples {
  return { rows: keys.length, bytes: keys.reduce((sum, key) => sum + key.length, 0), chunks: keys };
}

function cut(): Fault {
  return new Fault("ledger-mismatch", "Keys that the ledger keeps are cut off in the middle.");
}
