/**
 * Rows as tuples of PostgreSQL's binary COPY form, in whatever buffer they stand: where a tuple and its fields end, the
 * key in it, and the columns in which two of them part. A value of the source that no policy lets through stands as a
 * field of length -2, which no server sends: such a row is never equal to anything, and tells which column it was.
 */
import { Fault } from "../errors.js";
import type { PlanTable } from "../model.js";

/** Length of a field that the source's codec refused. */
export const refusedLength = -2;

/** The columns that are compared, and which of them are the key. */
export interface TupleShape {
  readonly table: PlanTable;
  /** Places in `table.columns`, one a field. */
  readonly places: readonly number[];
  /** Fields of the key's columns, in the key's order; empty without a key. */
  readonly key: readonly number[];
}

/** All columns of the table. */
export function rowShape(table: PlanTable): TupleShape {
  const places = table.columns.map((_, place) => place);
  return { table, places, key: keyPlaces(table) };
}

/** The key's columns alone. */
export function keyShape(table: PlanTable): TupleShape {
  const places = keyPlaces(table);
  return { table, places, key: places.map((_, field) => field) };
}

function keyPlaces(table: PlanTable): number[] {
  return (table.key?.columns ?? []).map((name) => {
    const place = table.columns.findIndex((column) => column.source === name);
    if (place < 0) throw new Fault("bug", `${table.source} has no key column ${name}.`);
    return place;
  });
}

/** Source name of a field's column. */
export function fieldName(shape: TupleShape, field: number): string {
  return shape.table.columns[shape.places[field] ?? -1]?.source ?? "?";
}

/** Where the tuple at `at` ends. */
export function tupleEnd(bytes: Buffer, at: number): number {
  const fields = bytes.readInt16BE(at);
  let end = at + 2;
  for (let k = 0; k < fields; k++) {
    const length = bytes.readInt32BE(end);
    end += length > 0 ? 4 + length : 4;
  }
  return end;
}

/** Writes where each field's length stands into `at`, which has room for them, and returns where the tuple ends. */
export function fieldsAt(bytes: Buffer, start: number, at: Int32Array): number {
  const fields = bytes.readInt16BE(start);
  if (fields !== at.length)
    throw new Fault("bug", `A row of ${fields} fields where ${at.length} were asked for.`);
  let end = start + 2;
  for (let k = 0; k < fields; k++) {
    at[k] = end;
    const length = bytes.readInt32BE(end);
    end += length > 0 ? 4 + length : 4;
  }
  return end;
}

/** A reader of single tuples, which keeps where the fields of the last one stand. */
export class TupleView {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  readonly at: Int32Array;
  readonly #shape: TupleShape;

  constructor(shape: TupleShape) {
    this.#shape = shape;
    this.at = new Int32Array(shape.places.length);
  }

  read(bytes: Buffer, start: number): this {
    this.bytes = bytes;
    this.start = start;
    this.end = fieldsAt(bytes, start, this.at);
    return this;
  }

  /** A field's length; below zero where it has no bytes. */
  lengthOf(field: number): number {
    return this.bytes.readInt32BE(this.at[field] ?? 0);
  }

  /** The key's tuple, as bytes of its own. */
  key(): Buffer {
    const { key } = this.#shape;
    let size = 2;
    for (const field of key) size += 4 + Math.max(0, this.lengthOf(field));
    const tuple = Buffer.allocUnsafe(size);
    tuple.writeInt16BE(key.length, 0);
    let at = 2;
    for (const field of key) {
      const from = this.at[field] ?? 0;
      const length = this.bytes.readInt32BE(from);
      this.bytes.copy(tuple, at, from, from + 4 + Math.max(0, length));
      at += 4 + Math.max(0, length);
    }
    return tuple;
  }

  /** The key's bytes, one character each: equal for equal keys only. */
  keyText(): string {
    const { key } = this.#shape;
    let text = "";
    for (const field of key) {
      const from = this.at[field] ?? 0;
      const length = this.bytes.readInt32BE(from);
      text += this.bytes.toString("latin1", from, from + 4 + Math.max(0, length));
    }
    return text;
  }

  sameField(field: number, other: TupleView): boolean {
    const [a, b] = [this.at[field] ?? 0, other.at[field] ?? 0];
    const size = 4 + Math.max(0, this.bytes.readInt32BE(a));
    if (size !== 4 + Math.max(0, other.bytes.readInt32BE(b))) return false;
    return this.bytes.compare(other.bytes, b, b + size, a, a + size) === 0;
  }

  same(other: TupleView): boolean {
    return (
      this.end - this.start === other.end - other.start &&
      this.bytes.compare(other.bytes, other.start, other.end, this.start, this.end) === 0
    );
  }

  sameKey(other: TupleView): boolean {
    return this.#shape.key.every((field) => this.sameField(field, other));
  }

  /** Source names of the columns in which the two part. */
  parting(other: TupleView): string[] {
    const names: string[] = [];
    for (let field = 0; field < this.at.length; field++)
      if (!this.sameField(field, other)) names.push(fieldName(this.#shape, field));
    return names;
  }

  /** Source names of the columns whose value was refused. */
  refused(): string[] {
    const names: string[] = [];
    for (let field = 0; field < this.at.length; field++)
      if (this.lengthOf(field) === refusedLength) names.push(fieldName(this.#shape, field));
    return names;
  }
}

/** Whether one of the tuple's fields is NULL. */
export function hasNull(tuple: Buffer): boolean {
  const fields = tuple.readInt16BE(0);
  for (let k = 0, at = 2; k < fields; k++) {
    const length = tuple.readInt32BE(at);
    if (length < 0) return true;
    at += 4 + length;
  }
  return false;
}
