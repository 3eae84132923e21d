/**
 * What a cutover and its way back ask of both sides, types only (design.md, decisions 11 to 14). Whatever an act needs so as
 * to be undone is a note that is made first, and journalled before the act: any engine, and a person with the journal
 * alone, can undo it. Everything here is idempotent: it may have been done by an engine that was killed.
 */
import type { Finding, Plan, PlanTable, Position } from "./model.js";
import type { ChangeFeed, LaneWriter } from "./stream-port.js";

/** What undoing needs, made before the act. Survives JSON; read by whoever made it only. Holds no secret: the journal is a file. */
export type Note = Readonly<Record<string, unknown>>;

export interface FenceState {
  /** yes: no account of an application can write. partly: some of it stands, as after a server's restart. */
  readonly raised: "yes" | "no" | "partly";
  /** Who or what lets writes through, a sentence each. */
  readonly gaps: readonly string[];
  /** Another text once the server was started again. */
  readonly serverLife: string;
}

/** A transaction that was open when the fence was raised, or is prepared. */
export interface OpenTransaction {
  readonly session: string;
  readonly account: string;
  readonly seconds: number;
}

export interface RaiseOptions {
  /** End the sessions with open transactions instead of waiting for them. */
  readonly endTransactions: boolean;
  /** Called whenever the list has changed. */
  readonly onWaiting: (open: readonly OpenTransaction[]) => void;
  /** Ends every wait. */
  readonly signal: AbortSignal;
}

/** Stops writes of applications on one server. Raised and lowered on one connection that holds the server's named lock. */
export interface Fence extends AsyncDisposable {
  /** What speaks against it: accounts that would write through it, rights that are missing. Reads only. */
  findings(): Promise<readonly Finding[]>;
  /** Reads only. `note`: what was raised; null asks whether anything of ours stands. */
  state(note: Note | null): Promise<FenceState>;
  /** Everything that lowering needs to restore exactly what is there now. Reads only. */
  note(): Promise<Note>;
  /**
   * No application can write, and no transaction of one is open, when this resolves. Faults: prepared-transactions,
   * fence-refused where somebody can still write, and those of a connection.
   */
  raise(note: Note, options: RaiseOptions): Promise<void>;
  /** As it was when the note was made. */
  lower(note: Note): Promise<void>;
}

/** Logs in as a fenced account and tries to write; what it tries changes no row. */
export interface Probe extends AsyncDisposable {
  /** `unreachable`: the server could not be asked, which proves nothing. */
  attempt(signal: AbortSignal): Promise<"written" | "refused" | "unreachable">;
}

export type Decision = "open" | "switch" | "abort";

/** The one row that decides (decision 12), in the source's database `headgate`. */
export interface DecisionRow {
  /** null where that cutover has none yet. */
  read(cutover: string): Promise<Decision | null>;
  /** Makes it `open` where there is none. */
  begin(cutover: string): Promise<void>;
  /** One compare-and-set; resolves to what stands then, whoever decided it. */
  decide(cutover: string, to: "switch" | "abort"): Promise<"switch" | "abort">;
}

/** The source as the fence's account sees it (`source.admin`). */
export interface SourceNight extends AsyncDisposable {
  /** What speaks against a cutover and a way back for this plan, beside the fence's own. Reads only. */
  findings(plan: Plan): Promise<readonly Finding[]>;
  readonly fence: Fence;
  readonly decision: DecisionRow;
  /** A position that holds every transaction committed so far. */
  position(): Promise<Position>;
  /** Commits a marker in the lane's table as our account, through the fence; its id. */
  mark(lane: string, note: string): Promise<string>;
  /** Definitions of the triggers on the plan's tables, with definer, sql_mode, character sets and order. */
  triggers(plan: Plan): Promise<Note>;
  dropTriggers(note: Note): Promise<void>;
  /** Those that are missing of the note's, exactly as they were. */
  createTriggers(note: Note): Promise<void>;
  /** Where the plan's sequences stand here: past what the server keeps in its cache. Reads only. */
  sequences(plan: Plan): Promise<readonly SequenceAt[]>;
  /**
   * Every AUTO_INCREMENT of the plan's tables is past the greatest key, and past what the target has given away; its sequences go on
   * where the target's stand, forward only, and those that cycle exactly there.
   */
  pastKeys(plan: Plan, given: readonly GivenKey[], sequences: readonly SequenceAt[]): Promise<void>;
  readonly wayBack: ReverseLedger;
  /**
   * Whatever is under way here when the signal aborts is left as on a lost connection, and what comes next is said over new ones:
   * a network that has gone silent keeps nobody waiting. The answer releases it.
   */
  until(signal: AbortSignal): () => void;
}

/** How far a column of the target has counted, whether or not such a row is there. */
export interface GivenKey {
  /** Source names. */
  readonly table: string;
  readonly column: string;
  /** In decimal. */
  readonly upTo: string;
}

/** Where a sequence of the plan stands that is of no column's own. */
export interface SequenceAt {
  /** Its name at the source. */
  readonly source: string;
  /** What it gives next, in decimal; past its end once it has run out. */
  readonly next: string;
}

/** A change of the target that the source does not hold. */
export interface RefusedChange {
  /** Equal whenever the log is read again. */
  readonly event: string;
  /** In whose soak it came. */
  readonly cutover: string;
  /** Source name. */
  readonly table: string;
  readonly operation: string;
  /** Keys of the rows that it is about, as `touched` hands them over; null: any row of the table. */
  readonly touched: Buffer | null;
  /** The same for people. */
  readonly about: string;
  /** A fault's code and sentence. */
  readonly reason: string;
  readonly sentence: string;
}

/** As the source's ledger has it. */
export interface RefusedRecord extends RefusedChange {
  /** kept: it waits, and the way back with it. skipped: left out by somebody's word. applied: the source took it after all. */
  readonly state: "kept" | "skipped" | "applied";
  /** ISO time by the source's clock. */
  readonly keptAt: string;
  readonly who: string | null;
  readonly why: string | null;
  readonly settledAt: string | null;
}

/** Where the reverse stream writes and keeps its checkpoint: tables of ours in the source's database `headgate`. */
export interface ReverseLedger {
  /** Creates what is missing. */
  prepare(plan: Plan): Promise<void>;
  /** From now on no engine of a lower epoch writes here. Fault epoch-lost where a higher one has. */
  claim(plan: Plan, epoch: string): Promise<void>;
  /** The one lane of the way back: whole batches in one MySQL transaction, its checkpoint moved first; rows as tuples of PostgreSQL's binary form, as forward. */
  lane(plan: Plan, epoch: string): Promise<LaneWriter>;
  /** What it has applied; null where it never began. Reads only. */
  checkpoint(migration: string): Promise<{ readonly seq: bigint; readonly position: Position | null } | null>;
  /**
   * Nothing of the target's log before this is to be applied: the way back begins there. Only before a switch, and only under the
   * claim's epoch while it stands at `seq`: a word that comes late changes nothing. Fault epoch-lost.
   */
  passed(migration: string, epoch: string, seq: bigint, position: Position): Promise<void>;
  /** As VerifyLedger.touched, of what the reverse stream wrote. */
  touched(
    table: PlanTable,
    after: bigint,
    upTo: bigint | null,
    onBatch: (seq: bigint, keys: Buffer | null) => boolean,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * The target's log is kept from a new place, and nothing that was kept before is left to be brought back: the position is
   * none again, the number goes on. Does nothing where the lane has moved from this number.
   */
  beginAnew(migration: string, seq: bigint): Promise<void>;
  /** Notes a change that the lane stands before. Once somebody has decided about it, that stays. */
  quarantine(migration: string, change: RefusedChange): Promise<void>;
  /** All that were refused, oldest first. Reads only. */
  quarantined(migration: string): Promise<readonly RefusedRecord[]>;
  /**
   * Somebody's word that a change which waits is left out, on record in one transaction with a batch more of the lane that touches
   * its rows. The lane's writer has ended. False where it does not wait (any more). Fault epoch-lost.
   */
  leaveOut(
    migration: string,
    epoch: string,
    event: string,
    decision: { readonly who: string; readonly why: string },
  ): Promise<boolean>;
  /** Drops it. */
  drop(migration: string): Promise<void>;
}

/** What is known of the slot that keeps the way back. */
export interface SlotState {
  readonly name: string;
  /** Bytes of the target's log that it keeps. */
  readonly retainedBytes: number;
  /** The server has thrown away what it needs. */
  readonly lost: boolean;
}

/** The target's log, read for the way back (decision 13). Positions: `file` is the timeline, `offset` the LSN in decimal. */
export interface WayBack extends AsyncDisposable {
  /** wal_level, rights, tables whose changes cannot be read. Reads only. */
  findings(plan: Plan): Promise<readonly Finding[]>;
  /**
   * Replica identities, publication, then slot; resolves to where the slot begins. Does nothing when they are there.
   * `beforeNew` is called before a slot is made, and again if an engine was killed before its start was noted.
   */
  prepare(plan: Plan, beforeNew?: () => Promise<void>): Promise<Position>;
  /** Whole transactions of the target that are not of our own origin, images in the target's own binary form. */
  feed(plan: Plan): Promise<ChangeFeed>;
  /** A position that holds every transaction committed so far. */
  position(): Promise<Position>;
  /** Commits a marker into the target's log, without an origin, and returns its id; its lane is `reverse`. */
  mark(note: string): Promise<string>;
  /** null where there is none. */
  slot(): Promise<SlotState | null>;
  /** Slot, publication and origins go; replica identities are as they were. */
  drop(plan: Plan): Promise<void>;
}

/** Who gets into the target after the switch. */
export interface TargetNight extends AsyncDisposable {
  /** Roles that are missing, own something, or can write already; rights that we lack. Reads only. */
  findings(plan: Plan): Promise<readonly Finding[]>;
  /** `raise` shuts the roles out and ends their sessions, `lower` is refused: opening is the ledger's `openTarget`. */
  readonly fence: Fence;
  readonly wayBack: WayBack;
  /** What an administrator runs once it is completed, so that applications keep their way in and our account loses its rights. Reads only. */
  leaving(plan: Plan): Promise<readonly string[]>;
}

/** The claimed ledger's part of the night: every write proves the epoch. */
export interface NightLedger {
  /** Appends to the ledger's copy of the journal, all at once; does nothing with a number that is there. */
  journal(entries: readonly JournalEntry[]): Promise<void>;
  entries(): Promise<readonly JournalEntry[]>;
  /**
   * Every sequence and identity of the plan is past the greatest value of its column (I19), forward only; those that cycle stay.
   * `sequences`: where the source's own stand, and go on here; those that cycle exactly there. Fault lane-closed once the target
   * is open.
   */
  pastKeys(plan: Plan, sequences: readonly SequenceAt[]): Promise<void>;
  /** Where the plan's sequences stand here. Reads only. */
  sequences(plan: Plan): Promise<readonly SequenceAt[]>;
  /** What the sequences of the plan's columns have given away, of those that count upwards and do not begin anew. Reads only. */
  givenKeys(plan: Plan): Promise<readonly GivenKey[]>;
  /** Tables with rows that the planner knows nothing of, by source name. Reads only. */
  neverAnalyzed(plan: Plan): Promise<readonly string[]>;
  /**
   * One transaction: epoch row locked, forward lanes closed, roles let in, state `soaking`. Makes what is missing of it, so it
   * lets them in again after `raise` while that cutover soaks. Faults: ledger-mismatch where another one has, or it is over;
   * grant-missing with the statements.
   */
  openTarget(cutover: string, roles: readonly string[]): Promise<void>;
  /**
   * The forward lanes go on from here, all of them: each stands at the position of a marker that was met after the reverse drain, and
   * its tables are to be compared again, whole. State `rolled_back`. Does nothing where that cutover was rolled back already.
   * Fault fence-refused while a role may get in.
   */
  reopenLanes(
    cutover: string,
    lanes: readonly { readonly lane: string; readonly position: Position; readonly marker: string }[],
  ): Promise<void>;
  /** Whether the forward lanes may write. */
  lanesClosed(): Promise<boolean>;
}

/** One line of the journal. */
export interface JournalEntry {
  /** 1, 2, 3, ... */
  readonly number: number;
  /** Of one cutover, and of the rollback that answers it: `<migration>-1`, `<migration>-2`. */
  readonly cutover: string;
  readonly step: string;
  readonly phase: "about-to" | "done" | "undone" | "decided" | "entered";
  /** ISO time of this machine, for people. */
  readonly at: string;
  readonly note: Note | null;
}

/** Ended transactions of the database's sessions since its server began to count; our own are among them. */
export interface TrafficCounts {
  readonly committed: bigint;
  readonly rolledBack: bigint;
}

/** How one side is doing, for the triggers and their baseline. Each call is one look, and reads only. */
export interface Vitals extends AsyncDisposable {
  /** null where the server does not count. */
  traffic(): Promise<TrafficCounts | null>;
  /** Milliseconds that one read-only query takes, from its being sent to its last row, which is thrown away. The server itself refuses whatever writes. */
  time(query: string, signal: AbortSignal): Promise<number>;
  /** The share of its disk that is used, of the worst where there are more; null where it cannot be told. */
  diskUsed(): Promise<number | null>;
}
