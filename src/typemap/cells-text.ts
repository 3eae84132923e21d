/**
 * CHAR, VARCHAR and the TEXT types. Characters go over as they come (the session is utf8mb4, the target UTF-8).
 * What needs care is cold: U+0000, which PostgreSQL cannot hold; a target that is shorter than the source, because
 * PostgreSQL cuts trailing blanks off in silence there; char(n), which PostgreSQL pads; text whose bytes were UTF-8
 * all along under a wrong charset (policy badText): of a column of that charset the bytes themselves are read.
 */
import type { ColumnPolicy, SourceColumn } from "../model.js";
import type { CellFunction, CellSink, Pairing } from "./codec.js";
import { utf8Text, uuidText } from "./decode.js";
import { callCell, opCell } from "./family.js";
import type { Family, TargetType } from "./family.js";
import { refuse } from "./refusal.js";
import { type Recode, recodeOf } from "./recode.js";
import { writeUuidText } from "./cells-uuid.js";
import { ops } from "./opcode.js";

const identity = (text: Buffer): Buffer => text;

/** What every type with an exact CAST(... AS CHAR) offers beside its own targets. */
export const castTextTargets: readonly string[] = ["text", "character varying(255)"];

export const texts: Family = {
  types: ["char", "varchar", "tinytext", "text", "mediumtext", "longtext"],
  targets(column) {
    const length = column.length === null ? null : Math.max(1, column.length);
    const list =
      length === null ? ["text", "character varying(255)"] : [`character varying(${length})`, "text"];
    if (column.type === "char" && length !== null) list.push(`character(${length})`);
    list.push("citext", "bytea");
    if (length !== null && length >= 36) list.push("uuid");
    return list;
  },
  pair(column, target, policy): Pairing | null {
    const converted = (name: string): string => `CONVERT(${name} USING utf8mb4)`;
    if (target.text === "bytea")
      return {
        cell: opCell(ops.bytes, 0),
        wireOf: identity,
        canonical: {
          source: (name) => `HEX(${converted(name)})`,
          target: (name) => `upper(encode(${name},'hex'))`,
        },
        decode: utf8Text,
      };
    if (target.text === "uuid" && column.length !== null && column.length >= 36)
      return {
        cell: callCell(0, writeUuidText),
        wireOf: identity,
        canonical: { source: (name) => `LOWER(${converted(name)})`, target: (name) => `${name}::text` },
        decode: uuidText,
      };
    const recode = recodeOf(column.charset, policy.badText);
    if (recode === "impossible") return null;
    const fixed = column.type === "char";
    if (recode?.bytes !== true) return textPairing(target, policy, charsOf(column), converted, fixed, recode);
    const raw = (name: string): string => `CAST(${name} AS BINARY)`;
    const meant = (name: string): string => `CONVERT(${raw(name)} USING utf8mb4)`;
    const pairing = textPairing(target, policy, charsOf(column), meant, fixed, recode);
    return pairing === null ? null : { ...pairing, select: raw };
  },
};

/** Types that SELECT prints exactly, taken over as their text: `expression` prints the column. */
export function castText(
  target: TargetType,
  policy: ColumnPolicy,
  expression: (column: string) => string,
): Pairing | null {
  // What a cast prints is far shorter than any declared length worth having; the limit is checked all the same.
  const pairing = textPairing(target, policy, null, expression, false);
  return pairing === null ? null : { ...pairing, select: expression };
}

/**
 * Text into text, varchar(n), char(n) or citext. `chars` is the source's own limit in characters, null when it has none.
 * char(n) is offered for CHAR alone: anywhere else trailing blanks mean something.
 */
export function textPairing(
  target: TargetType,
  policy: ColumnPolicy,
  chars: number | null,
  expression: (column: string) => string,
  fixed: boolean,
  recode: Recode | null = null,
): Pairing | null {
  const limit = target.first;
  const padded = target.base === "character";
  if (!["text", "citext", "character varying", "character"].includes(target.base)) return null;
  if (padded && (!fixed || limit === null)) return null;
  const shorter = limit !== null && (chars === null || chars > limit);
  const careful = carefulText(policy, limit, padded ? (limit ?? 0) : 0, recode);
  const source =
    policy.nul === "strip"
      ? (name: string): string => `REPLACE(${expression(name)},CHAR(0 USING utf8mb4),'')`
      : expression;
  return {
    cell: shorter || padded || recode !== null ? callCell(0, careful) : opCell(ops.text, 0, careful),
    wireOf: identity,
    // Characters are made bytes again here and not by the source: no text of its own is exact.
    canonical: recode?.bytes === false ? null : { source, target: (name) => `${name}::text` },
    decode: padded ? (field): string => utf8Text(field).replace(/ +$/, "") : utf8Text,
  };
}

/** Everything that text may need, in the order in which it must happen. `pad` 0 is none. */
function carefulText(
  policy: ColumnPolicy,
  limit: number | null,
  pad: number,
  recode: Recode | null,
): CellFunction {
  return (source: Buffer, at: number, length: number, out: CellSink): void => {
    let text = source.subarray(at, at + length);
    if (recode !== null && text.some((byte) => byte >= 0x80)) {
      text = recode.heal(text);
      out.changed("badText");
    }
    if (text.includes(0)) {
      if (policy.nul !== "strip") refuse("text with U+0000, which PostgreSQL does not hold");
      text = Buffer.from(text.filter((byte) => byte !== 0));
      out.changed("nul");
    }
    let blanks = 0;
    if (limit !== null) {
      const chars = charactersIn(text);
      if (chars > limit) refuse(`text of ${chars} characters, longer than its target type`);
      blanks = Math.max(0, pad - chars);
    }
    out.reserve(text.length + blanks + 4);
    out.view.setInt32(out.at, text.length + blanks);
    text.copy(out.bytes, out.at + 4);
    out.at += text.length + 4;
    out.bytes.fill(32, out.at, out.at + blanks);
    out.at += blanks;
  };
}

/** Characters of UTF-8 text: all bytes that don't continue one. */
function charactersIn(text: Buffer): number {
  let count = 0;
  for (const byte of text) if ((byte & 0xc0) !== 0x80) count++;
  return count;
}

function charsOf(column: SourceColumn): number | null {
  if (column.type === "tinytext") return 255;
  return column.length;
}
