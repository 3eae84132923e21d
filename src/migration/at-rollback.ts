/**
 * The proof of a rollback (design.md, decision 9): the target is shut and the way back drained, so nothing moves. What was
 * touched on the target since it was last compared is compared once more. Where it differs the target's value wins, is
 * written to the source as one batch more of the way back, and looked at again. Where nobody touched a row since the switch
 * the source's value is the truth: it was proven inside the fence, and what the target has otherwise is the target's damage.
 */
import type { PlanTable, Position } from "../model.js";
import { Fault } from "../errors.js";
import { withSlot } from "../safety/slot.js";
import { isPoison } from "../stream/refusal.js";
import type { LaneWriter } from "../stream-port.js";
import { compareFenced } from "../verify/fenced.js";
import type { Fenced, FencedTools } from "../verify/fenced.js";
import { differencesOf, proofSentences } from "../verify/fence-proof.js";
import type { FenceProof, ProofDifference } from "../verify/fence-proof.js";
import { bringHome, touchedSince } from "../verify/way-home.js";
import type { VerificationTools } from "../verify/verification.js";
import type { Suspect } from "../verify-port.js";
import { computedAlone } from "./computed-alone.js";
import { factsOf, figuresOf, record, standing } from "./at-fence.js";
import type { Explains } from "./left-out.js";

export interface AtRollbackOptions {
  /** Those of the soak (`wayBackVerification`): whoever compares in rounds has ended. */
  readonly tools: VerificationTools;
  /** The batch of the way back at the switch. */
  readonly from: bigint;
  /** The writer of the way back; its stream has ended. */
  readonly writer: () => Promise<LaneWriter>;
  /** A position that holds everything the target has committed. */
  readonly position: () => Promise<Position>;
  /** Rows that are brought home at most. */
  readonly most: number;
  /** Every row of every table is compared. */
  readonly full: boolean;
  /** Rows of which a change was left out by somebody's word: where the source does not hold what they are now, they stay. */
  readonly leftOut: Explains;
  readonly signal: AbortSignal;
}

export interface RollbackProof extends FenceProof {
  /** Rows of the target that did not go back. */
  readonly stayed: readonly ProofDifference[];
}

export async function proveAtRollback(options: AtRollbackOptions): Promise<RollbackProof> {
  const { from, full, signal } = options;
  const given = options.tools;
  const began = given.now();
  const tools = standing(given, undefined);
  const known = await tools.ledger.tables();
  // The target is shut, and what it had committed is applied: there is nobody to wait for.
  const request = { children: null, caughtUp: () => Promise.resolve() };
  const first = await compareFenced(tools, { ...request, full }, signal);
  const compared = tools.now();
  const theirs = new Map<PlanTable, readonly Suspect[]>();
  const apart: Row[] = [];
  let unsure = 0;
  /** Rows that the source has to have as the target has them. */
  const owed = new Set<string>();
  for (const table of tools.plan.tables) {
    const mine = first.found.filter((suspect) => suspect.table === table.source);
    if (mine.length === 0) continue;
    const { touched, unsure: open } = await touchedSince(tools.ledger, table, from, mine, signal);
    // Of those that somebody's word explains the target's value is tried as well.
    const explained = open.filter(({ key }) => options.leftOut(table.source, key));
    unsure += open.length - explained.length;
    theirs.set(
      table,
      touched.filter(({ key }) => !options.leftOut(table.source, key)),
    );
    for (const suspect of [...touched, ...open])
      if (!options.leftOut(table.source, suspect.key)) owed.add(nameOf(suspect));
    for (const suspect of [...touched, ...explained])
      if (options.leftOut(table.source, suspect.key)) apart.push({ table, suspect });
  }
  const rows = [...theirs.values()].reduce((sum, each) => sum + each.length, 0);
  let left: Fenced = first;
  const some = rows + apart.length > 0;
  const may = first.more === 0 && some && rows <= options.most && first.moved.length === 0;
  if (may) {
    await bring(options, tools, theirs, apart);
    const only = new Map<string, readonly Buffer[]>();
    for (const { table, key } of first.found) only.set(table, [...(only.get(table) ?? []), key]);
    left = await compareFenced(tools, { ...request, full: false, only }, signal);
  }
  const mended = tools.now();
  const run = await record(tools, tools.ledger, { ...left, clean: may ? [] : left.clean });
  const untouched = first.found.length - rows - apart.length - unsure;
  const stays = may ? left.found.filter(({ table, key }) => options.leftOut(table, key)) : [];
  const differing = left.found.length + left.more - untouched - stays.length;
  const figures = {
    ...figuresOf(known, first, tools.plan.tables),
    at: "rollback" as const,
    ...{ full, differing, orphans: [], queries: [] },
    repaired: may ? rows + apart.length - differing - stays.length : 0,
    moved: [...new Set([...first.moved, ...left.moved])],
  };
  const stayed = differencesOf(tools.plan.tables, tools.engine, stays);
  const standsIn = left.found.filter((suspect) => owed.has(nameOf(suspect)));
  const computed = computedAlone(tools.plan, standsIn);
  const proof: RollbackProof = {
    ...figures,
    equal: differing === 0 && figures.moved.length === 0,
    differences: differencesOf(tools.plan.tables, tools.engine, standsIn),
    computed,
    stayed,
    sentences: [
      ...proofSentences(figures, first),
      ...computed,
      ...kept(untouched),
      ...undecided(unsure),
      ...staying(stays.length, stayed),
    ],
    milliseconds: {
      ...first.milliseconds,
      queries: 0,
      repair: mended - compared,
      record: tools.now() - mended,
      all: tools.now() - began,
    },
  };
  await tools.ledger.end(run.id, factsOf(proof));
  return proof;
}

function kept(untouched: number): readonly string[] {
  if (untouched === 0) return [];
  return [
    `${String(untouched)} row(s) of the target differ that nothing in its log has touched since the switch: the source's values stay, as they were proven inside the fence.`,
  ];
}

function undecided(unsure: number): readonly string[] {
  if (unsure === 0) return [];
  return [
    `${String(unsure)} row(s) of the target differ, and a transaction has written more keys of their table than were kept: nobody can tell whether it wrote these, so neither side's value is taken for the truth.`,
  ];
}

function staying(rows: number, listed: readonly ProofDifference[]): readonly string[] {
  if (rows === 0) return [];
  const names = listed.map(({ table, key }) => `${table} (${key.join(", ")})`).join(", ");
  return [
    `${String(rows)} row(s) of the target did not go back, because a change was left out that the source does not hold: ${names}${listed.length < rows ? ", and more" : ""}.`,
  ];
}

interface Row {
  readonly table: PlanTable;
  readonly suspect: Suspect;
}

/** `apart`: those that the source may still refuse, which then stay as they are. */
async function bring(
  { writer: open, position, signal }: AtRollbackOptions,
  { source, target, plan, engine, ...tools }: FencedTools,
  rows: ReadonlyMap<PlanTable, readonly Suspect[]>,
  apart: readonly Row[],
): Promise<void> {
  await using reader = await withSlot(tools, "source", (slots) => source.reader(slots), signal);
  await using look = await withSlot(tools, "target", (slots) => target.look(plan, slots), signal);
  await using writer = await open();
  const at = await position();
  const comparer = { reader, look, engine };
  await bringHome(comparer, writer, rows, at, signal);
  const whatFits = async (some: readonly Row[]): Promise<void> => {
    const tables = new Map<PlanTable, Suspect[]>();
    for (const { table, suspect } of some) tables.set(table, [...(tables.get(table) ?? []), suspect]);
    try {
      await bringHome(comparer, writer, tables, at, signal);
    } catch (error) {
      if (!(error instanceof Fault) || !isPoison(error)) throw error;
      const half = Math.ceil(some.length / 2);
      if (some.length === 1) return;
      await whatFits(some.slice(0, half));
      await whatFits(some.slice(half));
    }
  };
  if (apart.length > 0) await whatFits(apart);
}

function nameOf({ table, key }: Suspect): string {
  return `${table} ${key.toString("latin1")}`;
}

/** What speaks against a proof, for a Fault and the journal: no key and no value of a row is in it. */
export function against(proof: FenceProof): readonly string[] {
  const tables = new Map<string, number>();
  for (const { table } of proof.differences) tables.set(table, (tables.get(table) ?? 0) + 1);
  const listed = proof.differences.length < proof.differing ? "at least " : "";
  return [
    ...[...tables].map(([table, rows]) => `${table}: ${listed}${String(rows)} row(s) differ.`),
    ...(proof.computed ?? []),
    ...proof.orphans.map(
      ({ table, foreignKey, orphans }) =>
        `${table}: ${String(orphans)} row(s) ask by ${foreignKey} for a row that is not there.`,
    ),
    ...proof.queries.filter(({ result }) => result !== "holds").map(({ sentence }) => sentence),
    ...(proof.moved.length === 0
      ? []
      : [`Somebody wrote to ${proof.moved.join(", ")} while they were compared.`]),
  ];
}
