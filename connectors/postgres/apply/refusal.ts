/**
 * What PostgreSQL says against a batch, told as the fault that it is for the stream. Only a value that its type will not
 * hold and a constraint that the source does not have are a change's own fault. Memory that is full, a statement that
 * somebody cancelled, a server that takes no writes are the server's state: they pass, and the same batch is written
 * again. Everything else stays what fault.ts made of it (a full disk ends the run), and no change is blamed for it.
 */
import { Fault } from "../../../src/errors.js";
import type { FaultCode } from "../../../src/errors.js";

/** Exact SQLSTATEs first, then classes. */
const states = new Map<string, FaultCode>([
  ["22", "value-refused"],
  // A row or an entry of an index that is too large.
  ["54000", "value-refused"],
  ["23", "constraint-refused"],
  // What a CHECK's own function raises, a changed row that a trigger forbids, a view's CHECK OPTION.
  ["P0", "constraint-refused"],
  ["27", "constraint-refused"],
  ["44", "constraint-refused"],
  ["53", "target-busy"],
  ["57014", "target-busy"],
  ["58000", "target-busy"],
  ["58030", "target-busy"],
  // The server that we write to is a standby now.
  ["25006", "target-busy"],
]);

/** The same fault, or one with the stream's own code. Facts: table and constraint, no row's values. */
export function refusalOf(error: unknown, lane: string): unknown {
  if (!(error instanceof Fault) || error.code !== "target-refused") return error;
  const state = String(error.facts["sqlState"] ?? "");
  const code = states.get(state) ?? states.get(state.slice(0, 2));
  if (code === undefined) return error;
  return new Fault(code, error.message, {
    facts: { ...error.facts, lane },
    cause: error,
    ...(code === "value-refused" ? { next: "headgate status" } : {}),
  });
}
