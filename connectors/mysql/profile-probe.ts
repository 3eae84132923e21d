/**
 * One question about a table's values: an SQL condition that holds for the rows the plan would refuse, and what
 * to say when there are any. Also how the lines for headgate.yaml are spelled that settle it.
 */
import type { Finding, PlanColumn, PlanTable, Severity, SourceEngine } from "../../src/model.js";

export type Settlement = NonNullable<Finding["settle"]>[number] & {
  readonly section: "typemap" | "policies";
};

/** What a question depends on beside the plan. */
export interface Asked {
  readonly engine: SourceEngine;
  /** Half a surrogate pair is a character to the server's own UTF-8 (MariaDB, MySQL 5.6); PostgreSQL refuses it. */
  readonly halfPairs: boolean;
}

export interface Probe {
  readonly code: string;
  readonly severity: Severity;
  readonly column: PlanColumn;
  /** SQL over the columns' quoted names: 1 for a row that is meant; 0 or NULL for others. */
  readonly condition: string;
  /** Completes "N values of table.column ..." or "N `noun` ...": what they are and what would happen. */
  readonly what: string;
  readonly fix: string;
  readonly settle: readonly Settlement[];
  /** What the finding is about, where that is not the column: its object, and what N counts, in one and in many. */
  readonly about?: { readonly object: string; readonly one: string; readonly many: string };
  /** Leaving the table out settles it; shown beside the finding alone, as nobody should leave one out with a block of lines. */
  readonly excludes?: true;
  /** Lines that are shown and never written by `init`: the value is right without them too. */
  readonly offer?: readonly Settlement[];
}

/** A line of `policies:` for this column alone. */
export function policyLine(table: { readonly source: string }, column: string, policy: string): Settlement {
  return { section: "policies", yaml: `{ match: ${matchOf(table.source, column)}, ${policy} }` };
}

/** A line of `typemap:` for this column alone; `to` is the rule's flow mapping without its braces. */
export function typeLine(table: PlanTable, column: PlanColumn, to: string): Settlement {
  return { section: "typemap", yaml: `{ match: ${matchOf(table.source, column.source)}, to: { ${to} } }` };
}

function matchOf(table: string, column: string): string {
  return `{ table: ${scalar(table)}, column: ${scalar(column)} }`;
}

const plain = /^[A-Za-z_][A-Za-z0-9_]*$/u;
/** Words that YAML 1.1 or 1.2 readers take for something else than text. */
const words = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf)$/iu;

/** A name as YAML; JSON's quoting is YAML's. */
function scalar(name: string): string {
  return plain.test(name) && !words.test(name) ? name : JSON.stringify(name);
}

/** The lines as a person would put them into headgate.yaml. */
export function proposedLines(settle: readonly Settlement[]): readonly string[] {
  return settle.flatMap(({ section, yaml }) => [`${section}:`, `  - ${yaml}`]);
}
