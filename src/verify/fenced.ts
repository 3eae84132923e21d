/**
 * Both sides compared where nothing moves: inside the fence once all is applied, and at a rollback once the way back is
 * drained. No look has to be repeated, nothing can be pending: what is not the same is different. Workers take pieces as they
 * come, each with a view of the target and a reader of the source of its own; in the end it is asked whether the lanes
 * have stood still all the while, for what moved was not compared.
 */
import pLimit from "p-limit";
import { Fault } from "../errors.js";
import type { PlanTable } from "../model.js";
import type { RowReader } from "../port.js";
import { together } from "../safety/pool.js";
import { withSlot } from "../safety/slot.js";
import { throwIfStopped } from "../stop.js";
import type { LaneCheckpoint } from "../stream-port.js";
import type { Suspect, TargetLook } from "../verify-port.js";
import type { Comparer } from "./comparer.js";
import { FencedChildren } from "./fenced-children.js";
import type { FencedOrphans } from "./fenced-children.js";
import { fencedPieces, fencedWays } from "./fenced-tables.js";
import type { FencedPiece, FencedWay } from "./fenced-tables.js";
import { checkpoints } from "./still.js";
import type { VerifyTools } from "./tools.js";
import { tuplesOf } from "./tuples.js";

/** Rows that differ and are kept; of more the number is told. */
const mostFound = 10_000;

export type FencedTools = Pick<
  VerifyTools,
  | "source"
  | "target"
  | "ledger"
  | "plan"
  | "engine"
  | "comparing"
  | "workers"
  | "slots"
  | "rangeRows"
  | "now"
  | "wait"
  | "moment"
  | "onEvent"
>;

export interface Fenced {
  /** Keys that were compared one by one. */
  readonly keys: number;
  /** Source names of the tables that were looked at whole, and the rows that were. */
  readonly whole: ReadonlyMap<string, { readonly source: number; readonly target: number }>;
  /** Source names of those that nothing was looked at of. */
  readonly clean: readonly string[];
  readonly found: readonly Suspect[];
  /** More of them than `found` has, and the source names of their tables. */
  readonly more: number;
  readonly crowded: ReadonlySet<string>;
  readonly orphans: readonly FencedOrphans[];
  /** Foreign keys all of whose rows were asked. */
  readonly wholeKeys: number;
  /** By lane, as the target showed it before anything was listed. */
  readonly at: ReadonlyMap<string, LaneCheckpoint>;
  /** Tables that somebody wrote to meanwhile: of them nothing is proven. */
  readonly moved: readonly string[];
  readonly milliseconds: { readonly list: number; readonly compare: number; readonly children: number };
}

export interface FencedRequest {
  readonly full: boolean;
  /** Of these keys alone, by source name: a second look at what was brought right. */
  readonly only?: ReadonlyMap<string, readonly Buffer[]>;
  /** Of which foreign keys all rows are asked, whatever was touched; null asks none at all. */
  readonly children: ((table: string, foreignKey: string) => boolean) | null;
  /** Resolves when everything that either side has committed by now is where it would show. */
  readonly caughtUp: (signal: AbortSignal) => Promise<void>;
}

interface Worker extends Comparer, AsyncDisposable {
  readonly planned: Set<PlanTable>;
}

export async function compareFenced(
  tools: FencedTools,
  { full, only, children: asked, caughtUp }: FencedRequest,
  signal: AbortSignal,
): Promise<Fenced> {
  const began = tools.now();
  const found = new Found();
  // Before anything is listed: what is written from here on is in no list.
  const at = await checkpoints(tools, signal);
  const children = asked === null ? null : new FencedChildren(tools.plan, tools.engine, asked);
  const ways =
    only === undefined
      ? await fencedWays(tools, full, signal)
      : new Map<PlanTable, FencedWay>(tools.plan.tables.map((table) => [table, { way: "clean", from: 0n }]));
  const whole = new Map<string, { source: number; target: number }>();
  const onWhole = (table: PlanTable): void => {
    whole.set(table.source, { source: 0, target: 0 });
    children?.wholly(table);
  };
  const pieces =
    only === undefined ? fencedPieces(tools, ways, onWhole, signal) : onlyPieces(tools, only, onWhole);
  const turn = pLimit(1);
  const next = async (): Promise<FencedPiece | null> => {
    const { value, done } = await turn(() => pieces.next());
    return done === true ? null : value;
  };
  const listed = tools.now();
  let keys = 0;
  const work = async (worker: Worker, piece: FencedPiece, stop: AbortSignal): Promise<void> => {
    const { table } = piece;
    await demandPlanned(worker, table, stop);
    if (piece.kind === "keys") {
      const compared = await tools.comparing.keys(worker, table, tuplesOf(piece.keys), stop);
      found.add(compared.suspects);
      keys += piece.keys.length;
      tools.onEvent({ kind: "keys", table: table.source, keys: piece.keys.length });
      await children?.touched(worker.look, table, piece.keys, compared.absent ?? piece.keys, stop);
      return;
    }
    const keep = (suspects: readonly Suspect[]): Promise<void> => {
      found.add(suspects);
      return Promise.resolve();
    };
    const rows = whole.get(table.source);
    if (rows === undefined) throw new Fault("bug", `${table.source} was looked at whole and nobody knew.`);
    if (piece.kind === "extras") {
      rows.target += await tools.comparing.extras(worker, table, keep, stop);
      return;
    }
    const figures = await tools.comparing.range(worker, table, piece.range, keep, stop);
    rows.source += Number(figures.rowsSource);
    rows.target += Number(figures.rowsTarget);
  };
  const first = await next();
  const waiting: FencedPiece[] = first === null ? [] : [first];
  const workers = first === null ? 0 : Math.max(1, tools.workers());
  await together(
    Array.from({ length: workers }, () => async (stop: AbortSignal) => {
      let piece = waiting.shift() ?? (await next());
      if (piece === null) return;
      await using worker = await open(tools, stop);
      for (; piece !== null; piece = await next()) {
        throwIfStopped(stop);
        await work(worker, piece, stop);
        await tools.moment("verify:compared");
      }
    }),
    signal,
  );
  const compared = tools.now();
  if (children !== null && children.whole > 0) {
    await using worker = await open(tools, signal);
    await children.rest(worker.look, signal);
  }
  const childrenMs = tools.now() - compared;
  await caughtUp(signal);
  return {
    keys,
    whole,
    clean: [...ways].filter(([, { way }]) => way === "clean").map(([{ source }]) => source),
    ...found.told,
    orphans: children?.found ?? [],
    wholeKeys: children?.whole ?? 0,
    at,
    moved: await movedSince(tools, at, signal),
    milliseconds: { list: listed - began, compare: compared - listed, children: childrenMs },
  };
}

/** What differs, each key once, however many pieces had it. */
class Found {
  readonly #rows = new Map<string, Suspect>();
  readonly #crowded = new Set<string>();
  #more = 0;

  add(suspects: readonly Suspect[]): void {
    for (const suspect of suspects) {
      const name = `${suspect.table} ${suspect.key.toString("latin1")}`;
      if (this.#rows.size < mostFound || this.#rows.has(name)) this.#rows.set(name, suspect);
      else {
        this.#more += 1;
        this.#crowded.add(suspect.table);
      }
    }
  }

  get told(): Pick<Fenced, "found" | "more" | "crowded"> {
    return { found: [...this.#rows.values()], more: this.#more, crowded: this.#crowded };
  }
}

/** Keys as given; of a table without a key all rows. */
async function* onlyPieces(
  { plan, comparing }: FencedTools,
  only: ReadonlyMap<string, readonly Buffer[]>,
  onWhole: (table: PlanTable) => void,
): AsyncGenerator<FencedPiece, null> {
  for (const table of plan.tables) {
    const keys = only.get(table.source);
    if (keys === undefined) continue;
    if (comparing.hasKeys(table)) yield await Promise.resolve({ kind: "keys", table, keys });
    else {
      onWhole(table);
      yield { kind: "range", table, range: null };
    }
  }
  return null;
}

async function demandPlanned(
  { look, planned }: Worker,
  table: PlanTable,
  signal: AbortSignal,
): Promise<void> {
  if (planned.has(table)) return;
  // Bytes of another type differ, and texts of another collation may be taken for equal.
  await look.asPlanned?.(table, signal);
  planned.add(table);
}

/** A view of the target, and a reader of the source that shows what it does. */
async function open(tools: FencedTools, signal: AbortSignal): Promise<Worker> {
  const { source, target, plan, engine } = tools;
  const reader: RowReader = await withSlot(tools, "source", (slots) => source.reader(slots), signal);
  let look: TargetLook | null = null;
  try {
    look = await withSlot(tools, "target", (slots) => target.look(plan, slots), signal);
    const shown = look;
    for (const name of new Set(plan.tables.map(({ lane }) => lane))) {
      const lane = look.checkpoints.get(name);
      if (lane === undefined)
        throw new Fault("ledger-mismatch", `The target's ledger has no lane ${name} any more.`);
      // Past every exact cut too: all is applied.
      if (lane.position !== null) await source.seen(name, lane.position, signal);
    }
    return {
      ...{ look: shown, reader, engine, planned: new Set<PlanTable>() },
      [Symbol.asyncDispose]: async () => {
        try {
          await shown[Symbol.asyncDispose]();
        } finally {
          await reader[Symbol.asyncDispose]();
        }
      },
    };
  } catch (error) {
    await look?.[Symbol.asyncDispose]();
    await reader[Symbol.asyncDispose]();
    throw error;
  }
}

/** Tables that batches have touched since this began. Batches that hold nothing but markers touch none. */
export async function movedSince(
  tools: Pick<FencedTools, "target" | "plan" | "ledger" | "slots" | "wait" | "onEvent">,
  at: ReadonlyMap<string, LaneCheckpoint>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const now = await checkpoints(tools, signal);
  const moved: string[] = [];
  for (const table of tools.plan.tables) {
    const before = at.get(table.lane);
    if (before === undefined)
      throw new Fault("ledger-mismatch", `The target's ledger has no lane ${table.lane} any more.`);
    if (now.get(table.lane)?.seq === before.seq) continue;
    const note = (): boolean => {
      moved.push(table.source);
      return false;
    };
    await tools.ledger.touched(table, before.seq, null, note, signal);
  }
  return moved;
}
