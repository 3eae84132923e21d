/**
 * What the engine of src/stream asks of a feed (the source's binlog, or Kafka) and of a target, types only. A feed
 * hands over whole transactions in commit order, with row images in its own form that it reads itself into rows of the
 * source's binary protocol: so a change goes through the very codecs that the copy uses (design.md, "How an event
 * travels"). A target applies one batch in one transaction whose first statement moves the lane's checkpoint.
 */
import type { PlanTable, PolicyName, Position } from "./model.js";
import type { RowQuery, RowSink } from "./port.js";

/** Reads some columns of an image. */
export interface ImageReader {
  /**
   * Hands bytes [start, end) of an image to `row` as one row of the source's binary protocol (header byte and null
   * bitmap included) that holds the reader's columns in their order, each as its codec's select expression gives it.
   * The row is valid during the call only; the image may be a copy of what the feed delivered. Throws a Fault where
   * the image is not of the shape that was announced.
   */
  read(
    bytes: Buffer,
    start: number,
    end: number,
    row: (packet: Buffer, start: number, end: number) => void,
  ): void;
}

/** The shape of the images of one table, from one announcement of it in the log to the next. */
export interface RowImages {
  readonly table: PlanTable;
  /** Columns as places in `table.columns`, in the order wanted. Cheap to call again: readers are kept. */
  reader(columns: readonly number[]): ImageReader;
}

/** One transaction of the source, valid until its `commit`. */
export interface SourceTransaction {
  /** For people and for the quarantine: `uuid:7`, `0-1-7`, `binlog.000003:4711`. */
  readonly name: string;
  /** Milliseconds since 1970 by the source's clock when it was committed, for lag only (I20); null where the log has none. */
  readonly committedAt: number | null;
  /** Whether that position holds this transaction already. */
  within(position: Position): boolean;
}

export type ChangeOperation = "insert" | "update" | "delete";

/** Takes the log, one transaction after the other. All calls but `drained` are synchronous: bytes are copied or gone. */
export interface ChangeSink {
  begin(transaction: SourceTransaction): void;
  /**
   * Whether rows of the table in the present transaction are to be handed over. Where no lane takes them (it has the
   * transaction, or stands at a schema change) the feed does not look at them: then what cannot be read exactly, or
   * is of a shape that the plan no longer has, is no reason to stop.
   */
  wants(table: PlanTable): boolean;
  /**
   * One changed row. The before image is bytes [before, beforeEnd), the after image [after, afterEnd) of the same
   * buffer; an insert has no before image and a delete no after image: start and end are equal then. `unchecked`: the
   * session had foreign_key_checks off, so no foreign key of the source did anything beside it. The buffer is the feed's
   * own again when the call returns.
   */
  change(
    images: RowImages,
    operation: ChangeOperation,
    bytes: Buffer,
    before: number,
    beforeEnd: number,
    after: number,
    afterEnd: number,
    unchecked?: boolean,
  ): void;
  truncate(table: PlanTable): void;
  /** The present transaction commits one that was prepared (XA) before this reading began: what rows that had, nobody can tell. */
  endsUnseen(): void;
  /** Whether rows that were prepared before the log that is read are refused still: the place of `endsUnseen` in the log matters. */
  awaits?(): boolean;
  /**
   * The transaction was prepared (XA), with rows of these tables of the plan, by source name; its end will be another one. Only
   * for whoever asks what the log has: rows that are to be applied come with the end.
   */
  prepares?(transaction: SourceTransaction, tables: readonly string[], xid: string): void;
  /** The transaction ends what was prepared by that name. Only for whoever asks what the log has. */
  ends?(transaction: SourceTransaction, xid: string, committed: boolean): void;
  /** One of our own rows in `headgate.marker_<lane>`. */
  marker(lane: string, id: string, note: string): void;
  /** The transaction is whole. `position` holds it and all before it; it may be asked during the call only. */
  commit(position: () => Position): void;
  /**
   * A statement changes the shape or name of tables that travel. It stands outside of transactions; what was handed
   * over before it is of the old shape, and what comes after it of the new one. The feed reads no further than this
   * until `drained`, and hands over no row of the tables after it. `position` holds everything before the statement, and
   * not the statement: a lane that stops here is to meet it again.
   */
  schemaChange(change: SchemaChange, position: () => Position): void;
  /** All that has come so far is handed over, and no transaction is open; or nothing has happened for a while. */
  idle(position: () => Position): void;
  /** True when the feed is to stop its socket once what it holds of the present event is handed over. */
  full(): boolean;
  /** Resolves when the sink takes more; rejects with the Fault that ended it. */
  drained(): Promise<void>;
}

export interface SchemaChange {
  /** The plan's tables that it names, by source name. */
  readonly tables: readonly string[];
  /** As the log has it, cut to 2,000 characters. */
  readonly statement: string;
  /** It leaves every row and column that was there as it was, whatever it adds beside them. False when in doubt. */
  readonly adds: boolean;
  /** `uuid:7`, `binlog.000003:4711`. */
  readonly at: string;
  /** Whether that position holds this statement already. */
  within(position: Position): boolean;
}

export interface FeedOptions {
  /** End at what is the log's end now, instead of waiting for more. */
  readonly untilEnd: boolean;
  readonly signal: AbortSignal;
}

/** `connector-unseen`: nobody can be asked how far the connector that fills the topics has committed what it sent. */
export type FeedDoubt = "connector-unseen";

export interface ChangeFeed extends AsyncDisposable {
  /**
   * Hands over every transaction that is not in all of `from`, in commit order, of the plan's tables and markers; the
   * sink leaves out what a lane has already. Resolves at the log's end with `untilEnd`; otherwise ends by the signal's
   * reason or by a Fault: connection-lost (retriable), log-purged, position-unknown, feed-stolen, and one for
   * each thing in the log that cannot be applied exactly.
   */
  read(from: readonly Position[], sink: ChangeSink, options: FeedOptions): Promise<void>;
  /** Whether `later` holds everything that `earlier` does. */
  holds(later: Position, earlier: Position): boolean;
  /** Seconds for which the source still keeps the log that follows `position`; null where it cannot be told, or age is no reason to purge. Fault log-purged when it is gone already. */
  retention(position: Position): Promise<number | null>;
  /**
   * All of `position` is applied and committed for good: a server that keeps its log for this reader alone may throw away
   * what `position` holds. Called after commits; only the log that is kept so has it.
   */
  confirm?(position: Position): void;
  /** What keeps `ready` back however level it is, as codes: what nobody can prove by what this feed is made of. */
  blocking?(): readonly FeedDoubt[];
  /** What it has met beside changes so far, for people: by a word, how often. */
  counts?(): Readonly<Record<string, number>>;
}

/** Where something stands in the source's log, as a feed that is not the log itself is told it. */
export interface LogPlace {
  /** `uuid:7`, `uuid:tag:7`, `0-1-7`; null where the source gives none. */
  readonly gtid: string | null;
  readonly file: string;
  readonly offset: string;
}

/**
 * The source's positions, for a feed that reads the source's log at second hand: what they mean only the source's
 * connector knows. Its answers are about GTIDs; Fault position-unknown where a source has none.
 */
export interface PositionBook {
  holds(later: Position, earlier: Position): boolean;
  within(position: Position, at: LogPlace): boolean;
  /** Whether both are of one server's sequence, `one` the earlier of them. */
  precedes(one: LogPlace, other: LogPlace): boolean;
  /** Whether both are of one server's sequence, so that `precedes` tells their order. */
  ordered(one: LogPlace, other: LogPlace): boolean;
  /** What all of `from` hold, to be moved on from. */
  standing(from: readonly Position[]): BookStanding;
}

/** How far a feed has come. */
export interface BookStanding {
  transaction(at: LogPlace, committedAt: number | null): SourceTransaction;
  /** Whether it is met already. */
  has(at: LogPlace): boolean;
  /**
   * Whether its place in the log's files belies what its number says: behind all that is met and met itself, or before that
   * and new. Only places of this reading are compared, and only those of one series of files.
   */
  misplaced(at: LogPlace): boolean;
  /** Whether nothing of its server's sequence is met or excused: the first of a server that took over. */
  isNew(at: LogPlace): boolean;
  /** What its server wrote before `at` and was neither met nor excused; null where there is nothing. */
  missing(at: LogPlace): Unheard | null;
  /** Everything of it is handed over. */
  reach(at: LogPlace): void;
  /** There is no such transaction in the log: numbers may be left out. Positions do not hold it, and `missing` forgets it. */
  excuse(unheard: Unheard): void;
  readonly position: () => Position;
}

/** Transactions by name, in the words of the book that gave it. */
export interface Unheard {
  readonly names: string;
  /** For people. */
  readonly count: string;
}

/** What the source's log itself has of something that a feed at second hand was told nothing of. */
export type LoggedAct =
  /** Rows and shapes of the plan's tables are as before. */
  | { readonly kind: "nothing" }
  | { readonly kind: "truncate"; readonly tables: readonly PlanTable[] }
  | {
      readonly kind: "schema";
      readonly tables: readonly string[];
      readonly statement: string;
      readonly adds: boolean;
    }
  /** Rows of the plan's tables, or a statement that may have written some; of any table where `tables` is empty. `why` is a sentence. */
  | { readonly kind: "rows"; readonly tables: readonly string[]; readonly why: string }
  /** Rows of these tables were prepared (XA): `endOf` says whether they were committed, and where. */
  | { readonly kind: "prepared"; readonly tables: readonly string[] }
  /** Commits rows that were prepared (XA) before all that was looked at. */
  | { readonly kind: "unseen" };

/** How many rows of ours the log has of a transaction. */
export interface LoggedCounts {
  /** Of the plan's tables, by source name. */
  readonly tables: ReadonlyMap<string, number>;
  /** Markers that were written, by lane. */
  readonly markers: ReadonlyMap<string, number>;
}

/** One transaction as the source's log has it; `counts` is null where it cannot be read to its end, or is a statement. */
export interface LoggedTransaction {
  readonly at: LogPlace;
  readonly act: LoggedAct;
  readonly counts: LoggedCounts | null;
  /** The log could not be read behind it: what was asked for beside it is to be asked for again. */
  readonly cut?: true;
}

/** What the source has executed, for a feed that is told of its transactions by others. */
export interface ExecutedLog {
  /** Whether it has that transaction, by what it was asked last. */
  has(at: LogPlace): boolean;
  /** Asks it anew. */
  refresh(): Promise<void>;
}

/** The end of a transaction that was prepared (XA). */
export interface PreparedEnd {
  readonly at: LogPlace;
  readonly committed: boolean;
}

/** Asks the source's log about single transactions. */
export interface LogWitness extends AsyncDisposable {
  /** In the log's order; of what it does not have there is no entry. Faults: log-purged, and those of a connection. */
  look(
    unheard: readonly Unheard[],
    held: Position,
    signal: AbortSignal,
  ): Promise<readonly LoggedTransaction[]>;
  /**
   * What stands before `at` in the log, in its order, and is neither in `held` nor among `known`, whatever servers wrote
   * it. Faults: as above, and position-unknown where the log does not have `at`.
   */
  before(
    at: LogPlace,
    held: Position,
    known: readonly LogPlace[],
    signal: AbortSignal,
  ): Promise<readonly LoggedTransaction[]>;
  /** What ended the transaction that was prepared (XA) at that place, which `held` does not hold; null where nothing has yet. Faults as `look`. */
  endOf(at: LogPlace, held: Position, signal: AbortSignal): Promise<PreparedEnd | null>;
  /** A single transaction as `look` takes it. */
  named(at: LogPlace): Unheard;
  /** What a statement that a feed was told of does. */
  judge(statement: string, database: string): LoggedAct;
}

/** Reads rows of the source again, for what a feed cannot carry exactly. */
export interface RereadSource {
  /** Resolves when whatever is read from now on shows all of `position`. */
  seen(position: Position, signal: AbortSignal): Promise<void>;
  /** As a RowReader reads; `keys` of the query are given. */
  read(query: RowQuery, sink: RowSink, signal: AbortSignal): Promise<{ readonly rows: number }>;
}

/** Rows in PostgreSQL's binary COPY form: a field count and length-prefixed fields each, no header, no trailer. */
export interface Tuples {
  readonly rows: number;
  readonly bytes: number;
  readonly chunks: readonly Buffer[];
}

/** What one table is to become, each key at most once in all of it; a table without a key has no updates. */
export interface TableChanges {
  readonly table: PlanTable;
  /** Key columns in the key's order; whole rows of a table without a key, of which exactly one copy each goes. */
  readonly deletes: Tuples;
  /** Whole rows, columns in plan order, whose keys are there. */
  readonly updates: Tuples;
  /** Whole rows whose keys are not there. */
  readonly inserts: Tuples;
  /** Keys of all that was touched, also of what came and went, as `deletes` spells them; empty for a table without a key. */
  readonly touched: Tuples;
}

/** The referenced values of rows that were deleted or got others: what a foreign key's action follows. */
export interface Cascade {
  readonly parent: PlanTable;
  readonly action: "delete" | "update";
  /** The plan's foreign keys that point to these columns, as places in `parent.columns`. */
  readonly columns: readonly number[];
  /** Old values of `columns`; for updates the old ones and then the new ones. */
  readonly values: Tuples;
}

/** What can be done in one go. Groups of a batch are applied in their order. */
export type StatementGroup =
  | {
      readonly kind: "rows";
      /** Past the join: every delete and update must hit, every insert must be new. Before it all of them may or may not. */
      readonly strict: boolean;
      readonly changes: readonly TableChanges[];
    }
  | { readonly kind: "truncate"; readonly table: PlanTable }
  /** The actions that the source's log does not carry, and what follows from them. */
  | { readonly kind: "cascade"; readonly cascades: readonly Cascade[] };

export interface LaneCheckpoint {
  /** Batches applied so far; a 64-bit count. */
  readonly seq: bigint;
  /** null before the first batch. */
  readonly position: Position | null;
}

/** Values of a column that a policy changed. */
export interface PolicyCount {
  /** `table.column`. */
  readonly object: string;
  readonly policy: PolicyName;
  readonly count: number;
}

/** Rows of a table that foreign keys' actions have written: the source did, and its log has nothing of it. */
export interface FollowedRows {
  readonly table: PlanTable;
  readonly operation: "update" | "delete";
  readonly rows: number;
}

/** One target transaction. Its first statement is the compare-and-set of the lane's checkpoint (design.md, decision 14). */
export interface LaneTransaction {
  /**
   * Applies one group. Faults: divergence (a row that must exist does not, or the other way round; facts name table and
   * count), value-refused and constraint-refused (what PostgreSQL will not hold), and the retriable ones. After a Fault only `abort` may follow.
   */
  write(group: StatementGroup): Promise<void>;
  /**
   * Records the touched keys, the position and what policies changed, which counts only if all of it does, and commits.
   * A lost answer is settled by reading the checkpoint: resolves when it was committed.
   */
  commit(position: Position, policies?: readonly PolicyCount[]): Promise<void>;
  abort(): Promise<void>;
  /** Of all cascades so far; absent where nobody counts them. */
  readonly followed?: readonly FollowedRows[];
}

/** The one writer of a lane, on a session of its own with the target's triggers and foreign keys asleep. */
export interface LaneWriter extends AsyncDisposable {
  readonly lane: string;
  checkpoint(): Promise<LaneCheckpoint>;
  /** Moves the lane from `seq` to `seq` + 1. Fault checkpoint-moved when it stands elsewhere, epoch-lost when another engine has claimed the migration. */
  begin(seq: bigint): Promise<LaneTransaction>;
}

/** How a lane stands, for people and metrics. */
export interface LaneStatus {
  readonly lane: string;
  readonly seq: bigint;
  readonly position: Position | null;
  /** What `seq` will be once all that is read is applied; `seq` where nothing waits. */
  readonly end: bigint;
  /** It has applied everything up to its join marker. */
  readonly joined: boolean;
  /** Seconds from a marker's commit at the source to its commit here, or since the last one that came, whichever is more; null before the first. */
  readonly lagSeconds: number | null;
  readonly eventsRead: number;
  readonly eventsApplied: number;
  readonly batches: number;
  /** Batches that have failed since the last one that was committed. */
  readonly failedInRow: number;
  /** Why it stands still; null while it goes on. */
  readonly stopped: string | null;
}
