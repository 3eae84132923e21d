/**
 * A plan for the tables as DDL at the source has made them, in place of the one that the migration was begun with. Only
 * what adds: columns that the target has got already, in whatever place, other indexes, new tables. Everything else
 * would change what is copied already, and is told.
 */
import type { Plan, PlanColumn, PlanTable } from "../model.js";
import { retired } from "./retired.js";

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
  for (const table of retired(before, after, []).stuck)
    refused.push(`An index, a CHECK or a key of ${table} went or is another one.`);
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
 * Tables that have to be read again, by source name. Rows that were there before have values in a new column that no log
 * tells of, unless all of them are NULL; and rows of a shape between the two plans lie in the log where the columns came by
 * more than the statements that the stream has met.
 */
export function readAgain(added: readonly AddedColumn[], met: readonly string[]): readonly string[] {
  const again = added.filter(
    (one) => !isNullEverywhere(one) || !met.some((statement) => isAddedBy(statement, one)),
  );
  return [...new Set(again.map(({ table }) => table.source))];
}

/** Where a table's name and a new column's can stand: ALTER TABLE t ADD a, ADD COLUMN a, ADD (a ..., b ...). In doubt it does not. */
function isAddedBy(statement: string, { table, column }: AddedColumn): boolean {
  const named = (name: string): string => {
    const exact = name.replace(/[.*+?^${}()|[\]\\]/gu, "\\$&");
    return `(?:\`${exact}\`|${exact}(?=\\s))`;
  };
  const before = "(?:(?:`[^`]+`|[^\\s.`]+)\\s*\\.\\s*)?";
  const about = new RegExp(`\\btable\\s+(?:if\\s+exists\\s+)?${before}${named(table.source)}`, "iu");
  const adds = new RegExp(`(?:\\b(?:add|column|exists)\\s+|[(,]\\s*)${named(column.source)}`, "iu");
  return about.test(statement) && adds.test(statement);
}

/**
 * Whether rows that were there have the same value on both sides without being copied again: a column that is NULL in all
 * of them. Every other default is computed by each server in its own way, or not known to be the target's too.
 */
function isNullEverywhere({ column: { column, identity } }: AddedColumn): boolean {
  return (
    column.nullable &&
    identity === null &&
    !column.autoIncrement &&
    column.generated === null &&
    (column.default.kind === "none" || column.default.kind === "null")
  );
}
