/**
 * Tables that foreign keys tie whose actions the source's log does not carry: what such a key did to a child before the
 * child's row was read cannot be told from the log, so the whole tied set is copied at one position (design.md,
 * decisions 4 and 6).
 */
import type { Finding, PlanTable, ServerFacts } from "../model.js";
import type { CutFrom, LedgerView } from "../port.js";
import { acts, logsCascades } from "./cascades.js";

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

/** From which phase on tables are copied by a cut. */
export function firstCut(tables: readonly PlanTable[], source: ServerFacts): CutFrom {
  if (tables.some(({ key }) => key === null)) return "copy";
  return !logsCascades(source) && tiedSets(tables).length > 0 ? "stream" : "recopy";
}

/** Whether a run that goes on copies a table by a cut of its own: one that was opened again, or that an amendment took in. */
export function copiesAgain(view: LedgerView, tables: readonly PlanTable[]): boolean {
  const known = new Set(view.tables.map(({ table }) => table));
  const lanes = new Map(tables.map(({ source, lane }) => [source, lane]));
  const joined = view.lanes.some(({ join }) => join !== null);
  return cutSets(view, [], lanes).length > 0 || (joined && tables.some(({ source }) => !known.has(source)));
}

/** Findings of the source about the rights that a cut takes there. */
const cutRights = new Set(["grant-reload", "grant-lock-tables"]);

/** The findings, those about a cut's rights no milder than this. */
export function needingCut(findings: readonly Finding[], severity: "error" | "warning"): readonly Finding[] {
  return findings.map((finding) =>
    cutRights.has(finding.code) && finding.severity !== "error" ? { ...finding, severity } : finding,
  );
}

/**
 * What has to be copied by a cut: the tied sets, and each table that is copied again or comes after its lane has joined,
 * since its replay began long ago. */
export function cutSets(
  view: LedgerView,
  tied: readonly (readonly string[])[],
  lanes: ReadonlyMap<string, string>,
): readonly (readonly string[])[] {
  const joined = new Set(view.lanes.flatMap(({ lane, join }) => (join === null ? [] : [lane])));
  const inSet = new Set(tied.flat());
  const again = view.tables.filter(
    ({ table, split, ranges, rangesDone, reopened }) =>
      !inSet.has(table) &&
      !(split && ranges === rangesDone) &&
      (reopened || joined.has(lanes.get(table) ?? "")),
  );
  return [...tied, ...again.map(({ table }) => [table])];
}
