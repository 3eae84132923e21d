/**
 * JSON to jsonb in jsonb's own spelling, so that what we send and what PostgreSQL sends back are the same bytes; or to
 * json and text as the source spells it. MySQL's JSON is almost jsonb's spelling already and is copied in one scan;
 * MariaDB's is whatever was typed and is always rewritten. Neither has a canonical SQL text: numbers are printed
 * differently by the two servers, so digests of jsonb are computed from the bytes.
 */
import type { CellFunction, Pairing } from "./codec.js";
import { utf8Text } from "./decode.js";
import { callCell, opCell } from "./family.js";
import type { Family } from "./family.js";
import { JsonSpeller } from "./jsonb.js";
import { refuse } from "./refusal.js";
import { ops } from "./opcode.js";

const identity = (text: Buffer): Buffer => text;
const nulFunction: CellFunction = () => refuse("text with U+0000, which PostgreSQL does not hold");

export const jsons: Family = {
  types: ["json"],
  targets() {
    return ["jsonb", "json", "text"];
  },
  pair(_column, target, policy, engine): Pairing | null {
    const asChar = (name: string): string => `CAST(${name} AS CHAR)`;
    if (target.text === "json" || target.text === "text")
      return {
        cell: opCell(ops.text, 0, nulFunction),
        wireOf: identity,
        canonical: { source: asChar, target: (name) => `${name}::text` },
        decode: utf8Text,
      };
    if (target.text !== "jsonb") return null;
    const write: CellFunction = (source, at, length, out) => speller.write(source, at, length, out);
    const speller = new JsonSpeller(engine === "mysql", policy.nul === "strip");
    return {
      cell: engine === "mysql" ? opCell(ops.json, 0, write) : callCell(0, write),
      wireOf: identity,
      canonical: null,
      decode: (field) => field.toString("utf8", 1),
    };
  },
};
