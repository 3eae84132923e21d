/**
 * A table that is to be compared is what the plan made: a column of another type holds other bytes for equal values,
 * and one of another collation another idea of which texts are equal and in what order. Neither is a difference of rows.
 */
import { Fault } from "../../src/errors.js";
import type { PlanColumn, PlanTable } from "../../src/model.js";
import type { ColumnShapes } from "./apply/shape.js";

/** Faults: target-refused where somebody has changed a column. */
export function demandAsPlanned(table: PlanTable, { columns }: ColumnShapes, schema: string): void {
  table.columns.forEach((planned, place) => {
    const found = columns[place];
    if (found === undefined) throw new Fault("bug", `${table.target} was read without ${planned.target}.`);
    // What a domain, an enum or an extension's type is, its own name says.
    if (found.builtIn === null) return;
    if (found.builtIn !== planned.targetType)
      throw changed(table, planned, found.builtIn, planned.targetType);
    const collation = collationOf(planned, schema);
    if (found.collated !== null && found.collated !== collation)
      throw changed(table, planned, `compared by ${found.collated}`, `compared by ${collation}`);
  });
}

function collationOf({ equality, sortedBy }: PlanColumn, schema: string): string {
  const icu = equality?.collation ?? null;
  if (icu !== null) return `${schema}.${icu.name}`;
  return sortedBy === undefined ? "pg_catalog.default" : `pg_catalog.${sortedBy}`;
}

function changed(table: PlanTable, { target }: PlanColumn, now: string, planned: string): Fault {
  return new Fault(
    "target-refused",
    `The column ${target} of ${table.target} is ${now} on the target and was ${planned} when the plan made it, so its values cannot be compared.`,
    {
      next: "Change the column back on the target, then run the same command again.",
      facts: { table: table.source, column: target },
    },
  );
}
