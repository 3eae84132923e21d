/**
 * A literal default in the target's words: typed by the target's type, re-quoted, and only if the value is certain to
 * be the one the source would store. What is not certain gives a reason instead, and the default is left out by name.
 */
import { postgresLiteral } from "../safety/identifier.js";
import { isJsonb } from "../typemap/jsonb.js";
import { bareType } from "../typemap/target-type.js";
import type { DecidedColumn } from "./columns.js";

export type Translated = { readonly sql: string } | { readonly why: string };

const integerText = /^[+-]?\d+$/;
const numberText = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** A default that the catalogue gives as text. */
export function literalDefault(decided: DecidedColumn, text: string): Translated {
  const { targetType, column } = decided;
  const bare = bareType(targetType);
  const trimmed = text.trim();
  if (text.includes("\0") && bare !== "bytea") return { why: "it holds U+0000" };
  if (decided.enumType !== null) return { sql: `${literal(text)}::${targetType}` };
  switch (bare) {
    case "smallint":
    case "integer":
    case "bigint":
      return integerText.test(trimmed) ? integer(BigInt(trimmed), bare) : { why: "it is no integer" };
    case "numeric":
    case "real":
    case "double precision":
      return numberText.test(trimmed) ? { sql: plainNumber(trimmed) } : { why: "it is no number" };
    case "boolean":
      return trimmed === "0" || trimmed === "1"
        ? { sql: trimmed === "1" ? "true" : "false" }
        : { why: "it is neither 0 nor 1" };
    case "bit":
    case "bit varying":
      return integerText.test(trimmed) && !trimmed.startsWith("-")
        ? bits(BigInt(trimmed), targetType)
        : { why: "it is no bit value" };
    case "text":
    case "character varying":
    case "character": {
      // A cast would cut it without a word.
      const limit = Number(/\((\d+)\)/.exec(targetType)?.[1] ?? "Infinity");
      return Array.from(text).length > limit
        ? { why: `it is longer than ${targetType}` }
        : { sql: `${literal(text)}::${targetType}` };
    }
    case "text[]":
      return { sql: textArray(text === "" ? [] : text.split(",")) };
    case "bytea":
      return bytesDefault(decided, Buffer.from(text, "utf8").toString("hex"));
    case "date":
    case "timestamp without time zone":
    case "timestamp with time zone":
      return moment(decided, trimmed);
    case "time without time zone":
      return /^(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?|24:00:00(?:\.0+)?)$/.test(trimmed)
        ? { sql: `${literal(trimmed)}::${targetType}` }
        : { why: "it is no time of day" };
    case "interval":
      return /^-?\d{1,3}:[0-5]\d:[0-5]\d(?:\.\d{1,6})?$/.test(trimmed)
        ? { sql: `${literal(trimmed)}::${targetType}` }
        : { why: "it is no time" };
    case "json":
    case "jsonb":
      return (bare === "jsonb" ? isJsonb(text) : isJson(text))
        ? { sql: `${literal(text)}::${targetType}` }
        : { why: "it is no JSON" };
    case "uuid":
      return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(trimmed)
        ? { sql: `${literal(trimmed.toLowerCase())}::uuid` }
        : { why: "it is no uuid" };
    case "inet":
      return /^[0-9a-f.:]+$/i.test(trimmed)
        ? { sql: `${literal(trimmed)}::inet` }
        : { why: "it is no address" };
    default:
      return { why: `${targetType} from ${column.columnType} has no default that is certain to be equal` };
  }
}

/** A default that the catalogue gives as bytes: b'101', x'00ff', binary columns. */
export function bytesDefault(decided: DecidedColumn, hex: string): Translated {
  const { targetType, column } = decided;
  const value = BigInt(`0x0${hex}`);
  switch (bareType(targetType)) {
    case "bytea": {
      // BINARY(n) stores its value with zeros up to n.
      const missing = column.type === "binary" ? Math.max(0, (column.length ?? 0) - hex.length / 2) : 0;
      return { sql: `'\\x${hex}${"00".repeat(missing)}'::bytea` };
    }
    case "boolean":
      return { sql: value === 0n ? "false" : "true" };
    case "bit":
    case "bit varying":
      return bits(value, targetType);
    case "smallint":
    case "integer":
    case "bigint":
    case "numeric":
      return column.type === "bit" ? { sql: value.toString() } : { why: "it is given as bytes" };
    case "text":
    case "character varying": {
      const bytes = Buffer.from(hex, "hex");
      // Only ASCII means the same in every charset that the column may have.
      return bytes.every((byte) => byte > 0 && byte < 128)
        ? literalDefault(decided, bytes.toString("latin1"))
        : { why: "it is given as bytes" };
    }
    default:
      return { why: "it is given as bytes" };
  }
}

/** A literal that can stand anywhere; postgresLiteral leaves a blank before E'...'. */
export function literal(text: string): string {
  return postgresLiteral(text).trimStart();
}

/** ARRAY['a', 'b']::text[]. */
export function textArray(members: readonly string[]): string {
  return members.length === 0 ? "'{}'::text[]" : `ARRAY[${members.map(literal).join(", ")}]::text[]`;
}

function integer(value: bigint, type: string): Translated {
  const bits = type === "smallint" ? 16 : type === "integer" ? 32 : 64;
  return BigInt.asIntN(bits, value) === value
    ? { sql: value.toString() }
    : { why: `it is outside of the range of ${type}` };
}

function bits(value: bigint, targetType: string): Translated {
  const size = Number(/\((\d+)\)/.exec(targetType)?.[1] ?? "1");
  const text = value.toString(2);
  return text.length > size
    ? { why: "it has more bits than the type" }
    : { sql: `B'${text.padStart(size, "0")}'` };
}

/** Without the leading zeros of ZEROFILL and without a sign that says nothing. */
function plainNumber(text: string): string {
  return text.replace(/^\+/, "").replace(/^(-?)0+(?=\d)/, "$1");
}

function moment(decided: DecidedColumn, text: string): Translated {
  const parts = /^(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.\d{1,6})?)?$/.exec(text);
  if (parts === null) return { why: "it is no date" };
  const [, year, month, day] = parts;
  if (!isCalendarDay(Number(year), Number(month), Number(day))) {
    if (decided.policy.zeroDate === "-infinity") return { sql: `'-infinity'::${decided.targetType}` };
    return { why: "it is no day of the calendar (a zero date)" };
  }
  // The catalogue was read in UTC, so an instant's text is UTC.
  const zone = decided.targetType.endsWith("with time zone") ? "+00" : "";
  return { sql: `${literal(`${text}${zone}`)}::${decided.targetType}` };
}

function isCalendarDay(year: number, month: number, day: number): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return day <= (days[month - 1] ?? 0);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return !text.includes(String.raw`\u0000`);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
