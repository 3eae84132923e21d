/**
 * Text of a column's own character set into the UTF-8 that SELECT sends, types only.
 */
import type { ProtocolRow } from "../../../src/typemap/protocol-row.js";

/** Appends the text in `length` bytes of `source` at `at` as UTF-8, with no length before it. Throws a Fault on bytes that are no text. */
export type WriteText = (source: Buffer, at: number, length: number, row: ProtocolRow) => void;

export interface Charset {
  readonly name: string;
  /** Bytes of one character at most: what VARCHAR(n) is announced with. */
  readonly maxBytes: number;
  /** null where the bytes are UTF-8 already, or no text at all. */
  readonly write: WriteText | null;
}
