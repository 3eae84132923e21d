/**
 * Which tables travel, and what they and their columns are called on the target. Globs and renames that mean no
 * table at all are told: they are how a table gets forgotten. Names that cannot stand are changed and told.
 */
import type { Catalogue, SourceColumn, SourceTable } from "../model.js";
import { anyGlobMatches, globMatches } from "../typemap/glob.js";
import type { Findings } from "./finding.js";
import { assignNames, foldName, isOrdinaryName, maxNameBytes, plainName } from "./names.js";
import { byCodeUnit } from "./order.js";
import type { PlanRequest } from "./request.js";
import { systemColumns } from "./reserved-words.js";

export interface NamedTable {
  readonly source: SourceTable;
  readonly target: string;
  /** The columns that travel, in the source's order. */
  readonly columns: readonly SourceColumn[];
  /** Source column to target column. */
  readonly columnNames: ReadonlyMap<string, string>;
}

/** The tables of the plan in name order. */
export function selectTables(
  catalogue: Catalogue,
  request: PlanRequest,
  findings: Findings,
): readonly NamedTable[] {
  tellIdle(catalogue, request, findings);
  const chosen = catalogue.tables
    .filter(({ name }) => anyGlobMatches(request.include, name) && !anyGlobMatches(request.exclude, name))
    .sort((a, b) => byCodeUnit(a.name, b.name));
  const renames = new Map(Object.entries(request.rename));
  const names = assignNames(
    chosen.map(({ name }) => ({ source: name, wanted: renames.get(name) ?? foldName(name, request.names) })),
  );
  return chosen.map((source) => {
    const target = names.get(source.name) ?? source.name;
    const wanted = renames.get(source.name) ?? foldName(source.name, request.names);
    if (target !== wanted) tellRename(source.name, source.name, wanted, target, findings);
    else if (!isOrdinaryName(target)) tellUnusual(source.name, target, findings);
    return nameColumns(source, target, request, findings);
  });
}

function nameColumns(
  source: SourceTable,
  target: string,
  request: PlanRequest,
  findings: Findings,
): NamedTable {
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
  const wanted = columns.map(({ name }) => ({ source: name, wanted: foldName(name, request.names) }));
  const columnNames = assignNames(wanted, systemColumns);
  for (const item of wanted) {
    const name = columnNames.get(item.source) ?? item.source;
    if (name !== item.wanted) tellRename(`${source.name}.${item.source}`, null, item.wanted, name, findings);
  }
  return { source, target, columns, columnNames };
}

/** `table` is the source table whose own name it is, null for a column's. */
function tellRename(
  object: string,
  table: string | null,
  wanted: string,
  target: string,
  findings: Findings,
): void {
  findings.add({
    code: "renamed",
    severity: "warning",
    object,
    sentence: `${wanted} cannot be its name on the target (over 63 bytes, taken, or a system column's); it becomes ${target}.`,
    ...(table === null
      ? { fix: "Use the new name in the application, or rename the column on the source." }
      : {
          fix: "Use the new name in the application, or give the table one under tables.rename.",
          propose: [`tables: { rename: { ${renameLine(table, target)} } }`],
          settle: [{ section: "rename" as const, yaml: renameLine(table, target) }],
        }),
  });
}

/** `"source": target` with a target that a config may hold. */
function renameLine(source: string, target: string): string {
  const plain = plainName(target).slice(0, maxNameBytes);
  return `${JSON.stringify(source)}: ${isOrdinaryName(plain) ? plain : `${plain.slice(0, maxNameBytes - 1)}_`}`;
}

function tellUnusual(source: string, target: string, findings: Findings): void {
  findings.add({
    code: "name-needs-quotes",
    severity: "info",
    object: source,
    sentence: `${target} must be quoted in every statement on the target (a reserved word, or other than letters, digits and underscores).`,
    fix: "Keep it and quote it, or rename the table under tables.rename.",
    propose: [`tables: { rename: { ${renameLine(source, target)} } }`],
  });
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
}
