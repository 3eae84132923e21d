/** A decided column as src/translate wants to know it. */
import type { PlannedColumn } from "../translate/value.js";
import type { DecidedColumn } from "./columns.js";

export function plannedColumn(decided: DecidedColumn): PlannedColumn {
  const { column, target, targetType, policy } = decided;
  return { column, target, targetType, policy, nativeEnum: decided.enumType !== null };
}
