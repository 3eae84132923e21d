/**
 * Reads small things one after the other out of bytes that came from elsewhere, and never past their end: what is
 * missing throws the Fault that the owner of the bytes made. For announcements, not for rows.
 */
import type { Fault } from "../../../src/errors.js";

export class ByteReader {
  at: number;
  readonly end: number;
  readonly #bytes: Buffer;
  readonly #fault: () => Fault;

  constructor(bytes: Buffer, start: number, end: number, fault: () => Fault) {
    this.#bytes = bytes;
    this.at = start;
    this.end = end;
    this.#fault = fault;
    if (end > bytes.length || start > end) throw fault();
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  skip(count: number): void {
    if (count > this.end - this.at) throw this.#fault();
    this.at += count;
  }

  byte(): number {
    this.skip(1);
    return this.#bytes[this.at - 1] as number;
  }

  /** The next `count` bytes, of the same memory. */
  take(count: number): Buffer {
    this.skip(count);
    return this.#bytes.subarray(this.at - count, this.at);
  }

  text(count: number): string {
    return this.take(count).toString("utf8");
  }

  /** A length-encoded integer. */
  length(): number {
    const first = this.byte();
    if (first < 0xfb) return first;
    if (first === 0xfc) return this.take(2).readUInt16LE(0);
    if (first === 0xfd) return this.take(3).readUIntLE(0, 3);
    // Nothing in an event is as long as what eight bytes could say.
    if (first === 0xfe) {
      const eight = this.take(8);
      if (eight.readUInt32LE(4) === 0) return eight.readUInt32LE(0);
    }
    throw this.#fault();
  }

  fault(): Fault {
    return this.#fault();
  }

  /** Throws unless everything was read. */
  finish(): void {
    if (!this.done) throw this.#fault();
  }

  /** A reader of the next `count` bytes, which this one then has behind it. */
  part(count: number): ByteReader {
    this.skip(count);
    return new ByteReader(this.#bytes, this.at - count, this.at, this.#fault);
  }
}
