/**
 * What PostgreSQL refuses of a change, told as the fault that it is for the stream: a value that its type will not hold,
 * or a constraint that the source does not have. Everything else stays what fault.ts made of it.
 */
import { Fault } from "../../../src/errors.js";

/** The same fault, or one with the stream's own code. Facts: table and constraint, no row's values. */
export function refusalOf(error: unknown, lane: string): unknown {
  if (!(error instanceof Fault) || error.code !== "target-refused") return error;
  const state = String(error.facts["sqlState"] ?? "");
  const code = state.startsWith("22")
    ? "value-refused"
    : state.startsWith("23")
      ? "constraint-refused"
      : null;
  if (code === null) return error;
  const next = code === "value-refused" ? "headgate status" : undefined;
  return new Fault(code, error.message, {
    facts: { ...error.facts, lane },
    cause: error,
    ...(next === undefined ? {} : { next }),
  });
}
