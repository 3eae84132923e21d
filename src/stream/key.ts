/**
 * Keys in memory. A key is the tuple of its columns in PostgreSQL's binary form: as a string of one character a byte,
 * or as a number where the key is one column of whole numbers and the number is a safe one. Equal keys are equal in
 * memory, and back to bytes they are what was read.
 */
import type { Output } from "../typemap/output.js";
import { writeNumericInteger } from "../typemap/numeric.js";
import type { Projection } from "./projection.js";
import type { Store } from "./store.js";

export type Key = number | string;

/** What a key's one column of whole numbers is; `other` for keys of any other shape. */
export type KeyForm = "int2" | "int4" | "int8" | "numeric" | "other";

export function keyForm(targetTypes: readonly string[]): KeyForm {
  const [type = "", ...more] = targetTypes;
  if (more.length > 0) return "other";
  if (type === "smallint") return "int2";
  if (type === "integer") return "int4";
  if (type === "bigint") return "int8";
  return /^numeric\(\d+,0\)$/u.test(type) ? "numeric" : "other";
}

/** The key that stands in the projection. */
export function keyIn(projection: Projection, form: KeyForm): Key {
  const { out } = projection;
  if (form === "int8" && out.at === 14) {
    const number = out.view.getInt32(6) * 4_294_967_296 + out.view.getUint32(10);
    if (Number.isSafeInteger(number)) return number;
  } else if (form === "int4" && out.at === 10) return out.view.getInt32(6);
  else if (form === "int2" && out.at === 8) return out.view.getInt16(6);
  else if (form === "numeric") {
    const number = wholeIn(out);
    if (number !== null) return number;
  }
  return projection.text();
}

const negative = 0x4000;

/** The number of a numeric without a fraction, as our codecs write it; null in any other spelling, and past safe ones. */
function wholeIn({ view, at }: Output): number | null {
  if (at < 14) return null;
  const count = view.getInt16(6);
  const weight = view.getInt16(8);
  const sign = view.getUint16(10);
  if (at !== 14 + 2 * count || view.getUint16(12) !== 0) return null;
  if (count === 0) return weight === 0 && sign === 0 ? 0 : null;
  if (weight > 3 || weight < count - 1 || (sign !== 0 && sign !== negative)) return null;
  if (view.getUint16(14) === 0 || view.getUint16(12 + 2 * count) === 0) return null;
  let number = 0;
  for (let place = 0; place <= weight; place++)
    number = number * 10_000 + (place < count ? view.getUint16(14 + 2 * place) : 0);
  if (!Number.isSafeInteger(number)) return null;
  return sign === 0 ? number : -number;
}

const wholeBytes = Buffer.alloc(32);
const wholeView = new DataView(wholeBytes.buffer, wholeBytes.byteOffset, wholeBytes.length);

/** Writes the key's tuple. */
export function putKey(store: Store, key: Key, form: KeyForm): void {
  if (typeof key === "string") {
    const chunk = store.room(key.length);
    chunk.write(key, store.at - key.length, "latin1");
    return;
  }
  if (form === "numeric") {
    putWhole(store, key);
    return;
  }
  const width = form === "int2" ? 2 : form === "int4" ? 4 : 8;
  const chunk = store.room(6 + width);
  const at = store.at - 6 - width;
  chunk.writeInt16BE(1, at);
  chunk.writeInt32BE(width, at + 2);
  if (width === 2) chunk.writeInt16BE(key, at + 6);
  else if (width === 4) chunk.writeInt32BE(key, at + 6);
  else {
    chunk.writeInt32BE(Math.floor(key / 4_294_967_296), at + 6);
    chunk.writeUInt32BE(key >>> 0, at + 10);
  }
}

function putWhole(store: Store, key: number): void {
  const size = Math.abs(key);
  wholeView.setInt16(0, 1);
  const length = writeNumericInteger(wholeView, 2, Math.floor(size / 4_294_967_296), size >>> 0, key < 0, 0);
  const chunk = store.room(length);
  const at = store.at - length;
  for (let index = 0; index < length; index++) chunk[at + index] = wholeBytes[index] as number;
}

/** Keys in the order of the target's index, as near as it costs nothing: numbers by value, others by their bytes. */
export function inKeyOrder(keys: readonly Key[]): Key[] {
  const numbers = new Float64Array(keys.length);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index];
    if (typeof key !== "number") return inMixedOrder(keys);
    numbers[index] = key;
  }
  numbers.sort();
  const sorted = new Array<Key>(keys.length);
  for (let index = 0; index < keys.length; index++) sorted[index] = numbers[index] as number;
  return sorted;
}

function inMixedOrder(keys: readonly Key[]): Key[] {
  return [...keys].sort((a, b) => {
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return a < b ? -1 : a > b ? 1 : 0;
  });
}
