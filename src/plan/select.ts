/**
 * Which tables travel, and what they and their columns are called on the target. Globs and renames that mean no
 * table at all are told: they are how a table gets forgotten. Names that cannot stand are changed and told.
 */
import type { Catalogue, SourceColumn, SourceTable } from "../model.js";
import { anyGlobMatches, globMatches } from "../typemap/glob.js";
import type { Findings } from "./finding.js";
import { tellNames } from "./name-findings.js";
import type { NamedTable } from "./named-table.js";
import { assignNames, foldName } from "./names.js";
import { byCodeUnit } from "./order.js";
import type { PlanRequest } from "./request.js";
import { systemColumns } from "./reserved-words.js";

/** The tables of the plan in name order. */
export function selectTables(
  catalogue: Catalogue,
  request: PlanRequest,
  findings: Findings,
): readonly NamedTable[] {
  tellIdle(catalogue, request, findings);
  const chosen = catalogue.tables
    .filter(({ name }) => isSelected(name, request))
    .sort((a, b) => byCodeUnit(a.name, b.name));
  const renames = new Map(Object.entries(request.rename));
  const names = assignNames(
    chosen.map(({ name }) => ({ source: name, wanted: renames.get(name) ?? foldName(name, request.names) })),
  );
  const named = chosen.map((source) => {
    const target = names.get(source.name) ?? source.name;
    const wanted = renames.get(source.name) ?? foldName(source.name, request.names);
    return { source, target, wanted, ...nameColumns(source, request, findings) };
  });
  const others = catalogue.objects
    .filter(({ kind }) => kind === "view" || kind === "sequence")
    .map(({ name }) => foldName(name, request.names));
  tellNames(named, others, request, findings);
  return named;
}

/** Whether the config has a table of that name travel. */
export function isSelected(name: string, request: PlanRequest): boolean {
  return anyGlobMatches(request.include, name) && !anyGlobMatches(request.exclude, name);
}

function nameColumns(
  source: SourceTable,
  request: PlanRequest,
  findings: Findings,
): Pick<NamedTable, "columns" | "columnNames" | "wantedColumns"> {
  const columns = source.columns.filter((column) => {
    const period = column.generated !== null && /^row (start|end)$/i.test(column.generated.expression.trim());
    if (period)
      findings.add({
        code: "period-column-left-out",
        severity: "info",
        object: `${source.name}.${column.name}`,
        sentence: `${column.name} is the server's own row period of a system-versioned table and stays behind.`,
        fix: "Nothing to do; the current rows are copied.",
      });
    return !period;
  });
  const renames = renamesOf(source.name, request);
  const wanted = columns.map(({ name }) => ({
    source: name,
    wanted: renames.get(name) ?? foldName(name, request.names),
  }));
  const columnNames = assignNames(wanted, systemColumns);
  const wantedColumns = new Map(wanted.map((item) => [item.source, item.wanted]));
  return { columns, columnNames: inOrder(columns, columnNames), wantedColumns };
}

/** Own keys only: a table may be called `constructor`. */
function renamesOf(table: string, request: PlanRequest): ReadonlyMap<string, string> {
  const renames = new Map(Object.entries(request.renameColumns ?? {})).get(table);
  return new Map(Object.entries(renames ?? {}));
}

/** In the columns' order, so that what is told of them is. */
function inOrder(
  columns: readonly SourceColumn[],
  names: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  return new Map(columns.map(({ name }) => [name, names.get(name) ?? name]));
}

function tellIdle(catalogue: Catalogue, request: PlanRequest, findings: Findings): void {
  const lost = (line: string, wanted: string): void =>
    findings.add({
      code: "no-such-table",
      severity: "warning",
      object: wanted,
      sentence: `${line} names ${wanted}, and no table of ${catalogue.database} is called so.`,
      fix: `Mend or remove the entry under ${line}.`,
    });
  const exists = (glob: string): boolean => catalogue.tables.some(({ name }) => globMatches(glob, name));
  for (const glob of request.include) if (!exists(glob)) lost("tables.include", glob);
  for (const glob of request.exclude) if (!exists(glob) && !/[*?]/.test(glob)) lost("tables.exclude", glob);
  for (const name of Object.keys(request.rename))
    if (!catalogue.tables.some((table) => table.name === name)) lost("tables.rename", name);
  for (const [name, columns] of Object.entries(request.renameColumns ?? {})) {
    const table = catalogue.tables.find((one) => one.name === name);
    if (table === undefined) lost("tables.columns", name);
    else
      for (const column of Object.keys(columns))
        if (!table.columns.some((one) => one.name === column))
          findings.add({
            code: "no-such-column",
            severity: "warning",
            object: `${name}.${column}`,
            sentence: `tables.columns names ${column}, and ${name} has no such column.`,
            fix: "Mend or remove the entry under tables.columns.",
          });
  }
}
