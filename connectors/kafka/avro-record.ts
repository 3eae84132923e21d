/**
 * Debezium's records as Avro in Confluent's wire form: a zero byte, the schema's number in four bytes, the value. The
 * envelope is walked field by field; images are found by what their fields take, and left alone. What happens
 * rarely is made an object.
 */
import { AvroCursor } from "./avro-cursor.js";
import type { AvroField, AvroNode, AvroRecordNode } from "./avro-schema.js";
import type { AvroForm } from "./image-form.js";
import type { DebeziumRecord, RecordTransaction } from "./record.js";
import { isOperation } from "./record-facts.js";
import type { SchemaBook } from "./schema-book.js";
import { emptySource, partOf, snapshotOf } from "./source-draft.js";
import type { SourceDraft } from "./source-draft.js";
import { unreadable } from "./unreadable.js";

/** The byte before a schema's number. */
export const confluentMagic = 0;
const headBytes = 5;

export class AvroRecords {
  readonly #book: SchemaBook;
  readonly #cursor = new AvroCursor();
  readonly #forms = new Map<AvroRecordNode, AvroForm>();

  constructor(book: SchemaBook) {
    this.#book = book;
  }

  /** As RecordReader.prepare. */
  prepare(value: Buffer): Promise<void> | null {
    return this.#book.prepare(schemaId(value));
  }

  /** Throws Fault event-unreadable. */
  record(value: Buffer): DebeziumRecord {
    const node = this.#schema(value);
    if (node.kind !== "record") throw noEvent();
    const cursor = this.#cursor;
    cursor.set(value, headBytes, value.length);
    let op = "";
    let before: Range | null = null;
    let after: Range | null = null;
    let source: SourceDraft | null = null;
    let transaction: RecordTransaction | null = null;
    for (const { name, node: field } of node.fields)
      switch (name) {
        case "before":
          before = this.#image(field);
          break;
        case "after":
          after = this.#image(field);
          break;
        case "source":
          source = this.#source(recordIn(cursor, field));
          break;
        case "transaction":
          transaction = this.#transaction(recordIn(cursor, field));
          break;
        case "op":
          op = this.#text(field) ?? "";
          break;
        default:
          cursor.value(field);
      }
    if (cursor.at !== value.length) throw cursor.fault();
    if (!isOperation(op) || source === null) throw noEvent();
    const row = after?.row ?? before?.row ?? null;
    if (before !== null && after !== null && before.row !== after.row)
      throw unreadable("The record's two row images are of two schemas.");
    return {
      op,
      ...source,
      transaction,
      form: this.#form(row ?? node),
      before: before?.start ?? 0,
      beforeEnd: before?.end ?? 0,
      after: after?.start ?? 0,
      afterEnd: after?.end ?? 0,
    };
  }

  /** The whole value as an object, whole numbers past 2^53 as bigint. */
  payload(value: Buffer): unknown {
    const node = this.#schema(value);
    const cursor = this.#cursor;
    cursor.set(value, headBytes, value.length);
    const payload = cursor.decode(node);
    if (cursor.at !== value.length) throw cursor.fault();
    return payload;
  }

  #schema(value: Buffer): AvroNode {
    return this.#book.known(schemaId(value));
  }

  #form(row: AvroRecordNode): AvroForm {
    const known = this.#forms.get(row);
    if (known !== undefined) return known;
    const form: AvroForm = { kind: "avro", row };
    this.#forms.set(row, form);
    return form;
  }

  #image(field: AvroNode): Range | null {
    const cursor = this.#cursor;
    const row = recordIn(cursor, field);
    if (row === null) return null;
    const start = cursor.at;
    cursor.value(row);
    return { start, end: cursor.at, row };
  }

  #source(node: AvroRecordNode | null): SourceDraft {
    if (node === null) throw noEvent();
    const source = emptySource();
    for (const field of node.fields)
      switch (field.name) {
        case "ts_ms":
          source.ts = this.#count(field);
          break;
        case "snapshot":
          source.snapshot = snapshotOf(this.#text(field.node));
          break;
        case "db":
          source.db = this.#text(field.node) ?? "";
          break;
        case "table":
          source.table = this.#text(field.node) ?? "";
          break;
        case "server_id":
          source.serverId = this.#count(field);
          break;
        case "gtid":
          source.gtid = this.#text(field.node);
          break;
        case "file":
          source.file = this.#text(field.node) ?? "";
          break;
        case "pos":
          source.pos = this.#count(field);
          break;
        case "row":
          source.row = this.#count(field);
          break;
        default:
          this.#cursor.value(field.node);
      }
    return source;
  }

  #transaction(node: AvroRecordNode | null): RecordTransaction | null {
    if (node === null) return null;
    let id: string | null = null;
    let totalOrder = 0;
    let tableOrder = 0;
    for (const field of node.fields)
      if (field.name === "id") id = this.#text(field.node);
      else if (field.name === "total_order") totalOrder = this.#count(field);
      else if (field.name === "data_collection_order") tableOrder = this.#count(field);
      else this.#cursor.value(field.node);
    return partOf(id, totalOrder, tableOrder);
  }

  #text(field: AvroNode): string | null {
    const node = present(this.#cursor, field);
    if (node === null) return null;
    if (node.kind === "string") return this.#cursor.text();
    throw noEvent();
  }

  #count({ node: field }: AvroField): number {
    const node = present(this.#cursor, field);
    if (node === null) return 0;
    if (node.kind !== "int" && node.kind !== "long") throw noEvent();
    return this.#cursor.small();
  }
}

interface Range {
  readonly start: number;
  readonly end: number;
  readonly row: AvroRecordNode;
}

/** What is at the cursor, unions entered; null for null. */
function present(cursor: AvroCursor, field: AvroNode): AvroNode | null {
  const node = field.kind === "union" ? cursor.branch(field.branches) : field;
  return node.kind === "null" ? null : node;
}

function recordIn(cursor: AvroCursor, field: AvroNode): AvroRecordNode | null {
  const node = present(cursor, field);
  if (node === null) return null;
  if (node.kind !== "record") throw noEvent();
  return node;
}

function schemaId(value: Buffer): number {
  if (value.length <= headBytes || value[0] !== confluentMagic)
    throw unreadable("The record's value does not begin as Avro in Confluent's wire form does.");
  return value.readInt32BE(1);
}

function noEvent(): Error {
  return unreadable("The record's value is no change event of Debezium's, by its Avro schema.");
}
