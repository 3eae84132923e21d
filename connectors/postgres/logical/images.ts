/**
 * Row images of the target's log: the plan's columns in their order, each with its length before it, as binary COPY has
 * them. A reader makes of some of them a row as the stream's loop reads it, every field behind its length: the fields
 * themselves are not looked at.
 */
import { Fault } from "../../../src/errors.js";
import type { PlanTable } from "../../../src/model.js";
import type { ImageReader, RowImages } from "../../../src/stream-port.js";
import { ProtocolRow } from "../../../src/typemap/protocol-row.js";

/** A buffer that one large row left behind is not kept for the small ones after it. */
const keptBytes = 1_048_576;

/** Where images are put, one change at a time. */
export class ImageBuffer {
  bytes: Buffer = Buffer.allocUnsafeSlow(4096);
  at = 0;

  /** Begins anew: what was here is gone. */
  clear(): void {
    if (this.bytes.length > keptBytes) this.bytes = Buffer.allocUnsafeSlow(4096);
    this.at = 0;
  }

  field(value: Buffer | null): void {
    const length = value === null ? 0 : value.length;
    const need = this.at + 4 + length;
    if (need > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(need, this.bytes.length * 2));
      this.bytes.copy(grown, 0, 0, this.at);
      this.bytes = grown;
    }
    this.bytes.writeInt32BE(value === null ? -1 : length, this.at);
    value?.copy(this.bytes, this.at + 4);
    this.at = need;
  }
}

export class LogicalImages implements RowImages {
  readonly table: PlanTable;
  readonly #readers = new Map<string, ImageReader>();

  constructor(table: PlanTable) {
    this.table = table;
  }

  reader(columns: readonly number[]): ImageReader {
    const name = columns.join(",");
    const known = this.#readers.get(name);
    if (known !== undefined) return known;
    const reader = new FieldReader(this.table, columns);
    this.#readers.set(name, reader);
    return reader;
  }
}

class FieldReader implements ImageReader {
  readonly #table: PlanTable;
  readonly #columns: readonly number[];
  /** Fields that have to be walked over. */
  readonly #walked: number;
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  readonly #row = new ProtocolRow();

  constructor(table: PlanTable, columns: readonly number[]) {
    this.#table = table;
    this.#columns = columns;
    this.#walked = columns.reduce((most, place) => Math.max(most, place + 1), 0);
    this.#starts = new Int32Array(this.#walked);
    this.#lengths = new Int32Array(this.#walked);
  }

  read(
    bytes: Buffer,
    start: number,
    end: number,
    row: (packet: Buffer, start: number, end: number) => void,
  ): void {
    const [starts, lengths, columns, out] = [this.#starts, this.#lengths, this.#columns, this.#row];
    let at = start;
    for (let place = 0; place < this.#walked; place++) {
      if (at + 4 > end) throw this.#torn();
      const length = bytes.readInt32BE(at);
      at += 4;
      starts[place] = at;
      lengths[place] = length;
      if (length > 0) at += length;
    }
    if (at > end) throw this.#torn();
    out.begin(columns.length, end - start);
    for (let index = 0; index < columns.length; index++) {
      const place = columns[index] ?? 0;
      const length = lengths[place] ?? -1;
      if (length >= 0) out.copy(bytes, starts[place] ?? 0, length);
      else {
        const bit = index + 2;
        const byte = 1 + (bit >> 3);
        out.bytes[byte] = (out.bytes[byte] ?? 0) | (1 << (bit & 7));
      }
    }
    out.finish();
    row(out.bytes, 0, out.at);
  }

  #torn(): Fault {
    return new Fault("bug", `An image of ${this.#table.source} ends within its fields.`);
  }
}
