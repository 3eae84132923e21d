/** Keys as headgate.dirty keeps them: tuples one after the other. */
import { Fault } from "../../src/errors.js";

/** Each tuple as one character a byte. Fault ledger-mismatch where the bytes end within one. */
export function* keyRun(bytes: Buffer): Generator<string> {
  for (let at = 0; at < bytes.length;) {
    const end = tupleEnd(bytes, at);
    yield bytes.toString("latin1", at, end);
    at = end;
  }
}

function tupleEnd(bytes: Buffer, start: number): number {
  let at = start + 2;
  if (at > bytes.length) throw cut();
  for (let fields = bytes.readInt16BE(start); fields > 0; fields -= 1) {
    if (at + 4 > bytes.length) throw cut();
    at += 4 + Math.max(0, bytes.readInt32BE(at));
  }
  if (at > bytes.length) throw cut();
  return at;
}

function cut(): Fault {
  return new Fault("ledger-mismatch", "Keys that the ledger keeps are cut off in the middle.");
}
