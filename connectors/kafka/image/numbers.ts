/**
 * Whole numbers, decimals, floating numbers and BIT. Debezium's YEAR 1900 is 0000, which is no year that MySQL has;
 * an unsigned BIGINT that was carried as a signed one wraps, and is turned back.
 */
import type { SourceColumn } from "../../../src/model.js";
import { misfit } from "../../../src/typemap/misfit.js";
import type { ProtocolRow } from "../../../src/typemap/protocol-row.js";
import { jsonKinds } from "../json-cursor.js";
import { held } from "./field.js";
import type { Primitives, ReadField, WriteField } from "./field.js";

interface Size {
  /** Bytes in the protocol. */
  readonly bytes: 1 | 2 | 4 | 8;
  readonly bits: number;
}

const sizes: Readonly<Record<string, Size>> = {
  tinyint: { bytes: 1, bits: 8 },
  smallint: { bytes: 2, bits: 16 },
  mediumint: { bytes: 4, bits: 24 },
  int: { bytes: 4, bits: 32 },
  bigint: { bytes: 8, bits: 64 },
  year: { bytes: 2, bits: 16 },
};

/** Six bytes are 48 bits, and a double holds 53. */
const exactBytes = 6;

type ReadInteger = ReadField<number | bigint>;

/** How the column's whole numbers are read; `unscaled`: a decimal without fraction, always or where it is a text. */
export function integerReader(
  column: SourceColumn,
  primitives: Primitives,
  unscaled: "never" | "always" | "texts",
): ReadInteger {
  const { integer, bytes } = primitives;
  if (column.type === "year")
    return (source, at, length, kind) => {
      const year = integer(source, at, length, kind);
      return year === 1900 ? 0 : year;
    };
  if (!column.unsigned || column.type !== "bigint") return integer;
  return (source, at, length, kind) => {
    if (unscaled === "always" || (unscaled === "texts" && kind !== jsonKinds.plain)) {
      bytes(source, at, length, kind);
      return heldInteger();
    }
    const value = integer(source, at, length, kind);
    return value < 0 ? BigInt.asUintN(64, BigInt(value)) : value;
  };
}

/** Big-endian two's complement that is held: a number where it is short enough to be one exactly. */
function heldInteger(): number | bigint {
  const { bytes, at, length } = held;
  if (length === 0) throw misfit("number");
  if (length <= exactBytes) {
    let short = ((bytes[at] as number) << 24) >> 24;
    for (let k = at + 1; k < at + length; k++) short = short * 256 + (bytes[k] as number);
    return short;
  }
  const value = BigInt(`0x${bytes.toString("hex", at, at + length)}`);
  return BigInt.asIntN(length * 8, value);
}

export function writeInteger(column: SourceColumn, read: ReadInteger): WriteField {
  const size = sizes[column.type];
  if (size === undefined) throw misfit("whole number");
  const { bytes: width, bits } = size;
  const isUnsigned = column.unsigned || column.type === "year";
  const least = isUnsigned ? 0n : -(2n ** BigInt(bits - 1));
  const most = isUnsigned ? 2n ** BigInt(bits) - 1n : 2n ** BigInt(bits - 1) - 1n;
  const [low, high] = [Number(least), Number(most)];
  return (source, at, length, kind, row) => {
    const value = read(source, at, length, kind);
    const { bytes } = row;
    if (typeof value === "bigint") {
      if (width !== 8 || value < least || value > most) throw misfit(`value of its ${column.columnType}`);
      bytes.writeBigUInt64LE(BigInt.asUintN(64, value), row.at);
      row.at += 8;
      return;
    }
    if (value < low || value > high) throw misfit(`value of its ${column.columnType}`);
    put(row, value, width);
  };
}

/** Little-endian; a number below 2^53. */
function put(row: ProtocolRow, value: number, width: number): void {
  const { bytes } = row;
  let half = value | 0;
  for (let k = 0; k < width; k++) {
    if (k === 4) half = Math.floor(value / 4_294_967_296) | 0;
    bytes[row.at++] = half & 255;
    half >>= 8;
  }
}

export function writeDigits(read: ReadInteger): WriteField {
  return (source, at, length, kind, row) => row.ascii(String(read(source, at, length, kind)));
}

/** DECIMAL as the protocol sends it: as text with its scale; with ZEROFILL's zeros unless it is a CAST. */
export function writeDecimal(
  column: SourceColumn,
  primitives: Primitives,
  carriedScale: number | null,
  padded: boolean,
): WriteField {
  const scale = column.scale ?? 0;
  const whole = (column.precision ?? 10) - scale;
  const valid = new RegExp(
    `^-?\\d{1,${String(Math.max(1, whole))}}${scale > 0 ? `\\.\\d{${String(scale)}}` : ""}$`,
  );
  return (source, at, length, kind, row) => {
    let text: string;
    if (carriedScale === null) {
      primitives.text(source, at, length, kind);
      text = held.bytes.toString("latin1", held.at, held.at + held.length);
    } else {
      primitives.bytes(source, at, length, kind);
      text = withPoint(BigInt(heldInteger()), carriedScale);
    }
    if (!valid.test(text)) throw misfit(`value of its ${column.columnType}`);
    row.ascii(padded ? text.padStart(whole + (scale > 0 ? scale + 1 : 0), "0") : text);
  };
}

function withPoint(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? "-" : "";
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  if (scale === 0) return sign + digits;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** FLOAT arrives as the shortest digits of its 32 bits, or widened to 64 of them: both are one float again. */
export function writeFloat(read: ReadField<number>): WriteField {
  return (source, at, length, kind, row) => {
    const value = Math.fround(read(source, at, length, kind));
    if (!Number.isFinite(value)) throw misfit("FLOAT");
    row.at = row.bytes.writeFloatLE(value, row.at);
  };
}

/** `plusZero`: -0 becomes 0, as `c+0e0` has it. */
export function writeDouble(read: ReadField<number>, plusZero: boolean): WriteField {
  return (source, at, length, kind, row) => {
    const value = read(source, at, length, kind);
    if (!Number.isFinite(value)) throw misfit("DOUBLE");
    row.at = row.bytes.writeDoubleLE(plusZero && value === 0 ? 0 : value, row.at);
  };
}

/** BIT(1). */
export function writeTruth(read: ReadField<boolean>): WriteField {
  return (source, at, length, kind, row) => {
    row.length(1);
    row.bytes[row.at++] = read(source, at, length, kind) ? 1 : 0;
  };
}

/** BIT(size): little-endian here, big-endian in the protocol. */
export function writeBits(size: number, bytes: ReadField<void>): WriteField {
  const width = (size + 7) >> 3;
  const unused = size % 8 === 0 ? 0 : 0xff & (0xff << (size % 8));
  return (source, at, length, kind, row) => {
    bytes(source, at, length, kind);
    const { bytes: from, at: start, length: given } = held;
    for (let k = width; k < given; k++) if (from[start + k] !== 0) throw misfit("value of its BIT");
    row.length(width);
    for (let k = width - 1; k >= 0; k--) {
      const byte = k < given ? (from[start + k] as number) : 0;
      if (k === width - 1 && (byte & unused) !== 0) throw misfit("value of its BIT");
      row.bytes[row.at++] = byte;
    }
  };
}
