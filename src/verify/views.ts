/**
 * Views after the copy: each is created, then its rows are compared with the source's, as a multiset of canonical
 * texts. Both sides are streamed through a sum of hashes, so memory does not grow with the rows; very large views
 * are only counted. A view that the target refuses, or that shows other rows, fails no copy: it is named, and
 * the run ends with a difference.
 */
import { createHash } from "node:crypto";
import { Fault } from "../errors.js";
import type { Plan, PlanView, PlanViewColumn } from "../model.js";
import type { Ledger, Source, Target, TextRow } from "../port.js";
import { throwIfStopped } from "../stop.js";

export interface ViewVerdict {
  readonly view: string;
  /** `unread`: one of the servers would not show its rows, which is told as loudly as a difference. */
  readonly result: "equal" | "different" | "counted" | "refused" | "unread" | "not-compared";
  /** Null where nobody counted. */
  readonly rowsSource: string | null;
  readonly rowsTarget: string | null;
  /** What stood in the way, or which columns were left out; empty where nothing is to be said. */
  readonly note: string;
}

export interface ViewOptions {
  readonly source: Source;
  readonly target: Target;
  readonly ledger: Ledger;
  readonly plan: Plan;
  readonly signal: AbortSignal;
  readonly onView: (verdict: ViewVerdict) => void;
  /** Rows past which a view is only counted. */
  readonly mostRows?: number;
  /** Why no rows are compared, as the end of a sentence; null where they are. */
  readonly uncompared?: string | null;
}

const mostRows = 2_000_000;

/** Creates the plan's views and compares them, in the plan's order. */
export async function buildViews(options: ViewOptions): Promise<readonly ViewVerdict[]> {
  const { ledger, plan, signal, onView } = options;
  const refused = new Map<string, string>();
  for (const statement of plan.after) {
    if (statement.kind !== "view") continue;
    throwIfStopped(signal);
    try {
      await ledger.build(statement, signal);
    } catch (error) {
      refused.set(statement.name, passedOver(error, signal));
    }
  }
  const verdicts: ViewVerdict[] = [];
  for (const view of plan.views ?? []) {
    throwIfStopped(signal);
    const why = refused.get(view.statement);
    const verdict =
      why === undefined
        ? await compareView(view, options)
        : { view: view.source, result: "refused" as const, rowsSource: null, rowsTarget: null, note: why };
    verdicts.push(verdict);
    onView(verdict);
  }
  return verdicts;
}

/** The sentence of a fault that is this view's own; anything else is thrown again. */
function passedOver(error: unknown, signal: AbortSignal): string {
  const own = ["target-refused", "source-refused", "grant-missing"];
  if (signal.aborted || !(error instanceof Fault) || !own.includes(error.code)) throw error;
  return error.message;
}

async function compareView(view: PlanView, options: ViewOptions): Promise<ViewVerdict> {
  const { source, target, plan, signal } = options;
  const verdict = (
    result: ViewVerdict["result"],
    note: string,
    rows: readonly [string, string] | null = null,
  ): ViewVerdict => ({
    view: view.source,
    result,
    rowsSource: rows?.[0] ?? null,
    rowsTarget: rows?.[1] ?? null,
    note,
  });
  const uncompared = view.uncompared ?? options.uncompared ?? null;
  if (uncompared !== null) return verdict("not-compared", uncompared);
  try {
    const [there, here] = [new Sum([]), new Sum([])];
    await source.texts(view.source, ["CAST(COUNT(*) AS CHAR)"], (cells) => there.count(cells), signal);
    await target.texts(plan.schema, view.target, ["count(*)::text"], (cells) => here.count(cells), signal);
    const rows: readonly [string, string] = [there.counted, here.counted];
    if (rows[0] !== rows[1]) return verdict("different", "", rows);
    if (BigInt(rows[0]) > BigInt(options.mostRows ?? mostRows))
      return verdict("counted", "it has too many rows to compare them all", rows);
    const left = view.columns.filter(({ canonical }) => canonical === null).map((column) => column.source);
    const note =
      left.length === 0 ? "" : `without ${left.join(", ")}, whose texts the servers spell differently`;
    if (left.length === view.columns.length) return verdict("counted", note, rows);
    if (await sameRows(view, view.columns, options)) return verdict("equal", note, rows);
    const spelled = view.anySpelling === true ? view.columns.filter(isText) : [];
    const firm = view.columns.filter((column) => !spelled.includes(column));
    if (spelled.length > 0 && (await sameRows(view, firm, options)))
      return verdict("equal", [note, apartFrom(spelled)].filter((each) => each !== "").join("; "), rows);
    return verdict("different", note, rows);
  } catch (error) {
    return verdict("unread", passedOver(error, signal));
  }
}

function apartFrom(columns: readonly PlanViewColumn[]): string {
  return `without ${columns.map(({ source }) => source).join(", ")}, of which either server shows one of several spellings that the collation holds equal`;
}

function isText({ targetType }: PlanViewColumn): boolean {
  return /^(?:text|character|citext)\b/u.test(targetType);
}

/** Whether both sides show the same rows in these columns; where they have no common text, only their number was asked. */
async function sameRows(
  view: PlanView,
  shown: readonly PlanViewColumn[],
  { source, target, plan, signal }: ViewOptions,
): Promise<boolean> {
  const columns = shown.flatMap(({ canonical, unordered }) =>
    canonical === null ? [] : [{ canonical, unordered }],
  );
  if (columns.length === 0) return true;
  const separators = columns.map(({ unordered }) => unordered);
  const [a, b] = [new Sum(separators), new Sum(separators)];
  const list = (side: "source" | "target"): readonly string[] =>
    columns.map(({ canonical }) => canonical[side]);
  await source.texts(view.source, list("source"), a.add, signal);
  await target.texts(plan.schema, view.target, list("target"), b.add, signal);
  return a.total === b.total;
}

/** A sum of hashes: equal for equal rows in whatever order, and other with one row more, less or twice. */
class Sum {
  readonly #separators: readonly (string | null)[];
  #total = 0n;
  #rows = 0n;
  counted = "";

  constructor(separators: readonly (string | null)[]) {
    this.#separators = separators;
  }

  get total(): string {
    return `${this.#rows.toString()} ${this.#total.toString(16)}`;
  }

  count(cells: readonly (string | null)[]): void {
    this.counted = cells[0] ?? "";
  }

  readonly add: TextRow = (cells) => {
    const hash = createHash("sha256");
    cells.forEach((cell, place) => {
      const separator = this.#separators[place] ?? null;
      // A list in no order is put into one.
      const text = cell === null || separator === null ? cell : cell.split(separator).sort().join(separator);
      hash.update(text === null ? "N" : `V${String(Buffer.byteLength(text))}:${text}`);
    });
    const digest = hash.digest();
    this.#total += (digest.readBigUInt64BE(0) << 64n) | digest.readBigUInt64BE(8);
    this.#rows += 1n;
  };
}
