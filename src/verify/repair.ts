/**
 * Rows on record as different are brought to what the source has (design.md, decision 10). A row is read at the source once
 * that shows what the lane has applied, and written inside the lane once that has applied everything which the reading
 * can have shown, and only if no event between the two touched it: then the row is what every event up to the lane's
 * position makes of it, and the next event finds what it expects. What was touched is read again. Then those rows
 * are looked at as any suspect is.
 */
import { Fault } from "../errors.js";
import type { PlanTable } from "../model.js";
import { throwIfStopped } from "../stop.js";
import type { PolicyUse } from "./repair-rows.js";
import { TableRepairing } from "./repair-table.js";
import type { RepairRequest, RepairTools, TableRepair } from "./repair-tools.js";
import type { VerifyTools } from "./tools.js";

export interface RepairOutcome {
  readonly tables: readonly TableRepair[];
  /** Values that policies changed on the way. */
  readonly policies: readonly PolicyUse[];
  readonly differences: bigint;
  readonly pending: bigint;
}

/** Fault usage where no verification has ended, or a table does not travel. */
export async function repair(
  tools: RepairTools,
  request: RepairRequest,
  signal: AbortSignal,
): Promise<RepairOutcome> {
  const [run] = await tools.ledger.ended(1);
  if (run === undefined)
    throw new Fault("usage", "No verification has ended yet, so no rows are named.", {
      next: "headgate verify",
    });
  const policies = new Map<string, PolicyUse>();
  const tables: TableRepair[] = [];
  for (const table of tablesOf(tools, request.tables)) {
    throwIfStopped(signal);
    const [any] = await tools.ledger.mismatches(table.source, ["different"], null, 1);
    if (any === undefined) continue;
    const work = new TableRepairing(tools, request, run, table, policies);
    tables.push(await work.run(signal));
  }
  const counts = await tools.ledger.mismatchCounts();
  const sum = (state: string): bigint =>
    counts.filter((each) => each.state === state).reduce((total, { count }) => total + BigInt(count), 0n);
  return { tables, policies: [...policies.values()], differences: sum("different"), pending: sum("pending") };
}

function tablesOf({ plan }: VerifyTools, names: readonly string[] | null): readonly PlanTable[] {
  if (names === null) return plan.tables;
  return names.map((name) => {
    const table = plan.tables.find(({ source }) => source === name);
    if (table === undefined)
      throw new Fault("usage", `${name} is no table of this migration.`, {
        next: "headgate status lists its tables.",
      });
    return table;
  });
}
