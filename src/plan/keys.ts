/**
 * Which key tells a table's rows apart and cuts it into ranges: the primary one, else the first unique one (in name
 * order) whose columns are all NOT NULL and whole. A nullable unique key may hold many NULLs, so it counts as none.
 * Float columns are no key: a literal does not find them again, so ranges over them could lose rows. A table without
 * a key is copied by one exact cut (design.md, decision 4).
 */
import type { PlanKey, SourceColumn, SourceIndex, SourceTable } from "../model.js";
import { byCodeUnit } from "./order.js";

/** The key, null when the table has none that serves. */
export function chooseKey(table: SourceTable, columns: readonly SourceColumn[]): PlanKey | null {
  const sorted = [...table.indexes].sort((a, b) =>
    a.primary === b.primary ? byCodeUnit(a.name, b.name) : a.primary ? -1 : 1,
  );
  for (const index of sorted) {
    const names = keyColumns(index, columns);
    if (names !== null) return { index: index.name, columns: names, primary: index.primary };
  }
  return null;
}

function keyColumns(index: SourceIndex, columns: readonly SourceColumn[]): readonly string[] | null {
  if (!index.unique && !index.primary) return null;
  if (index.kind !== "btree" || index.parts.length === 0) return null;
  const names: string[] = [];
  for (const part of index.parts) {
    const column = columns.find(({ name }) => name === part.column);
    if (column === undefined || column.nullable || part.expression !== null) return null;
    // A prefix that is unique makes the whole value unique too, but only a primary key may stand on it.
    if (part.prefix !== null && !index.primary) return null;
    if (column.type === "float" || column.type === "double") return null;
    names.push(column.name);
  }
  return names;
}
