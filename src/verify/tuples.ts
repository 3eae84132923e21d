/** Tuples of keys one after the other, as the ledger and the ports carry them. */
import { Fault } from "../errors.js";
import type { Tuples } from "../stream-port.js";
import { tupleEnd } from "./tuple.js";

/** Each tuple of the bytes, as one character a byte: two are the same key when these are equal. */
export function* keysIn(bytes: Buffer): Generator<string> {
  for (let at = 0; at < bytes.length;) {
    const end = tupleEnd(bytes, at);
    if (end > bytes.length)
      throw new Fault("ledger-mismatch", "Keys that the ledger keeps are cut off in the middle.");
    yield bytes.toString("latin1", at, end);
    at = end;
  }
}

export function tuplesOf(keys: readonly Buffer[]): Tuples {
  return { rows: keys.length, bytes: keys.reduce((sum, key) => sum + key.length, 0), chunks: keys };
}
