/**
 * One side's rows on their way to being compared: whole tuples in chunks, a bounded number of them. Whoever reads
 * the server fills, and is told to wait when there is enough; whoever compares takes, and waits when there is nothing.
 * Memory is what two sides may hold, whatever the number of rows, and a row that is larger has a chunk of its own.
 */
import { Fault } from "../errors.js";

/** Of sides whose bytes are compared as they come. */
const streamed = 196_608;
/** What may wait on one side, in chunks. */
const waitingChunks = 4;

export interface Chunk {
  readonly bytes: Buffer;
  /** Where the first tuple that is not compared yet begins. */
  at: number;
  readonly end: number;
  /** The bytes may be written again. */
  readonly release: () => void;
}

export class Side {
  /** A chunk is handed over when it holds as much. */
  readonly chunkBytes: number;
  readonly #chunks: Chunk[] = [];
  #waiting = 0;
  #ended = false;
  #fault: Error | null = null;
  #taker: (() => void) | null = null;
  #filler: (() => void) | null = null;

  constructor(chunkBytes = streamed) {
    this.chunkBytes = chunkBytes;
  }

  push(chunk: Chunk): void {
    if (chunk.end === chunk.at) {
      chunk.release();
      return;
    }
    this.#chunks.push(chunk);
    this.#waiting += chunk.end - chunk.at;
    this.#wakeTaker();
  }

  /** No more rows. */
  end(): void {
    this.#ended = true;
    this.#wakeTaker();
  }

  /** Nobody goes on here: takers and fillers get the error. */
  fail(error: Error): void {
    this.#fault ??= error;
    this.#wakeTaker();
    this.#wakeFiller();
  }

  full(): boolean {
    return this.#waiting >= this.chunkBytes * waitingChunks || this.#fault !== null;
  }

  async drained(): Promise<void> {
    while (this.full()) {
      if (this.#fault !== null) throw this.#fault;
      if (this.#filler !== null) throw new Fault("bug", "Two readers fill one side.");
      await new Promise<void>((resolve) => (this.#filler = resolve));
    }
  }

  /** The chunk whose tuples are next; null after the last. What is used up is to be handed back by `shift`. */
  async head(): Promise<Chunk | null> {
    for (;;) {
      if (this.#fault !== null) throw this.#fault;
      const chunk = this.#chunks[0];
      if (chunk !== undefined) return chunk;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => (this.#taker = resolve));
    }
  }

  /** Takes the first chunk away once all of it is used up. */
  shift(): void {
    const chunk = this.#chunks[0];
    if (chunk === undefined || chunk.at < chunk.end) return;
    this.#chunks.shift();
    chunk.release();
    this.#waiting = this.#chunks.reduce((sum, { at, end }) => sum + end - at, 0);
    if (!this.full()) this.#wakeFiller();
  }

  #wakeTaker(): void {
    const wake = this.#taker;
    this.#taker = null;
    wake?.();
  }

  #wakeFiller(): void {
    const wake = this.#filler;
    this.#filler = null;
    wake?.();
  }
}
