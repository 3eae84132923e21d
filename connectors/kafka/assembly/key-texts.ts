/**
 * The key of a row of the binary protocol, as texts that a reader by key takes: what the key columns' codecs make of the
 * source's values, and spell again.
 */
import { Fault } from "../../../src/errors.js";
import type { PlanTable, SourceEngine } from "../../../src/model.js";
import { codecOf } from "../../../src/typemap/compile.js";
import { Output } from "../../../src/typemap/output.js";
import { RowWriter } from "../../../src/typemap/writer.js";

export class KeyTexts {
  /** The key's columns as places in `table.columns`. */
  readonly places: readonly number[];
  readonly #decodes: readonly ((field: Buffer) => string)[];
  readonly #writer: RowWriter;

  constructor(table: PlanTable, engine: SourceEngine) {
    this.places = (table.key?.columns ?? []).map((name) => {
      const place = table.columns.findIndex(({ source }) => source === name);
      if (place < 0) throw new Fault("bug", `${table.source} has no column ${name} for its key.`);
      return place;
    });
    const codecs = this.places.flatMap((place) => {
      const column = table.columns[place];
      return column === undefined ? [] : [codecOf(column, engine)];
    });
    this.#decodes = codecs.map((codec) => (field) => codec.decode(field));
    this.#writer = new RowWriter(
      codecs.map(({ cell }) => cell),
      new Output(null, codecs.length),
    );
  }

  /** What tells a row's key from all others, of a row that has the key's columns alone, in their order. */
  name(packet: Buffer, start: number, end: number): string {
    const { out } = this.#writer;
    out.at = 0;
    this.#writer.row(packet, start, end);
    return out.bytes.toString("latin1", 0, out.at);
  }

  /** The key that was named last. */
  texts(): readonly string[] {
    const { out } = this.#writer;
    let at = 2;
    return this.#decodes.map((decode) => {
      const length = out.view.getInt32(at);
      at += 4;
      if (length < 0) throw new Fault("bug", "A key of a change event holds NULL.");
      const text = decode(out.bytes.subarray(at, at + length));
      at += length;
      return text;
    });
  }
}
