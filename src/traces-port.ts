/**
 * What a migration leaves on servers once it is over, types only: found, told and taken away, each object only where it
 * proves to be this migration's. Everything here is idempotent: it may have been done by an engine that was killed.
 */

/** Something of ours, or that looks like it. */
export interface Trace {
  readonly side: "source" | "target" | "connect";
  /** Words for a person: `table headgate.marker_main`. */
  readonly object: string;
  /** Why it stays where it is; null: it goes. */
  readonly stays: string | null;
  /** For a person who wants it gone all the same; null where nothing has to be done, or there is no statement for it. */
  readonly sql: string | null;
}

/** By what the source's objects are known as this migration's. */
export interface SourceMarks {
  readonly lanes: readonly {
    readonly lane: string;
    /** Its start marker, as the target's ledger has it; null before there was one, and `note` in a ledger of an older build. */
    readonly start: { readonly marker: string; readonly note: string | null } | null;
  }[];
  /** Whose decisions were made, by name. */
  readonly cutovers: readonly string[];
}

/** The source's database `headgate`. */
export interface SourceTraces extends AsyncDisposable {
  /** Reads only. */
  find(marks: SourceMarks): Promise<readonly Trace[]>;
  /** What `find` says goes is gone when it resolves: the way back's rows, decisions, start markers; tables and the database with whoever used them last. */
  drop(marks: SourceMarks): Promise<void>;
}
