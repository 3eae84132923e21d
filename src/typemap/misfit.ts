/**
 * The Fault of bytes that are no value of their column's type. They cannot come from a sound log or topic that was
 * read in step, so nothing after them can be trusted either. What finds them knows neither table nor column; who
 * runs it adds them.
 */
import { Fault } from "../errors.js";

/** `kind` completes "bytes that are no ...". */
export function misfit(kind: string): Fault {
  return new Fault("log-refused", `bytes that are no ${kind}`);
}
