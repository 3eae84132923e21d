/**
 * Turns chosen columns of an image into one row of the binary protocol. A patched image has the row behind it that was
 * read again; a value that is in doubt is taken from there, as it came.
 */
import type { PlanTable } from "../../../src/model.js";
import type { ImageReader } from "../../../src/stream-port.js";
import type { Codec } from "../../../src/typemap/codec.js";
import { ProtocolRow } from "../../../src/typemap/protocol-row.js";
import { cellsOf } from "../../../src/typemap/row.js";
import { unreadable } from "../unreadable.js";
import type { FieldWalk } from "./field.js";
import type { TableField } from "./table-fields.js";

/** Bytes of the length before a patched image. */
const headBytes = 4;

/** The form of patched images of one table. */
export class Patch {
  readonly #doubtful: readonly number[];
  readonly #codecs: readonly Codec[];

  constructor(doubtful: readonly number[], codecs: readonly Codec[]) {
    this.#doubtful = doubtful;
    this.#codecs = codecs;
  }

  write(
    out: Buffer,
    at: number,
    bytes: Buffer,
    start: number,
    end: number,
    row: { readonly packet: Buffer; readonly start: number; readonly end: number } | null,
  ): number {
    if (start === end) return at;
    let next = out.writeUInt32LE(end - start, at);
    next += bytes.copy(out, next, start, end);
    if (row !== null) next += row.packet.copy(out, next, row.start, row.end);
    return next;
  }

  /** End of the image itself, which begins `headBytes` after `start`. */
  imageEnd(bytes: Buffer, start: number, end: number): number {
    const imageEnd = end - start < headBytes ? end + 1 : start + headBytes + bytes.readUInt32LE(start);
    if (imageEnd > end) throw unreadable("A row image that was read again does not have its own length.");
    return imageEnd;
  }

  /** Cells by place, their lengths before them; null is NULL. null where nothing was read again. */
  cells(bytes: Buffer, imageEnd: number, end: number): ReadonlyMap<number, Buffer | null> | null {
    if (imageEnd === end) return null;
    const cells = new Map<number, Buffer | null>();
    const found = cellsOf(this.#codecs, bytes, imageEnd, end);
    for (const [k, place] of this.#doubtful.entries()) cells.set(place, found[k] ?? null);
    return cells;
  }
}

export class FieldReader implements ImageReader {
  readonly #walk: FieldWalk;
  readonly #fields: readonly TableField[];
  readonly #table: PlanTable;
  readonly #places: readonly number[];
  readonly #wanted: Uint8Array;
  readonly #count: number;
  readonly #patch: Patch | null;
  /** It reads columns that may have been read again. */
  readonly #isPatched: boolean;
  readonly #row = new ProtocolRow();

  constructor(
    walk: FieldWalk,
    fields: readonly TableField[],
    table: PlanTable,
    places: readonly number[],
    patch: Patch | null,
  ) {
    this.#walk = walk;
    this.#fields = fields;
    this.#table = table;
    this.#places = places;
    this.#patch = patch;
    this.#isPatched = patch !== null && places.some((place) => fields[place]?.doubt !== null);
    this.#wanted = new Uint8Array(table.columns.length);
    for (const place of places) this.#wanted[place] = 1;
    this.#count = new Set(places).size;
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
    let [from, to] = [start, end];
    let patched: ReadonlyMap<number, Buffer | null> | null = null;
    if (this.#patch !== null) {
      to = this.#patch.imageEnd(bytes, start, end);
      from = start + headBytes;
      if (this.#isPatched) patched = this.#patch.cells(bytes, to, end);
    }
    walk.walk(bytes, from, to, this.#wanted, this.#count);
    row.begin(places.length, to - from);
    for (let i = 0; i < places.length; i++) {
      const place = places[i] as number;
      if (patched?.has(place) === true && this.#isDoubtful(bytes, place)) {
        this.#copy(i, patched.get(place) ?? null);
        continue;
      }
      if ((walk.lengths[place] as number) < 0) this.#null(i);
      else this.#write(bytes, place);
    }
    row.finish();
    hand(row.bytes, 0, row.at);
  }

  #isDoubtful(bytes: Buffer, place: number): boolean {
    const { at, lengths, kinds } = this.#walk;
    const field = this.#fields[place] as TableField;
    if (field.doubt === null) return false;
    try {
      return field.doubt(bytes, at[place] as number, lengths[place] as number, kinds[place] as number);
    } catch (error) {
      return field.guarded(this.#table, () => {
        throw error;
      });
    }
  }

  #write(bytes: Buffer, place: number): void {
    const { at, lengths, kinds } = this.#walk;
    const field = this.#fields[place] as TableField;
    try {
      field.write(bytes, at[place] as number, lengths[place] as number, kinds[place] as number, this.#row);
    } catch (error) {
      field.guarded(this.#table, () => {
        throw error;
      });
    }
  }

  #null(index: number): void {
    const { bytes } = this.#row;
    const bit = index + 2;
    const byte = 1 + (bit >> 3);
    bytes[byte] = (bytes[byte] as number) | (1 << (bit & 7));
  }

  #copy(index: number, cell: Buffer | null): void {
    if (cell === null) {
      this.#null(index);
      return;
    }
    const row = this.#row;
    row.reserve(cell.length);
    row.at += cell.copy(row.bytes, row.at);
  }
}
