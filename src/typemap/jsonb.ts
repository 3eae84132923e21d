/**
 * JSON text in jsonb's own spelling, byte for byte what jsonb_send answers: keys once each (jsonb would drop all but the
 * last in silence, so a key that stands twice is refused), ordered by length and then by bytes, ", " and ": " between things, numbers as numeric prints them, jsonb's escapes. Works
 * on bytes with a stack of its own, so depth is no danger and no number becomes a JavaScript number.
 * MySQL prints almost this spelling; its text is scanned once and copied, unless the scan finds an exponent, a
 * negative zero or a \u escape.
 */
import { Bytes } from "./bytes.js";
import type { CellSink } from "./codec.js";
import { spellNumber } from "./json-number.js";
import { plainString, readString, spellString } from "./json-string.js";
import { Refusal, refuse } from "./refusal.js";

const noJson = "text that is no JSON";
const keyTwice = "an object with one key twice, of which jsonb keeps only the last";
const [quote, comma, colon, open, close, openList, closeList] = [34, 44, 58, 123, 125, 91, 93];

/** A member of an object that is still open: its key in `keys`, its spelled text in `text`. */
interface Member {
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly textStart: number;
  textEnd: number;
}

/** An open object or array; `members` is null for an array. */
interface Container {
  readonly textStart: number;
  readonly keysStart: number;
  readonly members: Member[] | null;
}

export class JsonSpeller {
  private readonly text = new Bytes();
  /** Keys without escapes, of all open objects; the string being read stands at its end. */
  private readonly keys = new Bytes();
  private readonly spare = new Bytes();
  private readonly stack: Container[] = [];
  private readonly flags = { stripped: false };
  private readonly trusted: boolean;
  private readonly strip: boolean;

  /** `trusted`: keys are in jsonb's order and once each, separators are jsonb's (MySQL prints so). `strip`: leave \u0000 out instead of refusing. */
  constructor(trusted: boolean, strip: boolean) {
    this.trusted = trusted;
    this.strip = strip;
  }

  /** Writes a jsonb field. */
  write(source: Buffer, at: number, length: number, out: CellSink): void {
    const end = at + length;
    if (this.trusted && isSpelled(source, at, end)) {
      // The row loop has made room for as much as came in.
      out.view.setInt32(out.at, length + 1);
      out.bytes[out.at + 4] = 1;
      source.copy(out.bytes, out.at + 5, at, end);
      out.at += length + 5;
      return;
    }
    const text = this.spell(source, at, end);
    out.reserve(text.length + 5);
    out.view.setInt32(out.at, text.length + 1);
    out.bytes[out.at + 4] = 1;
    text.data.copy(out.bytes, out.at + 5, 0, text.length);
    out.at += text.length + 5;
    if (this.flags.stripped) out.changed("nul");
  }

  /** The spelled text, valid until the next call. Throws a Refusal for what jsonb does not hold. */
  spell(source: Buffer, at: number, end: number): Bytes {
    const { text, keys, stack } = this;
    text.clear();
    keys.clear();
    stack.length = 0;
    this.flags.stripped = false;
    let q = skipBlanks(source, at, end);
    for (;;) {
      // A value is due at q.
      const byte = source[q] as number;
      if (q >= end) refuse(noJson);
      if (byte === open || byte === openList) {
        stack.push({ textStart: text.length, keysStart: keys.length, members: byte === open ? [] : null });
        text.push(byte);
        q = skipBlanks(source, q + 1, end);
        if (source[q] !== (byte === open ? close : closeList) || q >= end) {
          if (byte === open) q = this.key(source, q, end);
          continue;
        }
      } else q = this.scalar(source, q, end, byte);
      // A value has ended, or an empty container is about to.
      for (;;) {
        q = skipBlanks(source, q, end);
        const container = stack.at(-1);
        if (container === undefined) {
          if (q !== end) refuse(noJson);
          return text;
        }
        const { members } = container;
        const last = members?.at(-1);
        if (last !== undefined) last.textEnd = text.length;
        const next = q < end ? source[q] : 0;
        q++;
        if (next === comma) {
          text.push(comma);
          text.push(32);
          q = skipBlanks(source, q, end);
          if (members !== null) q = this.key(source, q, end);
          break;
        }
        if (next !== (members === null ? closeList : close)) refuse(noJson);
        if (members !== null) this.order(container, members);
        text.push(next);
        keys.length = container.keysStart;
        stack.pop();
      }
    }
  }

  /** Reads `"key" :` and begins a member; returns the offset of its value. */
  private key(source: Buffer, at: number, end: number): number {
    if (at >= end || source[at] !== quote) refuse(noJson);
    const { text, keys } = this;
    const keyStart = keys.length;
    const textStart = text.length;
    let q = plainString(source, at, end);
    if (q > 0) {
      keys.append(source, at + 1, q - 1);
      text.append(source, at, q);
    } else {
      q = readString(source, at, end, keys, this.strip, this.flags);
      spellString(keys.data, keyStart, keys.length, text);
    }
    q = skipBlanks(source, q, end);
    if (q >= end || source[q] !== colon) refuse(noJson);
    text.push(colon);
    text.push(32);
    this.stack.at(-1)?.members?.push({ keyStart, keyEnd: keys.length, textStart, textEnd: textStart });
    return skipBlanks(source, q + 1, end);
  }

  private scalar(source: Buffer, at: number, end: number, first: number): number {
    const { text, keys } = this;
    switch (first) {
      case quote: {
        const plain = plainString(source, at, end);
        if (plain > 0) {
          text.append(source, at, plain);
          return plain;
        }
        const start = keys.length;
        const q = readString(source, at, end, keys, this.strip, this.flags);
        spellString(keys.data, start, keys.length, text);
        keys.length = start;
        return q;
      }
      case 116:
        return this.word(source, at, end, "true");
      case 102:
        return this.word(source, at, end, "false");
      case 110:
        return this.word(source, at, end, "null");
      default:
        return spellNumber(source, at, end, text);
    }
  }

  private word(source: Buffer, at: number, end: number, word: string): number {
    const stop = at + word.length;
    if (stop > end || source.toString("latin1", at, stop) !== word) refuse(noJson);
    this.text.append(source, at, stop);
    return stop;
  }

  /** Puts the members of the object that ends here into jsonb's order and drops all but the last of a key. */
  private order(container: Container, members: Member[]): void {
    const { text, spare } = this;
    let ordered = true;
    for (let k = 1; k < members.length && ordered; k++)
      ordered = this.compare(members[k - 1] as Member, members[k] as Member) < 0;
    if (ordered) return;
    if (members.length <= fewMembers) this.insertionSort(members);
    else members.sort((a, b) => this.compare(a, b));
    spare.clear();
    for (let k = 0; k < members.length; k++) {
      const member = members[k] as Member;
      const next = members[k + 1];
      if (next !== undefined && this.compare(member, next) === 0) refuse(keyTwice);
      if (spare.length > 0) spare.append(separator, 0, 2);
      spare.append(text.data, member.textStart, member.textEnd);
    }
    text.length = container.textStart + 1;
    text.append(spare.data, 0, spare.length);
  }

  private insertionSort(members: Member[]): void {
    for (let k = 1; k < members.length; k++) {
      const member = members[k] as Member;
      let free = k;
      for (; free > 0 && this.compare(members[free - 1] as Member, member) > 0; free--)
        members[free] = members[free - 1] as Member;
      members[free] = member;
    }
  }

  private compare(a: Member, b: Member): number {
    const byLength = a.keyEnd - a.keyStart - (b.keyEnd - b.keyStart);
    if (byLength !== 0) return byLength;
    const { data } = this.keys;
    for (let i = a.keyStart, j = b.keyStart; i < a.keyEnd; i++, j++) {
      const byBytes = (data[i] as number) - (data[j] as number);
      if (byBytes !== 0) return byBytes;
    }
    return 0;
  }
}

/** Whether jsonb holds the whole of a JSON text. */
export function isJsonb(text: string): boolean {
  const bytes = Buffer.from(text);
  try {
    new JsonSpeller(false, false).spell(bytes, 0, bytes.length);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

/** Up to so many members the plainest sort is the fastest: no closure, no copy. */
const fewMembers = 16;

const separator = Buffer.from(", ");

/** Whether MySQL's text is jsonb's already: no \u escape in strings, no exponent and no -0 outside of them. */
function isSpelled(source: Buffer, at: number, end: number): boolean {
  let q = at;
  while (q < end) {
    const byte = source[q] as number;
    if (byte === quote) {
      for (q++; q < end; q++) {
        const inside = source[q] as number;
        if (inside === quote) break;
        if (inside === 92 && source[++q] === 117) return false;
      }
    } else if (byte === 101 || byte === 69) {
      const before = source[q - 1] as number;
      if (before >= 48 && before <= 57) return false;
    } else if (byte === 45 && source[q + 1] === 48) return false;
    q++;
  }
  return true;
}

function skipBlanks(source: Buffer, at: number, end: number): number {
  let q = at;
  while (q < end) {
    const byte = source[q];
    if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) break;
    q++;
  }
  return q;
}
