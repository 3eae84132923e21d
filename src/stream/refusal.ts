/** What the target refuses of a change, and how a lane that stands before it says so. */
import { Fault, recopying, skipping } from "../errors.js";
import type { StreamOptions } from "./options.js";
import type { Origin } from "./part.js";

/**
 * Faults of a batch that one of its changes is to blame for. Whatever else the target says is its own state: to set a
 * change aside for that would offer a row to be left out that is in order.
 */
const poisons: readonly Fault["code"][] = ["value-refused", "constraint-refused", "divergence"];

export function isPoison(fault: Fault): boolean {
  return poisons.includes(fault.code);
}

/**
 * What a lane stands for, beside the others: those, what they have become once the change is known, a change that could not
 * be kept, and a table that is not as the lane needs it.
 */
const stops: readonly Fault["code"][] = [...poisons, "quarantined", "file-refused", "target-refused"];

export function isRefusal(fault: Fault): boolean {
  return stops.includes(fault.code);
}

/**
 * What the lane stands with, once the change is known and kept. A row that is not as the log says it was has its own end, which
 * is a copy of its table; on the way back there is none, since the source serves nobody until it is whole.
 */
export function standing(
  lane: string,
  origin: Origin,
  reason: Fault,
  direction: StreamOptions["direction"] = "forward",
): Fault {
  const { id, operation, table } = origin;
  const details = { facts: { ...reason.facts, id, lane, table, reason: reason.code }, cause: reason };
  if (reason.code === "divergence")
    return new Fault(
      "divergence",
      `Lane ${lane} stands before change ${id} (${operation} in ${table}), which is kept aside: ${reason.message}`,
      { ...details, next: direction === "back" ? skipping(id) : recopying(table) },
    );
  return new Fault(
    "quarantined",
    `Change ${id} (${operation} in ${table}) is refused and kept aside, and lane ${lane} stands before it: ${reason.message}`,
    { ...details, next: skipping(id) },
  );
}

/** A row of a table whose form is not the plan's, met on the way back: no row of that form ever fits, so what is left is to leave its table out. */
export function ofAnotherForm(fault: Fault): Fault {
  const id = String(fault.facts["id"] ?? "");
  return new Fault(fault.code, fault.message, {
    next: `Change the table back on the target, then ${skipping(id)}: nothing of it is brought back by events any more, and a rollback compares it whole.`,
    facts: fault.facts,
    cause: fault,
  });
}
