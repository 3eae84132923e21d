/**
 * The forward stream as the steps of a cutover need it: drained to where the source's log ends once nobody writes, proven,
 * and, on the way back, moved behind what the reverse stream has written. Markers are committed by the fence's account, which
 * writes through it.
 */
import type { Forward, Proof } from "../cutover/night.js";
import type { NightLedger, SourceNight } from "../cutover-port.js";
import { Fault } from "../errors.js";
import type { Plan, Position } from "../model.js";
import type { Source } from "../port.js";
import type { LaneStatus } from "../stream-port.js";
import type { FenceProof } from "../verify/fence-proof.js";
import { against } from "./at-rollback.js";
import { followingOf } from "./following.js";

export interface Draining {
  readonly plan: Plan;
  readonly night: Pick<SourceNight, "mark" | "position">;
  readonly source: Pick<Source, "preparedTransactions">;
  readonly lanes: () => readonly LaneStatus[];
  readonly standing: () => readonly Fault[];
  readonly holds: (later: Position, earlier: Position) => boolean;
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** Resolves when every lane has applied all that was committed when it was called, and met a marker behind it. */
export async function drain(draining: Draining, signal: AbortSignal): Promise<Position> {
  const { plan, night } = draining;
  // Read before the markers: what a lane has of them says nothing about what the others have of the tables.
  const end = await night.position();
  const following = followingOf({ ...draining, source: { ...draining.source, ...bound(night) } });
  await Promise.all(plan.lanes.map((lane) => following.caughtUp(lane, signal)));
  for (const { lane, position } of draining.lanes())
    if (position === null || !draining.holds(position, end))
      throw new Fault("bug", `The lane ${lane} met its marker and does not hold where the log ended.`);
  return end;
}

/** A class's methods know their object. */
function bound(night: Draining["night"]): Draining["night"] {
  return { mark: (lane, note) => night.mark(lane, note), position: () => night.position() };
}

export interface ForwardOptions extends Draining {
  readonly ledger: Pick<NightLedger, "reopenLanes">;
  readonly cutover: () => string;
  readonly prove: (drain: (signal: AbortSignal) => Promise<void>, signal: AbortSignal) => Promise<FenceProof>;
}

/** Beside a forward stream that runs. */
export function forwardOf(options: ForwardOptions): Forward {
  return {
    drain: (signal) => drain(options, signal),
    prove: async (signal) =>
      proofOf(
        await options.prove(async (stop) => {
          await drain(options, stop);
        }, signal),
      ),
    reopen: async () => reopen(options),
  };
}

/** Behind the last write of the way back: nothing else writes on the source, and the target is shut. */
export async function reopen({
  plan,
  night,
  ledger,
  cutover,
}: Pick<ForwardOptions, "plan" | "night" | "ledger" | "cutover">): Promise<void> {
  const markers: { lane: string; marker: string }[] = [];
  for (const lane of plan.lanes) markers.push({ lane, marker: await night.mark(lane, "rollback") });
  const position = await night.position();
  await ledger.reopenLanes(
    cutover(),
    markers.map((each) => ({ ...each, position })),
  );
}

export function proofOf(proof: FenceProof): Proof {
  const { keysAtFence, rowsCleanBefore, rowsAtFence, full, position, equal, sentences: told } = proof;
  return {
    ...{ keysAtFence, rowsCleanBefore, rowsAtFence, full, position, equal, told },
    differences: against(proof),
  };
}
