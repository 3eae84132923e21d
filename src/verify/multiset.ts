/**
 * Tables without a key: a multiset of rows on each side. Each row's SHA-256 goes into one of some thousand buckets that
 * hold a count and sums, the source's added and the target's taken away, so two equal sides leave every bucket at
 * zero, duplicates counted. Of buckets that are left with something both sides are read again, a bounded number of
 * rows at a time, and the rows that one side has more copies of are named by their SHA-256.
 */
import { hash } from "node:crypto";
import { Fault } from "../errors.js";
import type { PlanTable } from "../model.js";
import type { Comparer } from "./comparer.js";
import { Side } from "./side.js";
import { SourceShape, readSource } from "./source-rows.js";
import type { SourceRead } from "./source-rows.js";
import type { Suspects } from "./suspects.js";
import { readTarget } from "./target-rows.js";
import { betweenSides } from "./between-sides.js";
import { TupleView, rowShape, tupleEnd } from "./tuple.js";

/** Told apart by the first 13 bits of the hash. */
const buckets = 8192;
/** Words of 32 bits that are summed, modulo 2^32 each. */
const words = 8;
/** Rows that are looked at one by one in one pass. */
const rowsAtOnce = 200_000;

export interface MultisetCompared {
  readonly rowsSource: number;
  readonly rowsTarget: number;
  readonly bytes: number;
}

export async function compareMultiset(
  comparer: Comparer,
  table: PlanTable,
  suspects: Suspects,
  signal: AbortSignal,
  passRows = rowsAtOnce,
): Promise<MultisetCompared> {
  const sums = new Sums();
  const compared = await bothSides(
    comparer,
    table,
    (bytes, start, end, sign) => sums.add(bytes, start, end, sign),
    signal,
  );
  for (const wanted of sums.passes(passRows)) {
    const rows = new Map<string, OddRow>();
    const view = new TupleView(rowShape(table));
    await bothSides(
      comparer,
      table,
      (bytes, start, end, sign) => {
        const digest = hashOf(bytes, start, end);
        if (!wanted.has(bucketOf(digest))) return;
        const text = digest.toString("latin1");
        const row = rows.get(text) ?? {
          copies: 0,
          there: false,
          refused: sign > 0 ? view.read(bytes, start).refused() : [],
        };
        row.copies += sign;
        if (sign > 0) row.there = true;
        rows.set(text, row);
      },
      signal,
    );
    for (const [text, { copies, there, refused }] of rows) {
      if (copies === 0) continue;
      const key = Buffer.from(text, "latin1");
      if (refused.length > 0) suspects.add(key, "different", refused, copies);
      else if (copies > 0) suspects.add(key, "missing", [], copies);
      else suspects.add(key, "extra", [], -copies, there);
      if (suspects.full) await suspects.flush(1);
    }
  }
  await suspects.flush();
  return compared;
}

interface OddRow {
  /** Of the source, less those of the target. */
  copies: number;
  /** The source has it. */
  there: boolean;
  readonly refused: readonly string[];
}

type OnRow = (bytes: Buffer, start: number, end: number, sign: 1 | -1) => void;

/** Every row of both sides, one side after the other. */
async function bothSides(
  { look, reader, engine }: Comparer,
  table: PlanTable,
  onRow: OnRow,
  signal: AbortSignal,
): Promise<MultisetCompared> {
  const shape = rowShape(table);
  const source = new SourceShape(shape, engine);
  const take = async (side: Side, sign: 1 | -1): Promise<void> => {
    for (let chunk = await side.head(); chunk !== null; chunk = await side.head()) {
      while (chunk.at < chunk.end) {
        const end = tupleEnd(chunk.bytes, chunk.at);
        onRow(chunk.bytes, chunk.at, end, sign);
        chunk.at = end;
      }
      side.shift();
    }
  };
  const [ours, theirs] = [new Side(), new Side()];
  let read: SourceRead = { rows: 0, bytes: 0, digest: null };
  let rowsTarget = 0;
  await betweenSides(
    [ours, theirs],
    [
      async (stop) => {
        read = await readSource(reader, source, { range: null, ordered: false }, ours, false, stop);
      },
      () => take(ours, 1),
      async (stop) => {
        rowsTarget = await readTarget(look, shape, { kind: "all" }, false, theirs, stop);
      },
      () => take(theirs, -1),
    ],
    signal,
  );
  return { rowsSource: read.rows, rowsTarget, bytes: read.bytes };
}

class Sums {
  readonly #sums = new Uint32Array(buckets * words);
  readonly #counts = new Float64Array(buckets);
  /** Rows of both sides, for how many passes it takes. */
  readonly #rows = new Float64Array(buckets);

  add(bytes: Buffer, start: number, end: number, sign: 1 | -1): void {
    const digest = hashOf(bytes, start, end);
    const bucket = bucketOf(digest);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + sign;
    this.#rows[bucket] = (this.#rows[bucket] ?? 0) + 1;
    for (let word = 0; word < words; word++) {
      const at = bucket * words + word;
      this.#sums[at] = (this.#sums[at] ?? 0) + sign * digest.readUInt32BE(word * 4);
    }
  }

  /** The buckets in which the sides part, as many a pass as hold a bounded number of rows. */
  *passes(limit: number): Generator<ReadonlySet<number>> {
    let [pass, rows] = [new Set<number>(), 0];
    for (let bucket = 0; bucket < buckets; bucket++) {
      if (this.#even(bucket)) continue;
      const more = this.#rows[bucket] ?? 0;
      if (pass.size > 0 && rows + more > limit) {
        yield pass;
        [pass, rows] = [new Set(), 0];
      }
      pass.add(bucket);
      rows += more;
    }
    if (pass.size > 0) yield pass;
  }

  #even(bucket: number): boolean {
    if (this.#counts[bucket] !== 0) return false;
    for (let word = 0; word < words; word++) if (this.#sums[bucket * words + word] !== 0) return false;
    return true;
  }
}

function hashOf(bytes: Buffer, start: number, end: number): Buffer {
  const digest = hash("sha256", bytes.subarray(start, end), "buffer");
  if (digest.length !== 32) throw new Fault("bug", "A SHA-256 of another length.");
  return digest;
}

function bucketOf(digest: Buffer): number {
  return digest.readUInt16BE(0) >> 3;
}
