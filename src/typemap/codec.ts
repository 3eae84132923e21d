/**
 * What a column's compiled codec offers, types only. A codec is a function of the source column, the target type and
 * the policy, and it alone knows the type: snapshot, stream, verifier and the way back ask it and nobody else, so
 * they cannot disagree about a value. compile.ts makes codecs; writer.ts runs their cells.
 *
 * Two forms of a source value are understood: the *wire* form (one cell of a binary-protocol row) and the *text*
 * form (what SELECT prints for the codec's select expression). Both become the same bytes: PostgreSQL's binary form
 * of the target type, exactly as the server would send it back.
 */
import type { PolicyName } from "../model.js";

/** Where cells write. Its buffer may be replaced by `reserve`, never between two writes of one field. */
export interface CellSink {
  /** The buffer that is filled now. */
  bytes: Buffer;
  /** A view of the same memory. */
  view: DataView;
  /** Next free byte. */
  at: number;
  /** Makes sure that `size` bytes fit from `at` on. Call it before a field is begun: what stands before `at` may be handed over by it. */
  reserve(size: number): void;
  /** Counts one value of the current column that a policy changed. */
  changed(policy: PolicyName): void;
}

/**
 * Writes one field, 4-byte length first, from the `length` bytes of `source` at `at`. The row loop has made room for
 * `length + 24` bytes; a cell that may write more reserves it first. Throws a Refusal on a value that no policy lets through.
 */
export type CellFunction = (source: Buffer, at: number, length: number, out: CellSink) => void;

/** One column's part of the row program. Plain data, so that the loop keeps it in typed arrays. */
export interface Cell {
  /** One of opcode.ts's. */
  readonly op: number;
  /** Bytes on the wire, 0 when a length stands before them (strings, decimals, temporals). */
  readonly wire: number;
  /** Small integer that the opcode reads: scale of decimals, policy of dates. */
  readonly parameter: number;
  /** Called by the opcodes that have no case of their own, and by the others for values that need care. */
  readonly write: CellFunction | null;
}

export interface Codec {
  /** Source and target kind, e.g. `int unsigned -> bigint`; for explanations and logs. */
  readonly name: string;
  /** As format_type() spells it. */
  readonly targetType: string;
  readonly cell: Cell;
  /** The expression that reads the column, given its name quoted for the source. */
  select(column: string): string;
  /** Text form (what SELECT prints of the select expression; of FLOAT, what it prints of `c+0e0`) to target field (no length before it), null for NULL and for values that a policy turns into NULL. Throws Fault value-refused. */
  encodeText(text: Buffer | null): Buffer | null;
  /** Canonical SQL text of types.md section 2 on the source, null where none is exact. Names quoted. */
  canonicalSource(column: string): string | null;
  /** The same text on the target. Both are null, or neither is. */
  canonicalTarget(column: string): string | null;
  /** Target field to text that the source takes back; lower-case hex for what has no text (binary, geometry, vector). */
  decode(field: Buffer): string;
}

/** What a family of types knows of one pair of source column and target type; compile.ts makes the codec of it. */
export interface Pairing {
  readonly cell: Cell;
  /** Text form to the cell's wire bytes, without the length before them. Throws a Refusal where the text is no such value. */
  readonly wireOf: (text: Buffer) => Buffer;
  /** The bare column when absent. */
  readonly select?: (column: string) => string;
  readonly canonical: {
    readonly source: (column: string) => string;
    readonly target: (column: string) => string;
  } | null;
  readonly decode: (field: Buffer) => string;
}
