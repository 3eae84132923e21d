/**
 * What a verification works with, and the one way in which it looks at both sides (design.md, decision 10): the target's
 * view first, its checkpoint read in it, the source once it shows that position. Whatever is read at the source then is at
 * least as new as the target's view, so that what parts them are the events in between, or a fault.
 */
import { Fault } from "../errors.js";
import type { Plan, PlanTable, Position, SourceEngine } from "../model.js";
import type { RowReader, Source, Target } from "../port.js";
import { heldBack } from "../safety/turns.js";
import type { Pacer } from "../safety/turns.js";
import { withSlot } from "../safety/slot.js";
import { eitherOf, retry, throwIfStopped } from "../stop.js";
import type { LaneCheckpoint } from "../stream-port.js";
import type { TargetLook, VerifyLedger } from "../verify-port.js";
import type { AskedKeys } from "./asked-keys.js";
import type { Comparer } from "./comparer.js";
import type { Comparing } from "./comparing.js";
import type { VerifyEvent } from "./event.js";
import type { VerifyMomentHook } from "./moments.js";

/** Somebody who applies the source's log to the target meanwhile. */
export interface Following {
  /** Resolves when the lane has applied everything that the source had committed when this was called. */
  caughtUp(lane: string, signal: AbortSignal): Promise<void>;
}

export interface VerifyTools {
  /** Rows are read here; it may stand for a replica. */
  readonly source: Pick<Source, "split" | "reader" | "seen" | "exactCut">;
  /** The source's rows are read on source.replica. */
  readonly atReplica?: boolean;
  readonly target: Pick<Target, "look">;
  readonly ledger: VerifyLedger;
  readonly plan: Plan;
  /** Positions that tables were copied at exactly: what their lane had applied by then may be less. Absent: none was. */
  readonly cuts?: () => Promise<ReadonlyMap<string, Position>>;
  readonly engine: SourceEngine;
  readonly comparing: Comparing;
  /** What is known of foreign keys. Absent where the other side is compared with this one: its keys are its own. */
  readonly asked?: AskedKeys;
  /** null where nobody follows the log: then nothing is touched but by others. */
  readonly following: Following | null;
  /** Comparisons at a time, and worker slots of each host for all processes. */
  readonly workers: () => number;
  readonly slots: number;
  /** One of them, until it is disposed of; null when all are taken. */
  readonly slot: (host: "source" | "target", slots: number) => Promise<AsyncDisposable | null>;
  readonly rangeRows: number;
  readonly pacer?: () => Pacer;
  /** True while somebody waits who goes first: between two pieces of work this verification ends, and goes on later from its records. */
  readonly givesWay?: () => boolean;
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly moment: VerifyMomentHook;
  readonly onEvent: (event: VerifyEvent) => void;
}

/** Milliseconds that views are kept open for a turn. */
const turnMs = 2_000;
/** Further tries of one act that failed with a passing fault. */
const retries = 10;

export async function again<T>(
  { onEvent }: Pick<VerifyTools, "onEvent">,
  what: string,
  act: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  return await retry(act, signal, {
    retries,
    onRetry: (fault, attempt) => onEvent({ kind: "retry", what, fault, attempt }),
  });
}

/**
 * How it was looked, as facts of the verification: of a copy that nobody follows, what the source has written since counts
 * as different; and what a replica has otherwise than the source itself, no look at the replica tells.
 */
export function lookFacts({ following, atReplica }: Pick<VerifyTools, "following" | "atReplica">): {
  readonly followed?: false;
  readonly replica?: true;
} {
  return {
    ...(following === null ? { followed: false as const } : {}),
    ...(atReplica === true ? { replica: true as const } : {}),
  };
}

/** A write of the ledger that is not part of a look: it waits for the end of a pause like everything else that is written. */
export async function inTurn<T>(
  { pacer }: Pick<VerifyTools, "pacer">,
  act: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  using turn = pacer?.();
  await turn?.pace(signal);
  return await act();
}

/**
 * Whose statements wait for a turn and for one of the host's worker slots, as every look does. An anti-join takes as long as
 * it takes, and a pause does not wait for it: the statement is ended with `heldBack`, and asked again by `untilAnswered`.
 */
export function inTurns(
  side: Pick<Target, "ask">,
  host: "source" | "target",
  tools: Slotted,
): Pick<Target, "ask"> {
  return {
    ask: async (sql, limits, onRow, signal) => {
      using turn = tools.pacer?.();
      await turn?.pace(signal);
      const ask = async (): Promise<{ readonly whole: boolean }> => {
        // Of the turn as it is now: it was given back while a slot was waited for.
        const pausing = turn?.pausing;
        try {
          const stop = pausing === undefined ? signal : eitherOf(signal, pausing);
          return await side.ask(sql, limits, onRow, stop);
        } catch (error) {
          throwIfStopped(signal);
          throw pausing?.aborted === true ? heldBack : error;
        }
      };
      return await inSlot(tools, host, turn, ask, signal);
    },
  };
}

/** A look whose statements a pause may end: it is taken anew then, and waits for its turn as at first. */
export async function untilAnswered<T>(look: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (error !== heldBack) throw error;
    }
  }
}

type Slotted = Pick<VerifyTools, "pacer" | "slot" | "slots" | "wait" | "onEvent">;

/** In a worker slot, without a view that holds one. `turn` is given back while it is waited for. */
export async function inSlot<T>(
  tools: Slotted,
  host: "source" | "target",
  turn: Pacer | undefined,
  act: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const slotted = waitingWithout(tools, turn);
  const slot = await withSlot(slotted, host, (slots) => tools.slot(host, slots), signal);
  try {
    return await act();
  } finally {
    await slot[Symbol.asyncDispose]();
  }
}

/** How a verification ends that gave way: nothing is wrong, and the same one goes on when it is begun again. */
export const gaveWay = new Fault("interrupted", "Somebody's request goes before this verification.", {
  next: "headgate status",
});

/** Between two pieces of work, outside of whatever is tried again. */
export function giveWay({ givesWay }: Pick<VerifyTools, "givesWay">): void {
  if (givesWay?.() === true) throw gaveWay;
}

/** Until the source shows whatever the target has of the table: what the lane has applied, and what a copy of its own has brought beyond that. */
export async function untilSeen(
  { source, cuts }: Pick<VerifyTools, "cuts"> & { readonly source: Pick<Source, "seen"> },
  { source: name, lane }: PlanTable,
  at: LaneCheckpoint,
  signal: AbortSignal,
): Promise<void> {
  const cut = (await cuts?.())?.get(name) ?? null;
  for (const position of [at.position, cut]) if (position !== null) await source.seen(lane, position, signal);
}

/**
 * Looks at one table on both sides. `at` is the lane's checkpoint in the target's view. `turn` is whose turn it is to work: it
 * is given back while something is waited for, so that a pause need not wait for that too, and held when this resolves.
 */
export async function looking<T>(
  tools: VerifyTools,
  table: PlanTable,
  act: (comparer: Comparer, at: LaneCheckpoint) => Promise<T>,
  signal: AbortSignal,
  turn?: Pacer,
): Promise<T> {
  for (;;) {
    const done = await lookOnce(tools, table, act, signal, turn);
    if (done !== null) return done.value;
    // No view stays open for as long as a pause lasts.
    await turn?.pace(signal);
  }
}

/** null: no turn came back while the views were open. */
async function lookOnce<T>(
  tools: VerifyTools,
  table: PlanTable,
  act: (comparer: Comparer, at: LaneCheckpoint) => Promise<T>,
  signal: AbortSignal,
  turn: Pacer | undefined,
): Promise<{ readonly value: T } | null> {
  const { source, target, plan, engine } = tools;
  const slotted = waitingWithout(tools, turn);
  // The source's slot before the target's, as whoever copies takes them. No view is opened with it yet.
  await using reader: RowReader = await withSlot(slotted, "source", (slots) => source.reader(slots), signal);
  await using look: TargetLook = await withSlot(
    slotted,
    "target",
    (slots) => target.look(plan, slots),
    signal,
  );
  const at = look.checkpoints.get(table.lane);
  if (at === undefined)
    throw new Fault("ledger-mismatch", `The target's ledger has no lane ${table.lane} any more.`);
  // Bytes of another type differ, and texts of another collation may be taken for equal: neither says anything of rows.
  await look.asPlanned?.(table, signal);
  turn?.rest("idle");
  await untilSeen(tools, table, at, signal);
  if (turn !== undefined && !(await pacedSoon(tools, turn, signal))) return null;
  await tools.moment("verify:looking");
  return { value: await act({ look, reader, engine }, at) };
}

/** The same tools, whose waits are nobody's turn. */
export function waitingWithout<T extends Pick<VerifyTools, "wait">>(tools: T, turn: Pacer | undefined): T {
  if (turn === undefined) return tools;
  const wait: VerifyTools["wait"] = async (ms, signal) => {
    turn.rest("idle");
    await tools.wait(ms, signal);
    await turn.pace(signal);
  };
  return { ...tools, wait };
}

/** Whether the turn came before a view had better be closed. */
async function pacedSoon(
  { wait }: Pick<VerifyTools, "wait">,
  turn: Pacer,
  signal: AbortSignal,
): Promise<boolean> {
  const paced = new AbortController();
  const late = new AbortController();
  const timer = wait(turnMs, AbortSignal.any([signal, paced.signal])).then(
    () => late.abort(gaveWay),
    () => undefined,
  );
  try {
    await turn.pace(AbortSignal.any([signal, late.signal]));
    return true;
  } catch (error) {
    throwIfStopped(signal);
    if (!late.signal.aborted) throw error;
    return false;
  } finally {
    paced.abort(gaveWay);
    await timer;
  }
}
