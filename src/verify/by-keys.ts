/**
 * Rows matched by their keys: of tables whose keys the two sides do not sort alike, and where single keys are looked at
 * again. The source's rows come in pieces and the target is asked for their keys; of keys that the source does not have
 * the target is asked too. Rows that nobody asked for, which a server's own `=` found, belong to other keys.
 */
import { Fault } from "../errors.js";
import type { PlanTable, Range } from "../model.js";
import type { Tuples } from "../stream-port.js";
import type { Wanted } from "../verify-port.js";
import { betweenSides } from "./between-sides.js";
import type { Comparer } from "./comparer.js";
import { KeyMatch } from "./key-match.js";
import { Side } from "./side.js";
import type { Chunk } from "./side.js";
import { SourceShape, readSource } from "./source-rows.js";
import type { Suspects } from "./suspects.js";
import { TupleView, hasNull, keyShape, rowShape, tupleEnd } from "./tuple.js";
import { tuplesOf } from "./tuples.js";

/** Rows that the target is asked for at once, and their bytes. */
const pieceRows = 4000;
const pieceBytes = 1_048_576;
/** Keys that the source is asked for at once. */
export const askedKeys = 1000;

export interface Matched {
  readonly rowsSource: number;
  /** Rows of the target with a key of the source's. */
  readonly rowsTarget: number;
  readonly bytes: number;
}

/** The source's rows of the range, and what the target has of them. */
export async function matchRange(
  comparer: Comparer,
  table: PlanTable,
  range: Range | null,
  suspects: Suspects,
  signal: AbortSignal,
): Promise<Matched> {
  return await match(comparer, table, { range }, suspects, () => true, signal);
}

/** The rows with these keys, each of them once. `onAbsent`: neither side has the key. */
export async function matchKeys(
  comparer: Comparer,
  table: PlanTable,
  keys: Tuples,
  suspects: Suspects,
  signal: AbortSignal,
  onAbsent?: (key: Buffer) => void,
): Promise<Matched> {
  if (table.key === null) throw new Fault("bug", `${table.source} has no key to be looked at by.`);
  let [rowsSource, rowsTarget, bytes] = [0, 0, 0];
  for (const piece of piecesOf(keys)) {
    const left = new Map(piece.map((key) => [textOf(key), key]));
    // A key that the source cannot have, where the target's key is not built or was taken away.
    const nulls = new Map([...left].filter(([, key]) => hasNull(key)));
    for (const text of nulls.keys()) left.delete(text);
    const asked = new Set(left.keys());
    const matched = await match(
      comparer,
      table,
      { keys: [...left.values()] },
      suspects,
      (key) => {
        left.delete(key);
        return asked.has(key);
      },
      signal,
    );
    rowsSource += matched.rowsSource;
    rowsTarget += matched.rowsTarget;
    bytes += matched.bytes;
    const byKey = { kind: "keys" as const, keys: tuplesOf([...left.values()]) };
    if (left.size > 0) rowsTarget += await onlyThere(comparer, table, left, byKey, suspects, signal);
    if (onAbsent !== undefined) for (const key of left.values()) onAbsent(key);
    // No key list finds a NULL.
    if (nulls.size > 0)
      rowsTarget += await onlyThere(comparer, table, nulls, { kind: "all" }, suspects, signal);
  }
  return { rowsSource, rowsTarget, bytes };
}

async function match(
  { look, reader, engine }: Comparer,
  table: PlanTable,
  wanted: { readonly range: Range | null } | { readonly keys: readonly Buffer[] },
  suspects: Suspects,
  isWanted: (key: string) => boolean,
  signal: AbortSignal,
): Promise<Matched> {
  const shape = rowShape(table);
  const source = new SourceShape(shape, engine);
  const side = new Side(pieceBytes);
  const query =
    "range" in wanted
      ? { range: wanted.range, ordered: false }
      : { range: null, ordered: false, keys: source.asked(wanted.keys) };
  if (query.keys?.texts.length === 0) return { rowsSource: 0, rowsTarget: 0, bytes: 0 };
  const view = new TupleView(shape);
  let [rowsSource, rowsTarget, bytes] = [0, 0, 0];
  const compare = async (chunk: Chunk, stop: AbortSignal): Promise<void> => {
    const found = new KeyMatch(shape, chunk.bytes);
    while (chunk.at < chunk.end && found.size < pieceRows) {
      view.read(chunk.bytes, chunk.at);
      if (isWanted(view.keyText())) {
        found.add(chunk.at);
        rowsSource++;
        bytes += view.end - chunk.at;
      }
      chunk.at = view.end;
    }
    if (found.size === 0) return;
    const byKey = { kind: "keys" as const, keys: found.keys() };
    await look.read({ table, columns: shape.places, wanted: byKey, ordered: false }, found, stop);
    rowsTarget += found.found;
    found.tell(suspects);
  };
  await betweenSides(
    [side],
    [
      async (stop) => {
        await readSource(reader, source, query, side, false, stop);
      },
      async (stop) => {
        for (let chunk = await side.head(); chunk !== null; chunk = await side.head()) {
          await compare(chunk, stop);
          if (suspects.full) await suspects.flush(1);
          side.shift();
        }
      },
    ],
    signal,
  );
  return { rowsSource, rowsTarget, bytes };
}

/** How many rows the target has of keys that the source does not have; `left` keeps those that it does not have either. */
async function onlyThere(
  { look }: Comparer,
  table: PlanTable,
  left: Map<string, Buffer>,
  wanted: Wanted,
  suspects: Suspects,
  signal: AbortSignal,
): Promise<number> {
  const copies = new Map<string, number>();
  const sink = {
    tuple: (bytes: Buffer, start: number, end: number): void => {
      const key = bytes.toString("latin1", start + 2, end);
      if (left.has(key)) copies.set(key, (copies.get(key) ?? 0) + 1);
    },
    full: () => false,
    drained: () => Promise.resolve(),
  };
  await look.read({ table, columns: keyShape(table).places, wanted, ordered: false }, sink, signal);
  let rows = 0;
  for (const [text, count] of copies) {
    const key = left.get(text);
    if (key !== undefined) suspects.add(key, "extra", [], count);
    left.delete(text);
    rows += count;
  }
  return rows;
}

/** As TupleView.keyText: without the count of fields. */
function textOf(key: Buffer): string {
  return key.toString("latin1", 2);
}

/** The keys' tuples, some at a time. */
function* piecesOf({ chunks }: Tuples): Generator<Buffer[]> {
  let piece: Buffer[] = [];
  for (const chunk of chunks)
    for (let at = 0; at < chunk.length;) {
      const end = tupleEnd(chunk, at);
      piece.push(chunk.subarray(at, end));
      at = end;
      if (piece.length === askedKeys) {
        yield piece;
        piece = [];
      }
    }
  if (piece.length > 0) yield piece;
}
