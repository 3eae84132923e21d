/**
 * What a report says, types only: the ledger's phases and figures, what was set aside, and what is proven. JSON and page
 * are made of this one object, and the digest is taken of it. Counts of rows are decimal texts, as they may be past 2^53.
 */
import type { Inventory, Position } from "../model.js";
import type { BesideReport } from "./report-beside.js";
import type { NightReport } from "./report-nights.js";
import type { WayBackReport } from "./report-way-back.js";

export interface ReportBody {
  readonly migration: string;
  /** Version of Headgate that wrote it: a page of another version is laid out in another way. */
  readonly headgate: string;
  readonly writtenAt: string;
  readonly state: string;
  readonly since: string;
  readonly environment: string;
  readonly skippedSafeguards: readonly string[];
  readonly overrides: readonly {
    readonly safeguard: string;
    readonly value: unknown;
    readonly reason: string;
  }[];
  readonly fingerprint: string;
  readonly phases: readonly {
    readonly phase: string;
    readonly startedAt: string;
    readonly endedAt: string | null;
    readonly facts: Readonly<Record<string, string | number | boolean | null>>;
  }[];
  readonly tables: readonly {
    readonly table: string;
    readonly ranges: number;
    readonly rows: number;
    readonly bytes: number;
  }[];
  readonly lanes: readonly {
    readonly lane: string;
    readonly seq: string;
    readonly applied: Position | null;
  }[];
  readonly policies: readonly { readonly object: string; readonly policy: string; readonly count: number }[];
  /** null where no plan of the migration is at hand. */
  readonly inventory: Inventory | null;
  readonly proof: ReportProof;
  /** Cutovers and ways back, as the journal beside the config has them; absent where none was begun on this host. */
  readonly nights?: readonly NightReport[];
  /** What the soak that goes on, or was the last, has compared of the way back; absent before the first. */
  readonly wayBack?: WayBackReport;
}

export interface ReportProof {
  /** The whole of it in plain words, from what the ledger has measured. */
  readonly sentences: readonly string[];
  /** What a hand-over asks for, point by point. */
  readonly checklist: readonly ChecklistPoint[];
  /** No table is without a whole comparison, none has rows on record that differ or wait, and nothing that was looked at beside them speaks against the target. */
  readonly complete: boolean;
  /** Rows on record as different, in all tables, and rows that are to be looked at again. */
  readonly differences: string;
  readonly pending: string;
  readonly tables: readonly TableReport[];
  /** Whether the source's log was applied beside the last verification; null before the first. */
  readonly followed: boolean | null;
  /** Tables of the source that the plan leaves out; null where no plan of the migration is at hand, or it does not tell. */
  readonly leftOut: readonly string[] | null;
  /** Verifications, the newest first; one that goes on has no end. */
  readonly runs: readonly VerificationReport[];
  readonly repairs: readonly RepairReport[];
  /** Samples, counts, queries and foreign keys, as they were last looked at. */
  readonly beside: BesideReport;
  /** What no comparison of rows can tell. */
  readonly unseen: readonly string[];
}

/** `skipped`: nobody has looked, or not to the end. */
export interface ChecklistPoint {
  readonly point: string;
  readonly result: "pass" | "fail" | "skipped";
  readonly evidence: string;
}

/** A batch of the table's lane, where the source's log was then, and the time by the target's clock. */
export interface MomentReport {
  readonly seq: string;
  readonly position: Position | null;
  readonly at: string;
}

/** `never`: nobody has compared all of it. `different` and `pending`: rows are on record as that. */
export type TableStanding = "equal" | "different" | "pending" | "never";

export interface TableReport {
  readonly table: string;
  readonly standing: TableStanding;
  readonly sentence: string;
  /** As they were counted when the whole table was compared, range by range, while both sides moved: not of one moment. Null before that. */
  readonly rowsSource: string | null;
  readonly rowsTarget: string | null;
  /** Pieces in which it was compared. */
  readonly ranges: number;
  readonly method: string | null;
  /** The oldest look of the last comparison of the whole table, which the figures above are of. */
  readonly compared: MomentReport | null;
  /** Keys that were not touched after this batch were last compared at or before it. */
  readonly clean: MomentReport | null;
  /** Keys that the log has touched since; `whole`: all of them may have been. null where nothing is clean. */
  readonly touched: { readonly keys: string; readonly whole: boolean } | null;
  readonly mismatches: readonly MismatchReport[];
  /** Rows on record; more than there are in `mismatches` when it was cut. */
  readonly recorded: string;
  readonly truncated: boolean;
  /** null where no plan of the migration is at hand. */
  readonly columns: {
    readonly compared: readonly string[];
    readonly notCompared: readonly string[];
    /** Differences that the comparison cannot see, each a sentence. */
    readonly unseen: readonly string[];
  } | null;
  /** Values that policies have changed by design. */
  readonly policies: readonly { readonly object: string; readonly policy: string; readonly count: number }[];
}

export interface MismatchReport {
  /** One text a key column; the digest of the row where the table has no key. */
  readonly key: readonly string[];
  readonly kind: string;
  readonly columns: readonly string[];
  readonly copies: number;
  /** Of rows too many: the source has the key, or an equal row, as well. */
  readonly duplicate: boolean;
  readonly state: string;
  readonly at: string;
}

export interface VerificationReport {
  readonly id: string;
  readonly kind: string;
  readonly method: string;
  readonly tables: readonly string[];
  readonly sample: { readonly percent: number; readonly seed: number } | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface RepairReport {
  readonly table: string;
  readonly rows: string;
  readonly firstAt: string;
  readonly lastAt: string;
}
