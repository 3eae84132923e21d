/**
 * The proof as a report tells it, made of what the ledger has measured and of nothing else: a table that nobody compared
 * is said to be one, keys that the log has touched since are taken off what is claimed, and where a figure is only a
 * bound, the sentence says "at least". Pure, so that each sentence has a test.
 */
import type { ProofView, ProvenAt, RecordedMismatch } from "../verify-port.js";
import { besideOf, figuresOnly } from "./report-beside.js";
import type { Wanted } from "./report-beside.js";
import { checklistOf } from "./report-checklist.js";
import type {
  MismatchReport,
  MomentReport,
  ReportProof,
  TableReport,
  TableStanding,
  VerificationReport,
} from "./report-body.js";

/** What the plan says of a table, beside what the ledger knows. */
export interface TableFacts {
  readonly table: string;
  /** null where no plan of the migration is at hand. */
  readonly columns: TableReport["columns"];
  readonly policies: TableReport["policies"];
  /** The table has a key. null where it is not known. */
  readonly keyed: boolean | null;
}

export interface ProofFacts {
  readonly tables: readonly TableFacts[];
  /** Tables of the source that the plan leaves out. null where no plan tells. */
  readonly leftOut: readonly string[] | null;
  /** null where the ledger has nothing of verification. */
  readonly view: ProofView | null;
  readonly keyText: (table: string, key: Buffer) => readonly string[];
  /** Absent where nobody knows. */
  readonly wanted?: Wanted;
}

const shownRuns = 20;

export function reportProof(facts: ProofFacts): ReportProof {
  const { view } = facts;
  const last = view?.runs.find(({ endedAt }) => endedAt !== null);
  const followed = last === undefined ? null : isFollowed(last);
  const tables = facts.tables.map((table) => tableReport(table, facts, followed !== false));
  const sum = (states: readonly RecordedMismatch["state"][]): bigint =>
    (view?.counts ?? [])
      .filter(({ state }) => states.includes(state))
      .reduce((total, { count }) => total + BigInt(count), 0n);
  const [differences, pending] = [sum(["different"]), sum(["pending", "suspect"])];
  const looked = besideOf(view?.runs ?? [], facts.wanted);
  const { sentences, holds, samples, counts, queries, foreignKeys } = looked;
  return {
    sentences: [
      ...wholeSentences(tables, view, differences, pending),
      ...unfollowedSentence(last),
      ...replicaSentence(view),
      ...leftOutSentence(facts.leftOut),
      ...sentences,
      ...tables.map((t) => t.sentence),
    ],
    checklist: checklistOf(tables, { differences, pending }, looked, followed),
    complete: tables.length > 0 && holds && tables.every(({ standing }) => standing === "equal"),
    differences: String(differences),
    pending: String(pending),
    tables,
    followed,
    leftOut: facts.leftOut,
    runs: (view?.runs ?? []).slice(0, shownRuns).map(runReport),
    repairs: view?.repairs ?? [],
    beside: { samples, counts, queries, foreignKeys },
    unseen: notOfRows,
  };
}

/** What stands beside rows and is not theirs. */
const notOfRows: readonly string[] = [
  "Rows are compared by their values. Defaults, sequences' next values, triggers, programs, grants and indexes are not rows.",
  "Values pass through the type map before they are compared: two values of the source that it makes one are one here.",
  "Where bytes were compared, the source was read through the same codecs that copied it: an error of theirs is on both sides and cannot be seen so. Digests are made by the two servers without them.",
];

function wholeSentences(
  tables: readonly TableReport[],
  view: ProofView | null,
  differences: bigint,
  pending: bigint,
): string[] {
  const never = tables.filter(({ standing }) => standing === "never").length;
  // Counts compare no values.
  if (view === null || view.runs.every(({ scope }) => scope.kind === "counts"))
    return ["No values have been compared: no verification of this migration has run."];
  const compared = tables.length - never;
  return [
    `${String(compared)} of ${String(tables.length)} tables ${compared === 1 ? "has" : "have"} been compared whole at least once.`,
    differences === 0n
      ? "No row is on record as different."
      : `${grouped(differences)} ${differences === 1n ? "row is" : "rows are"} on record as different.`,
    ...(pending === 0n
      ? []
      : [
          `${grouped(pending)} ${pending === 1n ? "row was" : "rows were"} changing while looked at, and must be looked at again before anything is said of ${pending === 1n ? "it" : "them"}.`,
        ]),
  ];
}

function isFollowed({ facts }: ProofView["runs"][number]): boolean {
  return facts["followed"] !== false;
}

function unfollowedSentence(last: ProofView["runs"][number] | undefined): string[] {
  if (last === undefined || isFollowed(last)) return [];
  return [
    `The last verification, ended at ${last.endedAt ?? "?"}, was of a copy that nobody follows: what the source has written since it was copied counts as different.`,
  ];
}

/** What was compared is what the replica had, until everything was compared anew at the source itself. */
function replicaSentence(view: ProofView | null): string[] {
  const last = view?.runs.find(({ facts, endedAt }) => endedAt !== null && facts["replica"] === true);
  const at = last?.endedAt ?? null;
  if (view === null || at === null) return [];
  if (view.tables.length > 0 && view.tables.every(({ whole }) => whole !== null && whole.at > at)) return [];
  return [
    `The verification that ended at ${at} read the source's rows on source.replica, as of positions that the replica had come to: what the replica has otherwise than the source itself is not known by it.`,
  ];
}

/** What does not travel is not proven, and is named all the same: the plan's tables as they were when it was made. */
function leftOutSentence(names: readonly string[] | null): string[] {
  if (names === null || names.length === 0) return [];
  return [
    `${String(names.length)} ${names.length === 1 ? "table of the source is" : "tables of the source are"} not migrated, by tables.include and tables.exclude, and nothing is said of ${names.length === 1 ? "it" : "them"}: ${names.join(", ")}.`,
  ];
}

function tableReport(
  { table, columns, policies, keyed }: TableFacts,
  facts: ProofFacts,
  followed: boolean,
): TableReport {
  const { view, keyText } = facts;
  const proof = view?.tables.find((each) => each.table === table);
  const counted = (state: RecordedMismatch["state"]): bigint =>
    BigInt(view?.counts.find((each) => each.table === table && each.state === state)?.count ?? "0");
  const different = counted("different");
  const waiting = counted("pending") + counted("suspect");
  const recorded = different + waiting;
  const clean = proof?.clean ?? null;
  const standing: TableStanding =
    different > 0n ? "different" : clean === null ? "never" : waiting > 0n ? "pending" : "equal";
  const mismatches = (view?.named ?? [])
    .filter((each) => each.table === table)
    .map((each): MismatchReport => ({
      key: keyText(table, each.key),
      kind: each.kind,
      columns: each.columns,
      copies: each.copies,
      duplicate: each.duplicate === true,
      state: each.state,
      at: each.at,
    }));
  const touched = clean === null ? null : (proof?.touched ?? { keys: "0", whole: false });
  const known = clean === null || proof === undefined ? null : proof;
  return {
    table,
    standing,
    sentence: sentenceOf({
      table,
      whole: known?.whole ?? null,
      clean,
      rows: known?.rowsSource ?? null,
      method: known?.method ?? null,
      touched,
      different,
      waiting,
      things: keyed === false ? "rows" : "keys",
      followed,
    }),
    rowsSource: known?.rowsSource ?? null,
    rowsTarget: known?.rowsTarget ?? null,
    ranges: known?.ranges ?? 0,
    method: known?.method ?? null,
    compared: momentOf(known?.whole ?? null),
    clean: momentOf(clean),
    touched,
    mismatches,
    recorded: String(recorded),
    truncated: BigInt(mismatches.length) < recorded,
    columns,
    policies,
  };
}

function momentOf(proven: ProvenAt | null): MomentReport | null {
  return proven === null ? null : { seq: String(proven.seq), position: proven.position, at: proven.at };
}

interface Measured {
  readonly table: string;
  readonly whole: ProvenAt | null;
  readonly clean: ProvenAt | null;
  readonly rows: string | null;
  readonly method: string | null;
  readonly touched: { readonly keys: string; readonly whole: boolean } | null;
  readonly different: bigint;
  readonly waiting: bigint;
  readonly things: "rows" | "keys";
  readonly followed: boolean;
}

/** "N keys compared at X; clean at Y; M of them untouched in the log since". */
function sentenceOf({
  table,
  whole,
  clean,
  rows,
  method,
  touched,
  different,
  waiting,
  things,
  followed,
}: Measured): string {
  const onRecord = [
    ...(different > 0n ? [`${grouped(different)} on record as different`] : []),
    ...(waiting > 0n ? [`${grouped(waiting)} to be looked at again`] : []),
  ].join(", ");
  if (clean === null || rows === null)
    return `${table}: never compared whole${onRecord === "" ? "" : `; ${onRecord}`}.`;
  const all = BigInt(rows);
  const how = method === null ? "" : ` by ${methodWords[method] ?? method}`;
  const when = whole === null ? "" : ` at ${whole.at} (batch ${String(whole.seq)})`;
  const begin = `${table}: ${grouped(all)} ${things} compared${when}${how}; clean at ${clean.at} (batch ${String(clean.seq)})`;
  const but = onRecord === "" ? "" : ` but for ${onRecord}`;
  if (!followed)
    return `${begin}${but}; nobody follows the source's log, so it is not known what it has touched since.`;
  if (touched?.whole === true)
    return `${begin}${but}; the log has touched the table since in a way that names no keys, so of none of its rows is it said that they are untouched.`;
  const since = BigInt(touched?.keys ?? "0");
  if (since === 0n)
    return `${begin}${but}; no ${things === "rows" ? "row" : "key"} of it is touched in the log since.`;
  const left = all - since - different - waiting;
  return `${begin}${but}; ${grouped(since)} ${since === 1n ? "key is" : "keys are"} touched in the log since, so at least ${grouped(left > 0n ? left : 0n)} are clean and untouched.`;
}

/** As the ledger names methods. */
export const methodWords: Readonly<Record<string, string>> = {
  stream: "reading both sides in key order, every byte",
  keys: "reading the target by the source's keys, every byte",
  multiset: "counting equal rows of both sides, every byte",
  digest: "digests inside both servers",
};

function runReport(run: ProofView["runs"][number]): VerificationReport {
  const { kind, method, tables, sample } = run.scope;
  return {
    id: run.id,
    kind,
    method,
    tables,
    sample,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    facts: figuresOnly(run.facts),
  };
}

/** 1234567 as 1,234,567. */
function grouped(n: bigint): string {
  return String(n).replaceAll(/\B(?=(?:\d{3})+$)/gu, ",");
}
