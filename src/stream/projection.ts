/**
 * Some columns of a table's images as one tuple of PostgreSQL's binary form, through the columns' codecs: keys, unique
 * values, referenced values, whole rows. The tuple stands in `out` until the next one; nothing is made per row.
 */
import { Fault } from "../errors.js";
import type { PlanTable } from "../model.js";
import type { ImageReader, PolicyCount } from "../stream-port.js";
import type { Cell } from "../typemap/codec.js";
import { Output, policyNames } from "../typemap/output.js";
import { Refusal } from "../typemap/refusal.js";
import { RowWriter } from "../typemap/writer.js";

/** A buffer that one huge row made larger than this is not kept. */
const keptBytes = 1_048_576;

export class Projection {
  /** Places in `table.columns`. */
  readonly places: readonly number[];
  /** Bytes [0, out.at) are the tuple. */
  out: Output;
  readonly #table: PlanTable;
  readonly #cells: readonly Cell[];
  #writer: RowWriter;
  readonly #row = (packet: Buffer, start: number, end: number): void => this.#writer.row(packet, start, end);

  constructor(table: PlanTable, cells: readonly Cell[], places: readonly number[]) {
    this.places = places;
    this.#table = table;
    this.#cells = places.map((place) => {
      const cell = cells[place];
      if (cell === undefined) throw new Fault("bug", `${table.source} has no column ${place}.`);
      return cell;
    });
    this.out = new Output(null, places.length, 1024);
    this.#writer = this.#writerTo(this.out);
  }

  /** Makes the tuple of the image in bytes [start, end). Fault value-refused where no policy lets a value through. */
  read(reader: ImageReader, bytes: Buffer, start: number, end: number): void {
    if (this.out.bytes.length > keptBytes) this.#renew();
    this.out.at = 0;
    try {
      reader.read(bytes, start, end, this.#row);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const column = this.#table.columns[this.places[this.out.column] ?? -1]?.source ?? "?";
      throw new Fault("value-refused", `${this.#table.source}.${column} holds ${error.message}.`, {
        facts: { table: this.#table.source, column },
        cause: error,
      });
    }
  }

  /** Values that policies have changed since this was asked last. */
  takeChanged(): PolicyCount[] {
    const { counts } = this.out;
    const found: PolicyCount[] = [];
    counts.forEach((count, index) => {
      const policy = policyNames[index % policyNames.length];
      const column = this.#table.columns[this.places[Math.floor(index / policyNames.length)] ?? -1]?.source;
      if (count === 0 || policy === undefined || column === undefined) return;
      found.push({ object: `${this.#table.source}.${column}`, policy, count });
      counts[index] = 0;
    });
    return found;
  }

  /** The tuple's bytes, one character each. */
  text(): string {
    return this.out.bytes.toString("latin1", 0, this.out.at);
  }

  #renew(): void {
    const out = new Output(null, this.places.length, 1024);
    out.counts.set(this.out.counts);
    this.out = out;
    this.#writer = this.#writerTo(out);
  }

  #writerTo(out: Output): RowWriter {
    return new RowWriter(this.#cells, out);
  }
}

/** A projection's tuple field by field: its bytes, null for NULL. Views, valid until the next tuple. */
export function fieldsOf(tuple: Buffer, end: number): (Buffer | null)[] {
  const fields: (Buffer | null)[] = [];
  for (let at = 2; at < end;) {
    const length = tuple.readInt32BE(at);
    at += 4;
    fields.push(length < 0 ? null : tuple.subarray(at, at + length));
    at += Math.max(0, length);
  }
  return fields;
}
