/**
 * The gates of verify.queries as they are run: a pair of queries, or a rule about columns of the target, which is one
 * query that counts the rows against it. Columns are named as the source names them and looked up in the plan.
 */
import { createHash } from "node:crypto";
import { Fault } from "../errors.js";
import type { Plan, PlanColumn, PlanTable } from "../model.js";
import { postgresName, postgresLiteral } from "../safety/identifier.js";
import { parseTargetType } from "../typemap/family.js";

/** Rows against a rule that are named. */
export const shownKeys = 100;

/** As headgate.yaml has it (src/config/verify-keys.ts, which holds it to one kind each). */
export interface GateSettings {
  readonly name?: string | undefined;
  readonly source?: string | undefined;
  readonly target?: string | undefined;
  readonly ordered?: boolean | undefined;
  readonly notNull?: string | undefined;
  readonly unique?: readonly string[] | undefined;
  readonly range?: string | undefined;
  readonly min?: number | string | undefined;
  readonly max?: number | string | undefined;
}

export type Gate =
  | {
      readonly kind: "pair";
      readonly name: string;
      readonly source: string;
      readonly target: string;
      readonly ordered: boolean;
    }
  | {
      readonly kind: "not-null" | "unique" | "range";
      readonly name: string;
      readonly table: PlanTable;
      /** Gives rows of a number, of what is against it, and of the keys of the first rows that are: one a row. No rows are none. */
      readonly target: string;
      /** What that number counts, one and many: "row of orders.total is below 0". */
      readonly against: (count: bigint) => string;
    };

/** Which question it is: a SHA-256 of all that the file says of it. An answer of yesterday is none to what is asked today. */
export function askedAs(settings: GateSettings): string {
  const said = Object.entries(settings)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(said)).digest("hex");
}

/** Fault config-invalid where a column does not travel. */
export function gateOf(settings: GateSettings, plan: Plan, place: number): Gate {
  const name = settings.name ?? defaultName(settings, place);
  const { source, target, notNull, unique, range } = settings;
  if (source !== undefined && target !== undefined)
    return { kind: "pair", name, source, target, ordered: settings.ordered === true };
  if (notNull !== undefined) {
    const { table, column } = columnOf(notNull, plan);
    return {
      kind: "not-null",
      name,
      table,
      target: rowsAgainst(plan, table, `${postgresName(column.target)} IS NULL`),
      against: (count) =>
        `${rows(count)} of ${table.source} ${count === 1n ? "has" : "have"} no ${column.source}`,
    };
  }
  if (unique !== undefined) return uniqueGate(name, unique, plan);
  if (range !== undefined) return rangeGate(name, range, settings, plan);
  throw new Fault("config-invalid", `${name} is a gate without anything to hold.`);
}

function defaultName({ notNull, unique, range }: GateSettings, place: number): string {
  if (notNull !== undefined) return `${notNull} not null`;
  if (unique !== undefined) return `${unique.join(", ")} unique`;
  if (range !== undefined) return `${range} in range`;
  return `query ${String(place + 1)}`;
}

function uniqueGate(name: string, names: readonly string[], plan: Plan): Gate {
  const found = names.map((each) => columnOf(each, plan));
  const table = found[0]?.table;
  const other = found.find((each) => each.table !== table);
  if (table === undefined || other !== undefined)
    throw new Fault("config-invalid", `${name}: the columns of a unique gate are of one table.`);
  const columns = found.map(({ column }) => postgresName(column.target));
  // A NULL is equal to nothing, as in the unique key of either server.
  const asked = columns.map((column) => `${column} IS NOT NULL`).join(" AND ");
  const told = found.map(({ column }) => column.source).join(", ");
  const twice = `SELECT ${columns.join(", ")} FROM ${from(plan, table)} WHERE ${asked} GROUP BY ${columns.join(", ")} HAVING count(*) > 1`;
  const keys = keysOf(table);
  const list = columns.join(", ");
  return {
    kind: "unique",
    name,
    table,
    target:
      keys.length === 0
        ? `SELECT count(*)::text FROM (${twice}) AS twice`
        : `WITH twice AS MATERIALIZED (${twice}) SELECT ${["(SELECT count(*) FROM twice)::text", ...keys.map((key) => `${key}::text`)].join(", ")} FROM ${from(plan, table)} WHERE (${list}) IN (SELECT ${list} FROM twice) ORDER BY ${keys.join(", ")} LIMIT ${String(shownKeys)}`,
    against: (count) =>
      `${count === 1n ? "1 value" : `${String(count)} values`} of ${table.source} (${told}) ${count === 1n ? "is" : "are"} there more than once`,
  };
}

function rangeGate(name: string, of: string, { min, max }: GateSettings, plan: Plan): Gate {
  const { table, column } = columnOf(of, plan);
  const c = postgresName(column.target);
  const type = comparedAs(column);
  const bound = (value: number | string): string => `${postgresLiteral(String(value))}::${type}`;
  const outside = [
    ...(min === undefined ? [] : [`${c}::${type} < ${bound(min)}`]),
    ...(max === undefined ? [] : [`${c}::${type} > ${bound(max)}`]),
  ];
  const told = [
    ...(min === undefined ? [] : [`below ${String(min)}`]),
    ...(max === undefined ? [] : [`above ${String(max)}`]),
  ];
  return {
    kind: "range",
    name,
    table,
    target: rowsAgainst(plan, table, outside.join(" OR ")),
    against: (count) =>
      `${rows(count)} of ${table.source} ${count === 1n ? "has" : "have"} ${/^[aeiou]/iu.test(column.source) ? "an" : "a"} ${column.source} ${told.join(" or ")}`,
  };
}

/** A bound with more digits than the column has is not rounded to them. */
function comparedAs({ targetType }: PlanColumn): string {
  const { base } = parseTargetType(targetType);
  if (["smallint", "integer", "bigint", "numeric"].includes(base)) return "numeric";
  return base === "real" ? "double precision" : base === "character" ? "text" : base;
}

function columnOf(text: string, plan: Plan): { readonly table: PlanTable; readonly column: PlanColumn } {
  // By the plan's names and not by the dot: names may have dots.
  for (const table of plan.tables)
    for (const column of table.columns)
      if (`${table.source}.${column.source}` === text) return { table, column };
  throw new Fault("config-invalid", `verify.queries names ${text}, and no such column travels.`, {
    next: "Name a column as table.column, as the source spells it.",
  });
}

/** Rows of which this is true: how many, and the keys of the first of them. */
function rowsAgainst(plan: Plan, table: PlanTable, condition: string): string {
  const keys = keysOf(table);
  if (keys.length === 0) return `SELECT count(*)::text FROM ${from(plan, table)} WHERE ${condition}`;
  const list = ["(count(*) OVER ())::text", ...keys.map((key) => `${key}::text`)].join(", ");
  return `SELECT ${list} FROM ${from(plan, table)} WHERE ${condition} ORDER BY ${keys.join(", ")} LIMIT ${String(shownKeys)}`;
}

/** The key's columns on the target, quoted. */
function keysOf(table: PlanTable): readonly string[] {
  return (table.key?.columns ?? []).flatMap((name) =>
    table.columns.flatMap(({ source, target }) => (source === name ? [postgresName(target)] : [])),
  );
}

function from(plan: Plan, table: PlanTable): string {
  return `${postgresName(plan.schema)}.${postgresName(table.target)}`;
}

function rows(count: bigint): string {
  return count === 1n ? "1 row" : `${String(count)} rows`;
}
