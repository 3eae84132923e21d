/**
 * QUERY events: a statement as text, the database in which it was written, and the little of its session that
 * decides how the text is to be read.
 */
import { inflateSync } from "node:zlib";
import { Fault } from "../../../src/errors.js";
import { sameBytes } from "./same-bytes.js";

export interface LoggedStatement {
  /** The session's database; empty when it stood in none. */
  readonly database: string;
  readonly text: string;
  /** Databases whose tables it touched, where the source says so; `many`: too many to be listed. */
  readonly touched: readonly string[] | "many" | null;
  /** Whether a backslash in a literal stands for itself. */
  readonly plainBackslash: boolean;
  /** The text has characters of a set that was not decoded, so that names in it may look otherwise. */
  readonly garbled: boolean;
  /** It is about a table that its session alone has. */
  readonly temporary: boolean;
  /** The server wrote it by itself. */
  readonly byServer: boolean;
}

/** Flags of an event's header: it depends on its session's own tables; its database is not to be stood in. */
const threadSpecific = 4;
const suppressUse = 8;

/** sql_mode's NO_BACKSLASH_ESCAPES. */
const noBackslash = 1n << 20n;

const begin = Buffer.from("\0BEGIN");

/** Whether the body in bytes [at, end) is BEGIN: every transaction has one, so nothing else of it is read. */
export function isBegin(bytes: Buffer, at: number, end: number): boolean {
  const text = at + 13 + bytes.readUInt16LE(at + 11) + (bytes[at + 8] as number);
  return end - text === begin.length && sameBytes(begin, bytes, text);
}

/** `skip`: bytes between the fixed part and the session's variables (LOAD DATA has some). */
export function readQuery(bytes: Buffer, at: number, end: number, skip = 0): LoggedStatement {
  const variables = at + 13 + skip;
  const name = variables + bytes.readUInt16LE(at + 11);
  const text = name + (bytes[at + 8] as number) + 1;
  if (text > end) throw unreadable();
  return statement(bytes, { variables, name, text, end }, flagsOf(bytes, at));
}

/** MariaDB's compressed one: the text alone is packed. */
export function readCompressedQuery(bytes: Buffer, at: number, end: number): LoggedStatement {
  const variables = at + 13;
  const name = variables + bytes.readUInt16LE(at + 11);
  const text = name + (bytes[at + 8] as number) + 1;
  if (text > end) throw unreadable();
  const whole = Buffer.concat([bytes.subarray(at, text), inflated(bytes, text, end)]);
  const places = { variables: 13, name: name - at, text: text - at, end: whole.length };
  return statement(whole, places, flagsOf(bytes, at));
}

/** What MariaDB packs: a byte with the length of the length, the unpacked length, and zlib's form. */
export function inflated(bytes: Buffer, at: number, end: number): Buffer {
  const head = bytes[at] ?? 0;
  const lengthBytes = head & 7;
  if (
    (head & 0x80) === 0 ||
    (head & 0x70) !== 0 ||
    lengthBytes < 1 ||
    lengthBytes > 4 ||
    at + 1 + lengthBytes > end
  )
    throw unreadable();
  const length = bytes.readUIntBE(at + 1, lengthBytes);
  const plain = inflateSync(bytes.subarray(at + 1 + lengthBytes, end), {
    maxOutputLength: Math.max(length, 1),
  });
  if (plain.length !== length) throw unreadable();
  return plain;
}

interface Places {
  readonly variables: number;
  readonly name: number;
  readonly text: number;
  readonly end: number;
}

/** Of the event whose body begins at `at`: they end its header. */
function flagsOf(bytes: Buffer, at: number): number {
  return bytes.readUInt16LE(at - 2);
}

function statement(bytes: Buffer, places: Places, flags: number): LoggedStatement {
  const session = readSession(bytes, places.variables, places.name);
  const ascii = bytes.subarray(places.text, places.end).every((byte) => byte < 0x80);
  const decoder = ascii ? "utf-8" : session.charset === null ? null : (decoders.get(session.charset) ?? null);
  return {
    database: bytes.toString("utf8", places.name, places.text - 1),
    text:
      decoder === null
        ? bytes.toString("latin1", places.text, places.end)
        : new TextDecoder(decoder, { ignoreBOM: true }).decode(bytes.subarray(places.text, places.end)),
    touched: session.touched,
    plainBackslash: session.plainBackslash,
    garbled: decoder === null,
    // What the server writes by itself has the flags of the statement in which it did.
    temporary: (flags & threadSpecific) !== 0 && (flags & suppressUse) === 0,
    byServer: (flags & suppressUse) !== 0,
  };
}

/** Decoders by the number of a collation of the client's character set; the others' names are not made out. */
const decoders: ReadonlyMap<number, string> = new Map([
  ...[33, 45, 46, 76, 83, 192, 223, 224, 255].map((id): [number, string] => [id, "utf-8"]),
  ...[5, 8, 15, 31, 47, 48, 49, 94].map((id): [number, string] => [id, "windows-1252"]),
  ...[24, 86].map((id): [number, string] => [id, "gb2312"]),
  ...[28, 87].map((id): [number, string] => [id, "gbk"]),
  ...[1, 84].map((id): [number, string] => [id, "big5"]),
  ...[13, 88, 95, 96].map((id): [number, string] => [id, "shift_jis"]),
  ...[12, 91, 97, 98].map((id): [number, string] => [id, "euc-jp"]),
]);

interface Session {
  readonly charset: number | null;
  readonly plainBackslash: boolean;
  readonly touched: LoggedStatement["touched"];
}

/** Variables stand in an order of their own, each behind its number; one that is not known ends the reading. */
function readSession(bytes: Buffer, start: number, end: number): Session {
  let charset: number | null = null;
  let plainBackslash = false;
  let at = start;
  while (at < end) {
    const code = bytes[at++] as number;
    if (code === 1) plainBackslash = (bytes.readBigUInt64LE(at) & noBackslash) !== 0n;
    else if (code === 4) charset = bytes.readUInt16LE(at);
    else if (code === 12) return { charset, plainBackslash, touched: databases(bytes, at, end) };
    const fixed = fixedSizes.get(code);
    if (fixed !== undefined) at += fixed;
    else if (code === 5 || code === 6) at += 1 + (bytes[at] as number);
    else if (code === 2) at += 2 + (bytes[at] as number);
    else if (code === 11) {
      at += 1 + (bytes[at] as number);
      at += 1 + (bytes[at] as number);
    } else break;
  }
  return { charset, plainBackslash, touched: null };
}

const fixedSizes: ReadonlyMap<number, number> = new Map([
  [0, 4],
  [1, 8],
  [3, 4],
  [4, 6],
  [7, 2],
  [8, 2],
  [9, 8],
  [10, 4],
]);

/** null where they cannot be made out. */
function databases(bytes: Buffer, start: number, end: number): LoggedStatement["touched"] {
  const count = bytes[start] as number;
  if (count === 254) return "many";
  const names: string[] = [];
  let at = start + 1;
  for (let i = 0; i < count; i++) {
    const stop = bytes.indexOf(0, at);
    if (stop < 0 || stop >= end) return null;
    names.push(bytes.toString("utf8", at, stop));
    at = stop + 1;
  }
  return names;
}

function unreadable(): Fault {
  return new Fault("log-refused", "A statement in the source's log does not have the shape that it should.");
}
