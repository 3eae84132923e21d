/**
 * Rows of the source as tuples of the target's binary form, kept: for repair, which writes them. Each goes through the
 * very codecs that the copy and the stream use. Memory is the caller's to bound, by what it asks for.
 */
import { createHash } from "node:crypto";
import { Fault } from "../errors.js";
import type { PlanTable, PolicyName, SourceEngine } from "../model.js";
import type { AskedKeys, RowReader, RowSink } from "../port.js";
import { Output, policyNames } from "../typemap/output.js";
import { Refusal } from "../typemap/refusal.js";
import { RowWriter } from "../typemap/writer.js";
import { writeRefused } from "./refused-row.js";
import { SourceShape } from "./source-rows.js";
import { rowShape } from "./tuple.js";

export interface PolicyUse {
  /** `table.column`. */
  readonly object: string;
  readonly policy: PolicyName;
  readonly count: number;
}

export interface RepairRow {
  /** Bytes as one character each: the key's tuple, or the SHA-256 of the row's tuple where the table has no key. */
  readonly key: string;
  readonly tuple: Buffer;
  readonly policies: readonly PolicyUse[];
  /** Of a table without a key: why the row is nobody's to write, and its tuple only a name. Null otherwise. */
  readonly refused: string | null;
}

export class RepairRows {
  readonly #table: PlanTable;
  readonly #source: SourceShape;
  readonly #writer: RowWriter;

  constructor(table: PlanTable, engine: SourceEngine) {
    this.#table = table;
    this.#source = new SourceShape(rowShape(table), engine);
    const { codecs } = this.#source;
    this.#writer = new RowWriter(
      codecs.map(({ cell }) => cell),
      new Output(null, codecs.length, 1024),
    );
  }

  /** The rows with these keys. Fault value-refused where no policy lets a value through. */
  async byKeys(
    reader: RowReader,
    keys: readonly Buffer[],
    onRow: (row: RepairRow) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#read(reader, this.#source.asked(keys), onRow, signal);
  }

  /** Every row of a table without a key. */
  async all(reader: RowReader, onRow: (row: RepairRow) => void, signal: AbortSignal): Promise<void> {
    await this.#read(reader, null, onRow, signal);
  }

  async #read(
    reader: RowReader,
    keys: AskedKeys | null,
    onRow: (row: RepairRow) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const sink: RowSink = {
      row: (packet, start, end) => onRow(this.#row(packet, start, end)),
      full: () => false,
      drained: () => Promise.resolve(),
    };
    let seen = 0;
    const counted: RowSink = {
      ...sink,
      row: (packet, start, end) => {
        seen += 1;
        sink.row(packet, start, end);
      },
    };
    const query = {
      table: this.#table.source,
      select: this.#source.select,
      key: this.#table.key,
      range: null,
      ordered: false,
      ...(keys === null ? {} : { keys }),
    };
    const { rows } = await reader.read(query, counted, signal);
    if (rows !== seen)
      throw new Fault(
        "range-incomplete",
        `The source sent ${String(rows)} rows of ${this.#table.source} and ${String(seen)} came through.`,
      );
  }

  #row(packet: Buffer, start: number, end: number): RepairRow {
    const { out } = this.#writer;
    out.at = 0;
    try {
      this.#writer.row(packet, start, end);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const column = this.#table.columns[out.column]?.source ?? "?";
      const sentence = `${this.#table.source}.${column} holds ${error.message}.`;
      // Rows with a key are asked for again one by one; of the others one would end the reading of all.
      if (this.#table.key !== null)
        throw new Fault("value-refused", sentence, {
          facts: { table: this.#table.source, column },
          cause: error,
        });
      out.at = 0;
      writeRefused(this.#source, { out, writer: this.#writer }, { packet, start, end }, error);
      // What policies did to a row that is not written counts for nothing.
      this.#policies();
      return this.#made([], sentence);
    }
    return this.#made(this.#policies(), null);
  }

  #made(policies: readonly PolicyUse[], refused: string | null): RepairRow {
    const { out } = this.#writer;
    const tuple = Buffer.from(out.bytes.subarray(0, out.at));
    return { key: this.#keyOf(tuple), tuple, policies, refused };
  }

  #keyOf(tuple: Buffer): string {
    if (this.#table.key === null) return createHash("sha256").update(tuple).digest().toString("latin1");
    const starts: number[] = [];
    for (let at = 2, field = 0; field < this.#table.columns.length; field += 1) {
      starts.push(at);
      at += 4 + Math.max(0, tuple.readInt32BE(at));
    }
    const count = Buffer.alloc(2);
    const places = this.#source.shape.key;
    count.writeInt16BE(places.length);
    const fields = places.map((place) => {
      const at = starts[place] ?? 0;
      return tuple.subarray(at, at + 4 + Math.max(0, tuple.readInt32BE(at)));
    });
    return Buffer.concat([count, ...fields]).toString("latin1");
  }

  /** What policies changed in this row; the counters begin anew. */
  #policies(): readonly PolicyUse[] {
    const { counts } = this.#writer.out;
    const found: PolicyUse[] = [];
    counts.forEach((count, index) => {
      const policy = policyNames[index % policyNames.length];
      const column = this.#table.columns[Math.floor(index / policyNames.length)]?.source;
      if (count === 0 || policy === undefined || column === undefined) return;
      found.push({ object: `${this.#table.source}.${column}`, policy, count });
      counts[index] = 0;
    });
    return found;
  }
}
