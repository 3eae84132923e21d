/**
 * Tables that foreign keys tie whose actions the source's log does not carry: what such a key did to a child before the
 * child's row was read cannot be told from the log, so the whole tied set is copied at one position (design.md,
 * decisions 4 and 6).
 */
import type { PlanTable } from "../model.js";
import type { LedgerView } from "../port.js";
import { acts } from "./cascades.js";

/** The sets, by source name, in plan order. Two tables or more each, or one that is tied to itself. */
export function tiedSets(tables: readonly PlanTable[]): readonly (readonly string[])[] {
  const head = new Map(tables.map(({ source }) => [source, source]));
  const tied = new Set<string>();
  for (const { source, foreignKeys } of tables)
    for (const { referencedTable, onDelete, onUpdate } of foreignKeys ?? []) {
      if (!acts(onDelete) && !acts(onUpdate)) continue;
      tied.add(source).add(referencedTable);
      const [here, there] = [head.get(source), head.get(referencedTable)];
      if (here === undefined || there === undefined || here === there) continue;
      for (const [table, own] of head) if (own === there) head.set(table, here);
    }
  const sets = new Map<string, string[]>();
  for (const { source } of tables) {
    if (!tied.has(source)) continue;
    const own = head.get(source) ?? source;
    sets.set(own, [...(sets.get(own) ?? []), source]);
  }
  return [...sets.values()];
}

/**
 * What has to be copied by a cut: the tied sets, and each table that is copied again after its lane has joined, since its
 * replay began long ago. */
export function cutSets(
  view: LedgerView,
  tied: readonly (readonly string[])[],
  lanes: ReadonlyMap<string, string>,
): readonly (readonly string[])[] {
  const joined = new Set(view.lanes.flatMap(({ lane, join }) => (join === null ? [] : [lane])));
  const inSet = new Set(tied.flat());
  const again = view.tables.filter(
    ({ table, split, ranges, rangesDone }) =>
      !inSet.has(table) && !(split && ranges === rangesDone) && joined.has(lanes.get(table) ?? ""),
  );
  return [...tied, ...again.map(({ table }) => [table])];
}
