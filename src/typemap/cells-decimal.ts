/**
 * DECIMAL and the two floating types. A decimal's digits go to base-10000 groups as they come; its scale is kept as
 * the display scale, so that 1.10 stays 1.10, and a wider numeric(p,s) gets the scale that PostgreSQL would give it.
 * FLOAT and DOUBLE travel as their IEEE bits; FLOAT into double precision widens exactly.
 */
import type { SourceColumn } from "../model.js";
import { canonicalFloatSource, canonicalFloatTarget } from "./canonical.js";
import { castText, castTextTargets } from "./cells-text.js";
import type { CellFunction, CellSink, Pairing } from "./codec.js";
import { integerText } from "./decode.js";
import { callCell, opCell } from "./family.js";
import type { Family, TargetType } from "./family.js";
import { numericText } from "./numeric.js";
import { refuse } from "./refusal.js";
import { ops } from "./opcode.js";

/** Integer targets of a decimal without fraction: its precision must fit whole. */
const integerTargets: readonly {
  readonly name: string;
  readonly width: 2 | 4 | 8;
  readonly digits: number;
}[] = [
  { name: "smallint", width: 2, digits: 4 },
  { name: "integer", width: 4, digits: 9 },
  { name: "bigint", width: 8, digits: 18 },
];

export const decimals: Family = {
  types: ["decimal"],
  targets(column) {
    const [precision, scale] = sizeOf(column);
    const whole = scale === 0 ? integerTargets.filter((target) => precision <= target.digits) : [];
    return [
      `numeric(${precision},${scale})`,
      "numeric",
      ...whole.map((target) => target.name),
      ...castTextTargets,
    ];
  },
  pair(column, target, policy): Pairing | null {
    const [precision, scale] = sizeOf(column);
    const print = (name: string): string =>
      column.zerofill ? `CAST(${name}+0 AS CHAR)` : `CAST(${name} AS CHAR)`;
    const wireOf = (text: Buffer): Buffer => decimalWire(text, precision, scale);
    const integer = integerTargets.find((candidate) => candidate.name === target.text);
    if (integer !== undefined) {
      if (scale !== 0 || precision > integer.digits) return null;
      return {
        cell: callCell(0, wholeCell(integer.width)),
        wireOf,
        canonical: { source: print, target: (name) => `${name}::text` },
        decode: integerText,
      };
    }
    const dscale = targetScale(target, precision, scale);
    if (dscale === null) return castText(target, policy, print);
    return {
      cell: opCell(ops.numeric, 0, null, scale + 256 * dscale),
      wireOf,
      canonical: {
        source: print,
        target: (name) =>
          dscale === scale ? `${name}::text` : `${name}::numeric(${precision},${scale})::text`,
      },
      decode: (field) => {
        const text = numericText(field);
        return dscale === scale ? text : text.slice(0, scale - dscale).replace(/\.$/, "");
      },
    };
  },
};

export const floats: Family = {
  types: ["float", "double"],
  targets(column) {
    return column.type === "float" ? ["real", "double precision"] : ["double precision"];
  },
  pair(column, target): Pairing | null {
    const single = column.type === "float";
    const canonical = { source: canonicalFloatSource(column), target: canonicalFloatTarget };
    const wireOf = (text: Buffer): Buffer => floatWire(text, single);
    const decode = (field: Buffer): string =>
      field.length === 4 ? String(field.readFloatBE(0)) : String(field.readDoubleBE(0));
    if (single && target.text === "real") return { cell: opCell(ops.four, 4), wireOf, canonical, decode };
    if (target.text !== "double precision") return null;
    if (single) return { cell: callCell(4, widenFloat), wireOf, canonical, decode };
    // DOUBLE(M,D) holds more digits than SELECT prints of it.
    const select = (name: string): string =>
      column.precision === null && !column.zerofill ? name : `${name}+0e0`;
    return { cell: opCell(ops.eight, 8), wireOf, select, canonical, decode };
  },
};

function sizeOf(column: SourceColumn): [precision: number, scale: number] {
  return [column.precision ?? 10, column.scale ?? 0];
}

/** The display scale in the target, null when digits would be lost. PostgreSQL gives numeric(p,s) exactly s. */
function targetScale(target: TargetType, precision: number, scale: number): number | null {
  if (target.base !== "numeric") return null;
  if (target.first === null) return scale;
  const wanted = target.second ?? 0;
  // The parameter holds the display scale in eight bits; MySQL's own scales end at 30.
  return wanted >= scale && wanted < 256 && target.first - wanted >= precision - scale ? wanted : null;
}

function decimalWire(text: Buffer, precision: number, scale: number): Buffer {
  const digits = text.toString("latin1");
  const parts = /^-?(\d{1,65})(?:\.(\d{1,30}))?$/.exec(digits);
  const fraction = parts?.[2]?.length ?? 0;
  if (parts === null || fraction !== scale) refuse("text that is no decimal of its scale");
  if ((parts[1] ?? "").replace(/^0+/, "").length > precision - scale)
    refuse("a number outside the range of its source type");
  return text;
}

function floatWire(text: Buffer, single: boolean): Buffer {
  const digits = text.toString("latin1");
  if (!/^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(digits)) refuse("text that is no number");
  const value = Number(digits);
  const wire = Buffer.alloc(single ? 4 : 8);
  if (single) wire.writeFloatLE(value);
  else wire.writeDoubleLE(value);
  if (!Number.isFinite(single ? wire.readFloatLE(0) : value))
    refuse("a number outside the range of its source type");
  return wire;
}

function widenFloat(source: Buffer, at: number, _length: number, out: CellSink): void {
  out.view.setInt32(out.at, 8);
  out.view.setFloat64(out.at + 4, source.readFloatLE(at));
  out.at += 12;
}

/** Digits of a decimal without fraction to an integer; 18 digits at most, so two halves of nine are exact. */
function wholeCell(width: 2 | 4 | 8): CellFunction {
  return (source: Buffer, at: number, length: number, out: CellSink): void => {
    const { view, at: o } = out;
    view.setInt32(o, width);
    if (width === 8) view.setBigInt64(o + 4, BigInt(source.toString("latin1", at, at + length)));
    else {
      const value = Number(source.toString("latin1", at, at + length));
      if (width === 4) view.setInt32(o + 4, value);
      else view.setInt16(o + 4, value);
    }
    out.at = o + 4 + width;
  };
}
