/**
 * `method: digest`: ranges are compared by digests that the two servers compute of their own rows, and rows travel only
 * where digests differ. The digest decides nothing but that a range is equal: whatever it finds is handed to the streamed
 * compare by key, and what it cannot tell (columns without an exact text, values that a server has no text for) is
 * streamed from the start. Count and two sums, never XOR alone: duplicates must not cancel out (design.md, decision 8).
 */
import { createHash } from "node:crypto";
import { Fault } from "../errors.js";
import type { PlanTable, Range } from "../model.js";
import { throwIfStopped } from "../stop.js";
import type { DigestSums, Suspect } from "../verify-port.js";
import { demandAgreement } from "./agreement.js";
import { bisect, bothSums, differing } from "./bisect.js";
import type { Digests, ListedKey, Parted } from "./bisect.js";
import type { Comparer } from "./comparer.js";
import type { Comparing, RangeFigures } from "./comparing.js";
import { digestTexts, keyTexts } from "./digest-texts.js";
import { tuplesOf } from "./tuples.js";

type OnSuspects = (suspects: readonly Suspect[]) => Promise<void>;

/** Suspects handed over in one go. */
const page = 1000;
/** Keys that are compared in one go. */
const keysAtOnce = 5000;

export interface DigestOptions {
  /** The streamed compare, which has the last word. */
  readonly stream: Comparing;
  /** Whether both servers have the table's key in one order, so that a range holds the same rows on both sides. */
  readonly ordered: (table: PlanTable) => boolean;
  /** Called where a server refused to digest a range, which is streamed then. */
  readonly onRefused?: (table: PlanTable, fault: Fault) => void;
}

export function digestComparing(options: DigestOptions): Comparing {
  const { stream, ordered } = options;
  return {
    ...stream,
    // Rows of a range in the source's order cannot be found by the target where it sorts keys another way.
    inRanges: (table) => stream.inRanges?.(table) !== false && ordered(table),
    range: (comparer, table, range, onSuspects, signal) =>
      digestRange(options, { comparer, table, range }, onSuspects, signal),
  };
}

interface Piece {
  readonly comparer: Comparer;
  readonly table: PlanTable;
  readonly range: Range | null;
}

async function digestRange(
  { stream, ordered, onRefused }: DigestOptions,
  { comparer, table, range }: Piece,
  onSuspects: OnSuspects,
  signal: AbortSignal,
): Promise<RangeFigures> {
  const streamed = (): Promise<RangeFigures> => stream.range(comparer, table, range, onSuspects, signal);
  const [source, target] = [comparer.reader.digests, comparer.look.digests];
  if (source === undefined || target === undefined) return await streamed();
  const texts = digestTexts(table.columns, comparer.engine);
  const keyed = stream.hasKeys(table);
  // Nothing to digest, or rows that nobody could put together again: without a key one look must see whole rows. Where a
  // row's hash holds not all of its key, two rows whose values changed places leave count and sums as they were.
  if (texts.source.length === 0 || (!keyed && texts.streamed.length > 0)) return await streamed();
  if (keyed && keyTexts(table, comparer.engine) === null) return await streamed();
  if (range !== null && !ordered(table)) return await streamed();
  const parted: Parted = { table, texts, range, engine: comparer.engine };
  let found: Found;
  try {
    found = await look({ source, target }, parted, keyed, signal);
  } catch (error) {
    // A value that one of the servers has no text for (some gigabyte, bytes that are no geometry) refuses the statement.
    if (signal.aborted || !isRefusal(error)) throw error;
    onRefused?.(table, error);
    return await streamed();
  }
  if (found.keys === null) return await streamed();
  const told = new Set<string>();
  for (let at = 0; at < found.keys.length; at += keysAtOnce) {
    throwIfStopped(signal);
    const listed = found.keys.slice(at, at + keysAtOnce);
    const keys = tuplesOf(listed.map(({ key }) => key));
    const { suspects } = await stream.keys(comparer, table, keys, signal);
    for (const { key } of suspects) told.add(key.toString("latin1"));
    const excused = listed.filter(({ key }) => !told.has(key.toString("latin1")));
    await demandAgreement(comparer, table, { source, texts }, excused, signal);
    for (let from = 0; from < suspects.length; from += page)
      await onSuspects(suspects.slice(from, from + page));
  }
  // Whole rows were looked at above: who is told once is not told again by half of a row.
  const others: OnSuspects = async (suspects) => {
    const rest = suspects.filter(({ key }) => !told.has(key.toString("latin1")));
    if (rest.length > 0) await onSuspects(rest);
  };
  if (texts.streamed.length > 0)
    await stream.range(comparer, narrowed(table, texts.streamed), range, others, signal);
  return found.figures;
}

interface Found {
  readonly figures: RangeFigures;
  /** Keys of the rows that differ; null where they are to be found by streaming. */
  readonly keys: readonly ListedKey[] | null;
}

async function look(digests: Digests, parted: Parted, keyed: boolean, signal: AbortSignal): Promise<Found> {
  const { source, target } = await bothSums(digests, parted, 1, signal);
  const figures: RangeFigures = {
    rowsSource: source[0]?.rows ?? "0",
    rowsTarget: target[0]?.rows ?? "0",
    // Nothing of the rows has travelled.
    bytes: "0",
    digest: digestOf(source[0]),
    method: "digest",
  };
  if (differing(source, target).length === 0) return { figures, keys: [] };
  if (!keyed) return { figures, keys: null };
  const rows = Math.max(Number(figures.rowsSource), Number(figures.rowsTarget));
  return { figures, keys: await bisect(digests, parted, rows, signal) };
}

/** One SHA-256 over count and sums, so that a proof holds one form of digest whatever the method. */
function digestOf(sums: DigestSums | undefined): string {
  const text = sums === undefined ? "0/0/0" : [sums.rows, ...sums.sums].join("/");
  return createHash("sha256").update(text).digest("hex");
}

/** The key and the columns that the digest leaves out. */
function narrowed(table: PlanTable, columns: PlanTable["columns"]): PlanTable {
  const wanted = new Set([...(table.key?.columns ?? []), ...columns.map(({ source }) => source)]);
  return { ...table, columns: table.columns.filter(({ source }) => wanted.has(source)) };
}

function isRefusal(error: unknown): error is Fault {
  return error instanceof Fault && (error.code === "target-refused" || error.code === "source-refused");
}
