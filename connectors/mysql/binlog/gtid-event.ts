/**
 * The events that name a transaction: MySQL's GTID, its successor with tags, and MariaDB's. MySQL's uuid is the same
 * from one transaction to the next nearly always, so its text is made once and kept.
 */
import { Fault } from "../../../src/errors.js";
import { sameBytes } from "./same-bytes.js";

/** A GTID of MySQL. `key` is `uuid` or `uuid:tag`. */
export interface MysqlGtid {
  readonly key: string;
  readonly number: bigint;
  /** Milliseconds since 1970 when it was committed here; null before 8.0. */
  readonly committedAt: number | null;
}

export interface MariadbGtid {
  readonly domain: number;
  readonly server: number;
  readonly number: bigint;
  /** One statement that commits by itself: no event says so. */
  readonly standalone: boolean;
  /** What comes is an XA transaction up to its PREPARE. */
  readonly prepares: boolean;
  /** The ALTER that follows begins only, or has come to nothing: what it does stands in the log once more, at its commit. */
  readonly alters: boolean;
}

const mariadbFlags = { standalone: 1, hasCommitId: 2, prepares: 64, endsPrepared: 128 } as const;
const mariadbMoreFlags = { alterStarts: 2, alterRolledBack: 8 } as const;

const uuidAt = Buffer.alloc(16);
let uuidText = "";

/** Body of a GTID or ANONYMOUS_GTID event in bytes [at, end). */
export function readGtid(bytes: Buffer, at: number, end: number): MysqlGtid {
  if (end - at < 25) throw unreadable();
  return {
    key: uuidOf(bytes, at + 1),
    number: bytes.readBigInt64LE(at + 17),
    committedAt: committedAtOf(bytes, at, end),
  };
}

/** Microseconds in 55 bits, behind flags, uuid, number, and the three numbers of the logical clock. */
export function committedAtOf(bytes: Buffer, at: number, end: number): number | null {
  if (end - at < 49) return null;
  const micros = bytes.readUIntLE(at + 42, 6) + ((bytes[at + 48] as number) & 0x7f) * 2 ** 48;
  return Math.floor(micros / 1000);
}

export function readMariadbGtid(bytes: Buffer, at: number, end: number, server: number): MariadbGtid {
  if (end - at < 13) throw unreadable();
  const flags = bytes[at + 12] as number;
  return {
    domain: bytes.readUInt32LE(at + 8),
    server,
    number: bytes.readBigUInt64LE(at),
    standalone: (flags & mariadbFlags.standalone) !== 0,
    prepares: (flags & mariadbFlags.prepares) !== 0,
    alters: alters(bytes, moreFlagsAt(bytes, at, flags), end),
  };
}

/** Behind the flags stand a commit's number, and the name of an XA transaction, where there are such. */
function moreFlagsAt(bytes: Buffer, at: number, flags: number): number {
  const xid = at + 13 + ((flags & mariadbFlags.hasCommitId) === 0 ? 0 : 8);
  if ((flags & (mariadbFlags.prepares | mariadbFlags.endsPrepared)) === 0) return xid;
  return xid + 6 + (bytes[xid + 4] ?? 0) + (bytes[xid + 5] ?? 0);
}

function alters(bytes: Buffer, at: number, end: number): boolean {
  if (at >= end) return false;
  return ((bytes[at] as number) & (mariadbMoreFlags.alterStarts | mariadbMoreFlags.alterRolledBack)) !== 0;
}

/**
 * Body of a tagged GTID event: numbers of variable length, each field behind its number. A field that is not known may
 * only stand behind the ones that are wanted.
 */
export function readTaggedGtid(bytes: Buffer, at: number, end: number): MysqlGtid {
  const reader = new Varints(bytes, at, end);
  // Version, size, and the last field that nobody may pass over.
  for (let i = 0; i < 3; i++) reader.next();
  let uuid = "";
  let number: bigint | null = null;
  let tag: string | null = null;
  let micros: bigint | null = null;
  while (!reader.done && micros === null) {
    const field = Number(reader.next());
    if (field === 0) reader.next();
    else if (field === 1)
      for (let i = 0; i < 16; i++) uuid += Number(reader.next()).toString(16).padStart(2, "0");
    else if (field === 2) number = reader.signed();
    else if (field === 3) tag = reader.text(Number(reader.next()));
    else if (field === 4 || field === 5) reader.signed();
    else if (field === 6) micros = reader.next();
    else break;
  }
  if (uuid.length !== 32 || number === null || tag === null) throw unreadable();
  const key = tag === "" ? dashed(uuid) : `${dashed(uuid)}:${tag}`;
  return { key, number, committedAt: micros === null ? null : Number(micros / 1000n) };
}

/** MySQL's serialization: how many bytes follow stands in the low bits of the first one. */
class Varints {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, at: number, end: number) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  next(): bigint {
    const first = this.#bytes[this.#at] as number;
    let more = 0;
    while (more < 8 && ((first >> more) & 1) === 1) more++;
    if (this.#at + 1 + more > this.#end) throw unreadable();
    let value = 0n;
    for (let i = more; i > 0; i--) value = (value << 8n) | BigInt(this.#bytes[this.#at + i] as number);
    this.#at += 1 + more;
    return more === 8 ? value : (value << BigInt(7 - more)) | (BigInt(first) >> BigInt(more + 1));
  }

  signed(): bigint {
    const value = this.next();
    return (value & 1n) === 1n ? -(value >> 1n) - 1n : value >> 1n;
  }

  text(length: number): string {
    if (this.#at + length > this.#end) throw unreadable();
    this.#at += length;
    return this.#bytes.toString("latin1", this.#at - length, this.#at);
  }
}

function uuidOf(bytes: Buffer, at: number): string {
  if (uuidText === "" || !sameBytes(uuidAt, bytes, at)) {
    bytes.copy(uuidAt, 0, at, at + 16);
    uuidText = dashed(uuidAt.toString("hex"));
  }
  return uuidText;
}

function dashed(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function unreadable(): Fault {
  return new Fault(
    "log-refused",
    "The source's log names a transaction in a way that Headgate does not know.",
  );
}
