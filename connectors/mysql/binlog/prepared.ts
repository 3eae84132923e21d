/**
 * XA transactions: their rows stand in the log at PREPARE, and only XA COMMIT, another transaction, makes them true.
 * Until then they are kept here, within a bound, and positions leave their transaction out: whoever reads on from one
 * gets it again.
 */
import { Fault } from "../../../src/errors.js";
import type { Announced } from "./tables.js";

/** Bytes of rows that may wait, of all transactions together. */
const mostBytes = 64 * 1024 * 1024;

interface KeptRows {
  readonly type: number;
  /** Body of the event, a copy. */
  readonly bytes: Buffer;
  readonly announced: Announced;
}

/** One transaction from XA START on. */
export interface XaRows {
  readonly xid: string;
  readonly rows: KeptRows[];
  bytes: number;
}

export class Prepared {
  #bytes = 0;
  readonly #waiting = new Map<string, { readonly rows: XaRows; readonly ended: () => void }>();

  begin(xid: string): XaRows {
    return { xid, rows: [], bytes: 0 };
  }

  keep(xa: XaRows, type: number, bytes: Buffer, at: number, end: number, announced: Announced): void {
    this.#bytes += end - at;
    xa.bytes += end - at;
    if (this.#bytes > mostBytes)
      throw new Fault(
        "log-refused",
        `The XA transaction ${xa.xid} holds more rows than wait for its end (${String(mostBytes / 1024 / 1024)} MB).`,
        { next: "headgate recopy the tables that it wrote to, once it is committed." },
      );
    xa.rows.push({ type, bytes: Buffer.from(bytes.subarray(at, end)), announced });
  }

  /** The transaction was prepared; `ended` is to be called once it is committed or rolled back. */
  park(xa: XaRows, ended: () => void): void {
    this.#waiting.set(xa.xid, { rows: xa, ended });
  }

  /** Its rows, that are no longer kept here; null where none waits by that name: it wrote nothing that is wanted. */
  take(xid: string): { readonly rows: XaRows; readonly ended: () => void } | null {
    const waiting = this.#waiting.get(xid) ?? null;
    this.#waiting.delete(xid);
    if (waiting !== null) this.drop(waiting.rows);
    return waiting;
  }

  drop(xa: XaRows): void {
    this.#bytes -= xa.bytes;
  }
}

/** The name that XA_PREPARE events have: whether one phase was all, behind it format and the lengths of both parts. */
export function isOnePhase(bytes: Buffer, at: number): boolean {
  return bytes[at] !== 0;
}
