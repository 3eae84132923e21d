/**
 * Reads the values of Debezium's topics, whatever their form: Avro begins with a zero byte, JSON never does. Images
 * are handed on as they lie in the value, with a reader of them by form and table.
 */
import type { PlanTable, SourceEngine } from "../../src/model.js";
import { AvroRecords, confluentMagic } from "./avro-record.js";
import type { EventSettings } from "./event-settings.js";
import type { ImageForm } from "./image-form.js";
import { recordImages } from "./image/record-images.js";
import { JsonRecords } from "./json-record.js";
import type { RecordImages, RecordReader } from "./record.js";
import { schemaChangeOf, transactionOf } from "./record-facts.js";
import { SchemaBook } from "./schema-book.js";
import type { FetchSchema } from "./schema-book.js";

export interface RecordReaderOptions {
  readonly engine: SourceEngine;
  readonly settings: EventSettings;
  /** Where they are others for a table. */
  readonly settingsOf?: (table: PlanTable) => EventSettings;
  /** null where no registry is configured: then Avro is refused. */
  readonly fetchSchema: FetchSchema | null;
}

export function recordReader(options: RecordReaderOptions): RecordReader {
  const { engine, fetchSchema } = options;
  const json = new JsonRecords();
  const avro = new AvroRecords(new SchemaBook(fetchSchema));
  const made = new WeakMap<ImageForm, Map<PlanTable, RecordImages>>();
  const isAvro = (value: Buffer): boolean => value[0] === confluentMagic;
  return {
    prepare: (value) => (isAvro(value) ? avro.prepare(value) : null),
    record: (value) => (isAvro(value) ? avro.record(value) : json.record(value)),
    transaction: (value) => transactionOf(isAvro(value) ? avro.payload(value) : json.payload(value)),
    schemaChange: (value) => schemaChangeOf(isAvro(value) ? avro.payload(value) : json.payload(value)),
    images({ form }, table) {
      const ofForm = made.get(form) ?? new Map<PlanTable, RecordImages>();
      made.set(form, ofForm);
      const known = ofForm.get(table);
      if (known !== undefined) return known;
      const images = recordImages(form, table, engine, options.settingsOf?.(table) ?? options.settings);
      ofForm.set(table, images);
      return images;
    },
  };
}
