/**
 * Columns and rows for the tests of this room: a planned column from its declared type, and a binary-protocol row
 * from its cells. Not part of the product.
 */
import type { ColumnPolicy, PlanColumn, PlanTable } from "../model.js";

export const strict: ColumnPolicy = {
  zeroDate: "refuse",
  nul: "refuse",
  badText: "refuse",
  enumZero: "refuse",
};

/** `declared` as in COLUMN_TYPE; labels of enum and set are given apart. */
export function planColumn(
  declared: string,
  targetType: string,
  policy: Partial<ColumnPolicy> = {},
  labels: readonly string[] = [],
  name = "c",
): PlanColumn {
  const [, type = "", first, second] = /^(\w+)(?:\((\d+)(?:,(\d+))?\))?/.exec(declared) ?? [];
  const sized = ["decimal", "float", "double"].includes(type);
  const timed = ["time", "datetime", "timestamp"].includes(type);
  return {
    column: {
      name,
      ordinal: 1,
      columnType: declared,
      type,
      length: first === undefined || sized || timed ? null : Number(first),
      precision: sized && first !== undefined ? Number(first) : null,
      scale: sized && first !== undefined ? Number(second ?? 0) : null,
      fsp: timed ? Number(first ?? 0) : 0,
      unsigned: / unsigned/.test(declared),
      zerofill: / zerofill/.test(declared),
      charset: null,
      collation: null,
      nullable: true,
      default: { kind: "none" },
      onUpdateNow: null,
      generated: null,
      autoIncrement: false,
      invisible: false,
      comment: "",
      labels,
      srid: null,
    },
    source: name,
    target: name,
    sourceType: declared,
    targetType,
    rule: "test",
    nullable: true,
    policy: { ...strict, ...policy },
    identity: null,
  };
}

export function planTable(columns: readonly PlanColumn[], key: readonly string[] | null = null): PlanTable {
  return {
    source: "t",
    target: "t",
    lane: "one",
    key: key === null ? null : { index: "PRIMARY", columns: key, primary: true },
    columns,
    estimatedRows: 0,
    estimatedBytes: 0,
    exactCut: false,
  };
}

/** A row of the binary protocol; null cells are NULL, the others are wire bytes as they stand. */
export function row(cells: readonly (Buffer | null)[]): Buffer {
  const head = Buffer.alloc(1 + ((cells.length + 9) >> 3));
  cells.forEach((cell, index) => {
    const bit = index + 2;
    if (cell === null) head.writeUInt8(head.readUInt8(1 + (bit >> 3)) | (1 << (bit & 7)), 1 + (bit >> 3));
  });
  return Buffer.concat([head, ...cells.filter((cell) => cell !== null)]);
}

/** Bytes with their length before them, as strings, decimals and temporals travel. */
export function prefixed(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  if (bytes.length < 0xfb) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const head = Buffer.alloc(bytes.length < 0x10000 ? 3 : bytes.length < 0x1000000 ? 4 : 9);
  head[0] = head.length === 3 ? 0xfc : head.length === 4 ? 0xfd : 0xfe;
  head.writeUIntLE(bytes.length, 1, head.length === 9 ? 6 : head.length - 1);
  return Buffer.concat([head, bytes]);
}

export function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt.asIntN(64, value));
  return bytes;
}
