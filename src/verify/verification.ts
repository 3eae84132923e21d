/**
 * One verification, from what is to be compared to what was found. Tables that were never compared, or were touched
 * as a whole, are compared range by range; of the others the keys that events touched since (design.md, decision 9). Then
 * every suspect is looked at until it is equal, accused or pending. Killed anywhere, the next one of the same scope goes on.
 */
import { Fault } from "../errors.js";
import type { PlanTable, Position } from "../model.js";
import { throwIfStopped } from "../stop.js";
import type { MismatchKind, TableProof, VerifyLedger, VerifyRun, VerifyScope } from "../verify-port.js";
import type { Comparing } from "./comparing.js";
import { compareDirty } from "./dirty.js";
import { settle } from "./settle.js";
import { giveWay, inTurn, lookFacts } from "./tools.js";
import type { VerifyTools } from "./tools.js";
import { cleanFrom, compareWhole, tellKnown } from "./whole.js";

export interface VerifyRequest {
  readonly method: VerifyScope["method"];
  /** Everything, whatever was compared before: `round` is the engine's own. False: what was touched since. */
  readonly full: boolean | "round";
  /** Source names; null for all. */
  readonly tables: readonly string[] | null;
}

/** A row that differs, its key as bytes still. */
export interface FoundMismatch {
  readonly key: Buffer;
  readonly kind: MismatchKind;
  readonly columns: readonly string[];
  readonly copies: number;
  readonly duplicate?: boolean;
}

/** Rows of a table on record. */
export interface FoundRows {
  /** Accused rows, and those that were touched at each look. */
  readonly differences: bigint;
  readonly pending: bigint;
  /** The first accused rows. */
  readonly mismatches: readonly FoundMismatch[];
}

export interface TableOutcome extends FoundRows {
  readonly table: PlanTable;
  readonly proof: TableProof;
  /** Whether it was compared whole by this verification. */
  readonly whole: boolean;
  /** Touched keys that were compared again. */
  readonly keysCompared: number;
  /** Rows that differ beyond those on record, of a table without a key that has too many of them. */
  readonly unlisted: number;
}

export interface VerifyOutcome {
  readonly run: VerifyRun;
  readonly method: VerifyScope["method"];
  /** Ranges that were compared before it was stopped and went on, the first of them no earlier than `run` began. */
  readonly resumed: number;
  readonly tables: readonly TableOutcome[];
  readonly differences: bigint;
  readonly pending: bigint;
  /** Everything that was compared is equal as of at least this position, or differs as told. Null before any batch, and where tables are of several lanes: each has its own. */
  readonly position: Position | null;
}

/** Mismatches of a table that an outcome holds; the ledger has all of them. */
export const shownMismatches = 100;

/** What a verification works with, and how it compares by each method. */
export interface VerificationTools extends Omit<VerifyTools, "comparing"> {
  readonly comparings: Readonly<Record<VerifyScope["method"], Comparing>>;
}

/** What is looked at beside the rows, as facts of the verification. */
export type LookBeside = () => Promise<Readonly<Record<string, string>>>;

/**
 * Compares, settles, looks at what stands `beside` the rows, records. Faults: usage for a table that does not travel;
 * whatever the servers refuse; `gaveWay`.
 */
export async function verify(
  given: VerificationTools,
  request: VerifyRequest,
  signal: AbortSignal,
  beside: LookBeside = () => Promise.resolve({}),
): Promise<VerifyOutcome> {
  const tools: VerifyTools = { ...given, comparing: given.comparings[request.method] };
  const { ledger } = tools;
  const tables = tablesOf(tools, request.tables);
  const scope: VerifyScope = {
    method: request.method,
    kind: request.full === "round" ? "round" : request.full ? "full" : "dirty",
    tables: tables.map(({ source }) => source).sort(),
    sample: null,
  };
  const run = await inTurn(tools, () => ledger.begin(scope), signal);
  const begun = await ledger.ranges(run.id);
  const resumed = begun.filter(({ proof }) => proof !== null).length;
  tools.onEvent({ kind: "begun", run: run.id, scope: run.scope, resumed });
  tellKnown(tools, tables, begun);
  await tools.moment("verify:begun");
  // What the source has committed when somebody asks is touched here only once it is applied.
  if (scope.kind === "dirty")
    for (const lane of new Set(tables.map(({ lane: name }) => name)))
      await tools.following?.caughtUp(lane, signal);
  const before = new Map((await ledger.tables()).map((proof) => [proof.table, proof]));
  const split = new Set(begun.map(({ range }) => range.table));
  const keys = new Map<string, number>();
  const whole = new Set<string>();
  for (const table of tables) {
    throwIfStopped(signal);
    const clean = before.get(table.source)?.clean ?? null;
    if (request.full !== false || clean === null || split.has(table.source)) whole.add(table.source);
    else {
      const compared = await compareDirty(tools, run, table, clean, signal);
      if (compared === "whole") whole.add(table.source);
      else keys.set(table.source, compared);
    }
  }
  const wholly = tables.filter(({ source }) => whole.has(source));
  await compareWhole(tools, run, wholly, signal);
  for (const table of wholly) {
    giveWay(tools);
    await cleanFrom(tools, run, table, signal);
  }
  const unlisted = new Map<string, number>();
  for (const table of tables)
    unlisted.set(table.source, await settle(tools, run, table, ["suspect", "different", "pending"], signal));
  for (const lane of new Set(tables.map(({ lane: name }) => name)))
    await inTurn(tools, () => ledger.prune(lane), signal);
  giveWay(tools);
  const facts = await beside();
  return await ended(tools, run, tables, { whole, keys, unlisted, resumed, facts }, signal);
}

/** The plan's tables of these names; all where nobody names any. Fault usage for one that does not travel. */
export function tablesOf(
  { plan }: Pick<VerifyTools, "plan">,
  names: readonly string[] | null,
): readonly PlanTable[] {
  if (names === null) return plan.tables;
  return names.map((name) => {
    const table = plan.tables.find(({ source }) => source === name);
    if (table === undefined)
      throw new Fault("usage", `${name} is no table of this migration.`, {
        next: "headgate status lists its tables.",
      });
    return table;
  });
}

export async function foundIn(
  ledger: VerifyLedger,
  { source }: PlanTable,
  counts: Awaited<ReturnType<VerifyLedger["mismatchCounts"]>>,
): Promise<FoundRows> {
  const count = (state: string): bigint =>
    counts
      .filter((each) => each.table === source && each.state === state)
      .reduce((sum, each) => sum + BigInt(each.count), 0n);
  const shown = await ledger.mismatches(source, ["different"], null, shownMismatches);
  return {
    differences: count("different"),
    pending: count("pending"),
    mismatches: shown.map(({ key, kind, columns, copies, duplicate = false }) => ({
      ...{ key, kind, columns, copies },
      ...(duplicate ? { duplicate } : {}),
    })),
  };
}

async function ended(
  tools: VerifyTools,
  run: VerifyRun,
  tables: readonly PlanTable[],
  done: {
    readonly whole: ReadonlySet<string>;
    readonly keys: ReadonlyMap<string, number>;
    readonly unlisted: ReadonlyMap<string, number>;
    readonly resumed: number;
    readonly facts: Readonly<Record<string, string>>;
  },
  signal: AbortSignal,
): Promise<VerifyOutcome> {
  const { ledger } = tools;
  const proofs = new Map((await ledger.tables()).map((proof) => [proof.table, proof]));
  const counts = await ledger.mismatchCounts();
  const outcomes: TableOutcome[] = [];
  for (const table of tables) {
    const proof = proofs.get(table.source);
    if (proof === undefined)
      throw new Fault("ledger-mismatch", `The ledger has no proof of ${table.source}, which was compared.`);
    outcomes.push({
      table,
      proof,
      whole: done.whole.has(table.source),
      keysCompared: done.keys.get(table.source) ?? 0,
      unlisted: done.unlisted.get(table.source) ?? 0,
      ...(await foundIn(ledger, table, counts)),
    });
  }
  const sum = (what: "differences" | "pending"): bigint =>
    outcomes.reduce((total, outcome) => total + outcome[what], 0n);
  const [differences, pending] = [sum("differences"), sum("pending")];
  const unlisted = outcomes.reduce((total, outcome) => total + outcome.unlisted, 0);
  const position = oldestOf(outcomes);
  const facts = {
    tables: outcomes.length,
    wholeTables: done.whole.size,
    keysCompared: [...done.keys.values()].reduce((total, each) => total + each, 0),
    differences: differences.toString(),
    pending: pending.toString(),
    position: JSON.stringify(position),
    ...(unlisted === 0 ? {} : { unlisted }),
    ...(done.resumed === 0 ? {} : { resumed: done.resumed }),
    ...lookFacts(tools),
    ...done.facts,
  };
  await inTurn(tools, () => ledger.end(run.id, facts), signal);
  return {
    run,
    method: run.scope.method,
    resumed: done.resumed,
    tables: outcomes,
    differences,
    pending,
    position,
  };
}

/** The oldest of the tables' checkpoints: no table was looked at before it. Batches of two lanes have no order. */
function oldestOf(outcomes: readonly TableOutcome[]): Position | null {
  const clean = outcomes.flatMap(({ proof }) => (proof.clean === null ? [] : [proof.clean]));
  if (new Set(outcomes.map(({ table }) => table.lane)).size > 1) return null;
  return (
    clean.reduce<(typeof clean)[number] | null>((a, b) => (a === null || b.seq < a.seq ? b : a), null)
      ?.position ?? null
  );
}
