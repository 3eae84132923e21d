/**
 * Rows of a table that ask for a parent which is not there, as SQL on the target: by the target's own equality, and by the
 * parent's collation where the two columns have others, as PostgreSQL's foreign keys compare.
 */
import { Fault } from "../errors.js";
import type { Plan, PlanColumn, PlanForeignKey, PlanTable } from "../model.js";
import { postgresName } from "../safety/identifier.js";

/** A condition over the child as `child`: it asks for a parent, and there is none. A NULL in any of the columns asks for none. */
export function unmatchedSql(
  table: PlanTable,
  parent: PlanTable,
  key: PlanForeignKey,
  plan: Plan,
  child: string,
): string {
  const pairs = key.columns.map((name, place) => ({
    child: columnOf(table, name),
    parent: columnOf(parent, key.referencedColumns[place] ?? ""),
  }));
  const here = (column: PlanColumn): string => `${child}.${postgresName(column.target)}`;
  const asks = pairs.map((pair) => `${here(pair.child)} IS NOT NULL`).join(" AND ");
  const found = pairs
    .map((pair) => `p.${postgresName(pair.parent.target)} = ${here(pair.child)}${collate(pair, plan)}`)
    .join(" AND ");
  return `${asks} AND NOT EXISTS (SELECT FROM ${tableSql(parent, plan)} AS p WHERE ${found})`;
}

export function tableSql({ target }: PlanTable, { schema }: Plan): string {
  return `${postgresName(schema)}.${postgresName(target)}`;
}

/** Of two collations PostgreSQL chooses none; its foreign keys compare by the parent's. */
function collate(
  { child, parent }: { readonly child: PlanColumn; readonly parent: PlanColumn },
  plan: Plan,
): string {
  const of = (column: PlanColumn): string => column.equality?.collation?.name ?? column.sortedBy ?? "";
  if (of(child) === of(parent)) return "";
  const named = parent.equality?.collation?.name;
  // Every deterministic collation holds the same texts equal: those of the same bytes.
  return named === undefined
    ? ' COLLATE "C"'
    : ` COLLATE ${postgresName(plan.schema)}.${postgresName(named)}`;
}

export function columnOf(table: PlanTable, name: string): PlanColumn {
  const column = table.columns.find(({ source }) => source === name);
  if (column === undefined)
    throw new Fault("bug", `${table.source}.${name} is in a foreign key and does not travel.`);
  return column;
}
