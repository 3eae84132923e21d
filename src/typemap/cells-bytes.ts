/**
 * BINARY, VARBINARY, the BLOB types and BIT. The binary protocol sends BINARY padded and BIT as big-endian bytes.
 * PostgreSQL's bit(n) begins at the high end of its first byte, MySQL's ends at the low end of its last, so bits are
 * shifted by what the last byte does not use.
 */
import type { SourceColumn } from "../model.js";
import type { CellFunction, CellSink, Pairing } from "./codec.js";
import { hexText, integerText } from "./decode.js";
import { callCell, opCell } from "./family.js";
import type { Family } from "./family.js";
import { inetBytesText, writeInetBytes } from "./cells-network.js";
import { writeUuidBytes } from "./cells-uuid.js";
import { refuse } from "./refusal.js";
import { ops } from "./opcode.js";

const identity = (text: Buffer): Buffer => text;

export const binaries: Family = {
  types: ["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"],
  targets(column) {
    const list = ["bytea"];
    if (column.type === "binary" && column.length === 16) list.push("uuid");
    if (column.type === "varbinary" && column.length === 16) list.push("inet");
    return list;
  },
  pair(column, target): Pairing | null {
    const source = (name: string): string => `HEX(${name})`;
    if (target.text === "bytea")
      return {
        cell: opCell(ops.bytes, 0),
        wireOf: identity,
        canonical: { source, target: (name) => `upper(encode(${name},'hex'))` },
        decode: hexText,
      };
    if (target.text === "uuid" && column.type === "binary" && column.length === 16)
      return {
        cell: callCell(0, writeUuidBytes),
        wireOf: identity,
        canonical: { source, target: (name) => `upper(replace(${name}::text,'-',''))` },
        decode: hexText,
      };
    if (target.text === "inet" && column.type === "varbinary" && column.length === 16)
      return {
        cell: callCell(0, writeInetBytes),
        wireOf: identity,
        canonical: {
          source,
          target: (name) => `upper(substr(encode(inet_send(${name}),'hex'),9))`,
        },
        decode: inetBytesText,
      };
    return null;
  },
};

const integerTargets: Readonly<Record<string, { width: 2 | 4 | 8; bits: number }>> = {
  smallint: { width: 2, bits: 15 },
  integer: { width: 4, bits: 31 },
  bigint: { width: 8, bits: 63 },
};

export const bits: Family = {
  types: ["bit"],
  targets(column) {
    const size = bitsOf(column);
    const list = size === 1 ? ["boolean", "bit(1)"] : [`bit(${size})`];
    for (const [name, { bits: room }] of Object.entries(integerTargets)) if (size <= room) list.push(name);
    return [...list, "bytea"];
  },
  pair(column, target): Pairing | null {
    const size = bitsOf(column);
    const hex = (field: Buffer): string => hexText(field);
    const number = (name: string): string => `CAST(${name}+0 AS CHAR)`;
    const wireOf = (text: Buffer): Buffer =>
      text.length === (size + 7) >> 3 ? text : refuse("bits of another length");
    const integer = integerTargets[target.text];
    if (integer !== undefined && size <= integer.bits)
      return {
        cell: callCell(0, bitInteger(integer.width)),
        wireOf,
        canonical: { source: number, target: (name) => `${name}::text` },
        decode: (field) => bitHex(BigInt(integerText(field)), size),
      };
    switch (target.text) {
      case "boolean":
        if (size !== 1) return null;
        return {
          cell: callCell(0, bitBoolean),
          wireOf,
          canonical: { source: number, target: (name) => `(${name}::int)::text` },
          decode: hex,
        };
      case "bytea":
        return {
          cell: opCell(ops.bytes, 0),
          wireOf,
          canonical: {
            source: (name) => `LPAD(HEX(${name}+0),${((size + 7) >> 3) * 2},'0')`,
            target: (name) => `upper(encode(${name},'hex'))`,
          },
          decode: hex,
        };
      default:
        // format_type spells bit(1) in full, whatever was declared.
        if (target.base !== "bit" || (target.first ?? 1) !== size) return null;
        return {
          cell: callCell(0, bitString(size)),
          wireOf,
          canonical: {
            source: (name) => `LPAD(BIN(${name}+0),${size},'0')`,
            target: (name) => `${name}::text`,
          },
          decode: (field) => bitHex(BigInt(`0x${field.toString("hex", 4)}`) >> BigInt(-size & 7), size),
        };
    }
  },
};

function bitsOf(column: SourceColumn): number {
  return column.length ?? 1;
}

function bitHex(value: bigint, size: number): string {
  return value.toString(16).padStart(((size + 7) >> 3) * 2, "0");
}

function bitBoolean(source: Buffer, at: number, _length: number, out: CellSink): void {
  out.view.setInt32(out.at, 1);
  out.bytes[out.at + 4] = source[at] as number;
  out.at += 5;
}

function bitString(size: number): CellFunction {
  const shift = -size & 7;
  return (source: Buffer, at: number, length: number, out: CellSink): void => {
    const { bytes, view, at: o } = out;
    view.setInt32(o, 4 + length);
    view.setInt32(o + 4, size);
    for (let k = 0; k < length; k++) {
      const next = k + 1 < length ? (source[at + k + 1] as number) : 0;
      bytes[o + 8 + k] = ((source[at + k] as number) << shift) | (next >> (8 - shift));
    }
    out.at = o + 8 + length;
  };
}

function bitInteger(width: 2 | 4 | 8): CellFunction {
  return (source: Buffer, at: number, length: number, out: CellSink): void => {
    const { bytes, view, at: o } = out;
    view.setInt32(o, width);
    bytes.fill(0, o + 4, o + 4 + width);
    source.copy(bytes, o + 4 + width - length, at, at + length);
    out.at = o + 4 + width;
  };
}
