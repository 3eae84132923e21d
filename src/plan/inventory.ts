/**
 * What stays behind or arrives changed, told once a table or a column: invisible columns, partitions, row
 * history, storage engines whose copies are not consistent. Programs are told one by one, by objects/inventory.ts, and
 * views where they are translated: whoever reads the findings knows all that the target will lack.
 */
import type { DecidedTable } from "./columns.js";
import type { Findings } from "./finding.js";

/** Adds the findings about everything that is not rows, keys or checks. */
export function tellInventory(tables: readonly DecidedTable[], findings: Findings): void {
  for (const table of tables) {
    tellTable(table, findings);
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

function tellTable({ source, key, partitions }: DecidedTable, findings: Findings): void {
  if (source.partitioning !== null && partitions === undefined)
    findings.add({
      code: "partitions-flattened",
      severity: "info",
      object: source.name,
      sentence: `${source.name} is partitioned by ${source.partitioning.method} (${String(source.partitioning.partitions.length)} partitions); it becomes one plain table.`,
      fix: "Nothing to do, or keep them: tables: { partitions: keep }.",
      count: source.partitioning.partitions.length,
    });
  if (source.systemVersioned)
    findings.add({
      code: "history-not-copied",
      severity: "warning",
      object: source.name,
      sentence: `${source.name} is system-versioned; its current rows are copied, its history is not.`,
      fix: "Keep the source, or export the history by hand (FOR SYSTEM_TIME ALL).",
    });
  if (!/^innodb$/i.test(source.engine))
    findings.add({
      code: "engine-not-transactional",
      severity: "warning",
      object: source.name,
      sentence: `${source.name} is stored by ${source.engine}, which has no consistent view: rows that are written during the copy may be read half.`,
      fix: "ALTER TABLE ... ENGINE=InnoDB on the source, or let nobody write to it during the copy.",
    });
  if (key === null)
    findings.add({
      code: "no-key",
      severity: "warning",
      object: source.name,
      sentence: `${source.name} has no primary key and no unique key over NOT NULL columns that ranges can stand on; it is copied in one piece.`,
      fix: "Add a primary key on the source where you can.",
    });
}
