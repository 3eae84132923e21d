/**
 * Rows of a rollback's proof that differ in nothing but what the source computes itself. The way back leaves such a column out,
 * so no repair of ours brings it right: the application writes none on the target, where it is a plain one, and somebody has
 * to be told that before looking for a change that was lost.
 */
import type { Plan, PlanTable } from "../model.js";
import { postgresName } from "../safety/identifier.js";
import type { Suspect } from "../verify-port.js";

/** A sentence a table, of those where there are any; names of columns, no key and no value. */
export function computedAlone(plan: Plan, found: readonly Suspect[]): readonly string[] {
  return plan.tables.flatMap((table) => {
    const computed = new Set(
      table.columns.flatMap(({ source, column }) => (column.generated === null ? [] : [source])),
    );
    const alone = found.filter(
      ({ table: name, kind, columns }) =>
        name === table.source &&
        kind === "different" &&
        columns.length > 0 &&
        columns.every((column) => computed.has(column)),
    );
    if (alone.length === 0) return [];
    const columns = [...new Set(alone.flatMap((suspect) => suspect.columns))];
    const rows = alone.length === 1 ? "1 row differs" : `${String(alone.length)} rows differ`;
    return [
      `${table.source}: ${rows} in ${columns.join(", ")} alone, which the source computes itself and the application has to write on the target.${mended(plan, table, columns)}`,
    ];
  });
}

function mended(plan: Plan, table: PlanTable, columns: readonly string[]): string {
  const sets = columns.flatMap((name) => {
    const target = table.columns.find(({ source }) => source === name)?.target;
    const known = (plan.generated ?? []).find(
      (each) => each.table === table.target && each.column === target,
    );
    return known === undefined
      ? []
      : [
          `UPDATE ${postgresName(plan.schema)}.${postgresName(known.table)} SET ${postgresName(known.column)} = (${known.sql});`,
        ];
  });
  return sets.length < columns.length
    ? " Set it there to what the source gives, then headgate rollback."
    : ` What the source gives is: ${sets.join(" ")} Then headgate rollback.`;
}
