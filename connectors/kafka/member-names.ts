/**
 * Which member of an object a name is. Debezium writes the members of an object in one order, record after record, so
 * the name that came at a place last time is compared first, byte for byte; only another one is decoded and looked up.
 */
import { unreadable } from "./unreadable.js";

/** What a name is that nobody asked for. */
export const otherMember = -1;

export class MemberNames {
  readonly #places: ReadonlyMap<string, number>;
  readonly #order: { readonly bytes: Buffer; readonly place: number }[] = [];

  constructor(names: readonly string[]) {
    this.#places = new Map(names.map((name, place) => [name, place]));
  }

  /** The place of the name in bytes [from, to), which is the object's member number `index`. */
  place(bytes: Buffer, from: number, to: number, index: number): number {
    const known = this.#order[index];
    if (known !== undefined && isSame(known.bytes, bytes, from, to)) return known.place;
    return this.#look(bytes, from, to, index);
  }

  #look(bytes: Buffer, from: number, to: number, index: number): number {
    const place = this.#places.get(nameOf(bytes, from, to)) ?? otherMember;
    if (index <= this.#order.length)
      this.#order[index] = { bytes: Buffer.from(bytes.subarray(from, to)), place };
    return place;
  }
}

function isSame(name: Buffer, bytes: Buffer, from: number, to: number): boolean {
  const size = to - from;
  if (name.length !== size) return false;
  for (let k = 0; k < size; k++) if (name[k] !== bytes[from + k]) return false;
  return true;
}

function nameOf(bytes: Buffer, from: number, to: number): string {
  const text = bytes.toString("utf8", from, to);
  if (!text.includes("\\")) return text;
  try {
    return String(JSON.parse(`"${text}"`));
  } catch (error) {
    throw unreadable("The record's value has a member whose name is no JSON text.", error);
  }
}
