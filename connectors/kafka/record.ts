/**
 * What the records of Debezium's topics say, types only: a change of a row, the beginning and end of a transaction, a
 * statement that changes tables. The row images stay bytes of the record's value until somebody wants columns of
 * them. Whether a value is JSON, JSON with its schema, or Avro in Confluent's wire form, its own first bytes tell.
 */
import type { PlanTable } from "../../src/model.js";
import type { RowImages } from "../../src/stream-port.js";
import type { ImageForm } from "./image-form.js";

/** create, update, delete, read (of a snapshot), truncate, message. */
export type DebeziumOperation = "c" | "u" | "d" | "r" | "t" | "m";

/** Where in the source's log a record comes from. */
export interface RecordPlace {
  /** `uuid:7`, `0-1-7`; null where the source has none. */
  readonly gtid: string | null;
  readonly file: string;
  /** Of the rows event in its file. */
  readonly pos: number;
  /** Which row of its rows event. */
  readonly row: number;
  readonly serverId: number;
  /** Milliseconds since 1970 by the source's clock; 0 where it is not told. */
  readonly ts: number;
  /** `true`, `last`, `incremental` and the like of a snapshot; null for what is streamed. */
  readonly snapshot: string | null;
}

export interface RecordTransaction {
  readonly id: string;
  readonly totalOrder: number;
  /** Which event of its table in the transaction. */
  readonly tableOrder: number;
}

export interface DebeziumRecord extends RecordPlace {
  readonly op: DebeziumOperation;
  readonly db: string;
  /** Empty where the record is of no table (op `m`). */
  readonly table: string;
  readonly transaction: RecordTransaction | null;
  /** The same object for the same form. */
  readonly form: ImageForm;
  /** The images as bytes [start, end) of the record's value; start and end are equal where there is none. */
  readonly before: number;
  readonly beforeEnd: number;
  readonly after: number;
  readonly afterEnd: number;
}

/** A record of `PREFIX.transaction`. */
export interface TransactionRecord {
  readonly status: "BEGIN" | "END";
  /** As in `RecordTransaction.id`. */
  readonly id: string;
  /** Milliseconds since 1970 by the source's clock; 0 where it is not told. */
  readonly ts: number;
  /** Of END only; null with BEGIN. */
  readonly events: number | null;
  /** Events by table, as `database.table`; empty with BEGIN, and where there were none. */
  readonly tables: readonly { readonly table: string; readonly events: number }[];
}

/** A record of the topic `PREFIX`. */
export interface SchemaChangeRecord extends RecordPlace {
  readonly db: string;
  readonly statement: string;
  /** Tables that it changes, without quotes and database; empty where Debezium names none. */
  readonly tables: readonly string[];
}

/** Reads values of one cluster's topics. All but `prepare` throw Fault event-unreadable where a value is not what it should be. */
export interface RecordReader {
  /**
   * Fetches the schema that the value is written by, where it is Avro's and not known yet; null where nothing is to be
   * fetched, which is nearly always. To be called before the others.
   */
  prepare(value: Buffer): Promise<void> | null;
  record(value: Buffer): DebeziumRecord;
  transaction(value: Buffer): TransactionRecord;
  schemaChange(value: Buffer): SchemaChangeRecord;
  /** The reader of a record's images; kept, so that a second call costs nothing. Throws Fault schema-changed where the form has not the plan's columns. */
  images(record: DebeziumRecord, table: PlanTable): RecordImages;
}

/** Images as Debezium wrote them, and the same with some columns read again from the source. */
export interface RecordImages extends RowImages {
  /** Columns, as places in `table.columns` in rising order, of which Debezium does not carry every value exactly; empty nearly always. */
  readonly doubtful: readonly number[];
  /**
   * Whether an image holds a value of `doubtful` that may be another one in the source: then `doubtful` is to be read
   * again by the row's key. Throws Fault event-unreadable where that is no help: the value is in a key or a unique
   * index, or the table has no key.
   */
  again(bytes: Buffer, start: number, end: number): boolean;
  /** Throws as `again` does where an old image, by which a row is found, holds such a value. */
  demandFindable(bytes: Buffer, start: number, end: number): void;
  /** Reads images that `patch` made. The same object each time. */
  readonly patched: RowImages;
  /**
   * Writes an image of `patched`'s form to `out` at `at` and returns its end: bytes [start, end) of `bytes`, and the
   * columns of `doubtful` from `row`, one row of the source's binary protocol as their codecs' select expressions give
   * it. Without a row (it is gone, or a before image) all columns stay as Debezium wrote them. An image of no bytes
   * stays one. Takes at most `end - start` + the row's bytes + 16.
   */
  patch(
    out: Buffer,
    at: number,
    bytes: Buffer,
    start: number,
    end: number,
    row: { readonly packet: Buffer; readonly start: number; readonly end: number } | null,
  ): number;
}
