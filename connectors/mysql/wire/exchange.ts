/**
 * One question and its answer, packet by packet: a text query, the preparing of a statement, its execution. An
 * exchange knows where in the answer it stands and nothing of sockets. Whatever ends the connection ends the
 * exchange through `failed`: only the server's own words "end of result" can make it succeed.
 */
import { Fault } from "../../../src/errors.js";
import type { RowSink } from "../../../src/port.js";
import { binaryRow, textRow } from "./cells.js";
import type { Cell } from "./cells.js";
import { columnType, endOfResult, firstByte, lengthAt } from "./packets.js";
import type { ColumnType } from "./packets.js";

export interface Prepared {
  readonly id: number;
  readonly columns: number;
  readonly params: number;
}

export interface Ended {
  readonly rows: number;
  readonly warnings: number;
}

/** What the connection needs of an exchange. */
export interface Exchange {
  /** Takes one packet of the answer that is no ERR; true when the answer is complete. */
  packet(buf: Buffer, start: number, end: number): boolean;
  failed(fault: Fault): void;
}

/** An exchange whose answer may go on for days, and whose taker may stop it after any packet. */
export interface Following extends Exchange {
  readonly answer: { readonly promise: Promise<unknown> };
  /** Asked after each packet: whether to hold the next one back. */
  full(): boolean;
  /** Every whole packet that has come is handed over. */
  rest(): void;
  /** Resolves when the next packet may come; rejects with the Fault that ends the exchange. */
  drained(): Promise<void>;
}

/** A promise whose two ends the exchange holds. */
export class Answer<T> {
  readonly promise: Promise<T>;
  #resolve: ((value: T) => void) | undefined;
  #reject: ((fault: Fault) => void) | undefined;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  give(value: T): void {
    this.#resolve?.(value);
  }

  fail(fault: Fault): void {
    this.#reject?.(fault);
  }
}

/** COM_QUERY: all rows as text, in memory. For statements that return few rows or none. */
export class TextQuery implements Exchange {
  readonly answer = new Answer<Cell[][]>();
  readonly #deprecateEof: boolean;
  readonly #rows: Cell[][] = [];
  #columns = -1;
  #toSkip = 0;

  constructor(deprecateEof: boolean) {
    this.#deprecateEof = deprecateEof;
  }

  packet(buf: Buffer, start: number, end: number): boolean {
    if (this.#columns < 0) {
      this.#columns = headerOf(buf, start);
      this.#toSkip = this.#columns + (this.#deprecateEof ? 0 : 1);
      if (this.#columns === 0) this.answer.give([]);
      return this.#columns === 0;
    }
    if (this.#toSkip > 0) {
      this.#toSkip--;
      return false;
    }
    // A row of the text protocol may begin with 0xfe too: a first cell of 16 MB or more.
    if (buf[start] === firstByte.eof && end - start < (this.#deprecateEof ? 0xffffff : 9)) {
      endOfResult(buf, start, this.#deprecateEof);
      this.answer.give(this.#rows);
      return true;
    }
    this.#rows.push(textRow(buf, start, this.#columns));
    return false;
  }

  failed(fault: Fault): void {
    this.answer.fail(fault);
  }
}

/** COM_STMT_PREPARE. */
export class Prepare implements Exchange {
  readonly answer = new Answer<Prepared>();
  readonly #deprecateEof: boolean;
  #prepared: Prepared | undefined;
  #toSkip = 0;

  constructor(deprecateEof: boolean) {
    this.#deprecateEof = deprecateEof;
  }

  packet(buf: Buffer, start: number): boolean {
    if (this.#prepared === undefined) {
      const prepared = {
        id: buf.readUInt32LE(start + 1),
        columns: buf.readUInt16LE(start + 5),
        params: buf.readUInt16LE(start + 7),
      };
      this.#prepared = prepared;
      for (const definitions of [prepared.params, prepared.columns])
        if (definitions > 0) this.#toSkip += definitions + (this.#deprecateEof ? 0 : 1);
    } else this.#toSkip--;
    if (this.#toSkip > 0) return false;
    this.answer.give(this.#prepared);
    return true;
  }

  failed(fault: Fault): void {
    this.answer.fail(fault);
  }
}

/** COM_STMT_EXECUTE: rows go to the sink as they are, while the buffer that holds them is still warm. */
export class Execute implements Exchange {
  readonly answer = new Answer<Ended>();
  readonly sink: RowSink;
  readonly #deprecateEof: boolean;
  #inRows = false;
  #columns = -1;
  #toSkip = 0;
  #rows = 0;

  constructor(sink: RowSink, deprecateEof: boolean) {
    this.sink = sink;
    this.#deprecateEof = deprecateEof;
  }

  packet(buf: Buffer, start: number, end: number): boolean {
    // A binary row begins with 0x00, so that here no other packet can be taken for one.
    if (this.#inRows && buf[start] === 0x00) {
      this.#rows++;
      this.sink.row(buf, start, end);
      return false;
    }
    return this.#other(buf, start, end);
  }

  /** Takes each column definition, where somebody wants them; the copy has no use for them. */
  protected column: ((buf: Buffer, end: number) => void) | undefined;

  #other(buf: Buffer, start: number, end: number): boolean {
    if (this.#columns < 0) {
      this.#columns = headerOf(buf, start);
      this.#toSkip = this.#columns + (this.#deprecateEof ? 0 : 1);
      if (this.#columns === 0) throw new Fault("bug", "A statement that was to return rows returned none.");
      return false;
    }
    if (this.#toSkip > 0) {
      if (this.#toSkip > 1 || this.#deprecateEof) this.column?.(buf, end);
      this.#toSkip--;
      this.#inRows = this.#toSkip === 0;
      return false;
    }
    if (buf[start] !== firstByte.eof) throw new Fault("bug", "A packet that is neither row nor end came.");
    this.answer.give({ rows: this.#rows, warnings: endOfResult(buf, start, this.#deprecateEof).warnings });
    return true;
  }

  failed(fault: Fault): void {
    this.answer.fail(fault);
  }
}

/** An execution whose few rows are wanted as text. */
export class Select extends Execute {
  readonly rows: Cell[][];

  constructor(deprecateEof: boolean) {
    const columns: ColumnType[] = [];
    const rows: Cell[][] = [];
    super(
      {
        row: (packet, start) => void rows.push(binaryRow(packet, start, columns)),
        full: () => false,
        drained: () => Promise.resolve(),
      },
      deprecateEof,
    );
    this.rows = rows;
    this.column = (buf, end) => void columns.push(columnType(buf, end));
  }
}

/** Number of columns that a result announces, 0 for an OK packet. */
function headerOf(buf: Buffer, start: number): number {
  if (buf[start] === firstByte.localInfile)
    throw new Fault("bug", "The source asked for a file of this machine; it gets none.");
  return lengthAt(buf, start).value;
}
