/**
 * Finds the columns of a table in a row image that is a JSON object.
 */
import type { PlanTable } from "../../../src/model.js";
import { JsonCursor, jsonKinds } from "../json-cursor.js";
import { MemberNames, otherMember } from "../member-names.js";
import type { FieldWalk } from "./field.js";
import { otherColumns } from "./other-columns.js";

const missing = -2;

export class JsonWalk implements FieldWalk {
  readonly at: Float64Array;
  readonly lengths: Float64Array;
  readonly kinds: Uint8Array;
  readonly #table: PlanTable;
  readonly #names: MemberNames;
  readonly #cursor = new JsonCursor();

  constructor(table: PlanTable) {
    const { columns } = table;
    this.at = new Float64Array(columns.length);
    this.lengths = new Float64Array(columns.length);
    this.kinds = new Uint8Array(columns.length);
    this.#table = table;
    this.#names = new MemberNames(columns.map(({ source }) => source));
  }

  walk(bytes: Buffer, start: number, end: number, wanted: Uint8Array, count: number): void {
    const { at, lengths, kinds } = this;
    const cursor = this.#cursor;
    const whole = count === lengths.length;
    let found = 0;
    lengths.fill(missing);
    cursor.set(bytes, start, end);
    cursor.object();
    for (let index = 0; whole || found < count; index++) {
      if (!cursor.member()) {
        if (found < count) throw otherColumns(this.#table);
        break;
      }
      const place = this.#names.place(bytes, cursor.from, cursor.to, index);
      cursor.value();
      if (place === otherMember || lengths[place] !== missing) {
        if (whole) throw otherColumns(this.#table);
        continue;
      }
      at[place] = cursor.from;
      lengths[place] = cursor.kind === jsonKinds.null ? -1 : cursor.to - cursor.from;
      kinds[place] = cursor.kind;
      found += wanted[place] as number;
    }
    if (whole) cursor.finish();
  }
}
