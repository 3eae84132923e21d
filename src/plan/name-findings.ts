/**
 * What `check` says of names. A source name is taken over quoted or renamed (contract.md, row 52 of the acceptance
 * list): one that is no plain word, or a word that PostgreSQL reserves, is a warning with both lines that settle it, the
 * rename and the override that keeps it on record. Names that the target cannot hold as they are have been changed
 * already, which is told with the line that chooses the new name. Names that only differ in case or spelling are told,
 * because PostgreSQL takes an unquoted name as lower case, and people read é and é as one.
 */
import { anyGlobMatches } from "../typemap/glob.js";
import type { Findings } from "./finding.js";
import type { NamedTable } from "./named-table.js";
import { isOrdinaryName } from "./names.js";
import { byCodeUnit } from "./order.js";
import { alike, nameProposals } from "./proposed-name.js";
import type { PlanRequest } from "./request.js";
import { systemColumns } from "./reserved-words.js";

type Propose = (name: string, identity: string) => string;

/** All findings about the names of the chosen tables and their columns. `others` have a name in the schema too: views, sequences. */
export function tellNames(
  tables: readonly NamedTable[],
  others: readonly string[],
  request: PlanRequest,
  findings: Findings,
): void {
  const free = nameProposals([...tables.map(({ target }) => target), ...others], request.names);
  for (const table of tables) {
    tellTable(table, request, free, findings);
    tellColumns(table, request, findings);
  }
  tellAlike(
    tables.map(({ target }) => target),
    "",
    findings,
  );
  for (const { source, columnNames } of tables) tellAlike([...columnNames.values()], source.name, findings);
  tellMixedCase(tables, request, findings);
}

function tellTable(
  { source, target, wanted }: NamedTable,
  request: PlanRequest,
  free: Propose,
  findings: Findings,
): void {
  const line = pair(
    source.name,
    target === wanted && isOrdinaryName(target) ? target : propose(source.name, wanted, target, free),
  );
  if (target !== wanted) {
    findings.add({
      code: "renamed",
      severity: "warning",
      object: source.name,
      sentence: `${wanted} cannot be its name on the target (over 63 bytes, or taken); it becomes ${target}.`,
      fix: "Use the new name in the application, or give the table one under tables.rename.",
      propose: [`tables: { rename: { ${line} } }`],
      settle: [{ section: "rename", yaml: line }],
    });
  } else if (!isOrdinaryName(target)) {
    const kept = anyGlobMatches(request.keptNames ?? [], source.name);
    findings.add({
      code: "name-needs-quotes",
      severity: kept ? "info" : "warning",
      object: source.name,
      sentence: `${target} must be quoted in every statement on the target (a reserved word, or other than letters, digits and underscores).${kept ? keptSentence : ""}`,
      fix: kept
        ? "Nothing to do."
        : "Rename the table under tables.rename, or keep the name with an override source-names.",
      ...(kept
        ? {}
        : {
            propose: [`tables: { rename: { ${line} } }`, keepLine(source.name)],
            settle: [{ section: "rename" as const, yaml: line, byChoice: true as const }],
          }),
    });
  }
}

function tellColumns(table: NamedTable, request: PlanRequest, findings: Findings): void {
  const { source, columnNames, wantedColumns } = table;
  const free = nameProposals([...columnNames.values(), ...systemColumns], request.names);
  const unusual: string[] = [];
  for (const [column, target] of columnNames) {
    const wanted = wantedColumns.get(column) ?? column;
    if (target !== wanted) {
      const line = pair(column, propose(column, wanted, target, free));
      findings.add({
        code: "renamed",
        severity: "warning",
        object: `${source.name}.${column}`,
        sentence: `${wanted} cannot be its name on the target (over 63 bytes, taken, or a system column's); it becomes ${target}.`,
        fix: "Use the new name in the application, or give the column one under tables.columns.",
        propose: [columnsLine(source.name, [line])],
        settle: [{ section: "columns", table: source.name, yaml: line }],
      });
    } else if (!isOrdinaryName(target)) unusual.push(column);
  }
  const open = unusual.filter(
    (column) => !anyGlobMatches(request.keptNames ?? [], `${source.name}.${column}`),
  );
  if (unusual.length === 0) return;
  const kept = open.length === 0;
  const told = kept ? unusual : open;
  const lines = open.map((column) => {
    const target = columnNames.get(column) ?? column;
    return pair(column, propose(column, target, target, free));
  });
  findings.add({
    code: "columns-need-quotes",
    severity: kept ? "info" : "warning",
    object: source.name,
    sentence: `${listed(told)} must be quoted in every statement on the target (reserved words, or other than letters, digits and underscores).${kept ? keptSentence : ""}`,
    fix: kept
      ? "Nothing to do."
      : "Rename the columns under tables.columns, or keep the names with an override source-names.",
    count: told.length,
    ...(kept
      ? {}
      : {
          propose: [columnsLine(source.name, lines), keepLine(`${source.name}.*`)],
          settle: lines.map((yaml) => ({
            section: "columns" as const,
            table: source.name,
            yaml,
            byChoice: true as const,
          })),
        }),
  });
}

const keptSentence = " It is kept, as the override source-names says.";

/** Names that become one once case is folded, or once letters and their accents are joined. */
function tellAlike(names: readonly string[], table: string, findings: Findings): void {
  const groups = new Map<string, string[]>();
  for (const name of [...names].sort(byCodeUnit)) {
    groups.set(alike(name), [...(groups.get(alike(name)) ?? []), name]);
  }
  for (const group of groups.values())
    if (group.length > 1)
      findings.add({
        code: "names-alike",
        severity: "warning",
        object: table === "" ? (group[0] ?? "") : `${table}.${group[0] ?? ""}`,
        sentence: `${listed(group)} are different names on the target that read alike: they differ in case or in how letters are composed, and unquoted SQL means the one in lower case.`,
        fix: "Quote them in every statement, or give them names of their own under tables.",
        count: group.length,
      });
}

/** One line for the whole database: most schemas with capitals have many. */
function tellMixedCase(tables: readonly NamedTable[], request: PlanRequest, findings: Findings): void {
  if (request.names === "lower") return;
  const mixed = tables.flatMap(({ target, columnNames }) =>
    [target, ...columnNames.values()].filter((name) => isOrdinaryName(name) && name !== name.toLowerCase()),
  );
  if (mixed.length === 0) return;
  findings.add({
    code: "names-mixed-case",
    severity: "info",
    object: "names",
    sentence: `${listed([...new Set(mixed)].slice(0, 5))}${mixed.length > 5 ? " and more" : ""} hold capitals, so statements on the target must quote them; PostgreSQL reads unquoted names as lower case.`,
    fix: "Nothing to do where the application quotes its names; else set names: lower.",
    count: mixed.length,
    propose: ["names: lower"],
  });
}

/** A free plain name to stand in the config: what the plan has chosen already where that is plain, else one that can be read. */
function propose(source: string, wanted: string, target: string, free: Propose): string {
  return target !== wanted && isOrdinaryName(target) ? target : free(wanted, source);
}

function pair(source: string, target: string): string {
  return `${JSON.stringify(source)}: ${target}`;
}

function columnsLine(table: string, pairs: readonly string[]): string {
  return `tables: { columns: { ${JSON.stringify(table)}: { ${pairs.join(", ")} } } }`;
}

function keepLine(glob: string): string {
  return `overrides: [{ safeguard: source-names, value: ${JSON.stringify(glob)}, reason: "why it stays, and who agreed" }]`;
}

function listed(names: readonly string[]): string {
  return names.join(", ");
}
