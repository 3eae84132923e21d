/** Tables of a plan for the tests of this room, by the types of their columns. Not part of the product. */
import type { PlanColumn, PlanTable } from "../../src/model.js";
import { planColumn, planTable } from "../../src/typemap/column.fixture.js";

/** Named as its type. */
export function plannedColumn(type: string, unsigned = false): PlanColumn {
  return planColumn(unsigned ? `${type} unsigned` : type, "text", { enumZero: "keep" }, [], type);
}

export function plannedTable(name: string, ...columns: PlanColumn[]): PlanTable {
  return { ...planTable(columns), source: name, target: name, lane: "main" };
}
