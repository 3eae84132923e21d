/**
 * Cuts the bytes of a MySQL connection into packets without copying them: one reused buffer, handed to the
 * socket as the place for its next read. It moves and grows only inside `landed`, because Node takes the place
 * for the next read as soon as the callback of the last one returns; a move at any other moment would let the
 * next bytes land at a stale offset. It doubles only when one packet needs more than it holds, and goes back to
 * its first size when asked between results, so that memory follows neither rows nor the widest value ever seen.
 */
import { Fault } from "../../../src/errors.js";

/** Who takes the packets. */
export interface PacketTaker {
  /** One whole packet: bytes [start, end) of `buf`, valid during the call only. What it throws ends the connection. */
  packet(buf: Buffer, start: number, end: number): void;
}

/** Payload length that says "the packet goes on in the next frame". */
const continued = 0xffffff;

/** Of a connection that reads rows in bulk. */
const bulk = 1 << 20;
/** Such buffers of connections that are over: each range is read over one of its own. */
const spare: Buffer[] = [];
const mostSpare = 4;

/** Where bytes land and are cut into packets. */
export class Frames {
  readonly #firstSize: number;
  #buf: Buffer;
  #have = 0;
  /** Where the first packet begins that was not handed over; 0 but while they are held. */
  #at = 0;
  #held = false;
  /** Sequence number of the next frame; -1 takes any, for words that the server speaks unasked. */
  #sequence = -1;
  #shrink = false;

  constructor(firstSize = bulk) {
    this.#firstSize = firstSize;
    // Not from Node's pool: this buffer lives as long as the connection.
    this.#buf = (firstSize === bulk ? spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(firstSize);
  }

  /** The connection is closed, so nothing lands here any more: the next one may have the place. */
  letGo(): void {
    if (this.#buf.length === bulk && spare.length < mostSpare) spare.push(this.#buf);
    this.#buf = Buffer.alloc(0);
    this.#have = 0;
    this.#at = 0;
  }

  /** Bytes that the buffer could hold now. */
  get size(): number {
    return this.#buf.length;
  }

  /** Whole packets may be here that were not handed over. */
  get holding(): boolean {
    return this.#held;
  }

  /** The place for the next bytes: never empty, valid until `landed` or `copied` is called. */
  space(): Buffer {
    return this.#have === 0 ? this.#buf : this.#buf.subarray(this.#have);
  }

  /** From within `packet`: hands over no further one until `release`, though it be here already. */
  hold(): void {
    this.#held = true;
  }

  /** Hands over what was held. Nothing moves here: Node may have taken the place for its next read long ago. */
  release(taker: PacketTaker): void {
    this.#held = false;
    this.#cut(taker);
  }

  /** Says which sequence number the next frame bears; a different one means that bytes were lost. */
  expect(sequence: number): void {
    this.#sequence = sequence;
  }

  /** Asks for the first size again once the packet in hand is dealt with. */
  settle(): void {
    this.#shrink = this.#buf.length > this.#firstSize;
  }

  /** For sockets that bring their own buffers (TLS): copies the bytes in, then deals with them. */
  copied(bytes: Uint8Array, taker: PacketTaker): void {
    if (this.#have + bytes.length > this.#buf.length) this.#place(this.#have - this.#at + bytes.length);
    this.#buf.set(bytes, this.#have);
    this.landed(bytes.length, taker);
  }

  /** `count` bytes landed in `space()`: hands over every packet that is now whole and keeps the rest. */
  landed(count: number, taker: PacketTaker): void {
    this.#have += count;
    this.#place(this.#cut(taker));
  }

  /** Hands over whole packets until there is none or they are held; how many bytes the next one is known to need. */
  #cut(taker: PacketTaker): number {
    const buf = this.#buf;
    const have = this.#have;
    let at = this.#at;
    let need = 0;
    while (!this.#held && have - at >= 4) {
      const length = byte(buf, at) | (byte(buf, at + 1) << 8) | (byte(buf, at + 2) << 16);
      const start = at + 4;
      const end = start + length;
      if (end > have) {
        need = end - at;
        break;
      }
      if (length === continued) {
        const whole = this.#join(at, have);
        if (whole.end < 0) {
          need = whole.next - at;
          break;
        }
        at = whole.next;
        this.#at = at;
        taker.packet(buf, start, whole.end);
        continue;
      }
      this.#follow(byte(buf, at + 3));
      at = end;
      this.#at = at;
      taker.packet(buf, start, end);
    }
    return need;
  }

  /**
   * A packet of 16 MB or more comes in frames of 0xffffff bytes and one shorter. Closes the gaps that their
   * headers leave; `end` is -1 while frames are missing, and `next` then is where the last known one ends.
   */
  #join(at: number, have: number): { readonly end: number; readonly next: number } {
    const buf = this.#buf;
    let next = at;
    for (;;) {
      if (have - next < 4) return { end: -1, next: next + 4 };
      const length = buf.readUIntLE(next, 3);
      next += 4 + length;
      if (next > have) return { end: -1, next };
      if (length < continued) break;
    }
    let end = at + 4;
    for (let from = at; from < next;) {
      const length = buf.readUIntLE(from, 3);
      this.#follow(byte(buf, from + 3));
      if (from !== at) buf.copyWithin(end, from + 4, from + 4 + length);
      end += length;
      from += 4 + length;
    }
    return { end, next };
  }

  #follow(sequence: number): void {
    if (this.#sequence < 0) return;
    if (sequence !== this.#sequence)
      throw new Fault(
        "bug",
        `The source's packets are out of step: number ${sequence} came where ${this.#sequence} was due.`,
      );
    this.#sequence = (sequence + 1) & 255;
  }

  /** Moves what is left to the front, into a buffer that holds `need` bytes and has a place for the next read. */
  #place(need: number): void {
    const at = this.#at;
    const left = this.#have - at;
    let size = this.#buf.length;
    if (this.#shrink && need <= this.#firstSize && left < this.#firstSize) size = this.#firstSize;
    this.#shrink = false;
    while (size < need || size === left) size *= 2;
    if (size !== this.#buf.length) {
      const other = Buffer.allocUnsafeSlow(size);
      this.#buf.copy(other, 0, at, this.#have);
      this.#buf = other;
    } else if (at > 0 && left > 0) this.#buf.copyWithin(0, at, this.#have);
    this.#have = left;
    this.#at = 0;
  }
}

function byte(buf: Buffer, at: number): number {
  return buf[at] ?? 0;
}
