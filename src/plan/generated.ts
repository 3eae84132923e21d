/**
 * Generated columns. On the target they are plain columns that hold the source's own values: that is right whatever
 * their expression means. Where the expression is in the exact subset its translation is planned beside it, so that a
 * run can prove it on every row and say what would keep the column right after the switch.
 */
import type { PlanGenerated, SourceEngine } from "../model.js";
import { type NotTranslated, translateGenerated } from "../translate/view.js";
import type { DecidedColumn, DecidedTable } from "./columns.js";
import type { Findings } from "./finding.js";
import { plannedColumn } from "./planned-column.js";

/** Adds a finding for each generated column; gives those whose expression is translated. */
export function planGenerated(
  tables: readonly DecidedTable[],
  engine: SourceEngine,
  findings: Findings,
): readonly PlanGenerated[] {
  return tables.flatMap((table) =>
    table.decided.flatMap((decided): PlanGenerated[] => {
      const { generated } = decided.column;
      if (generated === null) return [];
      const object = `${table.source.name}.${decided.column.name}`;
      const made = translated(table, decided, engine);
      findings.add({
        code: "generated-as-plain",
        severity: "warning",
        object,
        sentence: `${object} is generated on the source; on the target it is a plain column, filled with the source's values: ${generated.expression}${"sql" in made ? "" : ` (not translated: it uses ${made.uses})`}`,
        fix:
          "sql" in made
            ? `After the switch the application or a trigger must fill it, or a generated column in its place: GENERATED ALWAYS AS (${made.sql}) STORED. run proves that on every row.`
            : "After the switch the application or a trigger must fill it.",
      });
      if (!("sql" in made)) return [];
      return [{ object, table: table.target, column: decided.target, sql: made.sql }];
    }),
  );
}

function translated(
  table: DecidedTable,
  decided: DecidedColumn,
  engine: SourceEngine,
): { readonly sql: string } | NotTranslated {
  const { generated } = decided.column;
  if (generated === null) return { uses: "no expression" };
  if (decided.enumType !== null) return { uses: "a native enum" };
  return translateGenerated({
    sql: generated.expression,
    engine,
    // A generated column of PostgreSQL cannot stand on another.
    columns: table.decided.filter(({ column }) => column.generated === null).map(plannedColumn),
    targetType: decided.targetType,
  });
}
