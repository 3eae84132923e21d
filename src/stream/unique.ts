/**
 * Where a statement group must end because of a unique index beside the key (design.md, decision 5). A group is
 * applied as sets, in no order of its own, and PostgreSQL checks an index row by row: a key's row may not take a value
 * that another key's row gives up in the same group. Whether two values are one is told as PostgreSQL's index does, or
 * more coarsely: text under a collation that cannot be told here is `wild`, one with every other value. A cut too many
 * costs a statement; a cut too few is found by PostgreSQL, and the batch is then written change by change. So indexes
 * over expressions, whose values cannot be told at all, have no cuts.
 */
import type { PlanIndex, PlanTable, TextEquality } from "../model.js";
import { bareType } from "../typemap/target-type.js";
import { fieldsOf } from "./projection.js";
import type { Key } from "./key.js";

/** One with every value. */
const wild = Symbol("wild");
/** What a row has in an index; null where one of the parts is NULL, which is no value. */
type Value = string | typeof wild | null;

interface Part {
  /** Place among the columns that are read. */
  readonly field: number;
  readonly prefix: number | null;
  readonly kind: "text" | "bytes" | "float";
  readonly equality: TextEquality | null;
}

/** Columns that the table's unique indexes beside the key are made of, and the indexes over them. */
export class UniqueIndexes {
  /** Places in `table.columns`. */
  readonly places: readonly number[];
  readonly #indexes: readonly (readonly Part[])[];
  readonly #freed: Freed[];

  constructor(table: PlanTable) {
    const indexes = (table.indexes ?? []).filter((index) => mayClash(table, index));
    this.places = [
      ...new Set(indexes.flatMap(({ parts }) => parts.map(({ column }) => placeOf(table, column)))),
    ].sort((a, b) => a - b);
    this.#indexes = indexes.map(({ parts }) => parts.map((part) => partOf(table, this.places, part)));
    this.#freed = indexes.map(() => new Freed());
  }

  /** A row's value in each index. The tuple is one of `places`. */
  values(tuple: Buffer, end: number): Value[] {
    const fields = fieldsOf(tuple, end);
    return this.#indexes.map((parts) => valueOf(parts, fields));
  }

  /** Whether the key's row takes a value that another key gave up in this group. */
  clash(values: readonly Value[], key: Key): boolean {
    return values.some(
      (value, index) => value !== null && this.#freed[index]?.byAnother(value, key) === true,
    );
  }

  /** The key's row gives these values up. */
  free(values: readonly Value[], key: Key): void {
    values.forEach((value, index) => {
      if (value !== null) this.#freed[index]?.add(value, key);
    });
  }

  /** A new group begins. */
  clear(): void {
    for (const freed of this.#freed) freed.clear();
  }
}

const several = Symbol("several");
type By = Key | typeof several | undefined;

const joined = (by: By, key: Key): By => (by === undefined || by === key ? key : several);
const another = (by: By, key: Key): boolean => by !== undefined && by !== key;

/** Values of one index that keys gave up. */
class Freed {
  readonly #by = new Map<string, By>();
  #wild: By;
  #any: By;

  add(value: string | typeof wild, key: Key): void {
    this.#any = joined(this.#any, key);
    if (value === wild) this.#wild = joined(this.#wild, key);
    else this.#by.set(value, joined(this.#by.get(value), key));
  }

  byAnother(value: string | typeof wild, key: Key): boolean {
    if (value === wild) return another(this.#any, key);
    return another(this.#wild, key) || another(this.#by.get(value), key);
  }

  clear(): void {
    if (this.#any === undefined) return;
    this.#by.clear();
    this.#wild = undefined;
    this.#any = undefined;
  }
}

function mayClash(table: PlanTable, index: PlanIndex): boolean {
  if (!index.unique || index.parts.some(({ expression }) => expression !== undefined)) return false;
  if (index.source !== table.key?.index || index.beside === true) return true;
  // The key's own index: two keys of different bytes may be one in it.
  return index.parts.some(
    (part) => part.prefix !== null || part.hashed || !bytewise(equalityOf(table, part)),
  );
}

function equalityOf(table: PlanTable, part: PlanIndex["parts"][number]): TextEquality | null {
  return part.equality ?? table.columns[placeOf(table, part.column)]?.equality ?? null;
}

function bytewise(equality: TextEquality | null): boolean {
  return equality === null || (equality.by === "bytes" && !equality.padded);
}

function placeOf(table: PlanTable, column: string): number {
  return table.columns.findIndex(({ source }) => source === column);
}

function partOf(table: PlanTable, places: readonly number[], part: PlanIndex["parts"][number]): Part {
  const place = placeOf(table, part.column);
  const type = bareType(table.columns[place]?.targetType ?? "");
  return {
    field: places.indexOf(place),
    prefix: part.prefix,
    kind:
      type === "real" || type === "double precision"
        ? "float"
        : ["text", "citext", "character varying", "character"].includes(type)
          ? "text"
          : "bytes",
    equality: equalityOf(table, part),
  };
}

function valueOf(parts: readonly Part[], fields: readonly (Buffer | null)[]): Value {
  let value = "";
  let coarse = false;
  for (const part of parts) {
    const field = fields[part.field] ?? null;
    if (field === null) return null;
    const one = partValue(part, field);
    if (one === wild) coarse = true;
    else value += `${one.length}:${one}`;
  }
  return coarse ? wild : value;
}

function partValue({ kind, prefix, equality }: Part, field: Buffer): string | typeof wild {
  if (kind === "float") return field.readUInt8(0) === 0x80 && isZero(field) ? "0" : field.toString("latin1");
  if (kind === "bytes") return field.subarray(0, prefix ?? field.length).toString("latin1");
  const whole = field.toString("utf8");
  const text = prefix === null ? whole : Array.from(whole).slice(0, prefix).join("");
  const cut = equality?.padded === true ? text.replace(/ +$/, "") : text;
  if (equality === null || equality.by === "bytes") return cut;
  // Printable ASCII is told apart by case alone, at most, by lower() and by ICU's root rules; some languages merge more.
  if ((equality.collation?.language ?? "") !== "" || !/^[ -~]*$/.test(cut)) return wild;
  return cut.toLowerCase();
}

/** Minus zero is zero. */
function isZero(field: Buffer): boolean {
  return field.subarray(1).every((byte) => byte === 0) && (field.readUInt8(0) & 0x7f) === 0;
}
