/**
 * The opcodes of the row loop: what a cell asks writer.ts to do. Small integers, because they live in a typed array
 * and are told apart by one jump.
 */

/** Opcodes. Cells of `call` are written by their function; the others call it for values that need care. */
export const ops = {
  call: 0,
  /** 8 bytes turned round: bigint, double precision. */
  eight: 1,
  /** 4 bytes turned round: integer, real. */
  four: 2,
  /** 2 bytes turned round: smallint, year. */
  two: 3,
  /** Signed byte to smallint. */
  byte: 4,
  /** Unsigned byte to smallint. */
  ubyte: 5,
  /** Unsigned 2 bytes to integer. */
  utwo: 6,
  /** Unsigned 4 bytes to bigint. */
  ufour: 7,
  /** Unsigned 8 bytes to bigint, at most 2^63-1. */
  ueight: 8,
  /** Byte 0 or 1 to boolean. */
  bool: 9,
  /** Bytes as they are. */
  bytes: 10,
  /** UTF-8 as it is; U+0000 goes to the cell's function. */
  text: 11,
  /** As text, and the empty string goes to the cell's function (enum index 0). */
  label: 12,
  /** Decimal text; parameter is scale + 256 * display scale. */
  numeric: 13,
  /** Date and time; what is no date goes to the cell's function. */
  datetime: 14,
  date: 15,
  /** JSON text that MySQL printed; what may not be jsonb's spelling goes to the cell's function. */
  json: 16,
  /** Unsigned 8 bytes to numeric; parameter is the display scale. */
  unumeric: 17,
} as const;
