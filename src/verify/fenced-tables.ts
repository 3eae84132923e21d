/**
 * What is looked at where nothing moves any more: of each table the keys that were touched since they were last compared
 * equal, with the rows that earlier looks left on record, whatever they were called then: pending, suspected, accused. A
 * table that was touched as a whole, or has no key, or was never compared, is looked at whole. The rest is clean.
 */
import type { PlanTable, Range } from "../model.js";
import { throwIfStopped } from "../stop.js";
import type { VerifyTools } from "./tools.js";
import { keysIn } from "./tuples.js";

export type FencedPiece =
  | { readonly kind: "keys"; readonly table: PlanTable; readonly keys: readonly Buffer[] }
  | { readonly kind: "range"; readonly table: PlanTable; readonly range: Range | null }
  /** Rows that only the target has, of a table in several ranges. */
  | { readonly kind: "extras"; readonly table: PlanTable };

export interface FencedWay {
  readonly way: "clean" | "keys" | "whole";
  /** What batches after this one have touched; of no meaning where the table is looked at whole. */
  readonly from: bigint;
}

export type FencedWork = Pick<
  VerifyTools,
  "source" | "ledger" | "plan" | "comparing" | "rangeRows" | "onEvent"
>;

/** Keys that one worker compares in one go; batches' keys that are told apart in memory. */
const pieceKeys = 2_000;
const pageKeys = 20_000;
const recordedRows = 5_000;

/** How a table is to be looked at. What touches name no keys by is only met when they are read. */
export async function fencedWays(
  { ledger, plan, comparing }: FencedWork,
  full: boolean,
  signal: AbortSignal,
): Promise<ReadonlyMap<PlanTable, FencedWay>> {
  const clean = new Map((await ledger.tables()).map((proof) => [proof.table, proof.clean]));
  const dirty = await ledger.dirty?.();
  const recorded = new Set((await ledger.mismatchCounts()).map(({ table }) => table));
  const ways = new Map<PlanTable, FencedWay>();
  for (const table of plan.tables) {
    throwIfStopped(signal);
    const from = clean.get(table.source) ?? null;
    if (full || from === null) {
      ways.set(table, { way: "whole", from: 0n });
      continue;
    }
    const touched = dirty?.find((each) => each.table === table.source);
    const batches = { any: touched !== undefined };
    const note = (): boolean => {
      batches.any = true;
      return false;
    };
    if (dirty === undefined) await ledger.touched(table, from.seq, null, note, signal);
    const keyed = comparing.hasKeys(table);
    const keys = keyed && touched?.whole !== true;
    const way = !batches.any && !recorded.has(table.source) ? "clean" : keys ? "keys" : "whole";
    ways.set(table, { way, from: from.seq });
  }
  return ways;
}

/** The pieces, biggest tables first as the plan has them. A table whose touches name no keys is told to `onWhole`. */
export async function* fencedPieces(
  tools: FencedWork,
  ways: ReadonlyMap<PlanTable, FencedWay>,
  onWhole: (table: PlanTable) => void,
  signal: AbortSignal,
): AsyncGenerator<FencedPiece, null> {
  for (const [table, { way, from }] of ways) {
    if (way === "clean") continue;
    let whole = way === "whole";
    if (!whole)
      for await (const keys of dirtyKeys(tools, table, from, signal)) {
        if (keys === "whole") {
          whole = true;
          break;
        }
        for (let at = 0; at < keys.length; at += pieceKeys)
          yield { kind: "keys", table, keys: keys.slice(at, at + pieceKeys) };
      }
    if (!whole) continue;
    onWhole(table);
    yield* wholePieces(tools, table, signal);
  }
  return null;
}

async function* wholePieces(
  { source, comparing, rangeRows }: FencedWork,
  table: PlanTable,
  signal: AbortSignal,
): AsyncGenerator<FencedPiece> {
  if (!comparing.hasKeys(table) || comparing.inRanges?.(table) === false) {
    yield { kind: "range", table, range: null };
    return;
  }
  let ranges = 0;
  for await (const range of source.split({ ...table, exactCut: false }, rangeRows, signal)) {
    const alone = range.lower === null && range.upper === null;
    ranges += 1;
    yield { kind: "range", table, range: alone ? null : range };
  }
  if (ranges > 1) yield { kind: "extras", table };
}

/** Each key once in a page; in another page it may come again. */
async function* dirtyKeys(
  { ledger }: FencedWork,
  table: PlanTable,
  clean: bigint,
  signal: AbortSignal,
): AsyncGenerator<readonly Buffer[] | "whole"> {
  const keys = new Set<string>();
  const taken = (): readonly Buffer[] => {
    const page = [...keys].map((key) => Buffer.from(key, "latin1"));
    keys.clear();
    return page;
  };
  for (let after: Buffer | null = null; ;) {
    const page = await ledger.mismatches(
      table.source,
      ["suspect", "different", "pending"],
      after,
      recordedRows,
    );
    for (const { key } of page) keys.add(key.toString("latin1"));
    after = page.at(-1)?.key ?? null;
    if (page.length < recordedRows) break;
    yield taken();
  }
  for (let from = clean; ;) {
    const end: { at: bigint | null; whole: boolean } = { at: null, whole: false };
    await ledger.touched(
      table,
      from,
      null,
      (seq, bytes) => {
        end.at = seq;
        if (bytes === null) {
          end.whole = true;
          return false;
        }
        for (const key of keysIn(bytes)) keys.add(key);
        return keys.size < pageKeys;
      },
      signal,
    );
    if (end.whole) {
      yield "whole";
      return;
    }
    const more = end.at !== null && keys.size >= pageKeys;
    if (keys.size > 0) yield taken();
    if (!more || end.at === null) return;
    from = end.at;
  }
}
