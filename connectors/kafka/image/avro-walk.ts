/**
 * Finds the columns of a table in a row image that is an Avro record. Which field is which column is settled once, by
 * name; converters write letters that Avro does not allow in a name as _.
 */
import type { PlanTable } from "../../../src/model.js";
import { AvroCursor } from "../avro-cursor.js";
import type { AvroNode, AvroRecordNode } from "../avro-schema.js";
import type { FieldWalk } from "./field.js";
import { otherColumns } from "./other-columns.js";

interface PlacedField {
  readonly node: AvroNode;
  readonly place: number;
}

export class AvroWalk implements FieldWalk {
  readonly at: Float64Array;
  readonly lengths: Float64Array;
  readonly kinds: Uint8Array;
  readonly #fields: readonly PlacedField[];
  readonly #cursor = new AvroCursor();

  constructor(table: PlanTable, row: AvroRecordNode) {
    const count = table.columns.length;
    this.at = new Float64Array(count);
    this.lengths = new Float64Array(count);
    this.kinds = new Uint8Array(count);
    this.#fields = row.fields.map(({ name, node }) => ({ node, place: avroPlace(table, name) }));
    const places = new Set(this.#fields.map(({ place }) => place));
    if (places.has(-1) || places.size !== count || row.fields.length !== count) throw otherColumns(table);
  }

  walk(bytes: Buffer, start: number, end: number, wanted: Uint8Array, count: number): void {
    const { at, lengths } = this;
    const cursor = this.#cursor;
    const fields = this.#fields;
    const whole = count === fields.length;
    let found = 0;
    cursor.set(bytes, start, end);
    for (let k = 0; k < fields.length && (whole || found < count); k++) {
      const { node: field, place } = fields[k] as PlacedField;
      const node = field.kind === "union" ? cursor.branch(field.branches) : field;
      found += wanted[place] as number;
      if (node.kind === "null") {
        lengths[place] = -1;
        continue;
      }
      if (node.kind === "string" || node.kind === "bytes") {
        const length = cursor.length();
        at[place] = cursor.at;
        lengths[place] = length;
        cursor.skip(length);
        continue;
      }
      const from = cursor.at;
      cursor.value(node);
      at[place] = from;
      lengths[place] = cursor.at - from;
    }
    if (whole && cursor.at !== end) throw cursor.fault();
  }
}

/** The place of the column that a field is; -1 where it is none. */
export function avroPlace(table: PlanTable, field: string): number {
  const exact = table.columns.findIndex(({ source }) => source === field);
  if (exact >= 0) return exact;
  const like = table.columns.flatMap(({ source }, place) => (adjusted(source) === field ? [place] : []));
  return like.length === 1 ? (like[0] ?? -1) : -1;
}

function adjusted(name: string): string {
  const letters = Array.from(name, (letter) => (/^[A-Za-z0-9_]$/.test(letter) ? letter : "_")).join("");
  return /^\d/.test(letters) ? `_${letters}` : letters;
}
