/**
 * What a verification works with, and the one way in which it looks at both sides (design.md, decision 10): the target's
 * view first, its checkpoint read in it, the source once it shows that position. Whatever is read at the source then is at
 * least as new as the target's view, so that what parts them are the events in between, or a fault.
 */
import { Fault } from "../errors.js";
import type { Plan, PlanTable, SourceEngine } from "../model.js";
import type { RowReader, Source, Target } from "../port.js";
import type { Pacer } from "../safety/turns.js";
import { withSlot } from "../safety/slot.js";
import { retry } from "../stop.js";
import type { LaneCheckpoint } from "../stream-port.js";
import type { TargetLook, VerifyLedger } from "../verify-port.js";
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
  readonly target: Pick<Target, "look">;
  readonly ledger: VerifyLedger;
  readonly plan: Plan;
  readonly engine: SourceEngine;
  readonly comparing: Comparing;
  /** null where nobody follows the log: then nothing is touched but by others. */
  readonly following: Following | null;
  /** Comparisons at a time, and worker slots of each host for all processes. */
  readonly workers: () => number;
  readonly slots: number;
  readonly rangeRows: number;
  readonly pacer?: () => Pacer;
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly moment: VerifyMomentHook;
  readonly onEvent: (event: VerifyEvent) => void;
}

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

/** Looks at one table on both sides. `at` is the lane's checkpoint in the target's view. */
export async function looking<T>(
  tools: VerifyTools,
  table: PlanTable,
  act: (comparer: Comparer, at: LaneCheckpoint) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const { source, target, plan, engine } = tools;
  // The source's slot before the target's, as whoever copies takes them. No view is opened with it yet.
  await using reader: RowReader = await withSlot(tools, "source", (slots) => source.reader(slots), signal);
  await using look: TargetLook = await withSlot(tools, "target", (slots) => target.look(plan, slots), signal);
  const at = look.checkpoints.get(table.lane);
  if (at === undefined)
    throw new Fault("ledger-mismatch", `The target's ledger has no lane ${table.lane} any more.`);
  if (at.position !== null) await source.seen(table.lane, at.position, signal);
  await tools.moment("verify:looking");
  return await act({ look, reader, engine }, at);
}
