/**
 * Walks over JSON text without making anything of it: finds where values begin and end. Numbers stay digits and texts
 * stay bytes until somebody wants one. All that is read is held to the range that was given; what is no JSON there
 * throws. Members and brackets are followed, values inside what is skipped are not judged.
 */
import { Cursor } from "./cursor.js";
import { unreadable } from "./unreadable.js";

export const jsonKinds = {
  /** A number, true or false. */
  plain: 0,
  text: 1,
  /** A text with a backslash in it. */
  escaped: 2,
  /** An object or an array. */
  container: 3,
  null: 4,
} as const;

export type JsonKind = (typeof jsonKinds)[keyof typeof jsonKinds];

const quote = 34;
const backslash = 92;
const comma = 44;
const colon = 58;
const openBrace = 123;
const closeBrace = 125;
const openBracket = 91;
const closeBracket = 93;
/** A text that is longer is searched by the platform. */
const short = 96;

export class JsonCursor extends Cursor {
  /** The value that was passed last: its bytes, a text's quotes included. */
  from = 0;
  to = 0;
  kind: JsonKind = jsonKinds.plain;
  #first = false;

  override fault(): Error {
    return unreadable("The record's value is no JSON of the form that it should have.");
  }

  /** Enters an object. */
  object(): void {
    if (this.#next() !== openBrace) throw this.fault();
    this.at++;
    this.#first = true;
  }

  /**
   * Goes on to the next member of the present object, over its name, which is bytes [from, to) without quotes. False
   * at the object's end, which is passed. A member's value must be passed before the next call.
   */
  member(): boolean {
    let next = this.#next();
    if (next === closeBrace) {
      this.at++;
      this.#first = false;
      return false;
    }
    if (!this.#first) {
      if (next !== comma) throw this.fault();
      this.at++;
      next = this.#next();
    }
    this.#first = false;
    if (next !== quote) throw this.fault();
    this.#text();
    this.from++;
    this.to--;
    if (this.#next() !== colon) throw this.fault();
    this.at++;
    return true;
  }

  /** Whether the next value is an object. */
  get atObject(): boolean {
    return this.#next() === openBrace;
  }

  /** Passes a value. */
  value(): void {
    const first = this.#next();
    if (first === quote) this.#text();
    else if (first === openBrace || first === openBracket) this.#container();
    else this.#plain();
  }

  /** Passes blanks; nothing else may be left. */
  finish(): void {
    while (this.at < this.end && isBlank(this.bytes[this.at] as number)) this.at++;
    if (this.at !== this.end) throw this.fault();
  }

  /** The next byte that is no blank. */
  #next(): number {
    const { bytes, end } = this;
    let at = this.at;
    while (at < end) {
      const byte = bytes[at] as number;
      if (!isBlank(byte)) {
        this.at = at;
        return byte;
      }
      at++;
    }
    throw this.fault();
  }

  #text(): void {
    const { bytes, end } = this;
    const start = this.at;
    let at = start + 1;
    let kind: JsonKind = jsonKinds.text;
    const near = Math.min(end, at + short);
    for (;;) {
      if (at >= near) {
        const found = this.#farQuote(start, at);
        if (kind === jsonKinds.text && bytes.subarray(at, found).includes(backslash))
          kind = jsonKinds.escaped;
        at = found;
        break;
      }
      const byte = bytes[at] as number;
      if (byte === quote) break;
      if (byte === backslash) {
        kind = jsonKinds.escaped;
        at++;
      }
      at++;
    }
    this.from = start;
    this.to = at + 1;
    this.at = at + 1;
    this.kind = kind;
  }

  /** The closing quote of the text that began at `start`, from `at` on. */
  #farQuote(start: number, from: number): number {
    const { bytes, end } = this;
    for (let at = from; ;) {
      const found = bytes.indexOf(quote, at);
      if (found < 0 || found >= end) throw this.fault();
      let slashes = 0;
      while (bytes[found - 1 - slashes] === backslash && found - slashes > start) slashes++;
      if (slashes % 2 === 0) return found;
      at = found + 1;
    }
  }

  #container(): void {
    const { bytes, end } = this;
    const start = this.at;
    let depth = 0;
    let at = start;
    while (at < end) {
      const byte = bytes[at] as number;
      if (byte === quote) {
        this.at = at;
        this.#text();
        at = this.at;
        continue;
      }
      at++;
      if (byte === openBrace || byte === openBracket) depth++;
      else if (byte === closeBrace || byte === closeBracket) {
        depth--;
        if (depth === 0) {
          this.from = start;
          this.to = at;
          this.at = at;
          this.kind = jsonKinds.container;
          return;
        }
      }
    }
    throw this.fault();
  }

  /** A number or a word. */
  #plain(): void {
    const { bytes, end } = this;
    const start = this.at;
    let at = start;
    while (at < end) {
      const byte = bytes[at] as number;
      if (byte === comma || byte === closeBrace || byte === closeBracket || isBlank(byte)) break;
      at++;
    }
    this.from = start;
    this.to = at;
    this.at = at;
    this.kind = this.#kindOf(start, at);
  }

  #kindOf(start: number, end: number): JsonKind {
    const first = this.bytes[start] as number;
    if ((first >= 48 && first <= 57) || first === 45) return jsonKinds.plain;
    switch (this.bytes.toString("latin1", start, end)) {
      case "null":
        return jsonKinds.null;
      case "true":
      case "false":
        return jsonKinds.plain;
      default:
        throw this.fault();
    }
  }
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9;
}
