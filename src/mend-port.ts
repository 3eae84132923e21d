/**
 * How rows on record are brought to what the source has, types only: inside their lane, so that no batch comes between the
 * look at what was touched and what is written (design.md, decision 10).
 */
import type { PlanTable, Position } from "./model.js";
import type { LaneCheckpoint } from "./stream-port.js";

/** What a row on record is to become: as the source has it. */
export interface Mending {
  /** As a `Suspect` has it. */
  readonly key: Buffer;
  /** The whole row's tuple, columns in plan order; null where the source has no such row. */
  readonly row: Buffer | null;
  /** Copies of the row that the source has; 1 or 0 where a key can be there once only. */
  readonly copies: number;
  /** The verification that named it. */
  readonly run: string;
}

export interface MendRequest {
  readonly table: PlanTable;
  /** The lane's batch before the rows were read: rows that later ones touched are left as they are. */
  readonly since: bigint;
  readonly rows: readonly Mending[];
  /** Of a lane that has applied nothing: a marker that was committed after the rows were read, and a position that holds it. Replay is exact behind it from now on. */
  readonly join: { readonly position: Position; readonly marker: string } | null;
  /** Nothing is written. */
  readonly dryRun: boolean;
  /** Statements of a dry run with the values of columns that are no key. */
  readonly showValues: boolean;
}

/** What became of one row; `equal`: it was right already; `touched`: an event came between, so it was left alone. */
export interface Mended {
  readonly key: Buffer;
  readonly did: "inserted" | "updated" | "deleted" | "equal" | "touched";
  /** The lane's last batch then: no event up to it has touched the row, where `did` does not say so. */
  readonly seq: bigint;
  /** Copies that came or went. */
  readonly copies: number;
  /** Of a dry run, as SQL for people. */
  readonly statements: readonly string[];
}

/** Writes single rows inside a lane, on a session of its own with the target's triggers and foreign keys asleep. */
export interface RowMender extends AsyncDisposable {
  checkpoint(): Promise<LaneCheckpoint>;
  /**
   * One transaction that holds the lane's checkpoint and proves the epoch, so that no batch of the lane commits between:
   * looks which rows were touched since, brings the others, deletes before inserts, marks them touched, journals them.
   * All or nothing. Faults: constraint-refused and value-refused, where the target will not hold what the source
   * has as long as the rows beside it are as they are; epoch-lost, and the retriable ones.
   */
  mend(request: MendRequest): Promise<readonly Mended[]>;
}
