/**
 * Names on the target. Source names are taken over as they are (or folded to lower case); one that cannot stand (over
 * 63 bytes, equal to another after folding, a system column's) gets a suffix made of the source name's own hash, so
 * the same name always becomes the same name. Names that Headgate makes up (indexes, sequences, functions) are plain
 * ASCII and unique in the schema, where MySQL's are per table.
 */
import { createHash } from "node:crypto";
import { byCodeUnit } from "./order.js";
import { isReservedWord } from "./reserved-words.js";

export const maxNameBytes = 63;

export interface Wanted {
  /** The source's name, unique in its list. */
  readonly source: string;
  /** What it would be called on the target. */
  readonly wanted: string;
}

/** `keep` leaves the name, `lower` folds it. */
export function foldName(name: string, names: "keep" | "lower"): string {
  return names === "lower" ? name.toLowerCase() : name;
}

/**
 * Target names for a list of source names: unique, 63 bytes at most, none of `impossible`. Whoever can have the name
 * that it wants has it; of several that want the same, the one already spelled so, and the others get a suffix.
 */
export function assignNames(
  items: readonly Wanted[],
  impossible: ReadonlySet<string> = new Set(),
): ReadonlyMap<string, string> {
  const wishes = new Map<string, number>();
  for (const { wanted } of items) wishes.set(wanted, (wishes.get(wanted) ?? 0) + 1);
  const given = new Map<string, string>();
  const taken = new Set(impossible);
  const sorted = [...items].sort((a, b) => byCodeUnit(a.source, b.source));
  const fits = ({ source, wanted }: Wanted): boolean =>
    Buffer.byteLength(wanted) <= maxNameBytes &&
    !impossible.has(wanted) &&
    (wishes.get(wanted) === 1 || source === wanted);
  for (const item of sorted) {
    if (!fits(item)) continue;
    given.set(item.source, item.wanted);
    taken.add(item.wanted);
  }
  for (const item of sorted) {
    if (given.has(item.source)) continue;
    const name = suffixed(item.wanted, item.source, taken);
    given.set(item.source, name);
    taken.add(name);
  }
  return given;
}

/** Names that are made up, one namespace: relations of the schema, constraints of a table, functions. */
export interface NameSpace {
  /** A free plain name near the wanted one. `identity` is what the name stands for: it feeds the hash when a suffix is needed. */
  claim(wanted: string, identity: string): string;
}

/** A namespace in which `taken` are used already. */
export function nameSpace(taken: Iterable<string>, names: "keep" | "lower"): NameSpace {
  const used = new Set(taken);
  return {
    claim(wanted, identity) {
      const plain = plainName(foldName(wanted, names));
      const name =
        used.has(plain) || plain.length > maxNameBytes || isReservedWord(plain)
          ? suffixed(plain, identity, used)
          : plain;
      used.add(name);
      return name;
    },
  };
}

/** Letters, digits and underscores only, not beginning with a digit. */
export function plainName(name: string): string {
  const plain = name.replaceAll(/[^a-zA-Z0-9_]/gu, "_");
  return /^[a-zA-Z_]/.test(plain) ? plain : `_${plain}`;
}

/** `lines` -> `order_lines`, unless the name already begins with the table's. */
export function withTable(table: string, name: string): string {
  return name.toLowerCase().startsWith(table.toLowerCase()) ? name : `${table}_${name}`;
}

/** The contract's form of a name that Headgate accepts without a word. */
export function isOrdinaryName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]{0,62}$/.test(name) && !isReservedWord(name);
}

function suffixed(wanted: string, identity: string, taken: ReadonlySet<string>): string {
  for (let salt = 0; ; salt += 1) {
    const name = hashedName(wanted, identity, salt);
    if (!taken.has(name)) return name;
  }
}

/** The name's beginning and a hash of what it stands for, 63 bytes at most; another one for each `salt`. */
export function hashedName(wanted: string, identity: string, salt: number): string {
  const hash = createHash("sha256")
    .update(salt === 0 ? identity : `${String(salt)}\0${identity}`)
    .digest("hex")
    .slice(0, 8);
  return `${cut(wanted, maxNameBytes - 9)}_${hash}`;
}

/** The longest beginning of whole characters that has no more than `bytes` bytes: an accent or a joined emoji goes with what it belongs to. */
function cut(text: string, bytes: number): string {
  const characters = Array.from(text);
  let kept = 0;
  for (let size = 0; kept < characters.length; kept += 1) {
    size += Buffer.byteLength(characters[kept] ?? "");
    if (size > bytes) break;
  }
  const joined = (at: number): boolean =>
    /^[\p{M}\p{Emoji_Modifier}\u200d]$/u.test(characters[at] ?? "") || characters[at - 1] === "\u200d";
  const whole = kept;
  while (kept > 0 && kept < characters.length && joined(kept)) kept -= 1;
  // Nothing but marks: they belong to nothing.
  return characters.slice(0, kept === 0 ? whole : kept).join("");
}
