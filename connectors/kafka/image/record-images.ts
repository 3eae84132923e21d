/**
 * The images of one table in one form: readers of chosen columns, which columns are in doubt, and the form of an image
 * that has been patched: four bytes of the image's length, the image, and the row that was read again. Everything is
 * made once; per image nothing is made but bytes.
 */
import type { Fault } from "../../../src/errors.js";
import type { PlanTable, SourceEngine } from "../../../src/model.js";
import type { ImageReader, RowImages } from "../../../src/stream-port.js";
import { codecOf } from "../../../src/typemap/compile.js";
import type { EventSettings } from "../event-settings.js";
import type { ImageForm } from "../image-form.js";
import type { RecordImages } from "../record.js";
import { unreadable } from "../unreadable.js";
import { AvroWalk } from "./avro-walk.js";
import { toldApart } from "./told-apart.js";
import { tableFields } from "./table-fields.js";
import type { TableField } from "./table-fields.js";
import type { FieldWalk } from "./field.js";
import { FieldReader, Patch } from "./field-reader.js";
import { JsonWalk } from "./json-walk.js";

/** Throws Fault schema-changed where the form has not the plan's columns, event-unreadable where one is not carried exactly. */
export function recordImages(
  form: ImageForm,
  table: PlanTable,
  engine: SourceEngine,
  settings: EventSettings,
): RecordImages {
  const walk: FieldWalk = form.kind === "avro" ? new AvroWalk(table, form.row) : new JsonWalk(table);
  const fields = tableFields(form, table, engine, settings);
  const doubtful = fields.flatMap(({ doubt }, place) => (doubt === null ? [] : [place]));
  const patch = new Patch(
    doubtful,
    doubtful.flatMap((place) => {
      const column = table.columns[place];
      return column === undefined ? [] : [codecOf(column, engine)];
    }),
  );
  const told = toldApart(table);
  const helpless = new Set(doubtful.filter((place) => told === null || told.has(place)));
  const plain = readers(walk, fields, table, null);
  const patched = readers(walk, fields, table, patch);
  const wanted = new Uint8Array(table.columns.length);
  for (const place of doubtful) wanted[place] = 1;
  const again = (bytes: Buffer, start: number, end: number): boolean => {
    if (doubtful.length === 0 || start === end) return false;
    walk.walk(bytes, start, end, wanted, doubtful.length);
    let found = false;
    for (const place of doubtful) {
      if (!isDoubtful(fields, walk, bytes, place, table)) continue;
      if (helpless.has(place)) throw cannotTell(table, place, told === null);
      found = true;
    }
    return found;
  };
  return {
    table,
    reader: (columns) => plain(columns),
    doubtful,
    again,
    demandFindable(bytes, start, end) {
      if (helpless.size > 0) again(bytes, start, end);
    },
    patched: { table, reader: (columns) => patched(columns) },
    patch: (out, at, bytes, start, end, row) => patch.write(out, at, bytes, start, end, row),
  };
}

function isDoubtful(
  fields: readonly TableField[],
  walk: FieldWalk,
  bytes: Buffer,
  place: number,
  table: PlanTable,
): boolean {
  const field = fields[place];
  if (field?.doubt === undefined || field.doubt === null) return false;
  const { at, lengths, kinds } = walk;
  try {
    return field.doubt(bytes, at[place] as number, lengths[place] as number, kinds[place] as number);
  } catch (error) {
    return field.guarded(table, () => {
      throw error;
    });
  }
}

function cannotTell(table: PlanTable, place: number, keyless: boolean): Fault {
  const column = table.columns[place]?.source ?? "?";
  const why = keyless
    ? `${table.source} has no key to read the row again by`
    : "it is in the key or a unique index, where reading the row again is no help";
  return unreadable(
    `${table.source}.${column} has a value that change events do not carry exactly, and ${why}.`,
  );
}

function readers(
  walk: FieldWalk,
  fields: readonly TableField[],
  table: PlanTable,
  patch: Patch | null,
): RowImages["reader"] {
  const made = new Map<string, ImageReader>();
  return (columns) => {
    const name = columns.join();
    const known = made.get(name);
    if (known !== undefined) return known;
    const reader = new FieldReader(walk, fields, table, columns, patch);
    made.set(name, reader);
    return reader;
  };
}
