/**
 * Rows that wait for the end of their XA transaction and are too many for memory. A file of its own for each
 * transaction, that loses its name as soon as it is open: nobody else can open it, nothing is left of it however this
 * process ends, and the next one reads the rows from the log again, as no position holds them
 * (docs/decisions/0010).
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { Fault } from "../../../src/errors.js";
import type { Announced } from "./tables.js";

/** One event with rows. */
export interface KeptRows {
  readonly type: number;
  /** Its body. */
  readonly bytes: Buffer;
  readonly announced: Announced;
}

/** Type of the event (1 byte), place of its announcement (4), length of its body (4). */
const headBytes = 9;
/** Read at once, so that many small events are few reads. */
const chunk = 1 << 18;

const prefix = "xa-";

/**
 * Whoever was killed between the two calls of `namelessFile` has left an empty one. For a folder of one engine at a time. Fault
 * file-refused.
 */
export function removeNamed(folder: string): void {
  try {
    if (!existsSync(folder)) return;
    for (const name of readdirSync(folder))
      if (name.startsWith(prefix)) rmSync(join(folder, name), { force: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Fault(
      "file-refused",
      `What an engine that was killed has left in ${folder} cannot be removed: ${why}`,
      {
        cause: error,
      },
    );
  }
}

/** Opens a file for its owner alone, that has this name for a moment only. */
export function namelessFile(folder: string, name: string): number {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, prefix + name);
  const file = openSync(path, "wx+", 0o600);
  try {
    unlinkSync(path);
  } catch (error) {
    closeSync(file);
    throw error;
  }
  return file;
}

/** Errors are the operating system's own. */
export class Spill {
  readonly #file: number;
  /** Each announcement once; nearly all events of a table share theirs. */
  readonly #announced: Announced[] = [];
  readonly #places = new Map<Announced, number>();
  #length = 0;
  /** The next event to be read begins here. */
  #at = 0;
  /** Bytes of the file from `from` on. */
  #read = Buffer.alloc(0);
  #from = 0;
  #have = 0;

  constructor(file: number) {
    this.#file = file;
  }

  add(type: number, bytes: Buffer, at: number, end: number, announced: Announced): void {
    let place = this.#places.get(announced);
    if (place === undefined) {
      place = this.#announced.push(announced) - 1;
      this.#places.set(announced, place);
    }
    const whole = Buffer.allocUnsafe(headBytes + end - at);
    whole[0] = type;
    whole.writeUInt32LE(place, 1);
    whole.writeUInt32LE(end - at, 5);
    bytes.copy(whole, headBytes, at, end);
    // Where the disk has room for a part only, the next call says so.
    for (let done = 0; done < whole.length;)
      done += writeSync(this.#file, whole, done, whole.length - done, this.#length + done);
    this.#length += whole.length;
  }

  /** The next event, whose bytes are valid until the next call; null behind the last one. */
  next(): KeptRows | null {
    if (this.#at === this.#length) return null;
    const head = this.#bytes(this.#at, headBytes);
    const [type = 0] = head;
    const announced = this.#announced[head.readUInt32LE(1)];
    const length = head.readUInt32LE(5);
    if (announced === undefined) throw new Error("not what was written");
    const bytes = this.#bytes(this.#at + headBytes, length);
    this.#at += headBytes + length;
    return { type, bytes, announced };
  }

  close(): void {
    this.#read = Buffer.alloc(0);
    closeSync(this.#file);
  }

  #bytes(at: number, length: number): Buffer {
    if (at < this.#from || at + length > this.#from + this.#have) {
      if (this.#read.length < length) this.#read = Buffer.allocUnsafeSlow(Math.max(chunk, length));
      const wanted = Math.min(this.#read.length, this.#length - at);
      for (let have = 0; have < wanted;) {
        const more = readSync(this.#file, this.#read, have, wanted - have, at + have);
        if (more === 0) throw new Error("shorter than what was written");
        have += more;
      }
      this.#from = at;
      this.#have = wanted;
    }
    return this.#read.subarray(at - this.#from, at - this.#from + length);
  }
}
