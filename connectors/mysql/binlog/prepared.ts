/**
 * XA transactions: their rows stand in the log at PREPARE, and only XA COMMIT, another transaction, makes them true.
 * Until then they are kept here, in memory within a bound and beyond it in files, and positions leave their
 * transaction out: whoever reads on from one gets it again.
 */
import { Fault } from "../../../src/errors.js";
import { Spill } from "./spill.js";
import type { KeptRows } from "./spill.js";
import type { Announced } from "./tables.js";

/** Bytes that may wait in memory, of all transactions together. */
const mostBytes = 16 * 1024 * 1024;
/** What an event in memory costs beside its bytes, more or less. */
const eventBytes = 250;

/** One transaction from XA START on. Its rows are either all in memory or all in a file. */
export interface XaRows {
  xid: string;
  /** Tables of the plan that it has rows of, by source name. */
  readonly tables: Set<string>;
  rows: KeptRows[];
  bytes: number;
  spill: Spill | null;
}

export interface PreparedParts {
  /** Opens a file for rows. */
  readonly open: () => number;
  /** Where it is, for people. */
  readonly folder: string;
}

export class Prepared {
  readonly #parts: PreparedParts;
  readonly #most: number;
  #bytes = 0;
  readonly #waiting = new Map<string, { readonly rows: XaRows; readonly ended: () => void }>();
  /** Prepared in this reading, and nothing of theirs is wanted. */
  readonly #empty = new Set<string>();
  readonly #spills = new Set<Spill>();

  constructor(parts: PreparedParts, most = mostBytes) {
    this.#parts = parts;
    this.#most = most;
  }

  begin(xid: string): XaRows {
    return { xid, tables: new Set(), rows: [], bytes: 0, spill: null };
  }

  /** Fault file-refused: too many for memory, and no room for them on disk. */
  keep(xa: XaRows, type: number, bytes: Buffer, at: number, end: number, announced: Announced): void {
    if (announced.table !== null) xa.tables.add(announced.table.source);
    const cost = end - at + eventBytes;
    if (xa.spill === null && this.#bytes + cost <= this.#most) {
      this.#bytes += cost;
      xa.bytes += cost;
      xa.rows.push({ type, bytes: Buffer.from(bytes.subarray(at, end)), announced });
      return;
    }
    try {
      const spill = xa.spill ?? this.#spill(xa);
      spill.add(type, bytes, at, end, announced);
    } catch (error) {
      throw this.#refused(xa, error);
    }
  }

  /** What is kept of it, in the order of the log; each one's bytes are valid until the next. */
  *rows(xa: XaRows): Generator<KeptRows, undefined> {
    yield* xa.rows;
    for (;;) {
      let next: KeptRows | null;
      try {
        next = xa.spill?.next() ?? null;
      } catch (error) {
        throw this.#refused(xa, error);
      }
      if (next === null) return;
      yield next;
    }
  }

  /** The transaction was prepared; `ended` is to be called once it is committed or rolled back. */
  park(xa: XaRows, ended: () => void): void {
    this.#waiting.set(xa.xid, { rows: xa, ended });
  }

  /** The transaction was prepared, and wrote nothing that is wanted. */
  pass(xid: string): void {
    this.#empty.add(xid);
  }

  /** What waits by that name and waits no longer, to be dropped. `unseen`: it was prepared before this reading began. */
  take(xid: string): { readonly rows: XaRows; readonly ended: () => void } | "empty" | "unseen" {
    const waiting = this.#waiting.get(xid);
    if (waiting === undefined) return this.#empty.delete(xid) ? "empty" : "unseen";
    this.#waiting.delete(xid);
    return waiting;
  }

  /** Its rows are needed no more. */
  drop(xa: XaRows): void {
    this.#bytes -= xa.bytes;
    xa.bytes = 0;
    xa.rows = [];
    if (xa.spill === null) return;
    this.#spills.delete(xa.spill);
    xa.spill.close();
    xa.spill = null;
  }

  /** Nothing more is read: files are given back. */
  close(): void {
    for (const spill of this.#spills) spill.close();
    this.#spills.clear();
  }

  #spill(xa: XaRows): Spill {
    const spill = new Spill(this.#parts.open());
    this.#spills.add(spill);
    for (const { type, bytes, announced } of xa.rows) spill.add(type, bytes, 0, bytes.length, announced);
    this.drop(xa);
    xa.spill = spill;
    return spill;
  }

  #refused({ xid }: XaRows, error: unknown): Fault {
    const why = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return new Fault(
      "file-refused",
      `The XA transaction ${xid} has more rows than wait in memory for its end (${String(this.#most / 1024 / 1024)} MB), and a file in ${this.#parts.folder}, where they are to wait, cannot be written or read (${why}).`,
      { next: "Make room there, or give the right, then headgate run.", cause: error },
    );
  }
}

/** The name that XA_PREPARE events have: whether one phase was all, behind it format and the lengths of both parts. */
export function isOnePhase(bytes: Buffer, at: number): boolean {
  return bytes[at] !== 0;
}

/** Whether it wrote rows that may be wanted. */
export function hasRows({ rows, spill }: XaRows): boolean {
  return rows.length > 0 || spill !== null;
}
