/**
 * A plan of the source as DDL has made it since, in place of the one that the migration was begun with, where more than an
 * addition has happened: tables of another shape are made anew on the target and copied again by an exact cut, so that
 * nothing of what was there before, on the target or in the log, is read with the wrong plan.
 */
import type { Plan, PlanStatement, PlanTable } from "../model.js";
import { canonicalJson } from "../plan/order.js";
import { retirable, retired } from "./retired.js";

export interface Reshaping {
  /** Tables that are to be made anew, by source name. */
  readonly rebuild: readonly string[];
  /** Tables that the new plan has and the old one has not. */
  readonly added: readonly string[];
  /** Why it cannot be done, as sentences; empty where it can. */
  readonly refused: readonly string[];
}

/** `whole`: any difference counts, as what the log holds of it is still to come. */
export function reshaping(before: Plan, after: Plan, whole = false): Reshaping {
  const then = new Map(before.tables.map((table) => [table.source, table]));
  const now = new Set(after.tables.map(({ source }) => source));
  const refused = before.tables
    .filter(({ source }) => !now.has(source))
    .map(({ source }) => `${source} is gone or was renamed, or is left out now.`);
  if (canonicalJson(before.lanes) !== canonicalJson(after.lanes))
    refused.push(`The lanes were ${before.lanes.join(", ")} and would be ${after.lanes.join(", ")}.`);
  const rebuild: string[] = [];
  for (const table of after.tables) {
    const old = then.get(table.source);
    if (old === undefined) continue;
    if (old.lane !== table.lane)
      refused.push(`${table.source} would travel in another lane (${table.lane}).`);
    const same = whole
      ? wholeOf(before, old) === wholeOf(after, table)
      : shapeOf(old) === shapeOf(table) && stands(statementsOf(before, old), statementsOf(after, table));
    if (!same) rebuild.push(table.source);
  }
  rebuild.push(...retired(before, after, rebuild).stuck);
  const added = after.tables.filter(({ source }) => !then.has(source)).map(({ source }) => source);
  return { rebuild, added, refused };
}

/** Tables of the one plan whose rows are made of something else in the other, or that it does not have, by source name. */
export function reshaped(before: Plan, after: Plan): readonly string[] {
  const now = new Map(after.tables.map((table) => [table.source, table]));
  return before.tables.flatMap((table) => {
    const then = now.get(table.source);
    return then !== undefined && shapeOf(then) === shapeOf(table) ? [] : [table.source];
  });
}

/** What rows are made of. An index, a comment or a default at the source changes none that is there. */
function shapeOf({ target, key, columns, partitioned, exactCut }: PlanTable): string {
  const none = { default: null, onUpdateNow: null, comment: "", invisible: false };
  const shapes = columns.map((each) => ({ ...each, indexed: false, column: { ...each.column, ...none } }));
  return canonicalJson([target, key, shapes, partitioned ?? false, exactCut]);
}

/** A table with everything that is made of it. */
function wholeOf(plan: Plan, { target, key, columns, partitioned, exactCut }: PlanTable): string {
  const shapes = columns.map((each) => ({ ...each, indexed: false }));
  const made = [...plan.before, ...plan.after].filter(
    ({ kind, table }) => table === target && kind !== "identity" && kind !== "analyze",
  );
  const built = made.map(({ name, sql }) => [name, sql]);
  return canonicalJson([target, key, shapes, partitioned ?? false, exactCut, built]);
}

type Built = readonly Pick<PlanStatement, "name" | "sql" | "bare">[];

/** What is built of a table, in its own words, and stays for as long as the table does; less what follows from its rows. */
function statementsOf({ before, after }: Plan, { target }: PlanTable): Built {
  const lasting = ({ kind, table }: PlanStatement): boolean =>
    table === target &&
    kind !== "identity" &&
    kind !== "analyze" &&
    kind !== "comment" &&
    !retirable.includes(kind);
  return [...before, ...after].filter(lasting);
}

/** Whether nothing that is built under a name is something else under it now. What is new is built. */
function stands(old: Built, now: Built): boolean {
  const known = new Map(old.map((statement) => [statement.name, statement]));
  return now.every(({ name, sql, bare }) => {
    const then = known.get(name);
    return then === undefined || then.sql === sql || (then.bare ?? then.sql) === (bare ?? sql);
  });
}
