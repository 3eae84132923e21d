/**
 * A plan for the tables as DDL at the source has made them, in place of the one that the migration was begun with. Only
 * what adds: columns that the target has got already, in whatever place, other indexes, new tables. Everything else
 * would change what is copied already, and is told.
 */
import type { Plan, PlanColumn, PlanTable } from "../model.js";

/** A column that the new plan has and the old one has not. */
export interface AddedColumn {
  readonly table: PlanTable;
  readonly column: PlanColumn;
}

export interface Amendment {
  readonly added: readonly AddedColumn[];
  /** Tables that the new plan has and the old one has not: they are copied by a cut. */
  readonly tables: readonly PlanTable[];
  /** Why it is no amendment, as sentences; empty where it is one. */
  readonly refused: readonly string[];
}

export function amendment(before: Plan, after: Plan): Amendment {
  const added: AddedColumn[] = [];
  const tables: PlanTable[] = [];
  const refused: string[] = [];
  for (const old of before.tables)
    if (!after.tables.some(({ source }) => source === old.source))
      refused.push(`${old.source} is gone or was renamed.`);
  for (const table of after.tables) {
    const old = before.tables.find(({ source }) => source === table.source);
    if (old === undefined) {
      tables.push(table);
      continue;
    }
    refused.push(...tableChanges(old, table));
    for (const column of table.columns)
      if (!old.columns.some(({ source }) => source === column.source)) added.push({ table, column });
  }
  if (JSON.stringify(before.lanes) !== JSON.stringify(after.lanes))
    refused.push(`The lanes were ${before.lanes.join(", ")} and would be ${after.lanes.join(", ")}.`);
  return { added, tables, refused };
}

function tableChanges(old: PlanTable, table: PlanTable): readonly string[] {
  const told: string[] = [];
  if (old.target !== table.target || old.lane !== table.lane)
    told.push(`${table.source} would go to another table or lane.`);
  if (JSON.stringify(old.key) !== JSON.stringify(table.key))
    told.push(`The key of ${table.source} is another one.`);
  for (const column of old.columns) {
    const now = table.columns.find(({ source }) => source === column.source);
    if (now === undefined) told.push(`${table.source}.${column.source} is gone or was renamed.`);
    else if (
      now.target !== column.target ||
      now.targetType !== column.targetType ||
      now.sourceType !== column.sourceType
    )
      told.push(`${table.source}.${column.source} was ${column.sourceType} and is ${now.sourceType}.`);
    else if (now.column.charset !== column.column.charset || now.nullable !== column.nullable)
      told.push(`${table.source}.${column.source} has another character set or nullability.`);
  }
  return told;
}

/**
 * Whether rows that were there have the same value on both sides without being copied again: a column that is NULL in all
 * of them. Every other default is computed by each server in its own way, or not known to be the target's too.
 */
export function isNullEverywhere({ column: { column, identity } }: AddedColumn): boolean {
  return (
    column.nullable &&
    identity === null &&
    !column.autoIncrement &&
    column.generated === null &&
    (column.default.kind === "none" || column.default.kind === "null")
  );
}
