/**
 * Integers, signed and unsigned, and YEAR. Every target that holds the source's whole range is exact; a narrower one
 * is exact too, because the cell refuses the value that does not fit (keys that are BIGINT UNSIGNED go to bigint that
 * way). Values are two 32-bit halves, never one JavaScript number.
 */
import type { SourceColumn } from "../model.js";
import { booleanText, integerText } from "./decode.js";
import type { Cell, CellFunction, CellSink, Pairing } from "./codec.js";
import { callCell, opCell } from "./family.js";
import type { Family, TargetType } from "./family.js";
import { castText, castTextTargets } from "./cells-text.js";
import { numericText, writeNumericInteger } from "./numeric.js";
import { refuse } from "./refusal.js";
import { ops } from "./opcode.js";

interface IntegerForm {
  /** Bytes on the wire: MEDIUMINT travels as four. */
  readonly wire: 1 | 2 | 4 | 8;
  readonly signed: boolean;
  /** Decimal digits of the largest value. */
  readonly digits: number;
  readonly defaultTarget: string;
}

const targetWidths: Readonly<Record<string, 2 | 4 | 8>> = { smallint: 2, integer: 4, bigint: 8 };

export const integers: Family = {
  types: ["tinyint", "smallint", "mediumint", "int", "bigint", "year"],
  targets(column) {
    const form = formOf(column);
    const boolean = column.type === "tinyint" ? ["boolean"] : [];
    const first = isBoolean(column) ? "boolean" : form.defaultTarget;
    const all = [first, "smallint", "integer", "bigint", "numeric(20,0)", ...boolean, ...castTextTargets];
    return [...new Set(all)];
  },
  pair(column, target, policy): Pairing | null {
    const form = formOf(column);
    const wireOf = (text: Buffer): Buffer => integerWire(text, form);
    const read = (name: string): string =>
      column.zerofill ? `CAST(${name}+0 AS CHAR)` : `CAST(${name} AS CHAR)`;
    const asNumber = (name: string): string => `CAST(${name}+0 AS CHAR)`;
    const source = column.type === "year" ? asNumber : read;
    const width = targetWidths[target.text];
    if (width !== undefined)
      return {
        cell: integerCell(form, width),
        wireOf,
        canonical: { source, target: (name) => `${name}::text` },
        decode: integerText,
      };
    if (target.text === "boolean" && column.type === "tinyint")
      return {
        cell: opCell(ops.bool, 1),
        wireOf,
        canonical: { source: asNumber, target: (name) => `(${name}::int)::text` },
        decode: booleanText,
      };
    const dscale = numericScale(target, form.digits);
    if (dscale !== null)
      return {
        cell:
          form.wire === 8 && !form.signed
            ? opCell(ops.unumeric, 8, null, dscale)
            : callCell(form.wire, numericCell(form, dscale)),
        wireOf,
        canonical: { source, target: (name) => `trunc(${name})::text` },
        decode: (field) => numericText(field).replace(/\..*/, ""),
      };
    return castText(target, policy, column.type === "year" ? asNumber : read);
  },
};

/** The scale that an integer has in `numeric`, `numeric(p,s)`; null when the target cannot hold `digits` digits. */
export function numericScale(target: TargetType, digits: number): number | null {
  if (target.base !== "numeric") return null;
  if (target.first === null) return 0;
  const scale = target.second ?? 0;
  return scale >= 0 && target.first - scale >= digits ? scale : null;
}

/** TINYINT(1), MySQL's spelling of BOOLEAN. */
function isBoolean(column: SourceColumn): boolean {
  return column.type === "tinyint" && column.length === 1;
}

function formOf(column: SourceColumn): IntegerForm {
  const signed = !column.unsigned;
  switch (column.type) {
    case "tinyint":
      return { wire: 1, signed, digits: 3, defaultTarget: "smallint" };
    case "smallint":
      return { wire: 2, signed, digits: 5, defaultTarget: signed ? "smallint" : "integer" };
    case "mediumint":
      return { wire: 4, signed, digits: 8, defaultTarget: "integer" };
    case "int":
      return { wire: 4, signed, digits: 10, defaultTarget: signed ? "integer" : "bigint" };
    case "year":
      return { wire: 2, signed: false, digits: 4, defaultTarget: "smallint" };
    default:
      return {
        wire: 8,
        signed,
        digits: signed ? 19 : 20,
        defaultTarget: signed ? "bigint" : "numeric(20,0)",
      };
  }
}

/** The frequent pairs have opcodes; the others go through two halves and a check of the range. */
function integerCell(form: IntegerForm, width: 2 | 4 | 8): Cell {
  const { wire, signed } = form;
  // A YEAR is at most 2155, so its two bytes are a smallint's.
  const small = signed || form.digits === 4;
  if (wire === 8 && width === 8) return opCell(signed ? ops.eight : ops.ueight, 8);
  if (wire === 4 && width === 4 && signed) return opCell(ops.four, 4);
  if (wire === 4 && width === 8 && !signed) return opCell(ops.ufour, 4);
  if (wire === 2 && width === 2 && small) return opCell(ops.two, 2);
  if (wire === 2 && width === 4 && !signed) return opCell(ops.utwo, 2);
  if (wire === 1 && width === 2) return opCell(signed ? ops.byte : ops.ubyte, 1);
  return callCell(wire, checkedCell(form, width));
}

/** Reads the low half (as int32) and returns the high half (as int32); the caller reads `lowHalf`. */
let lowHalf = 0;
function readHalves(source: Buffer, at: number, form: IntegerForm): number {
  switch (form.wire) {
    case 1:
      lowHalf = form.signed ? source.readInt8(at) : (source[at] as number);
      break;
    case 2:
      lowHalf = form.signed ? source.readInt16LE(at) : source.readUInt16LE(at);
      break;
    case 4:
      lowHalf = source.readInt32LE(at);
      if (!form.signed) return 0;
      break;
    case 8:
      lowHalf = source.readInt32LE(at);
      return source.readInt32LE(at + 4);
  }
  return lowHalf < 0 ? -1 : 0;
}

function checkedCell(form: IntegerForm, width: 2 | 4 | 8): CellFunction {
  const tooBig = "a number outside the range of its target type";
  return (source: Buffer, at: number, _length: number, out: CellSink): void => {
    const high = readHalves(source, at, form);
    if (!form.signed && high < 0) refuse(tooBig);
    const { view, at: o } = out;
    if (width < 8 && high !== lowHalf >> 31) refuse(tooBig);
    if (width === 2 && (lowHalf < -32_768 || lowHalf > 32_767)) refuse(tooBig);
    view.setInt32(o, width);
    if (width === 8) {
      view.setInt32(o + 4, high);
      view.setInt32(o + 8, lowHalf);
    } else if (width === 4) view.setInt32(o + 4, lowHalf);
    else view.setInt16(o + 4, lowHalf);
    out.at = o + 4 + width;
  };
}

function numericCell(form: IntegerForm, dscale: number): CellFunction {
  return (source: Buffer, at: number, _length: number, out: CellSink): void => {
    let high = readHalves(source, at, form);
    let low = lowHalf;
    const negative = form.signed && high < 0;
    if (negative) {
      low = -low | 0;
      high = low === 0 ? -high | 0 : ~high;
    }
    out.at = writeNumericInteger(out.view, out.at, high, low, negative, dscale);
  };
}

function integerWire(text: Buffer, form: IntegerForm): Buffer {
  const digits = text.toString("latin1");
  if (!/^-?\d{1,20}$/.test(digits)) refuse("text that is no integer");
  const value = BigInt(digits);
  const bits = form.wire * 8;
  const fits = form.signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
  if (fits !== value) refuse("a number outside the range of its source type");
  const wire = Buffer.alloc(8);
  wire.writeBigUInt64LE(BigInt.asUintN(64, value));
  return wire.subarray(0, form.wire);
}
