/**
 * A field of an image, types only: how its value is found, and how it becomes a value of the binary protocol. JSON and
 * Avro differ in the first and agree in the second.
 */
import type { ProtocolRow } from "../../../src/typemap/protocol-row.js";

/**
 * Writes the value in `length` bytes of `source` at `at`, its length first where the protocol has one. `kind` is one of
 * jsonKinds; Avro's fields have none. Throws a misfit on what is no value of the column's type.
 */
export type WriteField = (source: Buffer, at: number, length: number, kind: number, row: ProtocolRow) => void;

/** Reads a field's value into what it is. Throws a misfit. */
export type ReadField<Value> = (source: Buffer, at: number, length: number, kind: number) => Value;

/** Bytes that a field's value was made: valid until the next one is. */
export interface Held {
  bytes: Buffer;
  at: number;
  length: number;
}

/** The last text or bytes that were read. */
export const held: Held = { bytes: Buffer.alloc(0), at: 0, length: 0 };

/** What an encoding knows of values, whatever they mean. `text` and `bytes` leave their answer in `held`. */
export interface Primitives {
  /** A bigint past 2^53. */
  readonly integer: ReadField<number | bigint>;
  readonly float: ReadField<number>;
  readonly truth: ReadField<boolean>;
  /** UTF-8. */
  readonly text: ReadField<void>;
  readonly bytes: ReadField<void>;
  /** WKB in `held`; the spatial reference, 0 for none. */
  readonly geometry: ReadField<number>;
  /** Calls `each` with the numbers of a list. */
  readonly floats: (
    source: Buffer,
    at: number,
    length: number,
    kind: number,
    each: (value: number) => void,
  ) => void;
}

/** Finds the fields of an image. Places are those of the plan's columns. */
export interface FieldWalk {
  /** Of the image that was walked last: where each value begins, its bytes (-1 for NULL), its kind. */
  readonly at: Float64Array;
  readonly lengths: Float64Array;
  readonly kinds: Uint8Array;
  /**
   * Walks an image until the `count` places that are set in `wanted` are found; to its end where that is all of them.
   * Throws Fault schema-changed where the image has not the plan's columns, event-unreadable where it is none.
   */
  walk(bytes: Buffer, start: number, end: number, wanted: Uint8Array, count: number): void;
}
