/**
 * Debezium's records as Connect's JSON converter writes them, with their schema or without. Of a row's change only
 * the envelope is read, in one pass over the bytes; its images are found and left alone. With a schema before it, a
 * value begins with the very bytes that the last record of its table began with, so the schema is read once a table.
 */
import { JsonCursor, jsonKinds } from "./json-cursor.js";
import type { JsonForm } from "./image-form.js";
import { plainJson } from "./image-form.js";
import { LastText } from "./last-text.js";
import { MemberNames, otherMember } from "./member-names.js";
import type { DebeziumRecord, RecordTransaction } from "./record.js";
import { isOperation } from "./record-facts.js";
import { readJsonSchema } from "./json-schema.js";
import { partOf, snapshotOf } from "./source-draft.js";
import type { SourceDraft } from "./source-draft.js";
import { unreadable } from "./unreadable.js";

const head = new MemberNames(["schema", "payload"]);
const outer = new MemberNames(["before", "after", "source", "transaction", "op"]);
const outerPlaces = { before: 0, after: 1, source: 2, transaction: 3, op: 4 } as const;
const inner = new MemberNames([
  "ts_ms",
  "snapshot",
  "db",
  "table",
  "server_id",
  "gtid",
  "file",
  "pos",
  "row",
]);
const transactionNames = new MemberNames(["id", "total_order", "data_collection_order"]);

/** Schemas with which values began, the last one first. */
interface KnownSchema {
  readonly head: Buffer;
  readonly form: JsonForm;
}

/** A lane has as many schemas as tables, and some more after an ALTER. */
const keptSchemas = 2000;

/** A record while it is read, all of its members there from the beginning: there is one for each event. */
class Draft implements SourceDraft {
  op = "";
  form: JsonForm = plainJson;
  db = "";
  table = "";
  gtid: string | null = null;
  file = "";
  pos = 0;
  row = 0;
  serverId = 0;
  ts = 0;
  snapshot: string | null = null;
  transaction: RecordTransaction | null = null;
  before = 0;
  beforeEnd = 0;
  after = 0;
  afterEnd = 0;
}

function isRecord(draft: Draft): draft is Draft & DebeziumRecord {
  return isOperation(draft.op);
}

export class JsonRecords {
  readonly #cursor = new JsonCursor();
  readonly #known: KnownSchema[] = [];
  readonly #ops = new LastText();
  readonly #snapshots = new LastText();
  readonly #dbs = new LastText();
  readonly #tables = new LastText();
  readonly #gtids = new LastText();
  readonly #files = new LastText();
  readonly #ids = new LastText();
  #form: JsonForm = plainJson;
  #wrapped = false;

  /** Throws Fault event-unreadable. */
  record(value: Buffer): DebeziumRecord {
    const draft = new Draft();
    this.#open(value);
    this.#envelope(draft);
    this.#close();
    draft.form = this.#form;
    const { op } = draft;
    if (!isRecord(draft))
      throw unreadable(
        op === ""
          ? "The record's value is no change event of Debezium's: it has no op."
          : `The record's value has the op ${JSON.stringify(op)}, which Debezium does not write.`,
      );
    return draft;
  }

  /** The record's payload as an object; for what is small and has no numbers past 2^53. */
  payload(value: Buffer): unknown {
    this.#open(value);
    const { at } = this.#cursor;
    this.#cursor.value();
    const end = this.#cursor.at;
    this.#close();
    const text = value.toString("utf8", at, end);
    try {
      return JSON.parse(text);
    } catch (error) {
      throw unreadable("The record's value is no JSON.", error);
    }
  }

  /** Puts the cursor at the payload. */
  #open(value: Buffer): void {
    const cursor = this.#cursor;
    cursor.set(value, 0, value.length);
    this.#form = plainJson;
    this.#wrapped = true;
    const known = this.#knownHead(value);
    if (known !== null) {
      this.#form = known.form;
      cursor.at = known.head.length;
      return;
    }
    cursor.object();
    if (!cursor.member() || head.place(value, cursor.from, cursor.to, 0) !== 0) {
      cursor.set(value, 0, value.length);
      this.#wrapped = false;
      return;
    }
    cursor.value();
    const { from, to } = cursor;
    if (!cursor.member() || head.place(value, cursor.from, cursor.to, 1) !== 1)
      throw unreadable("The record's value has a schema and no payload behind it.");
    this.#form = readJsonSchema(value.toString("utf8", from, to));
    this.#known.unshift({ head: Buffer.from(value.subarray(0, cursor.at)), form: this.#form });
    if (this.#known.length > keptSchemas) this.#known.pop();
  }

  /** Passes what stands behind the payload: nothing, or the end of what the schema is in. */
  #close(): void {
    const cursor = this.#cursor;
    if (this.#wrapped && cursor.member()) throw cursor.fault();
    cursor.finish();
  }

  #knownHead(value: Buffer): KnownSchema | null {
    const known = this.#known;
    for (let k = 0; k < known.length; k++) {
      const schema = known[k] as KnownSchema;
      const size = schema.head.length;
      if (size > value.length || schema.head.compare(value, 0, size) !== 0) continue;
      if (k > 0) {
        known.splice(k, 1);
        known.unshift(schema);
      }
      return schema;
    }
    return null;
  }

  #envelope(draft: Draft): void {
    const cursor = this.#cursor;
    const value = cursor.bytes;
    let sourced = false;
    cursor.object();
    for (let index = 0; cursor.member(); index++) {
      switch (outer.place(value, cursor.from, cursor.to, index)) {
        case outerPlaces.before:
          if (this.#image()) [draft.before, draft.beforeEnd] = [cursor.from, cursor.to];
          break;
        case outerPlaces.after:
          if (this.#image()) [draft.after, draft.afterEnd] = [cursor.from, cursor.to];
          break;
        case outerPlaces.source:
          if (!cursor.atObject) throw cursor.fault();
          this.#source(draft);
          sourced = true;
          break;
        case outerPlaces.transaction:
          if (cursor.atObject) draft.transaction = this.#transaction();
          else this.#null();
          break;
        case outerPlaces.op:
          cursor.value();
          draft.op = this.#text(this.#ops) ?? "";
          break;
        default:
          cursor.value();
      }
    }
    if (!sourced && draft.op !== "")
      throw unreadable("The record's value does not say where in the source's log it comes from.");
  }

  /** Passes an image; false where it is null. */
  #image(): boolean {
    const cursor = this.#cursor;
    cursor.value();
    if (cursor.kind === jsonKinds.null) return false;
    if (cursor.kind !== jsonKinds.container) throw cursor.fault();
    return true;
  }

  #null(): void {
    this.#cursor.value();
    if (this.#cursor.kind !== jsonKinds.null) throw this.#cursor.fault();
  }

  #source(draft: Draft): void {
    const cursor = this.#cursor;
    cursor.object();
    for (let index = 0; cursor.member(); index++) {
      const place = inner.place(cursor.bytes, cursor.from, cursor.to, index);
      cursor.value();
      switch (place) {
        case otherMember:
          break;
        case 0:
          draft.ts = this.#number();
          break;
        case 1:
          draft.snapshot = snapshotOf(this.#text(this.#snapshots));
          break;
        case 2:
          draft.db = this.#text(this.#dbs) ?? "";
          break;
        case 3:
          draft.table = this.#text(this.#tables) ?? "";
          break;
        case 4:
          draft.serverId = this.#number();
          break;
        case 5:
          draft.gtid = this.#text(this.#gtids);
          break;
        case 6:
          draft.file = this.#text(this.#files) ?? "";
          break;
        case 7:
          draft.pos = this.#number();
          break;
        case 8:
          draft.row = this.#number();
          break;
      }
    }
  }

  #transaction(): RecordTransaction {
    const cursor = this.#cursor;
    let id: string | null = null;
    let totalOrder = -1;
    let tableOrder = -1;
    cursor.object();
    for (let index = 0; cursor.member(); index++) {
      const place = transactionNames.place(cursor.bytes, cursor.from, cursor.to, index);
      cursor.value();
      if (place === 0) id = this.#text(this.#ids);
      else if (place === 1) totalOrder = this.#number();
      else if (place === 2) tableOrder = this.#number();
    }
    return partOf(id, totalOrder, tableOrder);
  }

  /** The text that was passed; null for null. */
  #text(last: LastText): string | null {
    const { bytes, from, to, kind } = this.#cursor;
    switch (kind) {
      case jsonKinds.text:
        return last.of(bytes, from + 1, to - 1);
      case jsonKinds.escaped:
        try {
          return String(JSON.parse(bytes.toString("utf8", from, to)));
        } catch {
          throw this.#cursor.fault();
        }
      case jsonKinds.null:
        return null;
      default:
        throw this.#cursor.fault();
    }
  }

  /** The whole number that was passed; 0 for null. */
  #number(): number {
    const { bytes, from, to, kind } = this.#cursor;
    if (kind === jsonKinds.null) return 0;
    if (kind !== jsonKinds.plain || to - from > 15) throw this.#cursor.fault();
    let value = 0;
    for (let at = from; at < to; at++) {
      const digit = (bytes[at] as number) - 48;
      if (digit < 0 || digit > 9) throw this.#cursor.fault();
      value = value * 10 + digit;
    }
    return value;
  }
}
