/**
 * Referential integrity on the target, for every foreign key of the plan: rows that ask for a parent which is not there, by
 * the target's own equality, counted exactly and named by key. A NULL in any of the columns asks for none (MATCH SIMPLE).
 * One statement is one view, and a batch holds whole transactions; only where child and parent are of two lanes may one
 * be ahead of the other, and then what is missing may be on its way.
 */
import { Fault } from "../errors.js";
import type { Plan, PlanColumn, PlanForeignKey, PlanTable } from "../model.js";
import type { Target, TextRow } from "../port.js";
import { postgresName } from "../safety/identifier.js";
import { throwIfStopped } from "../stop.js";

export interface OrphanVerdict {
  /** Source names. */
  readonly table: string;
  readonly foreignKey: string;
  readonly parent: string;
  /** `kept`: there are some, and the policy orphans keeps them. `pending`: they may be on their way. `refused`: the target would not say. */
  readonly result: "holds" | "orphans" | "kept" | "pending" | "refused";
  /** Exact, in decimal; null where it is not known. */
  readonly orphans: string | null;
  /** The first of them, by their own key in text; empty for a table without a key. */
  readonly keys: readonly (readonly string[])[];
  /** What each of `keys` asks for; null where values are hidden. */
  readonly values: readonly (readonly string[])[] | null;
  /** In whole; no value of a row is in it. */
  readonly sentence: string;
}

export interface OrphanOptions {
  readonly target: Pick<Target, "ask">;
  readonly plan: Plan;
  readonly tables: readonly PlanTable[];
  /** Whether somebody applies the log meanwhile. */
  readonly followed: boolean;
  /** Values of rows are shown. */
  readonly showValues: boolean;
  readonly signal: AbortSignal;
}

/** Orphans that are named. */
export const shownOrphans = 100;

export async function verifyOrphans(options: OrphanOptions): Promise<readonly OrphanVerdict[]> {
  const verdicts: OrphanVerdict[] = [];
  for (const table of options.tables)
    for (const key of table.foreignKeys ?? []) {
      throwIfStopped(options.signal);
      verdicts.push(await lookAt(table, key, options));
    }
  return verdicts;
}

async function lookAt(
  table: PlanTable,
  key: PlanForeignKey,
  { target, plan, followed, showValues, signal }: OrphanOptions,
): Promise<OrphanVerdict> {
  const parent = plan.tables.find(({ source }) => source === key.referencedTable);
  if (parent === undefined)
    throw new Fault(
      "bug",
      `${key.name} of ${table.source} refers to ${key.referencedTable}, which does not travel.`,
    );
  const named = { table: table.source, foreignKey: key.name, parent: parent.source };
  const own = table.key?.columns ?? [];
  const found = { orphans: "0", keys: [] as string[][], values: [] as string[][] };
  const take: TextRow = ([count, ...cells]) => {
    found.orphans = count ?? "0";
    const texts = cells.map((cell) => cell ?? "");
    found.keys.push(texts.slice(0, own.length));
    found.values.push(texts.slice(own.length));
  };
  try {
    const sql = orphansSql(table, parent, key, plan, showValues);
    // It takes as long as an anti-join of two tables takes.
    await target.ask(sql, { timeoutMs: 0, mostRows: shownOrphans }, take, signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof Fault) || error.code !== "target-refused") throw error;
    const sentence = `${told(table, key, parent)} was not looked at: ${error.message}`;
    return { ...named, result: "refused", orphans: null, keys: [], values: null, sentence };
  }
  const result = resultOf(found.orphans, key, followed && parent.lane !== table.lane);
  return {
    ...named,
    result,
    orphans: found.orphans,
    keys: own.length === 0 ? [] : found.keys,
    values: showValues ? found.values : null,
    sentence: sentenceOf(result, found.orphans, told(table, key, parent)),
  };
}

function resultOf(orphans: string, key: PlanForeignKey, apart: boolean): OrphanVerdict["result"] {
  if (orphans === "0") return "holds";
  if (key.orphans === "keep") return "kept";
  return apart ? "pending" : "orphans";
}

function told(table: PlanTable, key: PlanForeignKey, parent: PlanTable): string {
  return `${key.name} of ${table.source} (${key.columns.join(", ")}) to ${parent.source}`;
}

function sentenceOf(result: OrphanVerdict["result"], orphans: string, what: string): string {
  const rows = orphans === "1" ? "1 row asks" : `${orphans} rows ask`;
  switch (result) {
    case "holds":
      return `${what} holds on the target.`;
    case "kept":
      return `${what}: ${rows} for a row that is not there, and are kept, as the policy orphans says.`;
    case "pending":
      return `${what}: ${rows} for a row that is not there yet; the two tables are of two lanes, and one may be ahead.`;
    default:
      return `${what}: ${rows} for a row that is not there on the target.`;
  }
}

function orphansSql(
  table: PlanTable,
  parent: PlanTable,
  key: PlanForeignKey,
  plan: Plan,
  showValues: boolean,
): string {
  const pairs = key.columns.map((name, place) => ({
    child: columnOf(table, name),
    parent: columnOf(parent, key.referencedColumns[place] ?? ""),
  }));
  const here = (column: PlanColumn): string => `c.${postgresName(column.target)}`;
  const from = ({ target }: PlanTable): string => `${postgresName(plan.schema)}.${postgresName(target)}`;
  const own = (table.key?.columns ?? []).map((name) => here(columnOf(table, name)));
  const list = [...own, ...(showValues ? pairs.map(({ child }) => here(child)) : [])];
  const asks = pairs.map(({ child }) => `${here(child)} IS NOT NULL`).join(" AND ");
  const found = pairs
    .map((pair) => `p.${postgresName(pair.parent.target)} = ${here(pair.child)}${collate(pair, plan)}`)
    .join(" AND ");
  return (
    `SELECT ${["(count(*) OVER ())::text", ...list.map((sql) => `${sql}::text`)].join(", ")} FROM ${from(table)} AS c ` +
    `WHERE ${asks} AND NOT EXISTS (SELECT FROM ${from(parent)} AS p WHERE ${found})` +
    `${own.length === 0 ? "" : ` ORDER BY ${own.join(", ")}`} LIMIT ${String(shownOrphans)}`
  );
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

function columnOf(table: PlanTable, name: string): PlanColumn {
  const column = table.columns.find(({ source }) => source === name);
  if (column === undefined)
    throw new Fault("bug", `${table.source}.${name} is in a foreign key and does not travel.`);
  return column;
}
