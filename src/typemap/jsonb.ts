/**
 * JSON text in jsonb's own spelling, byte for byte what jsonb_send answers: keys once each (jsonb would drop all but the
 * last in silence, so a key that stands twice is refused), ordered by length and then by bytes, ", " and ": " between things, numbers as numeric prints them, jsonb's escapes. Works
 * on bytes with a stack of its own, so depth is no danger and no number becomes a JavaScript number.
 * MySQL prints almost this spelling; its text is scanned once and copied, unless the scan finds an exponent, a
 * negative zero or a \u escape.
 */
import { Bytes, copyRun } from "./bytes.js";
import type { CellSink } from "./codec.js";
import { Fault } from "../errors.js";
import { Containers, Members } from "./json-members.js";
import { spellNumber } from "./json-number.js";
import { isSpelled, skipBlanks } from "./json-scan.js";
import { readString, spellString } from "./json-string.js";
import { Refusal, refuse } from "./refusal.js";

const noJson = "text that is no JSON";
const [quote, comma, colon, open, close, openList, closeList] = [34, 44, 58, 123, 125, 91, 93];
const [space, minus, zero, point] = [32, 45, 48, 46];

/** Room that a token may need beyond its own bytes: separators, and what closes behind it is in the source too. */
const slack = 64;

const manyDigits = 1000;

export class JsonSpeller {
  private text = new Bytes();
  /** Keys with escapes, without them, of all open objects; a string with escapes that is being read stands at its end. */
  private readonly keys = new Bytes();
  private spare = new Bytes();
  private readonly containers = new Containers();
  private readonly members = new Members();
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
    // A copy of whole words needs some more.
    out.reserve(text.length + 8);
    text.room(3);
    out.view.setInt32(out.at, text.length + 1);
    out.bytes[out.at + 4] = 1;
    out.at = copyRun(text.view, 0, text.length, out.view, out.at + 5);
    if (this.flags.stripped) out.changed("nul");
  }

  /** The spelled text, valid until the next call. Throws a Refusal for what jsonb does not hold. */
  spell(source: Buffer, at: number, end: number): Bytes {
    const { keys, containers, members } = this;
    let { text } = this;
    text.clear();
    keys.clear();
    containers.count = 0;
    members.count = 0;
    this.flags.stripped = false;
    let q = skipBlanks(source, at, end);
    for (;;) {
      // A value is due at q.
      if (q >= end) refuse(noJson);
      const byte = source[q] as number;
      if (byte === open || byte === openList) {
        containers.push(keys.length, byte === open ? members.count : -1);
        text.push(byte);
        q = skipBlanks(source, q + 1, end);
        if (q >= end || source[q] !== (byte === open ? close : closeList)) {
          if (byte === open) q = this.key(source, q, end);
          continue;
        }
      } else q = this.scalar(source, q, end, byte);
      // A value has ended, or an empty container is about to.
      for (;;) {
        if (q < end && (source[q] as number) <= space) q = skipBlanks(source, q, end);
        if (containers.count === 0) {
          if (q !== end) refuse(noJson);
          return text;
        }
        const first = containers.members;
        if (first >= 0 && members.count > first) members.end(text.length);
        const next = q < end ? source[q] : 0;
        q++;
        if (next === comma) {
          text.room(slack);
          text.data[text.length] = comma;
          text.data[text.length + 1] = space;
          text.length += 2;
          if (q < end && (source[q] as number) <= space) q = skipBlanks(source, q, end);
          if (first >= 0) q = this.key(source, q, end);
          break;
        }
        if (next !== (first < 0 ? closeList : close)) refuse(noJson);
        if (first >= 0) {
          this.order(first, containers.count === 1);
          members.count = first;
          // Of the outermost object the ordered text is the other one's.
          text = this.text;
        }
        text.push(next);
        keys.length = containers.keys;
        containers.count--;
      }
    }
  }

  /** Reads `"key" :` and begins a member; returns the offset of its value. */
  private key(source: Buffer, at: number, end: number): number {
    if (at >= end || source[at] !== quote) refuse(noJson);
    const { text, keys } = this;
    const textStart = text.length;
    text.room(end - at + slack);
    let q = copyString(source, at, end, text.data, textStart);
    if (q > 0) {
      text.length = textStart + q - at;
      this.members.push(textStart, textStart + 1, text.length - 1);
    } else {
      const keyStart = keys.length;
      q = readString(source, at, end, keys, this.strip, this.flags);
      spellString(keys.data, keyStart, keys.length, text);
      this.members.push(textStart, ~keyStart, ~keys.length);
    }
    if (q < end && (source[q] as number) <= space) q = skipBlanks(source, q, end);
    if (q >= end || source[q] !== colon) refuse(noJson);
    text.room(slack);
    text.data[text.length] = colon;
    text.data[text.length + 1] = space;
    text.length += 2;
    return skipBlanks(source, q + 1, end);
  }

  private scalar(source: Buffer, at: number, end: number, first: number): number {
    const { text, keys } = this;
    // The source's rest is enough for every token of it that is copied as it is.
    text.room(end - at + slack);
    switch (first) {
      case quote: {
        const plain = copyString(source, at, end, text.data, text.length);
        if (plain > 0) {
          text.length += plain - at;
          return plain;
        }
        const start = keys.length;
        const q = readString(source, at, end, keys, this.strip, this.flags);
        spellString(keys.data, start, keys.length, text);
        keys.length = start;
        return q;
      }
      case 116:
        return this.word(source, at, end, words.true);
      case 102:
        return this.word(source, at, end, words.false);
      case 110:
        return this.word(source, at, end, words.null);
      default: {
        const plain = copyNumber(source, at, end, text.data, text.length);
        if (plain === 0) return spellNumber(source, at, end, text);
        text.length += plain - at;
        return plain;
      }
    }
  }

  private word(source: Buffer, at: number, end: number, word: Uint8Array): number {
    const { text } = this;
    if (at + word.length > end) refuse(noJson);
    for (let k = 0; k < word.length; k++) {
      if (source[at + k] !== word[k]) refuse(noJson);
      text.data[text.length + k] = word[k] as number;
    }
    text.length += word.length;
    return at + word.length;
  }

  /** Puts the members from `first` on, those of the object that ends here, into jsonb's order. Refuses a key that stands twice. */
  private order(first: number, outermost: boolean): void {
    const { text, spare, members } = this;
    if (members.sort(first, text.data, this.keys.data)) return;
    const start = members.textStart(first);
    const { length } = text;
    text.room(slack);
    spare.clear();
    spare.room(length + slack);
    const { view } = spare;
    // The outermost object is written where it stays: behind its brace, which is all that came before.
    const base = outermost ? start : 0;
    spare.data[0] = open;
    let o = base;
    for (let k = 0; k < members.count - first; k++) {
      if (o > base) {
        spare.data[o] = comma;
        spare.data[o + 1] = space;
        o += 2;
      }
      o = copyRun(text.view, members.sortedStart(k), members.sortedEnd(k), view, o);
    }
    if (o - base !== length - start)
      throw new Fault("bug", "An object lost bytes while it was put into order.");
    if (outermost) {
      spare.length = o;
      this.text = spare;
      this.spare = text;
    } else copyRun(view, 0, o, text.view, start);
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

const words = { true: Buffer.from("true"), false: Buffer.from("false"), null: Buffer.from("null") };

/** Copies the string whose quote is at `at`, if it means and prints what it says; returns the offset after it, or 0. */
function copyString(source: Buffer, at: number, end: number, out: Buffer, o: number): number {
  out[o] = quote;
  for (let q = at + 1, p = o + 1; q < end; q++, p++) {
    const byte = source[q] as number;
    out[p] = byte;
    if (byte === quote) return q + 1;
    if (byte < 32 || byte === 92) return 0;
  }
  return 0;
}

/** Copies the number at `at`, if numeric prints it as it stands; returns the offset after it, or 0. */
function copyNumber(source: Buffer, at: number, end: number, out: Buffer, o: number): number {
  let q = at;
  let p = o;
  if (source[q] === minus) {
    out[p++] = minus;
    q++;
  }
  const whole = q;
  for (; q < end && isDigit(source[q] as number); q++) out[p++] = source[q] as number;
  // No digit, one zero too many, or what may be a negative zero.
  if (q === whole || (source[whole] === zero && (q > whole + 1 || whole > at))) return 0;
  if (q < end && source[q] === point) {
    out[p++] = point;
    const fraction = ++q;
    for (; q < end && isDigit(source[q] as number); q++) out[p++] = source[q] as number;
    if (q === fraction) return 0;
  }
  // numeric has a limit to its digits; who comes near it is looked at with more care.
  if (q - at > manyDigits) return 0;
  return q < end && ((source[q] as number) | 32) === 101 ? 0 : q;
}

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= 57;
}
