/**
 * The order of keys that a MySQL or MariaDB server and PostgreSQL share, told from the fields of PostgreSQL's binary
 * form: numbers, moments, durations and bytes. Text, labels, networks and MariaDB's uuid each side sorts its own way,
 * and a policy that turns a zero date into another value moves its row: tables keyed by those are matched by their keys.
 * Ties are told as the servers tell them (0 and -0, a day and 24 hours), whatever the bytes say.
 */
import type { PlanColumn, PlanTable } from "../model.js";
import { parseTargetType } from "../typemap/family.js";
import type { TupleShape, TupleView } from "./tuple.js";

/** Below zero where the first value comes first. Both are there: NULL is looked at before. */
type FieldOrder = (a: Buffer, at: number, length: number, b: Buffer, bAt: number, bLength: number) => number;

export type KeyOrder = (a: TupleView, b: TupleView) => number;

const integers: readonly string[] = ["tinyint", "smallint", "mediumint", "int", "bigint", "year"];
const binaries: readonly string[] = ["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"];
const whole: readonly string[] = ["smallint", "integer", "bigint"];

/** How both sides order the column's values; null where they may not agree. */
export function sharedOrder({ column, targetType, policy }: PlanColumn): FieldOrder | null {
  const { base } = parseTargetType(targetType);
  if (integers.includes(column.type)) {
    if (base === "boolean") return bytesOrder;
    return whole.includes(base) ? signedOrder : base === "numeric" ? numericOrder : null;
  }
  if (column.type === "decimal")
    return whole.includes(base) ? signedOrder : base === "numeric" ? numericOrder : null;
  if (column.type === "bit")
    return whole.includes(base)
      ? signedOrder
      : ["boolean", "bit", "bytea"].includes(base)
        ? bytesOrder
        : null;
  if (column.type === "float" || column.type === "double")
    return base === "real" || base === "double precision" ? floatOrder : null;
  if (binaries.includes(column.type)) return base === "bytea" || base === "uuid" ? bytesOrder : null;
  if (column.type === "date") return base === "date" && policy.zeroDate === "refuse" ? signedOrder : null;
  if (column.type === "datetime" || column.type === "timestamp")
    return base.startsWith("timestamp") && policy.zeroDate === "refuse" ? signedOrder : null;
  if (column.type === "time")
    return base === "interval" ? intervalOrder : base.startsWith("time ") ? signedOrder : null;
  return null;
}

/** The order of a table's rows by its key; null where the two sides have none in common. */
export function keyOrder(table: PlanTable, shape: TupleShape): KeyOrder | null {
  if (table.key === null) return null;
  const orders = shape.key.map((field) => {
    const column = table.columns[shape.places[field] ?? -1];
    return column === undefined ? null : sharedOrder(column);
  });
  const known = orders.flatMap((order) => (order === null ? [] : [order]));
  if (known.length < orders.length) return null;
  const { key } = shape;
  return (a, b) => {
    for (let k = 0; k < key.length; k++) {
      const field = key[k] ?? 0;
      const [aLength, bLength] = [a.lengthOf(field), b.lengthOf(field)];
      // PostgreSQL puts NULL last; a key column may be without NOT NULL until its key is built.
      if (aLength < 0 || bLength < 0) {
        if (aLength >= 0) return -1;
        if (bLength >= 0) return 1;
        continue;
      }
      const order = known[k];
      if (order === undefined) continue;
      const found = order(a.bytes, (a.at[field] ?? 0) + 4, aLength, b.bytes, (b.at[field] ?? 0) + 4, bLength);
      if (found !== 0) return found;
    }
    return 0;
  };
}

const bytesOrder: FieldOrder = (a, at, length, b, bAt, bLength) =>
  a.compare(b, bAt, bAt + bLength, at, at + length);

/** Two's complement, big-endian, of one width. */
const signedOrder: FieldOrder = (a, at, length, b, bAt, bLength) => {
  const first = a.readInt8(at) - b.readInt8(bAt);
  return first === 0 ? bytesOrder(a, at, length, b, bAt, bLength) : first;
};

/** NaN is equal to itself and comes last, and the two zeros are one, as PostgreSQL has it. */
const floatOrder: FieldOrder = (a, at, length, b, bAt) => {
  const x = length === 4 ? a.readFloatBE(at) : a.readDoubleBE(at);
  const y = length === 4 ? b.readFloatBE(bAt) : b.readDoubleBE(bAt);
  if (Number.isNaN(x)) return Number.isNaN(y) ? 0 : 1;
  if (Number.isNaN(y)) return -1;
  return x < y ? -1 : x > y ? 1 : 0;
};

/** A month is thirty days and a day 24 hours, as PostgreSQL compares them. */
const intervalOrder: FieldOrder = (a, at, _length, b, bAt) => {
  const [x, y] = [duration(a, at), duration(b, bAt)];
  return x < y ? -1 : x > y ? 1 : 0;
};

function duration(field: Buffer, at: number): bigint {
  const days = BigInt(field.readInt32BE(at + 8)) + 30n * BigInt(field.readInt32BE(at + 12));
  return field.readBigInt64BE(at) + days * 86_400_000_000n;
}

const negative = 0x4000;
/** -infinity, negative, zero, positive, infinity, NaN. */
function rank(sign: number, digits: number): number {
  if (sign === 0xc000) return 3;
  if (sign === 0xd000) return 2;
  if (sign === 0xf000) return -2;
  return digits === 0 ? 0 : sign === negative ? -1 : 1;
}

const numericOrder: FieldOrder = (a, at, _length, b, bAt) => {
  const [digits, others] = [a.readInt16BE(at), b.readInt16BE(bAt)];
  const [x, y] = [rank(a.readUInt16BE(at + 4), digits), rank(b.readUInt16BE(bAt + 4), others)];
  if (x !== y || (x !== 1 && x !== -1)) return x - y;
  return x * magnitude(a, at, digits, b, bAt, others);
};

/** By the weight of the first group, then group by group: neither has zero groups at its ends. */
function magnitude(a: Buffer, at: number, digits: number, b: Buffer, bAt: number, others: number): number {
  const weights = a.readInt16BE(at + 2) - b.readInt16BE(bAt + 2);
  if (weights !== 0) return weights;
  const found = a.compare(b, bAt + 8, bAt + 8 + 2 * others, at + 8, at + 8 + 2 * digits);
  return found;
}
