/**
 * What stays behind or arrives changed, told once a table or a column: invisible columns, row history, storage engines. Programs are told one by one, by objects/inventory.ts, and
 * views where they are translated: whoever reads the findings knows all that the target will lack.
 */
import type { DecidedTable } from "./columns.js";
import { tellEngine } from "./engines.js";
import type { Findings } from "./finding.js";
import type { PlanRequest } from "./request.js";

/** Adds the findings about everything that is not rows, keys or checks. */
export function tellInventory(
  tables: readonly DecidedTable[],
  request: PlanRequest,
  findings: Findings,
): void {
  for (const table of tables) {
    tellTable(table, request, findings);
    for (const { column, enumType } of table.decided) {
      const object = `${table.source.name}.${column.name}`;
      if (["enum", "set"].includes(column.type) && enumType === null)
        findings.add({
          code: "labels-sort-as-text",
          severity: "info",
          object,
          sentence: `${object} sorts by the order in which its labels are declared on the source, and by their text on the target.`,
          fix:
            column.type === "enum"
              ? "Nothing to do, or map it to a native enum (type: enum), which keeps the order."
              : "Nothing to do unless the application sorts by it.",
        });
      if (column.invisible)
        findings.add({
          code: "column-visible",
          severity: "info",
          object,
          sentence: `${object} is invisible on the source; the target has no such state, and SELECT * shows it.`,
          fix: "Name columns in the application's queries.",
        });
    }
  }
}

function tellTable({ source, key }: DecidedTable, request: PlanRequest, findings: Findings): void {
  if (source.systemVersioned)
    findings.add({
      code: "history-not-copied",
      severity: "warning",
      object: source.name,
      sentence: `${source.name} is system-versioned; its current rows are copied, its history is not.`,
      fix: "Keep the source, or export the history by hand (FOR SYSTEM_TIME ALL).",
    });
  tellEngine(source, request, findings);
  if (key === null)
    findings.add({
      code: "no-key",
      severity: "warning",
      object: source.name,
      sentence: `${source.name} has no primary key and no unique key over NOT NULL columns that ranges can stand on; it is copied in one piece.`,
      fix: "Add a primary key on the source where you can.",
    });
}
