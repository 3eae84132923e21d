/**
 * Columns in which a value that is not exact does more than be wrong: by them rows are found and told apart.
 */
import type { PlanTable } from "../../../src/model.js";

/** Of the key and of unique indexes, as places; null where the table has no key. */
export function toldApart(table: PlanTable): ReadonlySet<number> | null {
  if (table.key === null) return null;
  const names = new Set(table.key.columns);
  for (const index of table.indexes ?? [])
    if (index.unique) for (const { column } of index.parts) names.add(column);
  return new Set(table.columns.flatMap(({ source }, place) => (names.has(source) ? [place] : [])));
}
