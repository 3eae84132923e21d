/**
 * From a range whose digests differ to the keys of its rows: hashes are parted into buckets on both sides, and the rows of
 * the buckets that differ are listed by key and hash. By hash and not by key, because no order of keys is needed then:
 * text keys, which the two servers sort differently, are parted as evenly as numbers. The target's view stands still
 * meanwhile and the source's moves on; a row that differs and was touched by nobody shows at every step, and whoever was
 * touched in between is one suspect more, who is looked at again.
 */
import { Fault } from "../errors.js";
import type { PlanTable, Range, SourceEngine } from "../model.js";
import type { RowSink, SourceDigests } from "../port.js";
import type { Cell } from "../typemap/codec.js";
import { codecOf } from "../typemap/compile.js";
import { ops } from "../typemap/opcode.js";
import { Output } from "../typemap/output.js";
import { Refusal } from "../typemap/refusal.js";
import { RowWriter } from "../typemap/writer.js";
import { mysqlName } from "../safety/identifier.js";
import type { Buckets, DigestSums, TargetDigests, TupleSink } from "../verify-port.js";
import type { DigestTexts } from "./digest-texts.js";

/** Rows that a bucket is to have. */
const bucketRows = 32;
/** Rows that are listed at most: who has more of them differ is compared by streaming. */
export const mostListed = 100_000;

/** What computes hashes on both sides. */
export interface Digests {
  readonly source: SourceDigests;
  readonly target: TargetDigests;
}

/** Both sides of one query. */
export interface Parted {
  readonly table: PlanTable;
  readonly texts: DigestTexts;
  readonly range: Range | null;
  readonly engine: SourceEngine;
}

/** Sums on both sides at the same time. */
export async function bothSums(
  digests: Digests,
  { table, texts, range }: Parted,
  buckets: number,
  signal: AbortSignal,
): Promise<{ readonly source: readonly DigestSums[]; readonly target: readonly DigestSums[] }> {
  const [source, target] = await together(
    digests.source.sums({ table, range, texts: texts.source }, buckets, signal),
    digests.target.sums({ table, range, texts: texts.target }, buckets, signal),
  );
  return { source, target };
}

/** A key whose row's hash is not there as often on the other side. */
export interface ListedKey {
  readonly key: Buffer;
  /** The hash of the target's row; null where the target has none of the key, or several. */
  readonly target: string | null;
}

/** Suspect keys as tuples, each once; null where there are too many to be listed. `rows` is about how many there are in all. */
export async function bisect(
  digests: Digests,
  parted: Parted,
  rows: number,
  signal: AbortSignal,
): Promise<readonly ListedKey[] | null> {
  const of = bucketsFor(rows);
  const { source, target } = await bothSums(digests, parted, of, signal);
  const only = differing(source, target);
  const chosen = new Set(only);
  const listed = [...source, ...target].reduce(
    (sum, { bucket, rows: count }) => (chosen.has(bucket) ? sum + Number(count) : sum),
    0,
  );
  if (listed > mostListed) return null;
  return only.length === 0 ? [] : await unequalKeys(digests, parted, { of, only }, signal);
}

function bucketsFor(rows: number): number {
  let of = 16;
  while (of < 65_536 && of * bucketRows < rows) of *= 2;
  return of;
}

/** Buckets in which the sides part. */
export function differing(source: readonly DigestSums[], target: readonly DigestSums[]): readonly number[] {
  const told = (sums: DigestSums | undefined): string =>
    sums === undefined ? "" : `${sums.rows} ${sums.sums.join(" ")}`;
  const [a, b] = [source, target].map((sums) => new Map(sums.map((each) => [each.bucket, each])));
  const all = new Set([...source, ...target].map(({ bucket }) => bucket));
  return [...all].filter((bucket) => told(a?.get(bucket)) !== told(b?.get(bucket))).sort((x, y) => x - y);
}

/** Keys of the rows whose hash is not there as often on the other side. */
async function unequalKeys(
  digests: Digests,
  { table, texts, range, engine }: Parted,
  buckets: Buckets,
  signal: AbortSignal,
): Promise<readonly ListedKey[]> {
  const there = new Map<string, string | null>();
  const hashes = new Map<string, { balance: number; readonly keys: Buffer[] }>();
  const add = (tuple: Buffer, step: 1 | -1): void => {
    const { key, hash } = keyAndHash(tuple);
    const entry = hashes.get(hash) ?? { balance: 0, keys: [] };
    entry.balance += step;
    entry.keys.push(key);
    hashes.set(hash, entry);
    if (step === 1) return;
    const text = key.toString("latin1");
    there.set(text, there.has(text) ? null : hash);
  };
  const { select, sink } = keyRows(table, engine, (tuple) => add(tuple, 1));
  await together(
    digests.source.hashes({ table, range, texts: texts.source, select }, buckets, sink, signal),
    digests.target.hashes(
      { table, range, texts: texts.target },
      buckets,
      tupleSink((tuple) => add(tuple, -1)),
      signal,
    ),
  );
  const keys = new Map<string, ListedKey>();
  for (const { balance, keys: found } of hashes.values())
    if (balance !== 0)
      for (const key of found) {
        const text = key.toString("latin1");
        keys.set(text, { key, target: there.get(text) ?? null });
      }
  return [...keys.values()];
}

/** A tuple of a key and a hash, parted: the hash is the last of its fields, 64 characters. */
export function keyAndHash(tuple: Buffer): { readonly key: Buffer; readonly hash: string } {
  const cut = tuple.length - 68;
  if (cut < 2 || tuple.readInt32BE(cut) !== 64) throw new Fault("bug", "A row was listed without its hash.");
  const key = Buffer.from(tuple.subarray(0, cut));
  key.writeInt16BE(tuple.readInt16BE(0) - 1, 0);
  return { key, hash: tuple.toString("latin1", cut + 4) };
}

function tupleSink(take: (tuple: Buffer) => void): TupleSink {
  return {
    tuple: (bytes, start, end) => take(bytes.subarray(start, end)),
    full: () => false,
    drained: () => Promise.resolve(),
  };
}

const hashCell: Cell = { op: ops.bytes, wire: 0, parameter: 0, write: null };

/** Reads the key's columns and a hash as the tuple that the target would send of them. */
function keyRows(table: PlanTable, engine: SourceEngine, take: (tuple: Buffer) => void): HashedRows {
  const names = table.key?.columns ?? [];
  const columns = names.flatMap((name) => table.columns.filter(({ source }) => source === name));
  return hashedRows(table, columns, engine, take);
}

export interface HashedRows {
  readonly select: readonly string[];
  readonly sink: RowSink;
}

/** Rows of these columns with a hash behind them, as tuples. */
export function hashedRows(
  table: PlanTable,
  columns: PlanTable["columns"],
  engine: SourceEngine,
  take: (tuple: Buffer) => void,
): HashedRows {
  const codecs = columns.map((column) => ({ column, codec: codecOf(column, engine) }));
  const writer = new RowWriter(
    [...codecs.map(({ codec }) => codec.cell), hashCell],
    new Output(null, codecs.length + 1),
  );
  return {
    select: codecs.map(({ column, codec }) => codec.select(mysqlName(column.source))),
    sink: {
      row(packet, start, end) {
        writer.out.at = 0;
        try {
          writer.row(packet, start, end);
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          const name = columns[writer.out.column]?.source ?? "?";
          throw new Fault("value-refused", `${table.source}.${name} holds ${error.message}.`, {
            cause: error,
          });
        }
        take(writer.out.bytes.subarray(0, writer.out.at));
      },
      full: () => false,
      drained: () => Promise.resolve(),
    },
  };
}

/** Both, or the first one's failure once the other has ended too: neither is left running behind a caller's back. */
async function together<A, B>(first: Promise<A>, second: Promise<B>): Promise<readonly [A, B]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === "rejected") throw a.reason;
  if (b.status === "rejected") throw b.reason;
  return [a.value, b.value];
}
