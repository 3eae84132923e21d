/**
 * The source's rows as tuples, through the very codecs that copied them. A value that no policy lets through does not
 * end the comparing: its field stands as refused (tuple.ts), so its row is found and its column named. Only a key that
 * is refused ends it, for such a row has no name. Nothing is made per row.
 */
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { Fault } from "../errors.js";
import type { PlanColumn, SourceEngine } from "../model.js";
import type { AskedKeys, RowQuery, RowReader, RowSink } from "../port.js";
import { mysqlName } from "../safety/identifier.js";
import { codecOf } from "../typemap/compile.js";
import type { Codec } from "../typemap/codec.js";
import { Output } from "../typemap/output.js";
import { Refusal } from "../typemap/refusal.js";
import { RowWriter } from "../typemap/writer.js";
import { chunkBytes, giveChunk, keptChunk, takeChunk } from "./chunk-pool.js";
import { writeRefused } from "./refused-row.js";
import type { Pen } from "./refused-row.js";
import type { Side } from "./side.js";
import { fieldName, fieldsAt } from "./tuple.js";
import type { TupleShape } from "./tuple.js";

/** A buffer that a huge row made larger than by this is not kept. */
const keptBytes = 1_048_576;
/** A buffer grows from here: most tables are small. */
const firstBytes = 8192;

/** How one shape of a table's rows is read: made once, used for many reads. */
export class SourceShape {
  readonly shape: TupleShape;
  readonly codecs: readonly Codec[];
  readonly select: readonly string[];
  readonly keyColumns: readonly PlanColumn[];

  constructor(shape: TupleShape, engine: SourceEngine) {
    this.shape = shape;
    const columns = shape.places.map((place) => {
      const column = shape.table.columns[place];
      if (column === undefined) throw new Fault("bug", `${shape.table.source} has no column ${place}.`);
      return column;
    });
    this.keyColumns = shape.key.flatMap((field) => columns[field] ?? []);
    this.codecs = columns.map((column) => codecOf(column, engine));
    this.select = this.codecs.map((codec, field) => codec.select(mysqlName(fieldName(shape, field))));
  }

  /** Keys' tuples as a query asks for them. */
  asked(keys: readonly Buffer[]): AskedKeys {
    return { texts: keys.map((key) => this.#keyTexts(key)), columns: this.keyColumns };
  }

  #keyTexts(key: Buffer): string[] {
    const at = new Int32Array(this.shape.key.length);
    fieldsAt(key, 0, at);
    return this.shape.key.map((field, k) => {
      const from = at[k] ?? 0;
      const length = key.readInt32BE(from);
      const codec = this.codecs[field];
      if (codec === undefined || length < 0)
        throw new Fault("bug", `A key of ${this.shape.table.source} is NULL.`);
      return codec.decode(key.subarray(from + 4, from + 4 + length));
    });
  }
}

export interface SourceRead {
  readonly rows: number;
  readonly bytes: number;
  /** SHA-256 of all tuples in the order read, where it was asked for. */
  readonly digest: string | null;
}

/** Reads the query's rows into the side, to its end. */
export async function readSource(
  reader: RowReader,
  source: SourceShape,
  wanted: Pick<RowQuery, "range" | "keys" | "ordered">,
  side: Side,
  digested: boolean,
  signal: AbortSignal,
): Promise<SourceRead> {
  const { table } = source.shape;
  const rows = new SourceRows(source, side, digested);
  const query = { table: table.source, select: source.select, key: table.key, ...wanted };
  const read = await reader.read(query, rows, signal);
  const done = rows.finish();
  if (done.rows !== read.rows)
    throw new Fault(
      "range-incomplete",
      `${table.source}: the source sent ${read.rows} rows and ${done.rows} were compared.`,
    );
  return done;
}

class SourceRows implements RowSink {
  readonly #source: SourceShape;
  readonly #side: Side;
  readonly #free: Pen[] = [];
  readonly #hash: Hash | null;
  #pen: Pen;
  #finished = false;
  #rows = 0;
  #bytes = 0;

  constructor(source: SourceShape, side: Side, digested: boolean) {
    this.#source = source;
    this.#side = side;
    this.#hash = digested ? createHash("sha256") : null;
    this.#pen = this.#newPen((this.#fits ? keptChunk() : undefined) ?? firstBytes);
  }

  row(packet: Buffer, start: number, end: number): void {
    const { out, writer } = this.#pen;
    const before = out.at;
    try {
      writer.row(packet, start, end);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      out.at = before;
      writeRefused(this.#source, this.#pen, { packet, start, end }, error);
    }
    this.#rows++;
    if (out.at >= this.#side.chunkBytes) this.#handOver();
  }

  full(): boolean {
    return this.#side.full();
  }

  drained(): Promise<void> {
    return this.#side.drained();
  }

  finish(): SourceRead {
    this.#handOver();
    this.#finished = true;
    for (const { out } of [...this.#free, this.#pen]) giveChunk(out.bytes);
    this.#side.end();
    return { rows: this.#rows, bytes: this.#bytes, digest: this.#hash?.digest("hex") ?? null };
  }

  #handOver(): void {
    const pen = this.#pen;
    const { bytes, at } = pen.out;
    if (at === 0) return;
    this.#hash?.update(at === bytes.length ? bytes : bytes.subarray(0, at));
    this.#bytes += at;
    this.#pen = this.#free.pop() ?? this.#newPen(this.#nextBytes());
    const release = (): void => {
      if (this.#finished) {
        giveChunk(bytes);
        return;
      }
      if (pen.out.bytes.length > this.#side.chunkBytes + keptBytes) return;
      pen.out.at = 0;
      this.#free.push(pen);
    };
    this.#side.push({ bytes, at: 0, end: at, release });
  }

  /** What holds more than one chunk fills the next one too. */
  #nextBytes(): number | Buffer {
    return this.#fits ? takeChunk() : firstBytes;
  }

  get #fits(): boolean {
    return this.#side.chunkBytes < chunkBytes;
  }

  #newPen(first: number | Buffer): Pen {
    const cells = this.#source.codecs.map((codec) => codec.cell);
    const out = new Output(null, cells.length, first);
    return { out, writer: new RowWriter(cells, out) };
  }
}
