/**
 * What the verifier of src/verify asks of a source, a target and the ledger, types only. Both sides hand over rows as
 * tuples of PostgreSQL's binary form: the source's go through the codecs, the target's come as the server sends them, so
 * equal data is equal bytes. Reads follow design.md's decision 10: the target's view is opened first and its checkpoints
 * are read in it, the source is read once it shows that position, and whoever is accused was touched by no event since.
 */
import type { PlanTable, Position, Range } from "./model.js";
import type { LaneCheckpoint, Tuples } from "./stream-port.js";

/** Takes tuples one by one: a field count (int16) and length-prefixed fields, as in binary COPY without header and trailer. */
export interface TupleSink {
  /** Bytes [start, end), valid during the call only. */
  tuple(bytes: Buffer, start: number, end: number): void;
  /** True when the reader is to stop its socket once what it holds is handed over. */
  full(): boolean;
  /** Resolves when the sink takes more; rejects with the Fault that ended it. */
  drained(): Promise<void>;
}

/** Which rows of a table are read. Ranges only where both servers have the key in one order. */
export type Wanted =
  | { readonly kind: "all" }
  | { readonly kind: "range"; readonly range: Range }
  /** Tuples of the key's columns in the key's order, each once; what is not there is left out. */
  | { readonly kind: "keys"; readonly keys: Tuples };

/** Rows whose hash of these texts, its first 52 bits, is below a bound: a seed and the key's columns, spelled for this side. */
export interface RowSample {
  readonly texts: readonly DigestText[];
  readonly below: number;
}

export interface TargetQuery {
  readonly table: PlanTable;
  /** Places in `table.columns`, in the order wanted. */
  readonly columns: readonly number[];
  readonly wanted: Wanted;
  /** By the key's columns, in the order that the source has too. */
  readonly ordered: boolean;
  /** Of the rows wanted only these. */
  readonly sample?: RowSample;
  /** Of the rows wanted those for which this SQL over the table as `t` is true: names in it are quoted. */
  readonly where?: string;
}

/** A column's canonical text (types.md, section 2) as one side spells it. */
export interface DigestText {
  /** SQL that is NULL exactly where the value is. */
  readonly value: string;
  readonly text: string;
  /** It may be long: its SHA-256 stands for it in the row's text. */
  readonly long: boolean;
}

/** Rows whose hashes a server is to compute: SHA-256 of each row's text, NULL-safe and length-prefixed. */
export interface DigestQuery {
  readonly table: PlanTable;
  /** This side's spelling of the same columns in the same order as the other side's. */
  readonly texts: readonly DigestText[];
  /** null for all. Ranges only where both servers have the key in one order. */
  readonly range: Range | null;
}

/** Rows parted by their hash into a power of two of buckets, 65,536 at most. */
export interface Buckets {
  readonly of: number;
  readonly only: readonly number[];
}

/** Two sums of a bucket's hashes, 60 bits of each, and the number of its rows: duplicates count. All in decimal. */
export interface DigestSums {
  readonly bucket: number;
  readonly rows: string;
  readonly sums: readonly [string, string];
}

/** A row whose text the server cannot make has a hash that no row of the other side has. */
export interface TargetDigests {
  /** Sums by bucket; buckets without rows are left out. */
  sums(query: DigestQuery, buckets: number, signal: AbortSignal): Promise<readonly DigestSums[]>;
  /** The key of each row in these buckets, and its hash as text in a last field. */
  hashes(query: DigestQuery, buckets: Buckets, sink: TupleSink, signal: AbortSignal): Promise<void>;
}

/** One consistent view of the target. It holds one of the host's worker slots. */
export interface TargetLook extends AsyncDisposable {
  /** By lane, as the view shows them: its rows hold exactly what these batches have applied. */
  readonly checkpoints: ReadonlyMap<string, LaneCheckpoint>;
  /** Hands every row to the sink and resolves when the server itself said that it was all. Faults: target-refused where table or column are not there. */
  read(query: TargetQuery, sink: TupleSink, signal: AbortSignal): Promise<{ readonly rows: number }>;
  /** Faults: target-refused where the table or a column is not there, or is of another type or collation than the plan made it. Absent where nobody can change them. */
  asPlanned?(table: PlanTable, signal: AbortSignal): Promise<void>;
  /** Exact count of a table's rows, in decimal. */
  count(table: PlanTable, signal: AbortSignal): Promise<string>;
  /** Absent where the server computes none. */
  readonly digests?: TargetDigests;
}

export type MismatchKind = "missing" | "extra" | "different";

/** A row that was not the same on both sides when it was looked at. */
export interface Suspect {
  /** Source name. */
  readonly table: string;
  /** The key's tuple; of a table without a key the SHA-256 of the row's tuple. */
  readonly key: Buffer;
  /** `extra` is also one copy too many of a key or of a row. */
  readonly kind: MismatchKind;
  /** Source names of the columns that part; empty but for `different`. */
  readonly columns: readonly string[];
  /** Rows that are missing or too many; 1 where a key can be there once only. */
  readonly copies: number;
  /** True of `extra` where the source has the key, or an equal row, as well: rows too many, and nobody's else. */
  readonly duplicate?: boolean;
}

/**
 * `verify` compares everything (`full` for a person, `round` for the engine, so that nobody goes on with the other's), or what
 * was touched since it was last found equal; `sample` looks at a part. `fence`: nothing moved meanwhile.
 */
export interface VerifyScope {
  readonly method: "stream" | "digest";
  readonly kind: "full" | "round" | "dirty" | "sample" | "counts" | "fence";
  /** Source names, sorted. */
  readonly tables: readonly string[];
  /** Percent and seed of a sample; null otherwise. */
  readonly sample: { readonly percent: number; readonly seed: number } | null;
}

/** What was found of one range, or of all keys that a dirty pass looked at in one go. */
export interface RangeProof {
  readonly table: string;
  readonly number: number;
  readonly range: Range | null;
  readonly rowsSource: string;
  readonly rowsTarget: string;
  /** Bytes of the source's tuples. */
  readonly bytes: string;
  /** The lane's checkpoint in the target's view: what is equal here is equal as of it. */
  readonly seq: bigint;
  readonly position: Position | null;
  /** SHA-256 of the source's tuples in the order read, hex; null where there was no one order. */
  readonly digest: string | null;
  readonly method: "stream" | "keys" | "multiset" | "digest";
  readonly seconds: number;
}

/** One verification, from its first range to its last settled suspect. It goes on where it was killed. */
export interface VerifyRun {
  readonly id: string;
  readonly scope: VerifyScope;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

/** A mismatch on record: suspected, or accused after a look at which no event had touched it. */
export interface RecordedMismatch extends Suspect {
  /** `suspect`: to be looked at again. `different`: accused. `pending`: touched each time it was looked at, to be settled at the fence. */
  readonly state: "suspect" | "different" | "pending";
  /** The verification that found it. */
  readonly run: string;
  /** ISO time, by the target's clock. */
  readonly at: string;
}

/** A checkpoint of the table's lane in the target's view, and when that was, by the target's clock. */
export interface ProvenAt {
  readonly seq: bigint;
  readonly position: Position | null;
  readonly at: string;
}

/** How a table stands, from the last verifications of it. */
export interface TableProof {
  readonly table: string;
  /** The oldest look of the last comparison of the whole table: `rowsSource` to `method` are of it. Null as `clean` is, and where an older build has compared. */
  readonly whole: ProvenAt | null;
  /** Keys untouched after this batch of its lane were last compared at or before it. Null: never compared whole. */
  readonly clean: ProvenAt | null;
  readonly rowsSource: string;
  readonly rowsTarget: string;
  readonly ranges: number;
  readonly method: RangeProof["method"] | null;
}

/** A table that was touched since it was last compared; one that never was is none of them. */
export interface DirtyTable {
  readonly table: string;
  /** Bytes of the keys' tuples, repeated ones counted again. */
  readonly bytes: number;
  /** A batch touched more than it wrote down. */
  readonly whole: boolean;
}

/** What a comparison of a whole table has counted, by which verification. */
export interface WholeFigures extends Pick<TableProof, "rowsSource" | "rowsTarget" | "ranges" | "method"> {
  readonly run: string;
}

/** The claimed ledger's part of verification: every write proves the epoch. */
export interface VerifyLedger {
  /** The run of this very scope that has not ended, unless nobody has gone on with it for a day, or a new one. Some of other scopes may wait to go on; of too many those with the least proven are given up. */
  begin(scope: VerifyScope): Promise<VerifyRun>;
  /** Records a table's bounds for this run, all at once; does nothing when they are there: whoever goes on compares the same ranges. */
  setRanges(run: string, table: string, ranges: readonly Range[]): Promise<void>;
  /** The run's ranges with what is proven of them, by table and number; a table without any was not split yet. */
  ranges(run: string): Promise<readonly { readonly range: Range; readonly proof: RangeProof | null }[]>;
  /** Records a range, with what was suspected in it, in one transaction. */
  prove(run: string, proof: RangeProof, suspects: readonly Suspect[]): Promise<void>;
  /** Adds suspects of a range that is still read: of a range that is not proven in the end they stay suspects all the same. */
  suspect(run: string, suspects: readonly Suspect[]): Promise<void>;
  /** The next recorded mismatches of a table in one of the states, by key, after the given one. */
  mismatches(
    table: string,
    states: readonly RecordedMismatch["state"][],
    after: Buffer | null,
    limit: number,
  ): Promise<readonly RecordedMismatch[]>;
  /** Recorded mismatches by table and state, in decimal. */
  mismatchCounts(): Promise<
    readonly { readonly table: string; readonly state: RecordedMismatch["state"]; readonly count: string }[]
  >;
  /** Replaces what is on record of these keys: `found` null takes a key off the record (it is equal now). */
  settle(
    run: string,
    table: string,
    found: readonly {
      readonly key: Buffer;
      readonly state: "different" | "pending" | "suspect" | null;
      readonly suspect: Suspect | null;
    }[],
  ): Promise<void>;
  /** The table was looked at whole as of this batch: what is touched later is dirty. `figures` null leaves those of the last whole look. */
  setClean(
    table: string,
    seq: bigint,
    position: Position | null,
    figures: WholeFigures | null,
  ): Promise<void>;
  /** These have to be compared whole again; what is on record of them stays. */
  unprove(tables: readonly string[]): Promise<void>;
  tables(): Promise<readonly TableProof[]>;
  /**
   * Keys of a table touched by batches of its lane after `after` up to `upTo`, oldest batch first, as they were
   * written: `keys` null is the whole table. Ends early when `onBatch` returns false. At most one batch is in memory.
   */
  touched(
    table: PlanTable,
    after: bigint,
    upTo: bigint | null,
    onBatch: (seq: bigint, keys: Buffer | null) => boolean,
    signal: AbortSignal,
  ): Promise<void>;
  /** What batches have touched since each table was last compared, of all tables in one look. Absent: each is asked for its keys. */
  dirty?(): Promise<readonly DirtyTable[]>;
  /** Forgets touched keys that every table of the lane was compared after. How many rows went. */
  prune(lane: string): Promise<number>;
  /** Ends a run with its figures. */
  end(run: string, facts: Readonly<Record<string, string | number | boolean | null>>): Promise<void>;
  /** The last runs that ended, newest first. */
  ended(
    limit: number,
  ): Promise<readonly (VerifyRun & { readonly facts: Readonly<Record<string, unknown>> })[]>;
}

/** What the ledger knows of verification, read without a claim and all of one moment: for `status` and `report`. */
export interface ProofView {
  /** Newest first, a few; the one that goes on has no end. */
  readonly runs: readonly (VerifyRun & { readonly facts: Readonly<Record<string, unknown>> })[];
  readonly tables: readonly (TableProof & {
    /** Keys that batches after `clean` have touched, counted once each; `whole`: a batch touched more than it wrote down. */
    readonly touched: { readonly keys: string; readonly whole: boolean } | null;
  })[];
  readonly counts: readonly {
    readonly table: string;
    readonly state: RecordedMismatch["state"];
    readonly count: string;
  }[];
  /** At most a hundred a table, in key order. */
  readonly named: readonly RecordedMismatch[];
  readonly repairs: readonly {
    readonly table: string;
    readonly rows: string;
    readonly firstAt: string;
    readonly lastAt: string;
  }[];
}
