/**
 * A misfit (src/typemap/misfit.ts) for people: with the table and the column whose value in the log it is.
 */
import { Fault } from "../../../src/errors.js";

/** What is no misfit comes back as it is. */
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
