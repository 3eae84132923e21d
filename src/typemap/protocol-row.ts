/**
 * The buffer that a row of the binary protocol is built in, used again for the next row. Typed arrays swallow writes
 * past their end in silence, so room is made before anything is written: a row begins with room for as many bytes as
 * its image has and some for each column, and whatever may write more than it read reserves that beyond it.
 */
import { Fault } from "../errors.js";

/** What a column may write beyond the bytes that it read, without reserving it. */
export const columnSlack = 32;

/** A buffer that one large row left behind is not kept for the small ones after it. */
const keptBytes = 1_048_576;
const firstBytes = 1024;
/** A length's first byte and two more; all eight. */
const shortHead = 3;
const longHead = 9;

export class ProtocolRow {
  bytes: Buffer = Buffer.allocUnsafeSlow(firstBytes);
  /** Next free byte. */
  at = 0;
  /** Stays free behind what is reserved: for the columns that come after. */
  #rest = 0;

  /** Begins a row of that many columns, from an image of that many bytes. */
  begin(columns: number, imageBytes: number): void {
    const nullBytes = (columns + 9) >> 3;
    const need = 1 + nullBytes + columns * columnSlack + imageBytes;
    if (this.bytes.length > keptBytes && need < firstBytes) this.bytes = Buffer.allocUnsafeSlow(firstBytes);
    this.#rest = need;
    this.at = 0;
    if (need > this.bytes.length) this.#grow(need);
    for (let k = 0; k <= nullBytes; k++) this.bytes[k] = 0;
    this.at = 1 + nullBytes;
  }

  /** Makes sure that `size` bytes fit from `at` on, and the rest of the row after them. */
  reserve(size: number): void {
    const need = this.at + size + this.#rest;
    if (need > this.bytes.length) this.#grow(need);
  }

  /** Writes a length-encoded integer. */
  length(value: number): void {
    const { bytes } = this;
    let o = this.at;
    if (value < 0xfb) bytes[o++] = value;
    else if (value < 0x10000) {
      bytes[o++] = 0xfc;
      bytes[o++] = value & 255;
      bytes[o++] = value >> 8;
    } else if (value < 0x1000000) {
      bytes[o++] = 0xfd;
      bytes[o++] = value & 255;
      bytes[o++] = (value >> 8) & 255;
      bytes[o++] = value >> 16;
    } else {
      bytes[o++] = 0xfe;
      bytes.writeUInt32LE(value, o);
      bytes.writeUInt32LE(0, o + 4);
      o += 8;
    }
    this.at = o;
  }

  /** Writes a length and that many bytes of `source`; they are within the room that the row began with. */
  copy(source: Buffer, at: number, length: number): void {
    this.length(length);
    const { bytes } = this;
    const o = this.at;
    if (length < nativeCopy) for (let k = 0; k < length; k++) bytes[o + k] = source[at + k] as number;
    else source.copy(bytes, o, at, at + length);
    this.at = o + length;
  }

  /** Writes a length and `text`, which is ASCII and short. */
  ascii(text: string): void {
    this.reserve(text.length + 3);
    this.length(text.length);
    const { bytes, at: o } = this;
    for (let k = 0; k < text.length; k++) bytes[o + k] = text.charCodeAt(k);
    this.at = o + text.length;
  }

  /** Leaves room for the length of a value that is written next; returns where it stands. */
  open(): number {
    const head = this.at;
    this.at = head + shortHead;
    return head;
  }

  /** Writes the length of what was written since `open`. */
  close(head: number): void {
    const start = head + shortHead;
    const length = this.at - start;
    if (length < 0x10000) {
      this.bytes[head] = 0xfc;
      this.bytes[head + 1] = length & 255;
      this.bytes[head + 2] = length >> 8;
      return;
    }
    this.reserve(longHead);
    this.bytes.copyWithin(head + longHead, start, this.at);
    this.at = head;
    this.bytes[head] = 0xfe;
    this.bytes.writeUInt32LE(length, head + 1);
    this.bytes.writeUInt32LE(0, head + 5);
    this.at = head + longHead + length;
  }

  /** Throws when more was written than there was room for. */
  finish(): void {
    if (this.at > this.bytes.length) throw new Fault("bug", "A row was written past its buffer.");
  }

  #grow(need: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(need, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }
}

/** From this length on a native copy is faster than a loop. */
const nativeCopy = 64;
