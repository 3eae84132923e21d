/** Counts and rows of one transaction over the topics that it comes in. */
import type { Rows } from "./rows.js";

/** `database.table`, and how many changes of it. */
export type Count = readonly [table: string, changes: number];

export function byTopic(
  topics: ReadonlyMap<string, Rows>,
  counts: readonly Count[],
): ReadonlyMap<Rows, ReadonlyMap<string, number>> {
  const byRows = new Map<Rows, Map<string, number>>();
  for (const [table, count] of counts) {
    const rows = topics.get(table);
    if (rows === undefined || count === 0) continue;
    byRows.set(rows, (byRows.get(rows) ?? new Map<string, number>()).set(table, count));
  }
  return byRows;
}

/** Whether the head of `one` stands before that of `other`. */
export function stands(one: Rows, other: Rows): boolean {
  const [a, b] = [one.head?.event, other.head?.event];
  if (a === undefined || b === undefined) return false;
  if (a.file !== b.file)
    return a.file.length === b.file.length ? a.file < b.file : a.file.length < b.file.length;
  if (a.pos !== b.pos) return a.pos < b.pos;
  return (a.transaction?.totalOrder ?? 0) < (b.transaction?.totalOrder ?? 0);
}
