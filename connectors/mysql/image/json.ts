/**
 * MySQL's binary JSON to the very text that SELECT prints of it. A value is a type and bytes; an object or array is
 * a table of offsets to its members, so bytes that are no document could send the reader anywhere, round in circles
 * or to the same megabyte a million times. Every offset is held to its container, and all that is read to the number
 * of bytes that there are: no sound document has two members in the same place.
 */
import { putDouble, putInteger, putLong } from "./json-number.js";
import { putOpaque } from "./json-opaque.js";
import { putString } from "./json-string.js";
import { misfit } from "../../../src/typemap/misfit.js";
import type { ProtocolRow } from "../../../src/typemap/protocol-row.js";
import { callReading } from "./reading.js";
import type { Reading } from "./reading.js";

export const jsonReading: Reading = callReading((source, at, length, row) => {
  const head = row.open();
  document.write(source, at, at + length, row);
  row.close(head);
});

const types = {
  smallObject: 0,
  largeObject: 1,
  smallArray: 2,
  largeArray: 3,
  literal: 4,
  int16: 5,
  uint16: 6,
  int32: 7,
  uint32: 8,
  int64: 9,
  uint64: 10,
  double: 11,
  string: 12,
  opaque: 15,
} as const;

/** The server refuses deeper documents. */
const deepest = 100;

const noJson = "JSON";
const words = ["null", "true", "false"].map((word) => Buffer.from(word));

class JsonDocument {
  #source: Buffer = Buffer.alloc(0);
  #row!: ProtocolRow;
  /** Bytes of the document that nobody has read yet. */
  #left = 0;
  /** Where a length that was read ends. */
  #next = 0;

  write(source: Buffer, at: number, end: number, row: ProtocolRow): void {
    this.#source = source;
    this.#row = row;
    // What an ALTER or INSERT IGNORE put where NULL was not allowed; the server reads it as null.
    if (at === end) {
      this.#word(0);
      return;
    }
    this.#left = end - at - 1;
    this.#value(source[at] as number, at + 1, end, 0);
  }

  /** The value of type `type` whose bytes begin at `at`; `end` is its container's. */
  #value(type: number, at: number, end: number, depth: number): void {
    const source = this.#source;
    const row = this.#row;
    switch (type) {
      case types.smallObject:
      case types.largeObject:
      case types.smallArray:
      case types.largeArray:
        this.#container(type, at, end, depth + 1);
        return;
      case types.literal:
        this.#spend(1, at, end);
        this.#word(source[at] as number);
        return;
      case types.int16:
        this.#spend(2, at, end);
        putInteger(row, (twoBytes(source, at) << 16) >> 16);
        return;
      case types.uint16:
        this.#spend(2, at, end);
        putInteger(row, twoBytes(source, at));
        return;
      case types.int32:
        this.#spend(4, at, end);
        putInteger(row, source.readInt32LE(at));
        return;
      case types.uint32:
        this.#spend(4, at, end);
        putInteger(row, source.readUInt32LE(at));
        return;
      case types.int64:
      case types.uint64:
        this.#spend(8, at, end);
        putLong(row, source, at, type === types.int64);
        return;
      case types.double:
        this.#spend(8, at, end);
        putDouble(row, source.readDoubleLE(at));
        return;
      case types.string: {
        const length = this.#length(at, end);
        const start = this.#next;
        this.#spend(length, start, end);
        putString(row, source, start, length);
        return;
      }
      case types.opaque: {
        this.#spend(1, at, end);
        const length = this.#length(at + 1, end);
        this.#spend(length, this.#next, end);
        putOpaque(row, source[at] as number, source, this.#next, length);
        return;
      }
      default:
        throw misfit(noJson);
    }
  }

  #container(type: number, at: number, outer: number, depth: number): void {
    if (depth > deepest) throw misfit(noJson);
    const source = this.#source;
    const row = this.#row;
    const large = (type & 1) === 1;
    const object = type < types.smallArray;
    const width = large ? 4 : 2;
    const keyEntry = object ? width + 2 : 0;
    const valueEntry = width + 1;
    this.#spend(2 * width, at, outer);
    const count = large ? source.readUInt32LE(at) : twoBytes(source, at);
    const end = at + (large ? source.readUInt32LE(at + 4) : twoBytes(source, at + 2));
    if (end > outer) throw misfit(noJson);
    let key = at + 2 * width;
    let entry = key + count * keyEntry;
    this.#spend(count * (keyEntry + valueEntry), key, end);
    const members = entry + count * valueEntry;
    row.reserve(2);
    row.bytes[row.at++] = object ? 123 : 91;
    for (let i = 0; i < count; i++) {
      if (i > 0) this.#pair(44);
      if (object) {
        const start = at + (large ? source.readUInt32LE(key) : twoBytes(source, key));
        const length = twoBytes(source, key + width);
        if (start < members) throw misfit(noJson);
        this.#spend(length, start, end);
        putString(row, source, start, length);
        this.#pair(58);
        key += keyEntry;
      }
      const inner = source[entry] as number;
      const inlined =
        (inner >= types.literal && inner <= types.uint16) ||
        (large && (inner === types.int32 || inner === types.uint32));
      if (inlined) {
        // Its bytes were spent with the table.
        this.#left += width;
        this.#value(inner, entry + 1, entry + valueEntry, depth);
      } else {
        const offset = large ? source.readUInt32LE(entry + 1) : twoBytes(source, entry + 1);
        if (at + offset < members) throw misfit(noJson);
        this.#value(inner, at + offset, end, depth);
      }
      entry += valueEntry;
    }
    row.reserve(1);
    row.bytes[row.at++] = object ? 125 : 93;
  }

  /** Counts `size` bytes at `at` as read. They must lie before `end`. */
  #spend(size: number, at: number, end: number): void {
    this.#left -= size;
    if (this.#left < 0 || at + size > end) throw misfit(noJson);
  }

  /** A length of seven bits a byte. */
  #length(at: number, end: number): number {
    let length = 0;
    for (let k = 0; k < 5; k++) {
      this.#spend(1, at + k, end);
      const byte = this.#source[at + k] as number;
      length += (byte & 127) * 2 ** (7 * k);
      if (byte < 128) {
        this.#next = at + k + 1;
        return length;
      }
    }
    throw misfit(noJson);
  }

  #word(which: number): void {
    const word = words[which];
    if (word === undefined) throw misfit(noJson);
    this.#row.reserve(5);
    const { bytes, at } = this.#row;
    for (let k = 0; k < word.length; k++) bytes[at + k] = word[k] as number;
    this.#row.at = at + word.length;
  }

  /** A separator and a blank. */
  #pair(separator: number): void {
    const row = this.#row;
    row.reserve(2);
    row.bytes[row.at++] = separator;
    row.bytes[row.at++] = 32;
  }
}

/** Buffer's own reading is not always inlined, and this is the hottest of all. */
function twoBytes(source: Buffer, at: number): number {
  return (source[at] as number) | ((source[at + 1] as number) << 8);
}

const document = new JsonDocument();
