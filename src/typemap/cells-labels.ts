/**
 * ENUM and SET. An enum goes to text, to varchar or to a named enum type (whose binary form is its label). Index 0,
 * the error value that non-strict modes write, reads as '' and is told apart from a label '' by a prefix in the
 * select expression, for the rare column that declares one. A set goes to text[] in definition order, or to text.
 */
import type { ColumnPolicy, SourceColumn } from "../model.js";
import { textPairing } from "./cells-text.js";
import type { CellFunction, CellSink, Pairing } from "./codec.js";
import { utf8Text } from "./decode.js";
import { callCell, opCell, writeNull } from "./family.js";
import type { Family, TargetType } from "./family.js";
import { refuse } from "./refusal.js";
import { ops } from "./opcode.js";

const comma = 44;
const textOid = 25;
const converted = (name: string): string => `CONVERT(${name} USING utf8mb4)`;

/** Built-in names that a rule might give by mistake; anything else that is one plain name is taken for an enum type. */
const builtIn =
  /^(smallint|integer|bigint|numeric|real|double precision|boolean|bytea|uuid|inet|cidr|json|jsonb|date|interval|money|bit|character|name|oid|xml|time.*|bit varying|point|tsvector)$/;

export const enums: Family = {
  types: ["enum"],
  targets(column) {
    return ["text", `character varying(${longest(column)})`, "(a named enum type)"];
  },
  pair(column, target, policy): Pairing | null {
    if (!isEnumTarget(target, column)) return null;
    // A label '' makes '' ambiguous: then each value carries a first character that says which it is.
    const ambiguous = column.labels.includes("");
    const zero = enumZero(policy);
    const source =
      policy.enumZero === "null"
        ? (name: string): string => `IF(${name}+0=0,NULL,${converted(name)})`
        : converted;
    return {
      cell: ambiguous ? callCell(0, prefixed(zero)) : opCell(ops.label, 0, labelWithCare(zero)),
      wireOf: (text) => text,
      ...(ambiguous ? { select: (name: string): string => `CONCAT(IF(${name}+0=0,'0','1'),${name})` } : {}),
      canonical: { source, target: (name) => `${name}::text` },
      decode: utf8Text,
    };
  },
};

export const sets: Family = {
  types: ["set"],
  targets(column) {
    return ["text[]", "text", `character varying(${Math.max(1, column.labels.join(",").length)})`];
  },
  pair(column, target, policy): Pairing | null {
    if (target.text === "text[]")
      return {
        cell: callCell(0, writeTextArray),
        wireOf: (text) => text,
        canonical: { source: converted, target: (name) => `array_to_string(${name},',')` },
        decode: textArrayText,
      };
    return textPairing(target, policy, Array.from(column.labels.join(",")).length, converted, false);
  },
};

function isEnumTarget(target: TargetType, column: SourceColumn): boolean {
  if (target.text === "text" || target.text === "citext") return true;
  if (target.base === "character varying") return target.first === null || target.first >= longest(column);
  return !builtIn.test(target.base) && target.first === null && !target.text.endsWith("[]");
}

function longest(column: SourceColumn): number {
  return Math.max(1, ...column.labels.map((label) => Array.from(label).length));
}

/** What becomes of index 0. */
function enumZero(policy: ColumnPolicy): (out: CellSink) => void {
  return (out) => {
    if (policy.enumZero === "refuse") refuse("enum index 0, the error value that is no label");
    out.changed("enumZero");
    if (policy.enumZero === "null") writeNull(out);
    else {
      out.view.setInt32(out.at, 0);
      out.at += 4;
    }
  };
}

/** Called for the empty string and for U+0000 alone. */
function labelWithCare(zero: (out: CellSink) => void): CellFunction {
  return (_source, _at, length, out) => {
    if (length > 0) refuse("a label with U+0000, which PostgreSQL does not hold");
    zero(out);
  };
}

function prefixed(zero: (out: CellSink) => void): CellFunction {
  return (source, at, length, out) => {
    if (source[at] === 48) {
      zero(out);
      return;
    }
    if (source.subarray(at, at + length).includes(0))
      refuse("a label with U+0000, which PostgreSQL does not hold");
    out.view.setInt32(out.at, length - 1);
    source.copy(out.bytes, out.at + 4, at + 1, at + length);
    out.at += length + 3;
  };
}

/** Binary array: dimensions, null flag, element type, then size and lower bound; the empty set has no dimension. */
function writeTextArray(source: Buffer, at: number, length: number, out: CellSink): void {
  out.reserve(length * 5 + 32);
  const { bytes, view, at: o } = out;
  view.setInt32(o + 4, length === 0 ? 0 : 1);
  view.setInt32(o + 8, 0);
  view.setInt32(o + 12, textOid);
  let p = o + 16;
  if (length > 0) {
    p += 8;
    let count = 0;
    const end = at + length;
    for (let q = at; q <= end; count++) {
      let stop = q;
      while (stop < end && source[stop] !== comma) {
        if (source[stop] === 0) refuse("a label with U+0000, which PostgreSQL does not hold");
        stop++;
      }
      view.setInt32(p, stop - q);
      source.copy(bytes, p + 4, q, stop);
      p += 4 + stop - q;
      q = stop + 1;
    }
    view.setInt32(o + 16, count);
    view.setInt32(o + 20, 1);
  }
  view.setInt32(o, p - o - 4);
  out.at = p;
}

function textArrayText(field: Buffer): string {
  const members: string[] = [];
  if (field.readInt32BE(0) > 0) {
    let at = 20;
    for (let count = field.readInt32BE(12); count > 0; count--) {
      const length = field.readInt32BE(at);
      members.push(field.toString("utf8", at + 4, at + 4 + length));
      at += 4 + length;
    }
  }
  return members.join(",");
}
