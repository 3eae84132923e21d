/**
 * The Fault of bytes that are no value of their column's type. They cannot come from a sound log that was read in
 * step, so nothing after them can be trusted either.
 */
import { Fault } from "../../../src/errors.js";

/** `kind` completes "bytes that are no ...". */
export function misfit(kind: string): Fault {
  return new Fault("log-refused", `A row in the source's log has bytes that are no ${kind}.`);
}
