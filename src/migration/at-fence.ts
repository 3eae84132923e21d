/**
 * The proof inside the fence (design.md, decisions 9 and 10; docs/decisions/0008): all is applied and nothing moves, so what
 * was touched since it was last compared is compared once more, and what differs is different. A few rows may be brought
 * right and looked at again, where that was asked for and the pause has room for it. Whoever calls decides by `equal`.
 */
import { Fault } from "../errors.js";
import type { PlanTable, Position } from "../model.js";
import type { RowMender } from "../mend-port.js";
import type { Source } from "../port.js";
import { compareFenced, movedSince } from "../verify/fenced.js";
import type { Fenced, FencedTools } from "../verify/fenced.js";
import { differencesOf, proofSentences } from "../verify/fence-proof.js";
import type { FenceProof } from "../verify/fence-proof.js";
import { runQueries } from "../verify/queries.js";
import type { GateOptions } from "../verify/queries.js";
import { repair } from "../verify/repair.js";
import type { RepairTools } from "../verify/repair-tools.js";
import type { VerificationTools } from "../verify/verification.js";
import type { LaneCheckpoint } from "../stream-port.js";
import type { Suspect, TableProof, VerifyLedger, VerifyRun } from "../verify-port.js";
import { wholeSeconds } from "./fence-forecast.js";
import { fenceOpen, mostHeldSeconds, secondsOf } from "./fence-open.js";
import type { HeldGate } from "./fence-open.js";

export interface AtFenceOptions {
  /** As the verifier has them. Its own rounds have ended: nobody else writes to the ledger's records. */
  readonly tools: VerificationTools;
  /** Whether every row is compared: `in-budget` by the speed of the last verification of everything. */
  readonly full: "never" | "in-budget" | "always";
  /** Rows that are brought right at most; null leaves every difference as it is. */
  readonly repair: {
    readonly most: number;
    readonly mender: (lane: string) => Promise<RowMender>;
    readonly primary: RepairTools["primary"];
  } | null;
  /** verify.queries and who answers them: those that earlier looks could not judge are asked, and the others where there is room. */
  readonly gates: Pick<GateOptions, "gates" | "source" | "target">;
  /** The changes came over Kafka, where one that is left out beside others of its transaction leaves no trace. */
  readonly overKafka?: boolean;
  /** What is left of the pause for this, in milliseconds; asked again before each piece that may be left out. */
  readonly remaining: () => number;
  /** Resolves when the source shows what a lane has applied; the source's own where nothing is said, which may have to write a marker. */
  readonly seen?: Source["seen"];
  /** Resolves when all that the source has committed by now is applied: so that a write which got past the fence is seen. */
  readonly caughtUp: (signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Milliseconds that a repair takes for certain, and a row of it. */
const repairMs = 300;
const repairRowMs = 3;

export async function proveAtFence(options: AtFenceOptions): Promise<FenceProof> {
  const { tools: given, signal } = options;
  const began = given.now();
  const tools = standing(given, options.seen);
  const known = await tools.ledger.tables();
  const full =
    options.full === "always" ||
    (options.full === "in-budget" && (await fits(tools, known, options.remaining)));
  const { caughtUp, gates } = options;
  const { open, held } = await fenceOpen(tools.ledger, tools.plan, gates.gates);
  const children = (table: string, foreignKey: string): boolean =>
    full || given.asked?.known(table, foreignKey, known) !== true;
  const first = await compareFenced(tools, { full, children, caughtUp }, signal);
  const beside = tools.now();
  const room = Math.min(mostHeldSeconds, options.remaining() / 4000);
  const again = full || secondsOf(held) <= room;
  const queries = await runQueries({
    ...{ ...gates, plan: tools.plan, still: null, now: () => tools.now(), signal },
    gates: again ? [...open, ...held.map(({ settings }) => settings)] : open,
  });
  const compared = tools.now();
  const run = await record(tools, tools.ledger, first);
  const recorded = tools.now();
  // What came through the fence while queries were asked is in no list, and a repair leaves marks of its own.
  const took = queries.length > 0 || (options.repair !== null && first.found.length > 0);
  if (took) await caughtUp(signal);
  const late = took ? await movedSince(tools, first.at, signal) : [];
  const second = late.length > 0 ? null : await repaired(options, tools, first);
  const mended = tools.now();
  const left = second ?? first;
  const figures = {
    ...figuresOf(known, first, tools.plan.tables),
    at: "fence" as const,
    full,
    differing: left.found.length + left.more,
    repaired: second === null ? 0 : first.found.length - second.found.length,
    orphans: left.orphans,
    queries: queries.map(({ name, result, sentence }) => ({ name, result, sentence })),
    moved: [...new Set([...first.moved, ...late, ...left.moved])],
  };
  const proof: FenceProof = {
    ...figures,
    equal:
      figures.differing === 0 &&
      figures.orphans.length === 0 &&
      figures.moved.length === 0 &&
      queries.every(({ result }) => result === "holds"),
    differences: differencesOf(tools.plan.tables, tools.engine, left.found),
    sentences: [
      ...proofSentences(figures, first),
      ...(options.overKafka === true && !full ? [leftOut] : []),
      ...(again ? [] : held.map(unasked)),
    ],
    milliseconds: {
      ...first.milliseconds,
      queries: compared - beside,
      record: recorded - compared,
      repair: mended - recorded,
      all: mended - began,
    },
  };
  await tools.ledger.end(run.id, factsOf(proof));
  return proof;
}

/** The tools of a look at which nothing moves: nobody has to be waited for, nobody paces, nobody goes first. */
export function standing(
  given: VerificationTools,
  seen: Source["seen"] | undefined,
): RepairTools & FencedTools {
  const { source, target, ledger, plan, engine, workers, slots, slot, rangeRows } = given;
  const { now, wait, moment, onEvent } = given;
  const refuse = (): never => {
    throw new Fault("bug", "Nothing is brought right by a look.");
  };
  return {
    ...{ target, ledger, plan, engine, workers, slots, slot, rangeRows, now, wait, moment, onEvent },
    source: {
      split: (table, rows, signal) => source.split(table, rows, signal),
      reader: (count) => source.reader(count),
      seen: seen ?? ((lane, position, signal) => source.seen(lane, position, signal)),
      exactCut: (tables, count) => source.exactCut(tables, count),
    },
    comparing: given.comparings.stream,
    following: { caughtUp: () => Promise.resolve() },
    mender: refuse,
    primary: { mark: refuse, position: refuse },
  };
}

const leftOut =
  "The changes came over Kafka: what Debezium leaves out beside other changes of its transaction (a statement that was logged as text, a row that a filter takes away) touches nothing in the log, and only a comparison of everything finds it.";

/** What is said of a query that the pause had no room for. */
function unasked({ settings, seconds, at }: HeldGate): string {
  return `${settings.name} held at ${at} and was not asked again inside the fence, as it takes ${seconds.toFixed(1)} s: what was written since is not in it.`;
}

async function fits(
  tools: FencedTools,
  known: readonly TableProof[],
  remaining: () => number,
): Promise<boolean> {
  const seconds = await wholeSeconds(tools.ledger, known, tools.plan);
  // Half of what is left: the switch is still to come, and a machine is busier at night than it was.
  return seconds !== null && seconds * 1000 <= remaining() / 2;
}

/** The ledger's records say what was found here, and nothing else of what was looked at. */
export async function record(
  { plan }: Pick<FencedTools, "plan">,
  ledger: VerifyLedger,
  fenced: Fenced,
): Promise<VerifyRun> {
  const tables = plan.tables.map(({ source }) => source).sort();
  const run = await ledger.begin({ method: "stream", kind: "fence", tables, sample: null });
  const clean = new Set(fenced.clean);
  // Rows differ there that are on no list: nobody is to go on from what was found equal before.
  if (fenced.crowded.size > 0) await ledger.unprove([...fenced.crowded]);
  const recorded = new Set((await ledger.mismatchCounts()).map(({ table }) => table));
  for (const { source } of plan.tables) {
    const mine = fenced.found.filter(({ table }) => table === source);
    if (!clean.has(source) && recorded.has(source) && !fenced.crowded.has(source))
      await takeOff(ledger, run, source, mine);
    for (let at = 0; at < mine.length; at += page)
      await ledger.settle(
        run.id,
        source,
        mine
          .slice(at, at + page)
          .map((suspect) => ({ key: suspect.key, state: "different" as const, suspect })),
      );
  }
  return run;
}

const page = 5_000;

/** What was on record and is equal now. */
async function takeOff(
  ledger: VerifyLedger,
  run: VerifyRun,
  table: string,
  found: readonly Suspect[],
): Promise<void> {
  const stays = new Set(found.map(({ key }) => key.toString("latin1")));
  for (let after: Buffer | null = null; ;) {
    const rows = await ledger.mismatches(table, ["suspect", "different", "pending"], after, page);
    const gone = rows.filter(({ key }) => !stays.has(key.toString("latin1")));
    if (gone.length > 0)
      await ledger.settle(
        run.id,
        table,
        gone.map(({ key }) => ({ key, state: null, suspect: null })),
      );
    after = rows.at(-1)?.key ?? null;
    if (rows.length < page) return;
  }
}

/** Brings the rows right where that may be, and looks at them again; null where it was not tried. */
async function repaired(
  { repair: allowed, remaining, caughtUp, signal }: AtFenceOptions,
  tools: RepairTools & FencedTools,
  { found, more, moved, orphans }: Fenced,
): Promise<Fenced | null> {
  if (allowed === null || found.length === 0 || found.length + more > allowed.most) return null;
  if (moved.length > 0 || remaining() < 2 * (repairMs + repairRowMs * found.length)) return null;
  const { mender, primary } = allowed;
  await repair({ ...tools, mender, primary }, { tables: null, dryRun: false, showValues: false }, signal);
  // A row that was brought right may be the parent that was missing.
  const children = (table: string, foreignKey: string): boolean =>
    orphans.some((each) => each.table === table && each.foreignKey === foreignKey);
  const only = new Map<string, Buffer[]>();
  for (const { table, key } of found) only.set(table, [...(only.get(table) ?? []), key]);
  return await compareFenced(tools, { full: false, only, children, caughtUp }, signal);
}

export function figuresOf(
  known: readonly TableProof[],
  { keys, whole, at }: Fenced,
  tables: readonly PlanTable[],
): Pick<
  FenceProof,
  "keysAtFence" | "rowsCleanBefore" | "rowsAtFence" | "position" | "positions" | "wholeTables"
> {
  const before = tables
    .filter(({ source }) => !whole.has(source))
    .map(({ source }) => Number(known.find(({ table }) => table === source)?.rowsSource ?? 0));
  const positions: Record<string, Position | null> = {};
  for (const lane of new Set(tables.map(({ lane: name }) => name)))
    positions[lane] = (
      at.get(lane) ?? ({ position: null } satisfies Pick<LaneCheckpoint, "position">)
    ).position;
  const lanes = Object.values(positions);
  return {
    keysAtFence: keys,
    // A key that was compared now may be of a row that came later: then one row more is clean than this says.
    rowsCleanBefore: Math.max(0, before.reduce((sum, rows) => sum + rows, 0) - keys),
    rowsAtFence: [...whole.values()].reduce((sum, { source }) => sum + source, 0),
    position: lanes.length === 1 ? (lanes[0] ?? null) : null,
    positions,
    wholeTables: [...whole.keys()],
  };
}

/** As the ledger keeps it of a verification that ended. */
export function factsOf(proof: FenceProof): Readonly<Record<string, string | number | boolean>> {
  return {
    lanes: Object.keys(proof.positions).length,
    wholeTables: proof.wholeTables.length,
    keysCompared: proof.keysAtFence,
    differences: String(proof.differing),
    pending: "0",
    position: JSON.stringify(proof.position),
    at: proof.at,
    equal: proof.equal,
    full: proof.full,
    rowsCleanBefore: proof.rowsCleanBefore,
    repaired: proof.repaired,
    fence: JSON.stringify(proof.sentences),
  };
}
