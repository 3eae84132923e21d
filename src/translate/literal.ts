/** Literals: as PostgreSQL writes them, and what is certain about a day written as text. */
import { postgresLiteral } from "../safety/identifier.js";
import { type Value, nullValue, value } from "./value.js";
import { literalOf, outside } from "./node.js";

/** A text literal that can stand anywhere. */
export function quoted(text: string): string {
  return text.includes("\0") ? outside("a text with U+0000") : postgresLiteral(text).trimStart();
}

/** The value of a literal node, null where the node is none. */
export function literalValue(node: unknown): Value | null {
  const found = literalOf(node);
  if (found === null) return null;
  const [kind, said] = found;
  switch (kind) {
    case "Null":
      return nullValue;
    case "Boolean": {
      const one = said === "true";
      return value("int", one ? "1" : "0", "integer", {
        digits: 1,
        unsigned: true,
        literal: one ? "1" : "0",
      });
    }
    case "Number":
      return numberValue(said);
    case "SingleQuotedString":
    case "DoubleQuotedString":
    case "NationalStringLiteral":
      return textLiteral(said);
    case "HexStringLiteral":
      return /^(?:[0-9a-f]{2})*$/i.test(said)
        ? value("bytes", `'\\x${said.toLowerCase()}'::bytea`, "bytea")
        : outside("a hexadecimal literal");
    default:
      return outside("a literal of an unusual kind");
  }
}

export function textLiteral(said: string): Value {
  return value("text", quoted(said), "text", { literal: said, padded: said.endsWith(" ") });
}

function numberValue(said: string): Value {
  if (/^\d+$/.test(said)) {
    const plain = BigInt(said).toString();
    const pg = BigInt(plain) > 9223372036854775807n ? "numeric" : plain.length > 9 ? "bigint" : "integer";
    if (plain.length > 19) return outside("a number past the largest integer");
    return value("int", plain, pg, { digits: plain.length, unsigned: true, literal: plain });
  }
  const parts = /^(\d*)\.(\d*)$/.exec(said);
  if (parts !== null) {
    const [, whole = "", fraction = ""] = parts;
    const sql = `${whole === "" ? "0" : whole}${fraction === "" ? "" : `.${fraction}`}`;
    return value("decimal", sql, "numeric", { digits: whole.length, scale: fraction.length, literal: sql });
  }
  if (/^\d*\.?\d*e[+-]?\d+$/i.test(said))
    return value("double", `${quoted(said)}::double precision`, "double precision");
  return outside("a number of an unusual kind");
}

export function isCalendarDay(year: number, month: number, day: number): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return day <= (days[month - 1] ?? 0);
}
