/**
 * The one feed of facts about a running engine, types only: what the screen, the JSON events, the control socket and
 * the metrics tell is read from here, so that no two of them can disagree. A figure that nobody could measure is
 * null, never zero.
 */
import type { Fault } from "../errors.js";
import type { LaneStatus } from "../stream-port.js";
import type { CopiedTable, Reading } from "./meter.js";
import type { VerifyReading } from "./verify-meter.js";

/** `pausing`: told to hold, and something that was begun before is still on its way. */
export type Held = "no" | "pausing" | "paused";

/** What went into one table so far in this engine's life, as statements have it: a row that was changed ten times within a batch counts once. */
export interface AppliedRows {
  readonly table: string;
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
  /** How often it was emptied. */
  readonly truncates: number;
}

/** One trigger of the soak, as people and programs are shown it. */
export interface TriggerReading {
  readonly trigger: string;
  /** calm, over, fired; off where nobody gives figures, unknown where the last look had none. */
  readonly state: string;
  readonly sentence: string;
}

/** Rows of a table that are on record as different. */
export interface DifferingRows {
  readonly table: string;
  readonly rows: bigint;
}

export interface EngineStatus {
  readonly migration: string;
  /** As the ledger has it. */
  readonly state: string;
  /** ISO time of the last change of state; null before the first. */
  readonly since: string | null;
  readonly epoch: string;
  readonly held: Held;
  /** Why the governor makes it wait, as a sentence; null when it does not. */
  readonly throttled: string | null;
  readonly reading: Reading;
  readonly copied: readonly CopiedTable[];
  /** Faults that passed. */
  readonly errors: number;
  /** Empty before the stream began. */
  readonly lanes: readonly LaneStatus[];
  readonly applied: readonly AppliedRows[];
  /** Codes of what keeps it from `ready`. */
  readonly blocking: readonly string[];
  /** Codes of what nobody could judge, and is left to the fence. */
  readonly atFence: readonly string[];
  /** Refused changes that lanes stand before, waiting for a person. */
  readonly quarantined: number;
  /** For how long the source still keeps the log that the last lane needs next; null where it cannot be told. */
  readonly retentionSeconds: number | null;
  /** How far the verification is that runs; absent where none does. */
  readonly verifying?: VerifyReading;
  /** As the last verification left them, repairs included; absent before everything was compared once. */
  readonly differing?: readonly DifferingRows[];
  /** In the soak only. */
  readonly triggers?: readonly TriggerReading[];
  /** What the feed has met beside changes; absent where it counts nothing. */
  readonly feed?: Readonly<Record<string, number>>;
}

/** The contract's `lagSeconds`: of the lane that is furthest behind; null while any of them is unknown. */
export function lagOf(lanes: readonly LaneStatus[]): number | null {
  let worst: number | null = null;
  for (const { lagSeconds } of lanes) {
    if (lagSeconds === null) return null;
    worst = Math.max(worst ?? 0, lagSeconds);
  }
  return worst;
}

/** Whether a cutover could start now: what `/readyz` and the metric say. */
export function isReady({
  state,
  blocking,
  held,
}: Pick<EngineStatus, "state" | "blocking" | "held">): boolean {
  return state === "ready" && blocking.length === 0 && held === "no";
}

/** Refused changes among what lanes stand before. */
export function keptOf(standing: readonly Fault[]): number {
  return standing.filter(({ facts }) => facts["id"] !== undefined).length;
}

/** The contract's `events`. */
export function eventsOf(lanes: readonly LaneStatus[]): { readonly read: number; readonly applied: number } {
  return lanes.reduce(
    (sum, lane) => ({ read: sum.read + lane.eventsRead, applied: sum.applied + lane.eventsApplied }),
    { read: 0, applied: 0 },
  );
}
