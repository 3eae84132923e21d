/**
 * A look at both sides while nothing moved, for what no key can be asked about: counts, and results of queries. It is one
 * when no event touched the tables from before it until the target had everything that the source had committed when it
 * was over: then both sides show the same position of these tables, whichever of them was read first.
 */
import { Fault } from "../errors.js";
import type { PlanTable } from "../model.js";
import { withSlot } from "../safety/slot.js";
import type { LaneCheckpoint } from "../stream-port.js";
import type { VerifyTools } from "./tools.js";

export interface StillTools extends Pick<
  VerifyTools,
  "target" | "plan" | "following" | "slots" | "wait" | "onEvent"
> {
  readonly source: Pick<VerifyTools["source"], "seen">;
  readonly ledger: Pick<VerifyTools["ledger"], "touched">;
}

export interface Seen<T> {
  readonly value: T;
  /** No event touched the tables meanwhile. Where nobody follows the log there are none to tell of. */
  readonly still: boolean;
}

export async function whileStill<T>(
  tools: StillTools,
  tables: readonly PlanTable[],
  act: () => Promise<T>,
  signal: AbortSignal,
): Promise<Seen<T>> {
  const { following } = tools;
  if (following === null) return { value: await act(), still: true };
  const caughtUp = async (): Promise<void> => {
    for (const lane of new Set(tables.map((table) => table.lane))) await following.caughtUp(lane, signal);
  };
  // What was on its way before is no reason to look again.
  await caughtUp();
  const before = await checkpoints(tools, signal);
  // A commit may be in the log, and applied, before a SELECT at the source sees it.
  for (const lane of new Set(tables.map((table) => table.lane))) {
    const { position } = checkpointOf(before, lane);
    if (position !== null) await tools.source.seen(lane, position, signal);
  }
  const value = await act();
  await caughtUp();
  for (const table of tables)
    if (await touchedAfter(tools, table, before, signal)) return { value, still: false };
  return { value, still: true };
}

/** How far the lanes are, as a view of the target shows it now. */
export async function checkpoints(
  { target, plan, ...tools }: Pick<VerifyTools, "target" | "plan" | "slots" | "wait" | "onEvent">,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, LaneCheckpoint>> {
  await using look = await withSlot(tools, "target", (slots) => target.look(plan, slots), signal);
  return look.checkpoints;
}

async function touchedAfter(
  { ledger }: StillTools,
  table: PlanTable,
  before: ReadonlyMap<string, LaneCheckpoint>,
  signal: AbortSignal,
): Promise<boolean> {
  let any = false;
  const onBatch = (): boolean => {
    any = true;
    return false;
  };
  await ledger.touched(table, checkpointOf(before, table.lane).seq, null, onBatch, signal);
  return any;
}

function checkpointOf(checkpoints: ReadonlyMap<string, LaneCheckpoint>, lane: string): LaneCheckpoint {
  const at = checkpoints.get(lane);
  if (at === undefined)
    throw new Fault("ledger-mismatch", `The target's ledger has no lane ${lane} any more.`);
  return at;
}
