/**
 * The Fault of images that have not the plan's columns: a statement has changed the table, or the connector leaves
 * some of it out.
 */
import { Fault } from "../../../src/errors.js";
import type { PlanTable } from "../../../src/model.js";

export function otherColumns(table: PlanTable): Fault {
  return new Fault(
    "schema-changed",
    `${table.source}: its change events do not have the columns of the plan.`,
    { facts: { table: table.source } },
  );
}
