/**
 * What the change stream tells while it goes on, for logs, metrics and triggers. Counts, names, times that our own
 * clock measured; never a row's value. `batch` is told once its commit is certain.
 */
import type { Fault } from "../errors.js";
import type { Position, PolicyName } from "../model.js";
import type { SchemaChange } from "../stream-port.js";

/** Where every row change that was read has gone (I8): `read` is the sum of all others. */
export interface EventCounts {
  readonly read: number;
  /** Written to the target, in a batch that is committed. */
  readonly applied: number;
  /** A later change of the same key in the same statement group took its place. */
  readonly folded: number;
  /** Within the lane's checkpoint: applied before. */
  readonly skippedByPosition: number;
  /** Within the exact cut of its table: copied. */
  readonly skippedByCut: number;
  /** Left out by somebody's `skip --event`. */
  readonly skippedById: number;
  /** Of a table that the plan does not have, or whose lane stands. */
  readonly filtered: number;
  /** Read, and thrown away with a batch that was not committed: they come again. */
  readonly discarded: number;
  /** Read, and not committed yet. */
  readonly pending: number;
}

export type StreamEvent =
  /** The feed is read from here on. */
  | { readonly kind: "opened"; readonly lanes: readonly { lane: string; position: Position | null }[] }
  | {
      readonly kind: "batch";
      readonly lane: string;
      readonly seq: bigint;
      readonly position: Position;
      /** Row changes of the source in it. */
      readonly events: number;
      /** Rows that were written and deleted. */
      readonly rows: number;
      readonly bytes: number;
      readonly groups: number;
      readonly transactions: number;
      /** From the batch's begin to its commit's answer, by our own clock. */
      readonly milliseconds: number;
    }
  /** Values that a policy changed, per `table.column`. */
  | { readonly kind: "policy"; readonly object: string; readonly policy: PolicyName; readonly count: number }
  | { readonly kind: "joined"; readonly lane: string }
  /** All lanes stand at or past their joins, and what is built there is to be built; then it is. */
  | { readonly kind: "all-joined" }
  | { readonly kind: "going-on" }
  | { readonly kind: "lag"; readonly lane: string; readonly seconds: number }
  | { readonly kind: "heartbeat-failed"; readonly lane: string; readonly fault: Fault }
  | { readonly kind: "schema-change"; readonly change: SchemaChange }
  /** A batch was rolled back. `inRow` counts the lane's failures since its last commit. */
  | { readonly kind: "batch-failed"; readonly lane: string; readonly fault: Fault; readonly inRow: number }
  /** It failed three times in a row, or more. */
  | { readonly kind: "batch-failing"; readonly lane: string; readonly fault: Fault; readonly count: number }
  /** A failed batch is written again, one change at a time; then none of them was refused. */
  | { readonly kind: "replaying"; readonly lane: string; readonly events: number; readonly fault: Fault }
  | { readonly kind: "replayed"; readonly lane: string }
  | { readonly kind: "skipped"; readonly lane: string; readonly table: string; readonly id: string }
  | { readonly kind: "quarantined"; readonly lane: string; readonly table: string; readonly id: string }
  /** The lane takes no part any more until somebody decides. */
  | { readonly kind: "lane-stands"; readonly lane: string; readonly fault: Fault }
  /** Feed and writers are opened again after a fault that passes. */
  | { readonly kind: "retry"; readonly fault: Fault; readonly attempt: number }
  | { readonly kind: "paused" }
  | { readonly kind: "resumed" };

export type OnStreamEvent = (event: StreamEvent) => void;
