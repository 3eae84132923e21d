/**
 * Comparing by keys, for tables whose keys the two sides do not sort alike, and for keys that are looked at again. The
 * source's rows come in pieces, the target is asked for their keys. What only the target has, no key of the source
 * asks for: a pass over the target's keys alone finds it, each piece of which is asked for at the source.
 */
import { Fault } from "../errors.js";
import type { PlanColumn, PlanTable, Range } from "../model.js";
import type { Tuples } from "../stream-port.js";
import { parseTargetType } from "../typemap/family.js";
import type { Comparer } from "./comparer.js";
import { KeyMatch } from "./key-match.js";
import { Side } from "./side.js";
import type { Chunk } from "./side.js";
import { SourceShape, readSource } from "./source-rows.js";
import { Suspects } from "./suspects.js";
import type { OnSuspects } from "./suspects.js";
import { readTarget } from "./target-rows.js";
import { together } from "./together.js";
import { TupleView, keyShape, rowShape, tupleEnd } from "./tuple.js";

/** Rows that the target is asked for at once, and their bytes. */
const pieceRows = 4000;
const pieceBytes = 1_048_576;
/** Keys that the source is asked for at once. */
const askedKeys = 1000;

export interface Matched {
  readonly rowsSource: number;
  /** Rows of the target with a key of the source's. */
  readonly rowsTarget: number;
  readonly bytes: number;
}

/** The source's rows of the range, or with these keys, and what the target has of them. */
export async function matchRows(
  { look, reader, engine }: Comparer,
  table: PlanTable,
  wanted: { readonly range: Range | null } | { readonly keys: readonly Buffer[] },
  suspects: Suspects,
  onKey: ((key: string) => void) | null,
  signal: AbortSignal,
): Promise<Matched> {
  const shape = rowShape(table);
  const source = new SourceShape(shape, engine);
  const side = new Side(pieceBytes);
  const query =
    "range" in wanted
      ? { range: wanted.range, ordered: false }
      : { range: null, ordered: false, keys: wanted.keys.map((key) => source.keyTexts(key)) };
  let read = { rows: 0, bytes: 0 };
  let rowsTarget = 0;
  const piece = async (chunk: Chunk, stop: AbortSignal): Promise<void> => {
    const match = new KeyMatch(shape, chunk.bytes);
    const view = new TupleView(shape);
    while (chunk.at < chunk.end && match.size < pieceRows) {
      if (onKey !== null) onKey(view.read(chunk.bytes, chunk.at).keyText());
      chunk.at = match.add(chunk.at);
    }
    const wantedKeys = { kind: "keys" as const, keys: match.keys() };
    await look.read({ table, columns: shape.places, wanted: wantedKeys, ordered: false }, match, stop);
    rowsTarget += match.found;
    match.tell(suspects);
  };
  await together(
    signal,
    [side],
    [
      async (stop) => {
        read = await readSource(reader, source, query, side, false, stop);
      },
      async (stop) => {
        for (let chunk = await side.head(); chunk !== null; chunk = await side.head()) {
          await piece(chunk, stop);
          if (suspects.full) await suspects.flush(false);
          side.shift();
        }
      },
    ],
  );
  return { rowsSource: read.rows, rowsTarget, bytes: read.bytes };
}

/** Keys of the target that the source does not have, each piece asked for at the source. */
export async function extraKeys(
  { look, reader, engine }: Comparer,
  table: PlanTable,
  suspects: Suspects,
  signal: AbortSignal,
): Promise<void> {
  const shape = keyShape(table);
  const source = new SourceShape(shape, engine);
  const side = new Side();
  const ask = async (chunk: Chunk, stop: AbortSignal): Promise<void> => {
    const copies = new Map<string, { readonly key: Buffer; copies: number }>();
    while (chunk.at < chunk.end && copies.size < askedKeys) {
      const end = tupleEnd(chunk.bytes, chunk.at);
      const key = Buffer.from(chunk.bytes.subarray(chunk.at, end));
      const known = copies.get(key.toString("latin1"));
      if (known === undefined) copies.set(key.toString("latin1"), { key, copies: 1 });
      else known.copies++;
      chunk.at = end;
    }
    const asked = [...copies.values()].filter(({ key }) => !hasNull(key));
    const answer = new Side();
    await together(
      stop,
      [answer],
      [
        async (inner) => {
          const keys = asked.map(({ key }) => source.keyTexts(key));
          await readSource(reader, source, { range: null, keys, ordered: false }, answer, false, inner);
        },
        async () => {
          for (let rows = await answer.head(); rows !== null; rows = await answer.head()) {
            while (rows.at < rows.end) {
              const end = tupleEnd(rows.bytes, rows.at);
              const found = copies.get(rows.bytes.toString("latin1", rows.at, end));
              // Of a key that the source has, the copies were told when its row was matched.
              if (found !== undefined) found.copies = 0;
              rows.at = end;
            }
            answer.shift();
          }
        },
      ],
    );
    for (const { key, copies: left } of copies.values()) if (left > 0) suspects.add(key, "extra", [], left);
  };
  await together(
    signal,
    [side],
    [
      async (stop) => {
        await readTarget(look, shape, { kind: "all" }, false, side, stop);
      },
      async (stop) => {
        for (let chunk = await side.head(); chunk !== null; chunk = await side.head()) {
          await ask(chunk, stop);
          if (suspects.full) await suspects.flush(false);
          side.shift();
        }
      },
    ],
  );
}

/** A key that the source cannot have; only before the target's key is built. */
function hasNull(key: Buffer): boolean {
  const fields = key.readInt16BE(0);
  for (let k = 0, at = 2; k < fields; k++) {
    const length = key.readInt32BE(at);
    if (length < 0) return true;
    at += 4 + length;
  }
  return false;
}

/** Whether two keys of the source are always two keys of the target, so that counts at one position can prove something. */
export function keysStayApart(table: PlanTable): boolean {
  return (table.key?.columns ?? []).every((name) => {
    const column = table.columns.find(({ source }) => source === name);
    return column !== undefined && staysApart(column);
  });
}

function staysApart({ column, targetType, policy }: PlanColumn): boolean {
  // A uuid or an address in text has several spellings of one value, and a policy makes one value of several.
  const { base } = parseTargetType(targetType);
  if (column.charset !== null && (base === "uuid" || base === "inet")) return false;
  return Object.values(policy).every((rule) => rule === "refuse");
}

/** Compares the rows with these keys, each once. */
export async function compareKeysOf(
  comparer: Comparer,
  table: PlanTable,
  keys: Tuples,
  onSuspects: OnSuspects,
  signal: AbortSignal,
): Promise<{ rowsSource: number; rowsTarget: number }> {
  if (table.key === null) throw new Fault("bug", `${table.source} has no key to be looked at by.`);
  const suspects = new Suspects(table, onSuspects);
  let [rowsSource, rowsTarget] = [0, 0];
  for (const piece of pieces(keys)) {
    const left = new Map(piece.map((key) => [key.toString("latin1", 2), key]));
    const matched = await matchRows(
      comparer,
      table,
      { keys: piece },
      suspects,
      (key) => left.delete(key),
      signal,
    );
    rowsSource += matched.rowsSource;
    rowsTarget += matched.rowsTarget;
    if (left.size > 0) rowsTarget += await onlyThere(comparer, table, left, suspects, signal);
  }
  await suspects.flush(true);
  return { rowsSource, rowsTarget };
}

/** What the target has of keys that the source does not have. */
async function onlyThere(
  { look }: Comparer,
  table: PlanTable,
  left: ReadonlyMap<string, Buffer>,
  suspects: Suspects,
  signal: AbortSignal,
): Promise<number> {
  const shape = keyShape(table);
  const copies = new Map<string, number>();
  const chunk = Buffer.concat([...left.values()]);
  const keys = { rows: left.size, bytes: chunk.length, chunks: [chunk] };
  const sink = {
    tuple: (bytes: Buffer, start: number, end: number): void => {
      const key = bytes.toString("latin1", start + 2, end);
      if (left.has(key)) copies.set(key, (copies.get(key) ?? 0) + 1);
    },
    full: () => false,
    drained: () => Promise.resolve(),
  };
  await look.read(
    { table, columns: shape.places, wanted: { kind: "keys", keys }, ordered: false },
    sink,
    signal,
  );
  let rows = 0;
  for (const [text, count] of copies) {
    const key = left.get(text);
    if (key !== undefined) suspects.add(key, "extra", [], count);
    rows += count;
  }
  return rows;
}

/** The keys' tuples, some at a time. */
function* pieces({ chunks }: Tuples): Generator<Buffer[]> {
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
