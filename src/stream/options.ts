/** What the engine of the change stream is given, and what it gives: types only. */
import type { Fault } from "../errors.js";
import type { Plan, PlanColumn, Position, SourceEngine } from "../model.js";
import type { ChangeFeed, LaneStatus, LaneWriter } from "../stream-port.js";
import type { Cell } from "../typemap/codec.js";
import type { EventCounts, OnStreamEvent } from "./event.js";
import type { StreamMomentHook } from "./moments.js";
import type { PoisonEvent } from "./poison.js";
import type { StartMarker } from "./settled.js";

export interface StreamOptions {
  readonly feed: ChangeFeed;
  readonly plan: Plan;
  readonly engine: SourceEngine;
  /** What makes a column's field of what the feed hands over; the column's codec where nothing is said. The way back's feed hands over fields. */
  readonly cellOf?: (column: PlanColumn) => Cell;
  /** A fresh writer, on a session of its own. It is disposed of when it failed, and at the end; `signal` ends what it waits for. */
  readonly writer: (lane: string, signal: AbortSignal) => Promise<LaneWriter>;
  /** Where a lane begins that has applied nothing. */
  readonly starts: ReadonlyMap<string, Position>;
  /** The markers that were committed behind them: the log must show each before the join. */
  readonly startMarkers?: ReadonlyMap<string, StartMarker>;
  /** Where a lane has joined. */
  readonly joins: ReadonlyMap<string, Position>;
  /** Both sides were equal where the log begins, and no copy is beside it: lanes are past their joins from the first change on. */
  readonly nothingCopied?: boolean;
  /** Tables copied by an exact cut, by source name, with its position: events within it are left out. */
  readonly cuts: ReadonlyMap<string, Position>;
  /** The log does not carry foreign keys' actions: synthesise them. */
  readonly cascades: boolean;
  /** What `onJoined` builds stands already, so that lanes need not stand at one position for it. */
  readonly built?: boolean;
  /** Called when all lanes have joined and stand at one position, between batches, once in a run: it must not mind what is built already. */
  readonly onJoined: () => Promise<void>;
  /** Commits a heartbeat row at the source and returns its id. */
  readonly mark: (lane: string, note: string) => Promise<string>;
  /** Rows after which a batch ends while the target has nothing to do; four times as many when it is behind. Read anew each time: it may change. */
  readonly batchRows: number;
  /** 8 MB when nothing is said. */
  readonly batchBytes?: number;
  /** Batches of a lane that fail in a row before that is told: 3 when nothing is said. */
  readonly failedBatches?: number;
  readonly now: () => number;
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly moment?: StreamMomentHook;
  readonly onEvent: OnStreamEvent;
  /** Which way changes go: what may be done about one that is refused is another thing on the way back. */
  readonly direction?: "forward" | "back";
  /** Where no lane goes on, a decision is waited for; otherwise that ends the stream. */
  readonly waits?: boolean;
  /** Tables whose rows are left out by somebody's word, source names; asked at each transaction. */
  readonly closed?: () => ReadonlySet<string>;
  /** A lane stands until somebody decides; the others go on without it, if there are any. Resolves when that is on record. */
  readonly onStands?: (lane: string, fault: Fault) => Promise<void>;
  /** Lanes are to stand before DDL of this table: the same Fault, with what to do about it as the source is by now. */
  readonly advised?: (fault: Fault, table: string) => Promise<Fault>;
  /** Keeps a change that was refused. Resolves when it is safe on disk. */
  readonly keep: (poison: PoisonEvent) => Promise<void>;
  /** Ids of changes that somebody decided to leave out, and `at` of schema changes that the plan has already. */
  readonly skips: ReadonlySet<string>;
  /** Resolves when the next batch may be applied: throttle. */
  readonly pace?: (signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

export interface Stream {
  /**
   * Rejects with the Fault that ends it, which may be that of a lane when no other one goes on; faults that pass are
   * answered by reading again from the checkpoints.
   */
  run(): Promise<never>;
  readonly lanes: readonly LaneStatus[];
  /** Of all lanes together. */
  readonly counts: EventCounts;
  /** Ends no batch that has begun, and begins no other; no heartbeats either. */
  pause(): void;
  /** Lanes that stand are tried again, too. */
  resume(): void;
  /** A change is left out from now on; the lane that stands before it goes on. What was decided is on record before. */
  skip(event: string): void;
  /** Why lanes stand, one each. */
  readonly standing: readonly Fault[];
  readonly paused: boolean;
}
