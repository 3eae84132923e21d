/** Which change is to blame for what PostgreSQL says, by SQLSTATE: only a value or a constraint is one's own fault. */
import { DatabaseError } from "pg";
import { expect, it } from "vitest";
import { Fault } from "../../../src/errors.js";
import { faultOf } from "../fault.js";
import { refusalOf } from "./refusal.js";

function told(state: string): Fault {
  const error = Object.assign(new DatabaseError("a sentence", 1, "error"), { code: state, table: "t" });
  const fault = refusalOf(faultOf(error, "writing"), "one");
  if (!(fault instanceof Fault)) throw new Error("no fault");
  return fault;
}

it.each([
  ["22003", "value-refused", "stays"],
  ["54000", "value-refused", "stays"],
  ["23505", "constraint-refused", "stays"],
  ["23514", "constraint-refused", "stays"],
  ["44000", "constraint-refused", "stays"],
  ["P0001", "constraint-refused", "stays"],
  // A full disk is nothing that passes by itself: the run ends, and goes on once somebody has made room.
  ["53100", "target-full", "stays"],
  // No memory, a temporary file's limit.
  ["53200", "target-busy", "passes"],
  ["53400", "target-busy", "passes"],
  // Somebody cancelled it; an error of the disk; the server became a standby.
  ["57014", "target-busy", "passes"],
  ["58030", "target-busy", "passes"],
  ["25006", "target-busy", "passes"],
  ["40P01", "target-busy", "passes"],
  ["57P01", "connection-lost", "passes"],
  // Nobody knows what: no change is blamed for it (src/stream/refusal.ts).
  ["XX000", "target-refused", "stays"],
  ["XX001", "target-refused", "stays"],
  ["42703", "target-refused", "stays"],
  ["42501", "grant-missing", "stays"],
])("SQLSTATE %s of a batch is %s: %s", (state, code, end) => {
  const fault = told(state);
  expect([fault.code, fault.retriable ? "passes" : "stays"]).toEqual([code, end]);
  expect(fault.facts).toMatchObject({ sqlState: state, table: "t" });
});
