/**
 * Compressed transactions (TRANSACTION_PAYLOAD): a whole transaction's events in zstd frames, inflated block by block
 * (128 kB at most each), so that never more than one event and one block are in memory, however large the transaction.
 */
import { Decompress, decompress } from "fzstd";
import { Fault } from "../../../src/errors.js";
import { lengthAt } from "../wire/packets.js";
import { headerBytes, lengthOf } from "./event.js";
import { blockEnd, frameStart } from "./zstd-frame.js";

/** Payloads that unpack to no more than this are unpacked at once. */
const small = 1 << 18;

type TakeEvent = (bytes: Buffer, start: number, end: number) => void;

export class Payload {
  /** Packed bytes that are not unpacked yet. */
  #packed: Buffer;
  /** Inside of a frame: whether four bytes of checksum follow its last block. */
  #checksum: boolean | null = null;
  #inflate: Decompress | null = null;
  /** Unpacked bytes [at, have) that are not handed over yet. */
  #plain: Buffer;
  #at = 0;
  #have = 0;

  /** Body of the event in bytes [at, end): fields, then the packed events. They must stay where they are until `keep`. */
  constructor(bytes: Buffer, at: number, end: number) {
    let q = at;
    let kind = 0;
    let size = Infinity;
    for (;;) {
      const field = lengthAt(bytes, q);
      q = field.next;
      if (field.value === 0) break;
      const length = lengthAt(bytes, q);
      q = length.next;
      if (q + length.value > end) throw unreadable();
      if (field.value === 2) kind = lengthAt(bytes, q).value;
      else if (field.value === 3) size = lengthAt(bytes, q).value;
      q += length.value;
    }
    this.#packed = bytes.subarray(end, end);
    this.#plain = this.#packed;
    if (kind === 255) this.#plain = bytes.subarray(q, end);
    else if (kind !== 0) throw unreadable();
    else if (size <= small) this.#plain = whole(bytes.subarray(q, end), size);
    else {
      this.#packed = bytes.subarray(q, end);
      this.#plain = Buffer.allocUnsafeSlow(small);
      this.#inflate = new Decompress((part) => this.#unpacked(part));
      return;
    }
    this.#have = this.#plain.length;
  }

  /** Makes copies of what is not handed over yet. */
  keep(): void {
    this.#packed = Buffer.from(this.#packed);
    if (this.#inflate === null) this.#plain = Buffer.from(this.#plain);
  }

  /** Hands over the whole events that are unpacked, of the next block where there are none; true when that was all. */
  step(event: TakeEvent): boolean {
    if (this.#inflate !== null)
      while (this.#whole() < 0 && this.#packed.length > 0) this.#unpack(this.#inflate);
    for (let end = this.#whole(); end >= 0; end = this.#whole()) {
      const start = this.#at;
      this.#at = end;
      event(this.#plain, start, end);
    }
    if (this.#packed.length > 0) return false;
    if (this.#at !== this.#have) throw unreadable();
    return true;
  }

  /** End of the event that begins where we stand; -1 when it is not all there. */
  #whole(): number {
    if (this.#have - this.#at < headerBytes) return -1;
    const length = lengthOf(this.#plain, this.#at);
    if (length < headerBytes) throw unreadable();
    return this.#at + length <= this.#have ? this.#at + length : -1;
  }

  #unpack(inflate: Decompress): void {
    const packed = this.#packed;
    let end: number;
    if (this.#checksum === null) {
      const frame = frameStart(packed);
      this.#checksum = frame.checksum;
      end = frame.end;
    } else {
      const block = blockEnd(packed);
      end = block.end + (block.last && this.#checksum ? 4 : 0);
      if (block.last) this.#checksum = null;
    }
    if (end > packed.length) throw unreadable();
    this.#packed = packed.subarray(end);
    try {
      inflate.push(packed.subarray(0, end), this.#packed.length === 0);
    } catch (error) {
      throw unpackable(error);
    }
  }

  #unpacked(part: Uint8Array): void {
    const left = this.#have - this.#at;
    if (this.#have + part.length > this.#plain.length) {
      let size = this.#plain.length;
      while (left + part.length > size) size *= 2;
      const to = size === this.#plain.length ? this.#plain : Buffer.allocUnsafeSlow(size);
      this.#plain.copy(to, 0, this.#at, this.#have);
      this.#plain = to;
      this.#at = 0;
      this.#have = left;
    }
    this.#plain.set(part, this.#have);
    this.#have += part.length;
  }
}

function whole(packed: Buffer, size: number): Buffer {
  try {
    const plain = decompress(packed, new Uint8Array(size));
    if (plain.length !== size) throw unreadable();
    return Buffer.from(plain.buffer, plain.byteOffset, plain.length);
  } catch (error) {
    throw unpackable(error);
  }
}

function unpackable(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault(
    "log-refused",
    `A compressed transaction in the source's log cannot be unpacked: ${error instanceof Error ? error.message : "no reason was told"}.`,
    { cause: error },
  );
}

function unreadable(): Fault {
  return new Fault(
    "log-refused",
    "A compressed transaction in the source's log does not have the shape that it should.",
  );
}
