/**
 * The Fault of bytes that are no value of their column's type. They cannot come from a sound log that was read in
 * step, so nothing after them can be trusted either. A reading knows neither table nor column; who runs it adds them.
 */
import { Fault } from "../../../src/errors.js";

/** `kind` completes "bytes that are no ...". */
export function misfit(kind: string): Fault {
  return new Fault("log-refused", `bytes that are no ${kind}`);
}

/** The same for people. What is no misfit comes back as it is. */
export function misfitOf(error: unknown, table: string, column: string): unknown {
  if (!(error instanceof Fault) || error.code !== "log-refused") return error;
  return new Fault(
    "log-refused",
    `A row of ${table} in the source's log has in ${column} ${error.message}.`,
    {
      facts: { table, column },
      cause: error,
    },
  );
}
