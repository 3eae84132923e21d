/**
 * The shape of one table's row images, from one announcement to the next: where each column of an image begins, and
 * readers that turn chosen columns into one row of the binary protocol. Sizes and readings are made once and lie in
 * arrays; per row nothing is made but bytes. An image is a null bitmap and then the values of all columns.
 */
import { Fault } from "../../../src/errors.js";
import type { PlanTable } from "../../../src/model.js";
import type { ImageReader, RowImages } from "../../../src/stream-port.js";
import type { AnnouncedTable } from "./announced-column.js";
import { hasEnded, historyPlace } from "./history.js";
import { layoutOf } from "./layout.js";
import { misfitOf } from "./misfit-column.js";
import { placesOf } from "./places.js";
import { ProtocolRow } from "../../../src/typemap/protocol-row.js";
import type { Reading } from "./reading.js";
import { readingOps } from "./reading.js";
import { readingOf } from "./reading-of.js";
import type { ImageWorld } from "./world.js";

export interface ImageShape extends RowImages {
  /** End of the full row image that begins at `start`. Throws Fault log-refused past the event's end. */
  end(bytes: Buffer, start: number, limit: number): number;
  /** Whether an image is of a version of its row that has ended (MariaDB's system versioning); null for a table that has none. */
  readonly historic: ((bytes: Buffer, start: number, end: number) => boolean) | null;
}

/** Throws Fault schema-changed where the announced columns are not the plan's, type-pair or log-refused where a column cannot be read exactly. */
export function imageShape(announced: AnnouncedTable, table: PlanTable, world: ImageWorld): ImageShape {
  const places = placesOf(announced, table, world);
  const period = world.periods.get(table.source);
  const ending = historyPlace(announced, table, world);
  const planned = new Map(places.map((place, i) => [place, table.columns[i]?.column]));
  const walk = new ImageWalk(
    announced.columns.map((column, i) =>
      layoutOf(column, i === period?.start || i === period?.end ? 6 : (planned.get(i)?.fsp ?? null)),
    ),
    announced.table,
  );
  const readings = table.columns.map((column, i) => {
    const found = announced.columns[places[i] ?? -1];
    if (found === undefined)
      throw new Fault("bug", `${table.source}.${column.source} has no place in the log.`);
    return readingOf(column, found, world);
  });
  const readers = new Map<string, ImageReader>();
  return {
    table,
    end: (bytes, start, limit) => walk.end(bytes, start, limit),
    historic:
      ending === null
        ? null
        : (bytes, start, end) => {
            walk.end(bytes, start, end);
            return hasEnded(bytes, walk.at[ending] ?? 0, walk.lengths[ending] ?? 0);
          },
    reader(columns) {
      const name = columns.join();
      const known = readers.get(name);
      if (known !== undefined) return known;
      const chosen = columns.map((column) => {
        const [place, reading] = [places[column], readings[column]];
        if (place === undefined || reading === undefined)
          throw new Fault("bug", `${table.source} has no column ${column}.`);
        return { place, reading, name: table.columns[column]?.source ?? "" };
      });
      const reader = new ShapeReader(walk, chosen, table.source);
      readers.set(name, reader);
      return reader;
    },
  };
}

/** Finds the columns of an image. */
class ImageWalk {
  readonly columns: number;
  /** Of the image that was walked last: where each value begins, and its bytes; -1 for NULL. */
  readonly at: Float64Array;
  readonly lengths: Float64Array;
  readonly #fixed: Uint16Array;
  readonly #prefix: Uint8Array;
  readonly #table: string;

  constructor(layouts: readonly { readonly fixed: number; readonly prefix: number }[], table: string) {
    this.columns = layouts.length;
    this.at = new Float64Array(layouts.length);
    this.lengths = new Float64Array(layouts.length);
    this.#fixed = Uint16Array.from(layouts, ({ fixed }) => fixed);
    this.#prefix = Uint8Array.from(layouts, ({ prefix }) => prefix);
    this.#table = table;
  }

  end(bytes: Buffer, start: number, limit: number): number {
    const { columns } = this;
    const at = this.at;
    const lengths = this.lengths;
    const fixed = this.#fixed;
    const prefixes = this.#prefix;
    let q = start + ((columns + 7) >> 3);
    if (q > limit || limit > bytes.length) throw this.#past();
    for (let i = 0; i < columns; i++) {
      if (((bytes[start + (i >> 3)] as number) & (1 << (i & 7))) !== 0) {
        lengths[i] = -1;
        continue;
      }
      let length = fixed[i] as number;
      const prefix = prefixes[i] as number;
      if (prefix > 0) {
        if (q + prefix > limit) throw this.#past();
        length = bytes[q] as number;
        if (prefix > 1) length |= (bytes[q + 1] as number) << 8;
        if (prefix > 2) length |= (bytes[q + 2] as number) << 16;
        if (prefix > 3) length += (bytes[q + 3] as number) * 0x1000000;
        q += prefix;
      }
      at[i] = q;
      lengths[i] = length;
      q += length;
      if (q > limit) throw this.#past();
    }
    return q;
  }

  wrong(): Fault {
    return new Fault(
      "log-refused",
      `A row of ${this.#table} in the source's log does not have the shape that was announced.`,
    );
  }

  #past(): Fault {
    return this.wrong();
  }
}

/** A column of a reader. */
interface ChosenColumn {
  readonly place: number;
  readonly reading: Reading;
  readonly name: string;
}

class ShapeReader implements ImageReader {
  readonly #walk: ImageWalk;
  readonly #places: Uint16Array;
  readonly #ops: Uint8Array;
  readonly #writes: Reading["write"][];
  readonly #names: readonly string[];
  readonly #table: string;
  readonly #row = new ProtocolRow();

  constructor(walk: ImageWalk, chosen: readonly ChosenColumn[], table: string) {
    this.#walk = walk;
    this.#table = table;
    this.#names = chosen.map(({ name }) => name);
    this.#places = Uint16Array.from(chosen, ({ place }) => place);
    this.#ops = Uint8Array.from(chosen, ({ reading }) => reading.op);
    this.#writes = chosen.map(({ reading }) => reading.write);
  }

  read(
    bytes: Buffer,
    start: number,
    end: number,
    hand: (packet: Buffer, start: number, end: number) => void,
  ): void {
    const walk = this.#walk;
    const row = this.#row;
    const places = this.#places;
    const ops = this.#ops;
    if (walk.end(bytes, start, end) !== end) throw walk.wrong();
    row.begin(places.length, end - start);
    for (let i = 0; i < places.length; i++) {
      const place = places[i] as number;
      const length = walk.lengths[place] as number;
      if (length < 0) {
        const bit = i + 2;
        const byte = 1 + (bit >> 3);
        row.bytes[byte] = (row.bytes[byte] as number) | (1 << (bit & 7));
        continue;
      }
      const at = walk.at[place] as number;
      const out = row.bytes;
      const o = row.at;
      switch (ops[i]) {
        case readingOps.one:
          out[o] = bytes[at] as number;
          row.at = o + 1;
          break;
        case readingOps.two:
          out[o] = bytes[at] as number;
          out[o + 1] = bytes[at + 1] as number;
          row.at = o + 2;
          break;
        case readingOps.four:
          for (let k = 0; k < 4; k++) out[o + k] = bytes[at + k] as number;
          row.at = o + 4;
          break;
        case readingOps.eight:
          for (let k = 0; k < 8; k++) out[o + k] = bytes[at + k] as number;
          row.at = o + 8;
          break;
        case readingOps.bytes:
          row.copy(bytes, at, length);
          break;
        default: {
          const write = this.#writes[i];
          if (write === null || write === undefined)
            throw new Fault("bug", `Column ${i} of an image has no reading.`);
          try {
            write(bytes, at, length, row);
          } catch (error) {
            throw misfitOf(error, this.#table, this.#names[i] ?? "");
          }
        }
      }
    }
    row.finish();
    hand(row.bytes, 0, row.at);
  }
}
