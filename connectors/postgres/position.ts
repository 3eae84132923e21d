/** A lane's position as the ledger keeps it: JSON that only we write. */
import { Fault } from "../../src/errors.js";
import type { Position } from "../../src/model.js";

export function positionOf(text: string | null): Position | null {
  if (text === null) return null;
  const value: unknown = JSON.parse(text);
  if (!isPosition(value)) throw new Fault("ledger-mismatch", "A lane's position in the ledger is none.");
  return value;
}

function isPosition(value: unknown): value is Position {
  return (
    typeof value === "object" && value !== null && "kind" in value && "file" in value && "offset" in value
  );
}
