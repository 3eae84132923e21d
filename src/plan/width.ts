/**
 * Tables that are too wide for PostgreSQL by their declaration alone: more columns than it takes. What depends on
 * the values (rows past a page) is asked of the source.
 */
import { excludedLines } from "../typemap/glob.js";
import type { DecidedTable } from "./columns.js";
import type { Findings } from "./finding.js";

/** "tables can have at most 1600 columns". */
const mostColumns = 1600;

export function tellWidth(tables: readonly DecidedTable[], findings: Findings): void {
  for (const { source, decided } of tables)
    if (decided.length > mostColumns)
      findings.add({
        code: "too-many-columns",
        severity: "error",
        object: source.name,
        sentence: `${source.name} has ${String(decided.length)} columns; a table of PostgreSQL has ${String(mostColumns)} at most.`,
        fix: "Split the table on the source, or exclude it.",
        propose: excludedLines(source.name),
        count: decided.length,
      });
}
