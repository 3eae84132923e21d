/**
 * Bytes that are kept for the length of a batch, in chunks of a pool: raw images while their group is open, and
 * tuples on their way to the target. What is put stays where it is until `release`; something larger than a chunk has
 * one of its own, which is not kept. So memory is bounded by what a batch may hold, whatever a row's size.
 */
import type { Tuples } from "../stream-port.js";

/** The first chunk of a store is a small one: most batches are small when the target is level. */
const sizes = [16_384, 262_144] as const;
/** Chunks of each size that nobody has. More than this many are left to the garbage collector. */
const pools = new Map<number, Buffer[]>(sizes.map((size) => [size, []]));
const poolChunks = 128;

export const noTuples: Tuples = { rows: 0, bytes: 0, chunks: [] };

const noChunk: Buffer = Buffer.alloc(0);

export class Store {
  readonly chunks: Buffer[] = [];
  /** Where what was put into each chunk but the last ends. */
  readonly ends: number[] = [];
  /** Bytes that were put. */
  used = 0;
  /** Next free byte of the last chunk. */
  at = 0;
  #last = noChunk;

  /** Copies bytes [start, end) of `from` behind the last ones; they begin `end - start` bytes before `at` of the last chunk. */
  put(from: Buffer, start: number, end: number): void {
    const length = end - start;
    if (this.at + length > this.#last.length || this.chunks.length === 0) this.#next(length);
    from.copy(this.#last, this.at, start, end);
    this.at += length;
    this.used += length;
  }

  /** Room for `length` bytes, which are the last ones before `at` of the chunk that is returned; the caller fills them. */
  room(length: number): Buffer {
    if (this.at + length > this.#last.length || this.chunks.length === 0) this.#next(length);
    this.used += length;
    this.at += length;
    return this.#last;
  }

  /** Gives everything back. Whoever still has a view of it reads another's bytes. */
  release(): void {
    for (const chunk of this.chunks) {
      const pool = pools.get(chunk.length);
      if (pool !== undefined && pool.length < poolChunks) pool.push(chunk);
    }
    this.chunks.length = 0;
    this.ends.length = 0;
    this.#last = noChunk;
    this.at = 0;
    this.used = 0;
  }

  #next(length: number): void {
    if (this.chunks.length > 0) this.ends.push(this.at);
    const fitting = this.chunks.length === 0 && length <= sizes[0] ? sizes[0] : sizes[1];
    const size = Math.max(length, fitting);
    this.#last = pools.get(size)?.pop() ?? Buffer.allocUnsafeSlow(size);
    this.chunks.push(this.#last);
    this.at = 0;
  }
}

/** What one writes into a store one after the other, as one run of tuples. */
export class TupleRun {
  readonly #store: Store;
  readonly #chunk: number;
  readonly #at: number;
  readonly #used: number;

  constructor(store: Store) {
    this.#store = store;
    this.#chunk = Math.max(0, store.chunks.length - 1);
    this.#at = store.at;
    this.#used = store.used;
  }

  /** The run ends here. Tuples do not cross chunks, as nothing that is put does. */
  end(rows: number): Tuples {
    const store = this.#store;
    if (rows === 0) return noTuples;
    const last = store.chunks.length - 1;
    const chunks: Buffer[] = [];
    for (let index = this.#chunk; index <= last; index++) {
      const chunk = store.chunks[index];
      if (chunk === undefined) continue;
      const from = index === this.#chunk ? this.#at : 0;
      const to = index === last ? store.at : (store.ends[index] ?? chunk.length);
      if (to > from) chunks.push(chunk.subarray(from, to));
    }
    return { rows, bytes: store.used - this.#used, chunks };
  }
}
