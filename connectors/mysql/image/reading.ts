/**
 * How one column's bytes in a row image become its value in the binary protocol, types only. The frequent ones are
 * opcodes of shape.ts's loop, the others one function call away; all are made once a shape, none a row.
 */
import type { ProtocolRow } from "../../../src/typemap/protocol-row.js";

/**
 * Writes the value in `length` bytes of `source` at `at` as the protocol has it, its length first where it has one.
 * Throws a Fault on bytes that are no value of the column's type.
 */
export type WriteValue = (source: Buffer, at: number, length: number, row: ProtocolRow) => void;

export interface Reading {
  readonly op: ReadingOp;
  /** Called by opcode `call`. */
  readonly write: WriteValue | null;
}

export type ReadingOp = (typeof readingOps)[keyof typeof readingOps];

export const readingOps = {
  call: 0,
  /** So many bytes as they are, no length before them. */
  one: 1,
  two: 2,
  four: 4,
  eight: 8,
  /** The value's bytes with their length. */
  bytes: 9,
} as const;

export function callReading(write: WriteValue): Reading {
  return { op: readingOps.call, write };
}

export function opReading(op: ReadingOp): Reading {
  return { op, write: null };
}
