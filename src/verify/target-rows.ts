/**
 * The target's rows as they come from binary COPY, copied one behind the other so that long runs of both sides can be
 * compared at once. The buffers come back when what they held is compared.
 */
import { Fault } from "../errors.js";
import type { TargetLook, TupleSink, Wanted } from "../verify-port.js";
import { chunkBytes, giveChunk, keptChunk, takeChunk } from "./chunk-pool.js";
import type { Side } from "./side.js";
import type { TupleShape } from "./tuple.js";

/** Reads the rows into the side, to its end. How many they were. */
export async function readTarget(
  look: TargetLook,
  shape: TupleShape,
  wanted: Wanted,
  ordered: boolean,
  side: Side,
  signal: AbortSignal,
): Promise<number> {
  const rows = new TargetRows(side);
  const read = await look.read({ table: shape.table, columns: shape.places, wanted, ordered }, rows, signal);
  const counted = rows.finish();
  if (counted !== read.rows)
    throw new Fault(
      "range-incomplete",
      `${shape.table.source}: the target sent ${read.rows} rows and ${counted} were compared.`,
    );
  return counted;
}

class TargetRows implements TupleSink {
  readonly #side: Side;
  readonly #free: Buffer[] = [];
  /** Bytes of the buffers that come back; a larger row has one of its own. */
  readonly #whole: number;
  #bytes: Buffer;
  #at = 0;
  #rows = 0;
  #finished = false;

  constructor(side: Side) {
    this.#side = side;
    this.#whole = side.chunkBytes + 65_536;
    // Most tables are small.
    this.#bytes = keptChunk() ?? Buffer.allocUnsafe(8192);
  }

  tuple(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (this.#at + length > this.#bytes.length) {
      this.#handOver();
      if (length > this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(length);
    }
    bytes.copy(this.#bytes, this.#at, start, end);
    this.#at += length;
    this.#rows++;
    if (this.#at >= this.#side.chunkBytes) this.#handOver();
  }

  full(): boolean {
    return this.#side.full();
  }

  drained(): Promise<void> {
    return this.#side.drained();
  }

  finish(): number {
    this.#handOver();
    this.#finished = true;
    for (const bytes of [...this.#free, this.#bytes]) giveChunk(bytes);
    this.#side.end();
    return this.#rows;
  }

  #handOver(): void {
    const bytes = this.#bytes;
    const end = this.#at;
    if (end === 0) return;
    this.#at = 0;
    this.#bytes = this.#buffer();
    const release = (): void => {
      if (this.#finished) giveChunk(bytes);
      else if (bytes.length === this.#whole) this.#free.push(bytes);
    };
    this.#side.push({ bytes, at: 0, end, release });
  }

  #buffer(): Buffer {
    const known = this.#free.pop();
    if (known !== undefined) return known;
    return this.#whole === chunkBytes ? takeChunk() : Buffer.allocUnsafeSlow(this.#whole);
  }
}
