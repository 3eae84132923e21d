/**
 * Sets of MySQL's GTIDs: numbers by `uuid` or `uuid:tag`, kept as sorted intervals without gaps between them. A
 * number has 63 bits, so all of them are bigints. The set of a lane may have holes, and the source's own may too.
 */
import { Fault } from "../../../src/errors.js";

/** Half-open: first <= n < end. */
interface Interval {
  first: bigint;
  end: bigint;
}

const uuidPattern = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/u;

export class GtidSet {
  /** By `uuid` or `uuid:tag`. No list is empty. */
  readonly #intervals = new Map<string, Interval[]>();

  /** Reads `uuid:1-5:7:tag:3,…` as servers print it. Throws Fault position-unknown. */
  static parse(text: string): GtidSet {
    const set = new GtidSet();
    for (const part of text.replaceAll(/\s/gu, "").split(",")) {
      if (part === "") continue;
      const [uuid = "", ...rest] = part.toLowerCase().split(":");
      if (!uuidPattern.test(uuid) || rest.length === 0) throw malformed(text);
      let key = uuid;
      for (const piece of rest) {
        const range = /^(\d+)(?:-(\d+))?$/u.exec(piece);
        if (range === null) {
          if (!/^[a-z_][a-z0-9_]{0,31}$/u.test(piece)) throw malformed(text);
          key = `${uuid}:${piece}`;
          continue;
        }
        const first = BigInt(range[1] ?? "");
        const last = range[2] === undefined ? first : BigInt(range[2]);
        if (first < 1n || last < first) throw malformed(text);
        set.#addInterval(key, first, last + 1n);
      }
    }
    return set;
  }

  copy(): GtidSet {
    const other = new GtidSet();
    for (const [key, list] of this.#intervals)
      other.#intervals.set(
        key,
        list.map(({ first, end }) => ({ first, end })),
      );
    return other;
  }

  get isEmpty(): boolean {
    return this.#intervals.size === 0;
  }

  has(key: string, number: bigint): boolean {
    const list = this.#intervals.get(key);
    if (list === undefined) return false;
    const at = after(list, number);
    const before = list[at - 1];
    return before !== undefined && number < before.end;
  }

  /** Whether any number of that server, or of its tag, is here. */
  hasAny(key: string): boolean {
    return this.#intervals.has(key);
  }

  add(key: string, number: bigint): void {
    const list = this.#intervals.get(key);
    const last = list?.[list.length - 1];
    // Numbers come in order, but for holes that fill up.
    if (last !== undefined && last.end === number) last.end = number + 1n;
    else this.#addInterval(key, number, number + 1n);
  }

  /** Whether all of `other` is here. */
  holds(other: GtidSet): boolean {
    for (const [key, wanted] of other.#intervals) {
      const list = this.#intervals.get(key);
      if (list === undefined) return false;
      for (const { first, end } of wanted) {
        const around = list[after(list, first) - 1];
        if (around === undefined || end > around.end) return false;
      }
    }
    return true;
  }

  /** What is in both. */
  common(other: GtidSet): GtidSet {
    const both = new GtidSet();
    for (const [key, mine] of this.#intervals)
      for (const a of mine)
        for (const b of other.#intervals.get(key) ?? []) {
          const first = a.first > b.first ? a.first : b.first;
          const end = a.end < b.end ? a.end : b.end;
          if (first < end) both.#addInterval(key, first, end);
        }
    return both;
  }

  /** What is here and not in `other`. */
  without(other: GtidSet): GtidSet {
    const rest = new GtidSet();
    for (const [key, mine] of this.#intervals) {
      const gone = other.#intervals.get(key) ?? [];
      for (const { first, end } of mine) {
        let from = first;
        for (const hole of gone) {
          if (hole.end <= from || hole.first >= end) continue;
          if (hole.first > from) rest.#addInterval(key, from, hole.first);
          from = hole.end;
        }
        if (from < end) rest.#addInterval(key, from, end);
      }
    }
    return rest;
  }

  addAll(other: GtidSet): void {
    for (const [key, list] of other.#intervals)
      for (const { first, end } of list) this.#addInterval(key, first, end);
  }

  /** Numbers from 1 up to `number` that are not here; null where all of them are. */
  missingBelow(key: string, number: bigint): GtidSet | null {
    const list = this.#intervals.get(key);
    const only = list?.[0];
    if (number === 1n || (only !== undefined && only.first === 1n && only.end >= number)) return null;
    const all = new GtidSet();
    all.#addInterval(key, 1n, number);
    const rest = all.without(this);
    return rest.isEmpty ? null : rest;
  }

  /** How many they are. */
  get count(): bigint {
    let count = 0n;
    for (const list of this.#intervals.values()) for (const { first, end } of list) count += end - first;
    return count;
  }

  /** As servers print it: sorted, tags behind the numbers without one. */
  text(): string {
    const byUuid = new Map<string, string[]>();
    for (const key of [...this.#intervals.keys()].sort()) {
      const [uuid = "", tag] = key.split(":");
      const numbers = (this.#intervals.get(key) ?? []).map(({ first, end }) =>
        end === first + 1n ? String(first) : `${String(first)}-${String(end - 1n)}`,
      );
      const parts = byUuid.get(uuid) ?? [];
      byUuid.set(uuid, [...parts, ...(tag === undefined ? [] : [tag]), ...numbers]);
    }
    return [...byUuid].map(([uuid, parts]) => [uuid, ...parts].join(":")).join(",");
  }

  /**
   * The form of COM_BINLOG_DUMP_GTID. A set without tags has that of old servers; one with tags has a byte for its
   * format at both ends of the first word, and each entry then names its tag.
   */
  wire(): Buffer {
    const keys = [...this.#intervals.keys()].sort();
    const tagged = keys.some((key) => key.includes(":"));
    const head = Buffer.alloc(8);
    if (tagged) head.writeBigUInt64LE((BigInt(keys.length) << 8n) | 1n | (1n << 56n));
    else head.writeBigUInt64LE(BigInt(keys.length));
    const parts = [head];
    for (const key of keys) {
      const [uuid = "", tag = ""] = key.split(":");
      parts.push(Buffer.from(uuid.replaceAll("-", ""), "hex"));
      // The tag's length is below 128, whose variable-length form is twice the number.
      if (tagged) parts.push(Buffer.from([tag.length << 1]), Buffer.from(tag, "latin1"));
      const list = this.#intervals.get(key) ?? [];
      const numbers = Buffer.alloc(8 + 16 * list.length);
      numbers.writeBigUInt64LE(BigInt(list.length), 0);
      list.forEach(({ first, end }, i) => {
        numbers.writeBigUInt64LE(first, 8 + 16 * i);
        numbers.writeBigUInt64LE(end, 16 + 16 * i);
      });
      parts.push(numbers);
    }
    return Buffer.concat(parts);
  }

  #addInterval(key: string, first: bigint, end: bigint): void {
    const list = this.#intervals.get(key);
    if (list === undefined) {
      this.#intervals.set(key, [{ first, end }]);
      return;
    }
    let from = after(list, first);
    const before = list[from - 1];
    if (before !== undefined && before.end >= first) from--;
    let to = from;
    let [low, high] = [first, end];
    for (let each = list[to]; each !== undefined && each.first <= end; each = list[++to]) {
      if (each.first < low) low = each.first;
      if (each.end > high) high = each.end;
    }
    list.splice(from, to - from, { first: low, end: high });
  }
}

/** Place of the first interval that begins after `number`. */
function after(list: readonly Interval[], number: bigint): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as Interval).first <= number) low = middle + 1;
    else high = middle;
  }
  return low;
}

function malformed(text: string): Fault {
  return new Fault("position-unknown", `"${text.slice(0, 200)}" is no set of GTIDs.`);
}
