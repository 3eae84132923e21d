/**
 * The copy of all ranges, from whatever the ledger says is done already to the last lane's join marker. Start
 * markers, then the splitter and the workers side by side, then the joins. A fault that passes is answered by
 * rolling its range back and trying again, a few times and counted; any other one stops everybody, and the next
 * run goes on from the ledger. Nothing is kept in memory that the ledger does not know.
 */
import { Fault } from "../errors.js";
import type { Hold, Plan, PlanTable, RangeOrder } from "../model.js";
import type { Ledger, LedgerView, Source } from "../port.js";
import type { Pacer } from "../safety/turns.js";
import { retry, throwIfStopped } from "../stop.js";
import { Copier } from "./copy.js";
import type { CopyTools, TableCoder } from "./copy.js";
import type { OnEvent } from "./event.js";
import { demandHolds } from "./holds.js";
import { joinLane, proveSource, startLanes } from "./lane.js";
import type { MomentHook } from "./moments.js";
import { Bell, together } from "../safety/pool.js";
import { RangeBook, splitTable } from "./ranges.js";

export interface SnapshotOptions {
  readonly source: Source;
  readonly ledger: Ledger;
  readonly plan: Plan;
  /** Workers of this engine, and worker slots of the source's host for all engines together. */
  readonly workers: number;
  readonly slots: number;
  readonly rangeRows: number;
  /** How many of the workers copy now, where that may change; those past it wait. */
  readonly workersNow?: () => number;
  readonly pacer?: () => Pacer;
  /** Which end of a table comes first; oldest when nothing is said. */
  readonly order?: RangeOrder;
  /** What this run leaves alone. */
  readonly holds?: readonly Hold[];
  /** Sets of tables, by source name, each of which is copied at one position: foreign keys tie them that act below the log. */
  readonly tied?: readonly (readonly string[])[];
  readonly coderOf: (table: PlanTable) => TableCoder;
  readonly signal: AbortSignal;
  readonly onEvent: OnEvent;
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly moment?: MomentHook;
}

/** Further tries of one act that failed with a passing fault; with growing pauses they last about a minute. */
const retries = 10;

/** Looks, half a second apart, for ranges that a dead session of ours still locks. The server ends it in that time. */
const lockedLooks = 240;

/**
 * Resolves when every range is committed and every lane joined; with holds, when all others are and every lane
 * that none of them is in. The ledger says what is left.
 */
export async function snapshot(options: SnapshotOptions): Promise<void> {
  const { source, ledger, onEvent } = options;
  const sets = cutSets(options);
  const apart = new Set(sets.flat().map((table) => table.source));
  const plan = {
    ...options.plan,
    tables: options.plan.tables.map((table) =>
      apart.has(table.source) ? { ...table, exactCut: true } : table,
    ),
  };
  const moment: MomentHook = options.moment ?? (() => undefined);
  const signal = AbortSignal.any([options.signal, ledger.lost]);
  const tools: CopyTools = { ...options, moment };
  const lanes = { source, ledger, onEvent, moment };
  const persist = <T>(what: string, stop: AbortSignal, act: () => Promise<T>): Promise<T> =>
    retry(act, stop, {
      retries,
      onRetry: (fault, attempt) => onEvent({ kind: "retry", what, fault, attempt }),
    });

  throwIfStopped(signal);
  await persist("asking for the start's markers", signal, async () =>
    proveSource(source, (await ledger.view()).lanes),
  );
  // Before a position is noted: from there on everything has to come.
  const topics = await persist("preparing the feed", signal, async () => {
    await source.prepareMarkers(plan.lanes);
    return await source.prepareFeed(plan, signal);
  });
  await persist("noting the start", signal, async () => {
    const started = lanesWith((await ledger.view()).lanes, "start");
    await startLanes(
      lanes,
      plan.lanes.filter((lane) => !started.has(lane)),
      topics,
    );
  });
  const holds = options.holds ?? [];
  demandNotTied(holds, apart);
  await persist("noting what to hold", signal, () => ledger.hold(holds));
  // What an interrupted cut has left is of another position than the next one.
  for (const set of sets) {
    const now = await ledger.view();
    const done = doneOf(now, set);
    // Bounds of an earlier run that cut nothing: in several ranges a table could not be cut at one position.
    const split = now.tables.some(
      ({ table, ranges }) => ranges > 1 && set.some(({ source: own }) => own === table),
    );
    if (done < set.length && (done > 0 || split)) await ledger.reopen(set.map((table) => table.source));
  }
  const view = await ledger.view();
  for (const { table, split, ranges } of view.tables) if (split) demandHolds(holds, table, ranges);
  const book = new RangeBook(plan.tables, view, apart);
  const joined = lanesWith(view.lanes, "join");
  const join = async (lane: string, stop: AbortSignal): Promise<void> => {
    if (joined.has(lane)) return;
    joined.add(lane);
    await persist(`joining lane ${lane}`, stop, () => joinLane(lanes, lane));
  };

  const bell = new Bell();
  /** Copies under way, and copies begun so far. */
  let busy = 0;
  let begun = 0;
  const copyOne = async (copier: Copier, number: number, stop: AbortSignal): Promise<Copied | null> => {
    busy += 1;
    begun += 1;
    try {
      const table = await persist(`copying with worker ${number}`, stop, () =>
        copier.copyNext(book.ready, stop),
      );
      // Counted before anybody may take this worker for idle, or `recount` would count the range too.
      return table === null ? null : { table, last: book.done(table) };
    } finally {
      busy -= 1;
    }
  };
  /** Takes the ledger's counts only when no range was on its way while it was asked: that one would count twice. */
  const recount = async (): Promise<void> => {
    const before = begun;
    if (busy > 0) return;
    const now = await ledger.view();
    if (begun === before) book.refresh(now);
  };
  const splitter = async (stop: AbortSignal): Promise<void> => {
    for (const table of [...book.unsplit]) {
      const count = await persist(`splitting ${table.source}`, stop, () =>
        splitTable({ source, ledger, rangeRows: options.rangeRows, holds, onEvent, moment }, table, stop),
      );
      book.split(table, count);
      bell.ring();
    }
  };
  /** Tied tables, set by set. Counted when all of a set is there, so that one that fails half-way has counted nothing. */
  const cutter = async (stop: AbortSignal): Promise<void> => {
    for (const set of sets) {
      if (doneOf(await ledger.view(), set) === set.length) continue;
      for (let rings = bell.rings; set.some((table) => isUnsplit(book, table)); rings = bell.rings)
        await bell.next(rings, stop);
      await using copier = new Copier(tools, await ledger.loader(), -1);
      busy += 1;
      begun += 1;
      try {
        await persist(`copying ${set.map((table) => table.source).join(", ")} in one cut`, stop, async () => {
          const some = doneOf(await ledger.view(), set) > 0;
          if (some) await ledger.reopen(set.map((table) => table.source));
          await copier.copyCut(set, stop);
        });
      } finally {
        busy -= 1;
      }
      const last = set.map((table) => book.done(table)).some(Boolean);
      bell.ring();
      const [{ lane } = { lane: "" }] = set;
      if (last) await join(lane, stop);
    }
  };
  const worker = async (number: number, stop: AbortSignal): Promise<void> => {
    await using copier = new Copier(tools, await ledger.loader(options.order), number);
    let looks = 0;
    while (!book.finished) {
      throwIfStopped(stop);
      if (number >= (options.workersNow?.() ?? options.workers)) {
        await copier.rest();
        await options.wait(500, stop);
        continue;
      }
      const rings = bell.rings;
      const copied = await copyOne(copier, number, stop);
      if (copied !== null) {
        looks = 0;
        bell.ring();
        if (copied.last) await join(copied.table.lane, stop);
      } else if (busy > 0 || book.unsplit.length > 0) {
        // Whoever waits for a slot may be the one that is waited for here.
        await copier.rest();
        await bell.next(rings, stop);
      } else {
        // Open in our count, and nobody has them: committed after all, or locked by a session that is dying.
        looks += 1;
        if (looks > lockedLooks)
          throw new Fault("target-busy", "Ranges are open, and sessions that nobody works with lock them.");
        await options.wait(500, stop);
        await recount();
        bell.ring();
      }
    }
  };
  const most = options.workersNow === undefined ? options.workers : Math.max(options.workers, options.slots);
  const workers = Array.from({ length: most }, (_, number) => number);
  // The cuts are one worker's first work: they take no slot more than the workers do.
  const life = async (number: number, stop: AbortSignal): Promise<void> => {
    if (number === 0) await cutter(stop);
    await worker(number, stop);
  };
  await together([splitter, ...workers.map((number) => (stop: AbortSignal) => life(number, stop))], signal);
  for (const lane of plan.lanes) if (book.complete(lane)) await join(lane, signal);
}

/** The plan's tables of each tied set; one lane each, as the log of a lane alone keeps their order. */
function cutSets({ plan, tied }: SnapshotOptions): readonly (readonly PlanTable[])[] {
  return (tied ?? []).map((names) => {
    const set = plan.tables.filter((table) => names.includes(table.source));
    if (new Set(set.map((table) => table.lane)).size > 1)
      throw new Fault(
        "config-invalid",
        `${names.join(", ")} are tied by foreign keys that act below the source's log, so they must travel in one lane.`,
        { next: "Mend lanes in headgate.yaml: one, auto, or these tables in one list." },
      );
    return set;
  });
}

function demandNotTied(holds: readonly Hold[], apart: ReadonlySet<string>): void {
  const held = holds.find(({ table }) => apart.has(table));
  if (held !== undefined)
    throw new Fault(
      "usage",
      `--hold ${held.table}: its foreign keys act below the source's log, so it is copied together with the tables that they tie it to.`,
    );
}

function isUnsplit(book: RangeBook, table: PlanTable): boolean {
  return book.unsplit.some((each) => each.source === table.source);
}

/** How many of these tables are copied. */
function doneOf({ tables }: LedgerView, set: readonly PlanTable[]): number {
  return tables.filter(
    ({ table, split, ranges, rangesDone }) =>
      split && ranges === rangesDone && set.some(({ source }) => source === table),
  ).length;
}

interface Copied {
  readonly table: PlanTable;
  /** The last range of its lane. */
  readonly last: boolean;
}

function lanesWith(lanes: LedgerView["lanes"], end: "start" | "join"): Set<string> {
  return new Set(lanes.filter((lane) => lane[end] !== null).map((lane) => lane.lane));
}
