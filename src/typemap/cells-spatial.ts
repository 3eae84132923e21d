/**
 * Geometry to bytea (EWKB) and VECTOR to real[]. The source keeps a geometry as 4 bytes of SRID and little-endian
 * WKB with longitude first, whatever the SRID; EWKB carries the same SRID behind a flagged type, and none when it is 0.
 */
import { canonicalEwkbTarget, canonicalVectorTarget } from "./canonical.js";
import type { CellSink, Pairing } from "./codec.js";
import { callCell } from "./family.js";
import type { Family } from "./family.js";
import { hexText } from "./decode.js";
import { opCell } from "./family.js";
import { refuse } from "./refusal.js";
import { ops } from "./opcode.js";

const identity = (text: Buffer): Buffer => text;
const hexSource = (name: string): string => `HEX(${name})`;
const hexTarget = (name: string): string => `upper(encode(${name},'hex'))`;
/** EWKB: "an SRID follows the type". */
const sridFlag = 0x20;
const realOid = 700;

export const geometries: Family = {
  types: [
    "geometry",
    "point",
    "linestring",
    "polygon",
    "multipoint",
    "multilinestring",
    "multipolygon",
    "geometrycollection",
    "geomcollection",
  ],
  targets() {
    return ["bytea"];
  },
  pair(_column, target): Pairing | null {
    if (target.text !== "bytea") return null;
    return {
      cell: callCell(0, writeEwkb),
      wireOf: identity,
      canonical: { source: hexSource, target: canonicalEwkbTarget },
      decode: ewkbToSource,
    };
  },
};

export const vectors: Family = {
  types: ["vector"],
  targets() {
    return ["real[]", "bytea"];
  },
  pair(_column, target): Pairing | null {
    if (target.text === "bytea")
      return {
        cell: opCell(ops.bytes, 0),
        wireOf: identity,
        canonical: { source: hexSource, target: hexTarget },
        decode: hexText,
      };
    if (target.text !== "real[]") return null;
    return {
      cell: callCell(0, writeRealArray),
      wireOf: identity,
      canonical: { source: hexSource, target: canonicalVectorTarget },
      decode: (field) => {
        const bytes = Buffer.from(field.subarray(20));
        const values = Buffer.alloc(bytes.length / 2);
        for (let k = 0, o = 0; k < bytes.length; k += 8, o += 4)
          for (let j = 0; j < 4; j++) values[o + j] = bytes[k + 7 - j] as number;
        return values.toString("hex");
      },
    };
  },
};

function writeEwkb(source: Buffer, at: number, length: number, out: CellSink): void {
  if (length < 9 || source[at + 4] !== 1) refuse("bytes that are no geometry");
  const { bytes, view, at: o } = out;
  if (source.readUInt32LE(at) === 0) {
    view.setInt32(o, length - 4);
    source.copy(bytes, o + 4, at + 4, at + length);
    out.at = o + length;
    return;
  }
  view.setInt32(o, length);
  source.copy(bytes, o + 4, at + 4, at + 9);
  bytes[o + 8] = (bytes[o + 8] as number) | sridFlag;
  source.copy(bytes, o + 9, at, at + 4);
  source.copy(bytes, o + 13, at + 9, at + length);
  out.at = o + 4 + length;
}

/** EWKB back to the source's own bytes, in hex. */
function ewkbToSource(field: Buffer): string {
  if (((field[4] as number) & sridFlag) === 0) return "00000000" + field.toString("hex");
  const head = Buffer.from(field.subarray(0, 5));
  head[4] = (head[4] as number) & ~sridFlag;
  return field.toString("hex", 5, 9) + head.toString("hex") + field.toString("hex", 9);
}

function writeRealArray(source: Buffer, at: number, length: number, out: CellSink): void {
  if (length % 4 !== 0) refuse("bytes that are no vector");
  const count = length / 4;
  out.reserve(length * 2 + 32);
  const { view, at: o } = out;
  view.setInt32(o, 20 + count * 8);
  view.setInt32(o + 4, 1);
  view.setInt32(o + 8, 0);
  view.setInt32(o + 12, realOid);
  view.setInt32(o + 16, count);
  view.setInt32(o + 20, 1);
  let p = o + 24;
  for (let k = 0; k < count; k++, p += 8) {
    view.setInt32(p, 4);
    view.setInt32(p + 4, source.readInt32LE(at + k * 4));
  }
  out.at = p;
}
