/**
 * What a connector provides, types only. The rooms call these; connectors/mysql and connectors/postgres build
 * them. Each doc comment states what must be true when the promise resolves; whatever goes wrong is a Fault.
 */
import type { SourceMeasures, TargetMeasures } from "./measures.js";
import type {
  Catalogue,
  Finding,
  Hold,
  MigrationState,
  PhaseGrants,
  Plan,
  PlanColumn,
  PlanKey,
  PlanStatement,
  PlanTable,
  PolicyName,
  Position,
  Range,
  RangeOrder,
  ServerFacts,
} from "./model.js";
import type { JournalEntry, NightLedger, TargetNight } from "./cutover-port.js";
import type { ChangeFeed, ExecutedLog, LaneWriter, LogWitness, PositionBook } from "./stream-port.js";
import type { RowMender } from "./mend-port.js";
import type { Trace } from "./traces-port.js";
import type {
  Buckets,
  DigestQuery,
  DigestSums,
  ProofView,
  RowSample,
  TargetLook,
  VerifyLedger,
} from "./verify-port.js";

/** Takes rows in the source's wire form, one call a row. */
export interface RowSink {
  /** One whole row of the source's binary protocol (header byte included): bytes [start, end) of `packet`, valid during the call only. Throws a Fault on a value that no policy lets through. */
  row(packet: Buffer, start: number, end: number): void;
  /** True when the reader is to stop its socket once what it holds is handed over. */
  full(): boolean;
  /** Resolves when the sink takes more; rejects with the Fault that ended it. */
  drained(): Promise<void>;
}

/** Keys by which single rows are asked for. */
export interface AskedKeys {
  /** A text for each of the key's columns, as its codec's `decode` spells it. */
  readonly texts: readonly (readonly string[])[];
  /** The key's columns as planned. A policy or the target's type may have made another text of a key than the source has: without them such a row is not found. */
  readonly columns: readonly PlanColumn[];
}

export interface RowQuery {
  readonly table: string;
  /** Select list in the order of the sink's cells: SQL expressions made by the codecs, identifiers quoted. */
  readonly select: readonly string[];
  readonly key: PlanKey | null;
  /** null reads the whole table. */
  readonly range: Range | null;
  /** Only rows with these keys. `range` is null then. */
  readonly keys?: AskedKeys;
  /** Of these rows only some. */
  readonly sample?: RowSample;
  /** Key order asked for; the copy needs none. */
  readonly ordered: boolean;
}

/** One connection that reads ranges, each in a short consistent view of its own. */
export interface RowReader extends AsyncDisposable {
  /** Hands every row of the query to the sink and resolves only when the server itself said "end of result". */
  read(query: RowQuery, sink: RowSink, signal: AbortSignal): Promise<{ readonly rows: number }>;
  /** Absent where the server computes none. */
  readonly digests?: SourceDigests;
}

/** A row whose text the server cannot make has a hash that no row of the other side has. Each call is a view of its own. */
export interface SourceDigests {
  /** Sums by bucket; buckets without rows are left out. */
  sums(query: DigestQuery, buckets: number, signal: AbortSignal): Promise<readonly DigestSums[]>;
  /** `select` of each row in these buckets, and its hash as text in a last cell. */
  hashes(
    query: DigestQuery & { readonly select: readonly string[] },
    buckets: Buckets,
    sink: RowSink,
    signal: AbortSignal,
  ): Promise<void>;
  /** A row's hash as an expression, to be selected beside its columns. */
  hash(texts: DigestQuery["texts"]): string;
}

/** One consistent view of some tables at an exactly known position (design.md, decision 4). */
export interface ExactCut extends AsyncDisposable {
  readonly position: Position;
  readonly reader: RowReader;
}

/** How much of a large table is looked at. */
export type Sample = { readonly percent: number } | { readonly rows: number };

export interface ProfileOptions {
  /** All tables of the plan: a foreign key's parent stands among them. */
  readonly tables: readonly PlanTable[];
  /** null looks at every row; a sample proves nothing about the others. */
  readonly sample: Sample | null;
  /** Show the values of the sample rows too, not only their keys. */
  readonly showValues: boolean;
  /** Called before each part of a table; resolves when the server has room for it. null reads a table in one pass. */
  readonly pause: (() => Promise<void>) | null;
  readonly signal: AbortSignal;
}

/** How busy the server is that is read from. */
export interface ServerLoad {
  /** Seconds that it is behind the server it replicates from; null when it is no replica. */
  readonly lagSeconds: number | null;
  readonly threadsRunning: number;
}

/** How a target feels, asked again and again while an engine works. null: cannot be told here. */
export interface TargetPulse extends AsyncDisposable {
  /** Seconds that the standby furthest behind is behind; 0 where there is none. */
  standbyLagSeconds(): Promise<number | null>;
  /** The share of the disk under the data directory that is used. */
  diskUsed(): Promise<number | null>;
  /** Milliseconds that the server itself takes for a tiny query. */
  latencyMs(): Promise<number | null>;
}

/** One connection that looks at values. */
export interface Profiler extends AsyncDisposable {
  /** What the plan would refuse among one table's values: one pass, aggregates in the server. Reads only. */
  profile(table: PlanTable, options: ProfileOptions): Promise<readonly Finding[]>;
  load(): Promise<ServerLoad>;
}
/** A Kafka cluster and what stands beside it, as the config has it. */
export interface KafkaEndpoint {
  /** host:port */
  readonly brokers: readonly string[];
  /** Whether the brokers are talked to over TLS. */
  readonly encrypted: boolean;
  /** PEM of the authority, for the brokers, Connect and the registry; null: those that Node.js knows. */
  readonly ca: string | null;
  readonly sasl: {
    readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
    readonly username: string;
    readonly password: string;
  } | null;
  /** Base URLs, with user and password where somebody has to log in; null where there is none. */
  readonly connect: string | null;
  readonly registry: string | null;
  readonly format: "json" | "avro";
  /** `topic.prefix` of the connector. */
  readonly prefix: string;
}

/** Takes one row of texts; null is NULL. */
export type TextRow = (cells: readonly (string | null)[]) => void;

/** One text of a column, and the key of a row that has it; null in a table without a key. */
export interface OrderedText {
  readonly text: string;
  readonly key: string | null;
}

/** Which texts: the first or the last ones along an index, or those of the rows that are met first. */
export type TextsOf = "first" | "last" | "rows";

/** The first phase that locks tables for a moment to copy them at one exact position, which wants rights of its own. */
export type CutFrom = "copy" | "stream" | "recopy";

/** How far a statement that a person wrote may go. */
export interface QueryLimits {
  readonly timeoutMs: number;
  readonly mostRows: number;
}

/** Whom a feed at second hand asks: what positions mean, what is executed, and what the log itself has where that feed is in doubt. */
export interface SecondHand {
  readonly book: PositionBook;
  readonly executed: ExecutedLog;
  readonly witness: LogWitness;
}

export interface Source extends AsyncDisposable {
  facts(): Promise<ServerFacts>;
  /** Sizes, estimates, lag and the like, each with its time and statement. What the account may not see is unknown. Reads only. */
  measure(clock: () => Date): Promise<SourceMeasures>;
  /** Everything the catalogue says about the database. */
  catalogue(signal: AbortSignal): Promise<Catalogue>;
  /** Versions, grants and settings that this or a later phase needs. Reads only. */
  preflight(): Promise<readonly Finding[]>;
  /** The exact GRANTs of each phase for the account that is logged in; those of an exact cut stand under the first phase that takes one. */
  grants(cut: CutFrom): Promise<readonly PhaseGrants[]>;
  /**
   * Asked of a replica: whether its data is that of the server with these facts, and has reached `position`. What
   * speaks against it, as findings; errors where it must not be read instead. Reads only, waits half a minute at most.
   */
  follows(primary: ServerFacts, position: Position, signal: AbortSignal): Promise<readonly Finding[]>;
  /** A look at values that holds one of the host's `slots` worker slots, counted across processes; null when all are taken. */
  profiler(slots: number): Promise<Profiler | null>;
  /** Some texts of a column in the source's own order, each once as its collation counts. Reads only. */
  inOrder(
    table: PlanTable,
    column: PlanColumn,
    which: TextsOf,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly OrderedText[]>;
  /** Bounds of a table's ranges in the source's own order: contiguous, first and last unbounded, about `rangeRows` each. */
  split(table: PlanTable, rangeRows: number, signal: AbortSignal): AsyncIterable<Range>;
  /** A reader that holds one of the host's `slots` worker slots, counted across processes; null when all are taken. */
  reader(slots: number): Promise<RowReader | null>;
  /** The position that every transaction committed so far is at or before. */
  position(): Promise<Position>;
  /** Resolves when whatever is read from now on shows all of `position`: a commit may be in the log before a SELECT sees it. Where the server cannot be asked, a marker is committed in the lane's table. */
  seen(lane: string, position: Position, signal: AbortSignal): Promise<void>;
  /** How busy it is now. Reads only. */
  load(): Promise<ServerLoad>;
  /** Creates the database `headgate` and a marker table for each lane where they are missing. */
  prepareMarkers(lanes: readonly string[]): Promise<void>;
  /** Commits a marker row and returns its id; the commit has returned when this resolves. */
  mark(lane: string, note: string): Promise<string>;
  /** A text that the source makes up and no other server has. */
  token(): Promise<string>;
  /** The note of a lane's marker; null when the source has none of that id. */
  marked(lane: string, id: string): Promise<string | null>;
  /** XA transactions that are prepared now. */
  preparedTransactions(): Promise<readonly string[]>;
  /** Null when all of the host's worker slots are taken. */
  exactCut(tables: readonly string[], slots: number): Promise<ExactCut | null>;
  /** The source's own log, or what is made of it, for the plan's tables and its lanes' markers. Opens nothing that `prepareFeed` has to make first. */
  feed(plan: Plan): Promise<ChangeFeed>;
  /**
   * Resolves when everything of the plan that is committed from now on will come by `feed`: nothing to wait for where that is
   * the source's own log. The lanes' marker tables are there already, and a position that is noted afterwards can be read from.
   * What comes of it belongs to each such position: where a reader of topics begins that has taken nothing of them.
   */
  prepareFeed(plan: Plan, signal: AbortSignal): Promise<readonly TopicOffset[]>;
  /** What fills that feed for this plan and is no part of the source. Reads only. */
  feedTraces(plan: Plan, signal: AbortSignal): Promise<readonly Trace[]>;
  /** Takes away what of it is of our own making; nobody reads the feed any more. */
  endFeed(plan: Plan, signal: AbortSignal): Promise<void>;
  /** What speaks against that feed for this plan, beside `preflight`. Reads only. */
  feedFindings(plan: Plan, signal: AbortSignal): Promise<readonly Finding[]>;
  /** For a feed that is not the source's own log. */
  secondHand(plan: Plan): Promise<SecondHand>;
  /** Streams expressions that give text over all rows of a table or view, in whatever order they come. */
  texts(relation: string, select: readonly string[], onRow: TextRow, signal: AbortSignal): Promise<void>;
  /** One statement that a person wrote, in a transaction that only reads; its rows in their order, each value as the server prints it. `whole`: these were all of them. */
  ask(
    sql: string,
    limits: QueryLimits,
    onRow: TextRow,
    signal: AbortSignal,
  ): Promise<{ readonly whole: boolean }>;
}

/** Bytes on their way to the target. A buffer given to `write` is the sink's until `released` is called. */
export interface ByteSink {
  /** False when the sink has enough: wait for `drained` before the next write if you can. */
  write(bytes: Buffer, released: () => void): boolean;
  drained(): Promise<void>;
}

export interface LeasedRange {
  readonly table: string;
  readonly range: Range;
  /** The table is this one range: TRUNCATE and COPY FREEZE are possible. */
  readonly whole: boolean;
}

export interface RangeResult {
  readonly rows: number;
  readonly bytes: number;
  /** Values changed by policy, per source column. */
  readonly policies: readonly {
    readonly object: string;
    readonly policy: PolicyName;
    readonly count: number;
  }[];
  /** Where an exact cut was taken, else null. */
  readonly position: Position | null;
}

/** One target connection that loads ranges. Between `lease` and `commit` it holds one open transaction. */
export interface RangeLoader extends AsyncDisposable {
  /** BEGIN, prove the epoch, lock the next open range (FOR UPDATE SKIP LOCKED) among `tables`. null and no transaction: nothing open that is neither leased nor held. */
  lease(tables: readonly string[]): Promise<LeasedRange | null>;
  /** Starts binary COPY into the table; `freeze` only for a whole range, after a TRUNCATE in the same transaction. */
  open(table: PlanTable, freeze: boolean): Promise<ByteSink>;
  /** Ends COPY, checks that the server counted `rows`, marks the range done in the same transaction, commits. */
  commit(result: RangeResult): Promise<void>;
  /** Rolls the range back whole; the connection is usable afterwards or closed. */
  abort(cause: Error): Promise<void>;
}

/** Who holds a migration. */
export interface Holder {
  readonly host: string;
  readonly pid: number;
  /** ISO time of the claim, by the target's clock. */
  readonly since: string;
}

export interface TableProgress {
  readonly table: string;
  /** Whether all bounds are known. */
  readonly split: boolean;
  readonly ranges: number;
  readonly rangesDone: number;
  /** Open ranges that are held back. */
  readonly rangesHeld: number;
  readonly rows: number;
  readonly bytes: number;
  /** Where its exact cut was taken; null without one. */
  readonly cut: Position | null;
  /** It was opened again, so nothing but a cut copies it from then on. */
  readonly reopened: boolean;
}

export interface PhaseRecord {
  readonly phase: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}

/** A change that the target would not hold. Nothing of its rows is in the ledger. */
export interface QuarantinedEvent {
  /** Equal whenever the log is read again. */
  readonly event: string;
  readonly lane: string;
  /** Source name. */
  readonly table: string;
  /** A fault's code and sentence. */
  readonly reason: string;
  readonly sentence: string;
}

export interface QuarantineRecord extends QuarantinedEvent {
  /** What the lane had applied when it stopped; null before the first batch. */
  readonly position: Position | null;
  /** kept: it waits, and its lane with it. applied: the target took it after all. */
  readonly state: "kept" | "skipped" | "applied";
  readonly keptAt: string;
  /** Who skipped it, and why. */
  readonly who: string | null;
  readonly why: string | null;
  readonly settledAt: string | null;
}

/** What the ledger knows, read without a claim. */
export interface LedgerView {
  readonly state: MigrationState;
  /** ISO time of the last change of state. */
  readonly since: string;
  readonly fingerprint: string;
  readonly epoch: string;
  readonly holder: Holder | null;
  /** Ranges that the holder's engine has copied, and for how long it has had the claim; null without one. */
  readonly pace: { readonly ranges: number; readonly seconds: number } | null;
  readonly tables: readonly TableProgress[];
  readonly built: readonly string[];
  readonly policies: readonly { readonly object: string; readonly policy: string; readonly count: number }[];
  readonly lanes: readonly {
    readonly lane: string;
    /** `note` as the source's marker has it; null in a ledger of an older build. */
    readonly start: {
      readonly position: Position;
      readonly marker: string;
      readonly note: string | null;
    } | null;
    readonly join: { readonly position: Position; readonly marker: string } | null;
    /** Batches of the log applied so far, in decimal, and the position that they reach; null before the first. */
    readonly seq: string;
    readonly applied: Position | null;
  }[];
  readonly phases: readonly PhaseRecord[];
  /** What the last run was told to leave alone. */
  readonly holds: readonly Hold[];
  /** Oldest first. */
  readonly quarantine: readonly QuarantineRecord[];
  /** null, or absent, where no cutover has begun. */
  readonly night?: NightView | null;
}

/** What the ledger knows of the night; the journal beside the engine knows more, and first. */
export interface NightView {
  /** The cutover that opened the target last; null before one did. */
  readonly cutover: string | null;
  /** The target is open, so nothing of the source's log is written to it. */
  readonly lanesClosed: boolean;
  /** The last ones, oldest first. */
  readonly journal: readonly JournalEntry[];
}

/** What taking another plan brings with it. Tables by source name. */
export interface Amending {
  /** Dropped with what stands upon them, for whoever builds next to make anew. They are among those that are reopened. */
  readonly rebuild: readonly string[];
  readonly reopen: readonly string[];
  /** Of the claim's plan, in the order in which they can go: taken back where they were built, and forgotten. */
  readonly retire: readonly PlanStatement[];
  /** Kept events that are passed. */
  readonly pass: readonly { readonly event: string; readonly who: string; readonly why: string }[];
}

export interface Clock {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** The claimed ledger: our own tables in the target's schema `headgate`. Every write proves the epoch. */
export interface Ledger extends AsyncDisposable {
  readonly epoch: string;
  /** Aborted with a Fault once the claim is gone: whoever works for it stops. */
  readonly lost: AbortSignal;
  view(): Promise<LedgerView>;
  setState(state: MigrationState): Promise<void>;
  /** Runs a DDL statement and records its name in one transaction; does nothing when the name is already recorded. */
  build(statement: PlanStatement, signal: AbortSignal): Promise<void>;
  /** Takes a built statement back, by its `undo` where it has one, and forgets that it was built; does nothing when it is not. */
  unbuild(statement: PlanStatement, signal: AbortSignal): Promise<void>;
  /** Records a table's bounds, all in one transaction; does nothing when they are already there. */
  addRanges(table: string, ranges: readonly Range[]): Promise<void>;
  /** Makes these the ranges that nobody leases, in place of those held before. */
  hold(holds: readonly Hold[]): Promise<void>;
  /** Empties tables, by source name, gives each one open range, and notes it as touched whole in a batch of its own, in one transaction: for an exact cut. */
  reopen(tables: readonly string[]): Promise<void>;
  /** The migration goes on with another plan than the claim's, all in one transaction; tables that are new in it have no bounds yet. */
  amend(plan: Plan, amending: Amending): Promise<void>;
  recordStart(lane: string, position: Position, marker: string, note: string): Promise<void>;
  recordJoin(lane: string, position: Position, marker: string): Promise<void>;
  phase(
    phase: string,
    facts: Readonly<Record<string, string | number | boolean | null>>,
    ended: boolean,
  ): Promise<void>;
  /** `order`: which open range of a table is leased first. */
  /** One of the target host's `slots` worker slots, counted across processes, until it is disposed of; null when all are taken. */
  slot(slots: number): Promise<AsyncDisposable | null>;
  loader(order?: RangeOrder): Promise<RangeLoader>;
  /** Records that an event waits; once skipped or applied it stays so. */
  quarantine(event: QuarantinedEvent): Promise<void>;
  /** Journals what became of a kept event. False when the ledger has no such event that waits. */
  settle(
    event: string,
    how:
      | { readonly state: "applied" }
      | { readonly state: "skipped"; readonly who: string; readonly why: string },
  ): Promise<boolean>;
  /** A lane's writer; one at a time. */
  lane(lane: string): Promise<LaneWriter>;
  /** Who repairs rows of a lane, beside its writer; one at a time. */
  mender(lane: string): Promise<RowMender>;
  /** What is proven so far, and what is not. */
  verification(): VerifyLedger;
  /** Its part of a cutover and of the way back. */
  night(): NightLedger;
  /** Drops what was built for the claim's plan and is still what was built, all that hangs on it with it. Fault target-refused where something else stands in its place. */
  dropBuilt(): Promise<void>;
  /** The target's doors, for the roles that a cutover lets in, and its log. Opens nothing before it is asked. */
  doors(roles: readonly string[], clock: Clock): TargetNight;
}

export interface Target extends AsyncDisposable {
  facts(): Promise<ServerFacts>;
  /** Every session that is open now is lost: the network has gone silent, and no answer comes. */
  cut(): void;
  /** As the source's. */
  measure(clock: () => Date): Promise<TargetMeasures>;
  /** Version, encoding, rights, settings, and that no planned table exists that is not ours. Reads only. */
  preflight(plan: Plan): Promise<readonly Finding[]>;
  /** Each text's place in the target's order, under the database's collation or the one named. Reads only. */
  places(texts: readonly string[], collation: "C" | null): Promise<readonly number[]>;
  /** The exact GRANTs of each phase for the account that is logged in. `roles`: those that a cutover lets in. */
  grants(schema: string, roles?: readonly string[]): Promise<readonly PhaseGrants[]>;
  /** Streams expressions that give text over all rows of a table or view of `schema`. */
  texts(
    schema: string,
    relation: string,
    select: readonly string[],
    onRow: TextRow,
    signal: AbortSignal,
  ): Promise<void>;
  /** As the source's. */
  ask(
    sql: string,
    limits: QueryLimits,
    onRow: TextRow,
    signal: AbortSignal,
  ): Promise<{ readonly whole: boolean }>;
  /** Opens nothing before it is asked. Reads only. */
  pulse(): TargetPulse;
  /** A consistent view for comparing, which holds one of the host's `slots` worker slots; null when all are taken. */
  look(plan: Plan, slots: number): Promise<TargetLook | null>;
  /** The columns that stand there now, types as format_type() spells them; empty where there is no such table. Reads only. */
  columns(
    schema: string,
    table: string,
  ): Promise<readonly { readonly name: string; readonly type: string }[]>;
  /** null when the ledger does not know the migration. Reads only. */
  view(migration: string): Promise<LedgerView | null>;
  /** What the ledger knows of verification; null when it knows nothing of it. Reads only. */
  proof(migration: string): Promise<ProofView | null>;
  /** What a migration that is over leaves here: its way back, and what was built for this plan. Reads only. */
  traces(plan: Plan): Promise<readonly Trace[]>;
  /** Ends the sessions that the migration's holder has on record, so that the next claim gets it: a person's decision, which the epoch makes safe. How many there were. Fault claimed where one of them has asked for something in so many seconds. */
  endHolder(migration: string, silentFor?: number): Promise<number>;
  /** Becomes the one engine of the migration (exit 4 and the holder's name when there is another), creates the ledger where missing, raises the epoch. `sourceServer` is the identity of the source: a migration that was begun from another one is refused, unless its continuity is `proven`. */
  claim(plan: Plan, sourceServer?: string, proven?: boolean): Promise<Ledger>;
}

/** The last record of a topic that was taken. */
export interface TopicOffset {
  readonly topic: string;
  readonly offset: string;
  /** Nothing of it was taken: this is the first record that may be new, and what stands before it is of before the copy. */
  readonly begins?: true;
}
