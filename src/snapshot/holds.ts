/**
 * Ranges that a run leaves alone (`run --hold`). The ledger holds them, so that no worker of any process can lease
 * one; here they are only counted. A hold that names no range at all is an error: whoever wrote it meant
 * something, and a copy that goes on as if nothing had been said would do what they did not want.
 */
import { Fault } from "../errors.js";
import type { Hold } from "../model.js";

/** How many of a table's `ranges` are held. Holds of one table do not overlap. */
export function heldOf(holds: readonly Hold[], table: string, ranges: number): number {
  return holds
    .filter((hold) => hold.table === table)
    .reduce(
      (sum, { first, last }) => sum + Math.max(0, Math.min(last ?? ranges - 1, ranges - 1) - first + 1),
      0,
    );
}

/** Refuses holds of ranges that the table does not have. */
export function demandHolds(holds: readonly Hold[], table: string, ranges: number): void {
  for (const hold of holds)
    if (hold.table === table && Math.max(hold.first, hold.last ?? 0) >= ranges)
      throw new Fault(
        "usage",
        `--hold ${holdText(hold)}: ${table} has ${ranges === 1 ? "one range, number 0" : `${String(ranges)} ranges, numbers 0 to ${String(ranges - 1)}`}.`,
        { next: "headgate status" },
      );
}

/** As the command line takes it. */
export function holdText({ table, first, last }: Hold): string {
  if (last === null) return table;
  return first === last ? `${table}:${String(first)}` : `${table}:${String(first)}-${String(last)}`;
}
