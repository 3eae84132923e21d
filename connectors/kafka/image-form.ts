/**
 * In what form the images of a record are written, types only: JSON's members with what a schema says of them, where
 * there is one, or the fields of an Avro record in their order.
 */
import type { AvroRecordNode } from "./avro-schema.js";

/** What a schema says of one field, in the words of Connect. */
export interface FieldSchema {
  /** `int8` to `int64`, `float32`, `float64`, `boolean`, `string`, `bytes`, `struct`, `array`. */
  readonly type: string;
  /** The type's meaning, e.g. `io.debezium.time.MicroTimestamp`; null where it has none. */
  readonly name: string | null;
  /** Of a decimal. */
  readonly scale: number | null;
  /** A value that stands for NULL as well where the converter puts defaults in NULL's place. */
  readonly hasDefault: boolean;
}

export interface JsonForm {
  readonly kind: "json";
  /** By member; null without a schema. */
  readonly fields: ReadonlyMap<string, FieldSchema> | null;
}

export interface AvroForm {
  readonly kind: "avro";
  readonly row: AvroRecordNode;
}

export type ImageForm = JsonForm | AvroForm;

/** Of records without a schema: one for all of them. */
export const plainJson: JsonForm = { kind: "json", fields: null };
