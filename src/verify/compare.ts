/**
 * Compares rows of one table, found on both sides as tuples of PostgreSQL's binary form. Nobody is accused here: what
 * is not the same is a suspect, and whoever asked looks again at those that no event touched (design.md, decision 10).
 * A value that the codec refuses makes its row a suspect; rows of a key that is refused are a Fault, for they have no name.
 */
import { Fault } from "../errors.js";
import type { PlanTable, Range } from "../model.js";
import type { Tuples } from "../stream-port.js";
import type { Suspect } from "../verify-port.js";
import { matchKeys, matchRange } from "./by-keys.js";
import type { Comparer } from "./comparer.js";
import type { KeysFigures, RangeFigures } from "./comparing.js";
import { allMatched, extraKeys } from "./extra-keys.js";
import { keyOrder } from "./key-order.js";
import { compareMultiset } from "./multiset.js";
import { Side } from "./side.js";
import { SourceShape, readSource } from "./source-rows.js";
import type { SourceRead } from "./source-rows.js";
import { Suspects } from "./suspects.js";
import type { OnSuspects } from "./suspects.js";
import { readTarget } from "./target-rows.js";
import { betweenSides } from "./between-sides.js";
import { rowShape } from "./tuple.js";
import { walk } from "./walk.js";

export type CompareWay = Exclude<RangeFigures["method"], "digest">;

/** How a table is compared: `stream` both in key order, `keys` by key lists, `multiset` without a key. */
export function wayOf(table: PlanTable): CompareWay {
  if (table.key === null) return "multiset";
  return keyOrder(table, rowShape(table)) === null ? "keys" : "stream";
}

/**
 * Compares one range, or the whole table where `range` is null, and hands on at most 1,000 suspects at a time; it waits
 * for whoever takes them. Of a table that is compared by keys, rows that only the target has are in no range of the
 * source's: they are among the suspects where the whole table is compared; otherwise `extrasOf` finds them.
 */
export async function compareRange(
  comparer: Comparer,
  table: PlanTable,
  range: Range | null,
  onSuspects: OnSuspects,
  signal: AbortSignal,
): Promise<RangeFigures> {
  const suspects = new Suspects(table, onSuspects);
  const way = wayOf(table);
  if (way === "stream") return await compareStream(comparer, table, range, suspects, signal);
  const whole = range === null || (range.lower === null && range.upper === null);
  if (way === "multiset") {
    if (!whole) throw new Fault("bug", `A range of ${table.source}, which has no key.`);
    const compared = await compareMultiset(comparer, table, suspects, signal);
    return { ...inDecimal(compared), digest: null, method: "multiset" };
  }
  const matched = await matchRange(comparer, table, range, suspects, signal);
  let { rowsTarget } = matched;
  if (whole && !(await allMatched(comparer, table, rowsTarget, signal)))
    rowsTarget += await extraKeys(comparer, table, suspects, signal);
  await suspects.flush();
  return { ...inDecimal({ ...matched, rowsTarget }), digest: null, method: "keys" };
}

/** Rows of the target whose keys the source does not have: to be asked for once of a table that was compared by keys in more than one range. Of other tables they are found in their ranges. */
export async function extrasOf(
  comparer: Comparer,
  table: PlanTable,
  onSuspects: OnSuspects,
  signal: AbortSignal,
): Promise<number> {
  const suspects = new Suspects(table, onSuspects);
  const rows = await extraKeys(comparer, table, suspects, signal);
  await suspects.flush();
  return rows;
}

/** Compares the rows with these keys, each of them once: a recheck, or dirty keys. Not for tables without a key. */
export async function compareKeys(
  comparer: Comparer,
  table: PlanTable,
  keys: Tuples,
  signal: AbortSignal,
): Promise<KeysFigures> {
  const found: Suspect[] = [];
  const suspects = new Suspects(table, (some) => {
    found.push(...some);
    return Promise.resolve();
  });
  const absent: Buffer[] = [];
  const note = (key: Buffer): void => void absent.push(key);
  const { rowsSource, rowsTarget } = await matchKeys(comparer, table, keys, suspects, signal, note);
  await suspects.flush();
  return { suspects: found, rowsSource, rowsTarget, absent };
}

async function compareStream(
  { look, reader, engine }: Comparer,
  table: PlanTable,
  range: Range | null,
  suspects: Suspects,
  signal: AbortSignal,
): Promise<RangeFigures> {
  const shape = rowShape(table);
  const order = keyOrder(table, shape);
  if (order === null) throw new Fault("bug", `${table.source} is not sorted alike on both sides.`);
  const source = new SourceShape(shape, engine);
  const [ours, theirs] = [new Side(), new Side()];
  let read: SourceRead = { rows: 0, bytes: 0, digest: null };
  let rowsTarget = 0;
  const wanted = range === null ? { kind: "all" as const } : { kind: "range" as const, range };
  await betweenSides(
    [ours, theirs],
    [
      async (stop) => {
        read = await readSource(reader, source, { range, ordered: true }, ours, true, stop);
      },
      async (stop) => {
        rowsTarget = await readTarget(look, shape, wanted, true, theirs, stop);
      },
      () => walk(shape, order, ours, theirs, suspects),
    ],
    signal,
  );
  return {
    ...inDecimal({ rowsSource: read.rows, rowsTarget, bytes: read.bytes }),
    digest: read.digest,
    method: "stream",
  };
}

function inDecimal(rows: {
  readonly rowsSource: number;
  readonly rowsTarget: number;
  readonly bytes: number;
}): Pick<RangeFigures, "rowsSource" | "rowsTarget" | "bytes"> {
  return {
    rowsSource: String(rows.rowsSource),
    rowsTarget: String(rows.rowsTarget),
    bytes: String(rows.bytes),
  };
}
