/**
 * Keys in memory. A key is the tuple of its columns in PostgreSQL's binary form: as a string of one character a byte,
 * or as a number where the key is one integer column and the number is a safe one. Equal keys are equal in memory, and
 * back to bytes they are what was read.
 */
import type { Projection } from "./projection.js";
import type { Store } from "./store.js";

export type Key = number | string;

/** Bytes of a key's one integer column, 0 for keys of any other shape. */
export type KeyWidth = 0 | 2 | 4 | 8;

export function keyWidth(targetTypes: readonly string[]): KeyWidth {
  if (targetTypes.length !== 1) return 0;
  if (targetTypes[0] === "smallint") return 2;
  if (targetTypes[0] === "integer") return 4;
  return targetTypes[0] === "bigint" ? 8 : 0;
}

/** The key that stands in the projection. */
export function keyIn(projection: Projection, width: KeyWidth): Key {
  const { out } = projection;
  if (width === 8 && out.at === 14) {
    const number = out.view.getInt32(6) * 4_294_967_296 + out.view.getUint32(10);
    if (Number.isSafeInteger(number)) return number;
  } else if (width === 4 && out.at === 10) return out.view.getInt32(6);
  else if (width === 2 && out.at === 8) return out.view.getInt16(6);
  return projection.text();
}

/** Writes the key's tuple. */
export function putKey(store: Store, key: Key, width: KeyWidth): void {
  if (typeof key === "string") {
    const chunk = store.room(key.length);
    chunk.write(key, store.at - key.length, "latin1");
    return;
  }
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

/** Keys in the order of the target's index, as near as it costs nothing: numbers by value, others by their bytes. */
export function inKeyOrder(keys: readonly Key[]): Key[] {
  if (keys.every((key) => typeof key === "number")) return Array.from(Float64Array.from(keys).sort());
  return [...keys].sort((a, b) => {
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return a < b ? -1 : a > b ? 1 : 0;
  });
}
