/**
 * Referential integrity on the target, for every foreign key of the source: rows that ask for a parent which is not there, by
 * the target's own equality, counted exactly and named by key. A NULL in any of the columns asks for none (MATCH SIMPLE).
 * Keys that the target does not have are asked about too; one whose rows it cannot compare is told with the reason.
 * One statement is one view, and a batch holds whole transactions; but a table that was copied again is ahead of the others
 * until its lane has come to that copy, and of two lanes one may always be ahead. So orphans are looked at again once
 * the lanes have caught up, and of two lanes only a look during which neither table was touched accuses.
 */
import { Fault } from "../errors.js";
import type { Plan, PlanForeignKey, PlanLeftKey, PlanTable } from "../model.js";
import type { Target, TextRow } from "../port.js";
import { postgresName } from "../safety/identifier.js";
import { throwIfStopped } from "../stop.js";
import { columnOf, tableSql, unmatchedSql } from "./orphan-sql.js";
import { whileStill } from "./still.js";
import type { StillTools } from "./still.js";
import { untilAnswered } from "./tools.js";

export interface OrphanVerdict {
  /** Source names. */
  readonly table: string;
  readonly foreignKey: string;
  readonly parent: string | null;
  /**
   * `kept`: there are some, and the policy orphans keeps them, or the target has no such key. `pending`: they may be on
   * their way. `refused`: the target would not say. `not-asked`: the target has no such key, and its rows cannot tell.
   */
  readonly result: "holds" | "orphans" | "kept" | "pending" | "refused" | "not-asked";
  /** Exact, in decimal; null where it is not known. */
  readonly orphans: string | null;
  /** The first of them, by their own key in text; empty for a table without a key. */
  readonly keys: readonly (readonly string[])[];
  /** There are more than `keys` names. */
  readonly truncated: boolean;
  /** What each of `keys` asks for; null where values are hidden. */
  readonly values: readonly (readonly string[])[] | null;
  /** In whole; no value of a row is in it. */
  readonly sentence: string;
}

export interface OrphanOptions {
  readonly target: Pick<Target, "ask">;
  readonly plan: Plan;
  readonly tables: readonly PlanTable[];
  /** For what moves meanwhile. */
  readonly still: StillTools;
  /** Values of rows are shown. */
  readonly showValues: boolean;
  readonly signal: AbortSignal;
  /** Called before each foreign key; what it throws ends the looking. */
  readonly between?: () => void;
}

/** Orphans that are named. */
export const shownOrphans = 100;
/** Looks at two tables of two lanes for a moment in which nothing of them moves. */
const stillLooks = 5;

export async function verifyOrphans(options: OrphanOptions): Promise<readonly OrphanVerdict[]> {
  const verdicts: OrphanVerdict[] = [];
  const level = levelOf(options);
  const ask = async (table: PlanTable, key: PlanForeignKey): Promise<OrphanVerdict> => {
    throwIfStopped(options.signal);
    options.between?.();
    return await lookAt(table, key, options, level);
  };
  for (const table of options.tables) {
    for (const key of table.foreignKeys ?? []) verdicts.push(await ask(table, key));
    for (const left of table.leftKeys ?? [])
      verdicts.push(
        left.asked === null ? notAsked(table, left) : withoutKey(await ask(table, left.asked), left),
      );
  }
  return verdicts;
}

function notAsked({ source }: PlanTable, { name, why }: PlanLeftKey): OrphanVerdict {
  return {
    ...{ table: source, foreignKey: name, parent: null, result: "not-asked", orphans: null },
    ...{ keys: [], truncated: false, values: null },
    sentence: `${name} of ${source} is not on the target and its rows were not asked about: ${why}.`,
  };
}

/**
 * What was found without the key: nothing on the target keeps it so. Orphans there are the source's, as the comparison of
 * the rows shows, and `check` let them pass as none that the target would refuse: they accuse nobody.
 */
function withoutKey(verdict: OrphanVerdict, { why }: PlanLeftKey): OrphanVerdict {
  return {
    ...verdict,
    result: verdict.result === "orphans" ? "kept" : verdict.result,
    sentence: `${verdict.sentence} The target does not have this key: ${why}.`,
  };
}

/** Why a lane cannot come to what its tables were copied at; null when it has. Each lane is waited for once: no table is copied meanwhile. */
function levelOf({ still: { following }, signal }: OrphanOptions): (lane: string) => Promise<string | null> {
  const known = new Map<string, string | null>();
  return async (lane) => {
    const before = known.get(lane);
    if (before !== undefined) return before;
    let why: string | null = null;
    try {
      await following?.caughtUp(lane, signal);
    } catch (error) {
      if (!stands(error, signal)) throw error;
      why = error.message;
    }
    known.set(lane, why);
    return why;
  };
}

/** A lane that waits for a person. */
function stands(error: unknown, signal: AbortSignal): error is Fault {
  return !signal.aborted && error instanceof Fault && error.code === "quarantined";
}

async function lookAt(
  table: PlanTable,
  key: PlanForeignKey,
  options: OrphanOptions,
  level: (lane: string) => Promise<string | null>,
): Promise<OrphanVerdict> {
  const { plan, still, signal } = options;
  const parent = plan.tables.find(({ source }) => source === key.referencedTable);
  if (parent === undefined)
    throw new Fault(
      "bug",
      `${key.name} of ${table.source} refers to ${key.referencedTable}, which does not travel.`,
    );
  const pair: Pair = { table, parent, key };
  const unjudged = (why: string): OrphanVerdict =>
    verdict(pair, "pending", null, `${told(pair)} cannot be judged: ${why}`);
  try {
    const why = (await level(table.lane)) ?? (await level(parent.lane));
    if (why !== null) return unjudged(why);
    const look = (): Promise<Found> => untilAnswered(() => orphansOf(pair, options));
    let found = await look();
    const apart = still.following !== null && parent.lane !== table.lane;
    if (!apart || found.orphans === "0" || key.orphans === "keep") return judged(pair, found);
    for (let time = 1; time <= stillLooks; time += 1) {
      const seen = await whileStill(still, [table, parent], look, signal);
      found = seen.value;
      if (seen.still || found.orphans === "0") return judged(pair, found);
    }
    return verdict(pair, "pending", found, sentenceOf("pending", found, told(pair)));
  } catch (error) {
    if (stands(error, signal)) return unjudged(error.message);
    if (signal.aborted || !(error instanceof Fault) || error.code !== "target-refused") throw error;
    return verdict(pair, "refused", null, `${told(pair)} was not looked at: ${error.message}`);
  }
}

interface Pair {
  readonly table: PlanTable;
  readonly parent: PlanTable;
  readonly key: PlanForeignKey;
}

interface Found {
  readonly orphans: string;
  readonly keys: readonly (readonly string[])[];
  readonly values: readonly (readonly string[])[] | null;
}

async function orphansOf(
  { table, parent, key }: Pair,
  { target, plan, showValues, signal }: OrphanOptions,
): Promise<Found> {
  const own = table.key?.columns.length ?? 0;
  let orphans = "0";
  const [keys, values]: [string[][], string[][]] = [[], []];
  const take: TextRow = ([count, ...cells]) => {
    orphans = count ?? "0";
    const texts = cells.map((cell) => cell ?? "");
    keys.push(texts.slice(0, own));
    values.push(texts.slice(own));
  };
  const sql = orphansSql(table, parent, key, plan, showValues);
  // It takes as long as an anti-join of two tables takes.
  await target.ask(sql, { timeoutMs: 0, mostRows: shownOrphans }, take, signal);
  return { orphans, keys: own === 0 ? [] : keys, values: showValues ? values : null };
}

function judged(pair: Pair, found: Found): OrphanVerdict {
  const result = found.orphans === "0" ? "holds" : pair.key.orphans === "keep" ? "kept" : "orphans";
  return verdict(pair, result, found, sentenceOf(result, found, told(pair)));
}

function verdict(
  { table, parent, key }: Pair,
  result: OrphanVerdict["result"],
  found: Found | null,
  sentence: string,
): OrphanVerdict {
  return {
    table: table.source,
    foreignKey: key.name,
    parent: parent.source,
    result,
    orphans: found?.orphans ?? null,
    keys: found?.keys ?? [],
    truncated: found !== null && isCut(found.orphans, found.keys),
    values: found?.values ?? null,
    sentence,
  };
}

function isCut(orphans: string, keys: Found["keys"]): boolean {
  return BigInt(orphans) > BigInt(keys.length);
}

function told({ table, key, parent }: Pair): string {
  return `${key.name} of ${table.source} (${key.columns.join(", ")}) to ${parent.source}`;
}

function sentenceOf(result: OrphanVerdict["result"], { orphans, keys }: Found, what: string): string {
  const rows = orphans === "1" ? "1 row asks" : `${orphans} rows ask`;
  const listed =
    isCut(orphans, keys) && keys.length > 0 ? ` The first ${String(keys.length)} are listed.` : "";
  switch (result) {
    case "holds":
      return `${what} holds on the target.`;
    case "kept":
      return `${what}: ${rows} for a row that is not there, and are kept, as the policy orphans says.${listed}`;
    case "pending":
      return `${what}: ${rows} for a row that is not there yet; the two tables are of two lanes and were written to at each look, so one may have been ahead.`;
    default:
      return `${what}: ${rows} for a row that is not there on the target.${listed}`;
  }
}

function orphansSql(
  table: PlanTable,
  parent: PlanTable,
  key: PlanForeignKey,
  plan: Plan,
  showValues: boolean,
): string {
  const here = (name: string): string => `c.${postgresName(columnOf(table, name).target)}`;
  const own = (table.key?.columns ?? []).map(here);
  const list = [...own, ...(showValues ? key.columns.map(here) : [])];
  return (
    `SELECT ${["(count(*) OVER ())::text", ...list.map((sql) => `${sql}::text`)].join(", ")} FROM ${tableSql(table, plan)} AS c ` +
    `WHERE ${unmatchedSql(table, parent, key, plan, "c")}` +
    `${own.length === 0 ? "" : ` ORDER BY ${own.join(", ")}`} LIMIT ${String(shownOrphans)}`
  );
}
