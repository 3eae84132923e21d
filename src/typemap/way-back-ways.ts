/**
 * How each family of source types takes its values back: the SQL that stores one, the SQL that finds exactly it, and
 * what the source would make another value of without a word. Values are literals of a text protocol whose session is
 * strict, in UTC and utf8mb4; an integer or a moment is compared as what it is, because the source compares a column with
 * a bare text as doubles or by a collation.
 */
import type { PlanColumn, SourceColumn, SourceEngine } from "../model.js";
import { parseTargetType } from "./family.js";
import { recodeOf } from "./recode.js";
import { refuse } from "./refusal.js";
import { demandDocument } from "./way-back-json.js";
import {
  demandFloat,
  demandLength,
  spelledAddress,
  spelledNumber,
  spelledTime,
} from "./way-back-spelling.js";

/** What is bound for one `?`. */
export type BoundValue = string | Buffer;

/** What a way back is made of. */
export type WayBackColumn = Pick<PlanColumn, "source" | "column" | "targetType" | "policy" | "nativeEnum">;

export interface Way {
  /** A bare `?` when absent. */
  readonly value?: string;
  readonly same: (column: string) => string;
  /** What is bound, given what the codec's decode says. Throws a Refusal for what the source would change in silence. */
  readonly bound: (text: string, field: Buffer) => BoundValue;
  /** The codec's own text form of it; null where it has none that says more. */
  readonly form: (text: string, field: Buffer) => Buffer | null;
  /** What stands for NULL in a column that has none, because a policy made NULL of it on the way. */
  readonly whenNull?: string;
  /** What only a session that is not strict stores. */
  readonly lenient?: string;
}

type WayMaker = (planned: WayBackColumn, engine: SourceEngine) => Way;

const utf8 = (text: string): Buffer => Buffer.from(text, "utf8");
const hex = (text: string): Buffer => Buffer.from(text, "hex");
const equals =
  (cast: string) =>
  (column: string): string =>
    `${column} = ${cast}`;
const whole = "CAST(? AS UNSIGNED)";

const integers: WayMaker = ({ column }) => ({
  same: equals(`CAST(? AS ${column.unsigned ? "UNSIGNED" : "SIGNED"})`),
  bound: (text) => spelledNumber(text, 0),
  form: utf8,
});

/** '0' would be 2000 and '5' 2005: only four digits are taken for what they say. */
const years: WayMaker = () => ({
  same: equals(whole),
  bound: (text) => {
    const year = Number(spelledNumber(text, 0));
    if (year !== 0 && (year < 1901 || year > 2155)) refuse("a year that is neither 0 nor 1901 to 2155");
    return String(year).padStart(4, "0");
  },
  form: utf8,
});

const decimals: WayMaker = ({ column }) => {
  const [precision, scale] = [column.precision ?? 10, column.scale ?? 0];
  return {
    same: equals(`CAST(? AS DECIMAL(${String(precision)},${String(scale)}))`),
    bound: (text) => spelledNumber(text, scale),
    form: utf8,
  };
};

const floats: WayMaker = ({ column }, engine) => {
  const { type, precision, scale } = column;
  const valueOf = (field: Buffer): number =>
    field.length === 4 ? field.readFloatBE(0) : field.readDoubleBE(0);
  const text = (field: Buffer): string => (Object.is(valueOf(field), -0) ? "-0" : String(valueOf(field)));
  // 9999999.99, the most of FLOAT(9,2), is kept as 10000000, which is more than it takes.
  const most = type === "float" && precision !== null && scale !== null ? mostText(precision, scale) : null;
  return {
    ...(most === null ? {} : { value: `LEAST(GREATEST(? + 0e0, -${most}), ${most})` }),
    same: equals("(? + 0e0)"),
    bound: (_text, field) => {
      const value = valueOf(field);
      // MariaDB makes 0 of it, and so does the rounding of (M,D).
      if (Object.is(value, -0) && (engine === "mariadb" || precision !== null)) refuse("a negative zero");
      demandFloat(column, value);
      const size = Math.abs(value);
      if (most !== null && size > Number(most) && size !== Math.fround(Number(most)))
        refuse("a number past its range");
      return text(field);
    },
    form: (_text, field) => utf8(text(field)),
  };
};

/** The most of FLOAT(M,D) as a double. */
function mostText(precision: number, scale: number): string {
  return `${"9".repeat(precision - scale) || "0"}.${"9".repeat(scale)}e0`;
}

const bits: WayMaker = () => ({
  value: whole,
  same: equals(whole),
  bound: (text) => BigInt(`0x${text}`).toString(),
  form: hex,
});

const texts: WayMaker = (planned) => {
  const { column, policy, targetType } = planned;
  const target = parseTargetType(targetType);
  const stored = storedText(column, policy.badText);
  const bound = (text: string): string => {
    demandLength(column, text);
    return text;
  };
  // A uuid has one spelling, and the text that it came from may have had capitals.
  const shown = (name: string): string => (target.text === "uuid" ? `LOWER(${name})` : name);
  return {
    value: stored.value,
    same: (name) => `(${name} = ${stored.value} AND CAST(${shown(name)} AS BINARY) = ${stored.bytes})`,
    bound: stored.recoded ? (text): Buffer => utf8(bound(text)) : bound,
    // What a recoded text was before is known byte for byte, and the other way its cell heals it again.
    form: stored.recoded ? (): null => null : utf8,
  };
};

/** A text on its way into the column's own character set, and the bytes that lie there then. */
function storedText(
  { charset }: SourceColumn,
  badText: WayBackColumn["policy"]["badText"],
): { readonly value: string; readonly bytes: string; readonly recoded: boolean } {
  const set = charset ?? "utf8mb4";
  const bytes = (value: string): string => `CAST(${value} AS BINARY)`;
  if (recodeOf(charset, badText) === null)
    return { value: "?", bytes: bytes(`CONVERT(? USING ${set})`), recoded: false };
  const own = badText !== "refuse" && badText.recode.toLowerCase() === charset?.toLowerCase();
  const value = own ? `CONVERT(? USING ${set})` : `CONVERT(CONVERT(? USING latin1) USING ${set})`;
  return { value, bytes: bytes(value), recoded: true };
}

const binaries: WayMaker = ({ column }) => ({
  same: equals("?"),
  bound: (text) => {
    const value = hex(text);
    // The source fills up with zeros.
    if (column.type === "binary" && value.length !== column.length)
      refuse(`bytes of another length than ${String(column.length)}`);
    return value;
  },
  form: hex,
});

/**
 * By its number: a label is found by its collation, and a text of digits may be taken for a number. MySQL's catalogue
 * shows a question mark for what utf8mb3 lacks; in a column with such labels all go by their text.
 */
const enums: WayMaker = (planned, engine) => {
  const { column, policy } = planned;
  const hidden =
    engine === "mysql" && column.charset === "utf8mb4" && column.labels.some((label) => label.includes("?"));
  const keeps = policy.enumZero === "keep";
  const bound = (text: string): string => {
    const place = column.labels.indexOf(text);
    if (place >= 0) return hidden ? text : String(place + 1);
    if (text === "" && keeps) return hidden ? "" : "0";
    // Older collations hold all of those characters equal.
    const told = /_0900_|_520_|_bin$/u.test(column.collation ?? "");
    return hidden && told && /[\u{10000}-\u{10ffff}]/u.test(text)
      ? text
      : refuse("a text that is none of its labels");
  };
  const zero = hidden ? "" : "0";
  return {
    ...(hidden ? { same: texts(planned, engine).same } : { value: whole, same: equals(whole) }),
    bound,
    form: (text) => utf8(column.labels.includes("") ? `1${text}` : text),
    ...(policy.enumZero === "null" ? { whenNull: zero } : {}),
    // Where '' is a label, it is found as that.
    ...(column.labels.includes("") && hidden ? {} : { lenient: zero }),
  };
};

const sets: WayMaker = ({ column }) => ({
  value: whole,
  same: (name) => `CAST(${name} AS UNSIGNED) = ${whole}`,
  bound: (text) => {
    let [mask, last] = [0n, -1];
    for (const label of text === "" ? [] : text.split(",")) {
      const place = column.labels.indexOf(label);
      if (place < 0) refuse("a member that is none of its labels");
      if (place <= last) refuse("members that are not in the order of its definition, or twice");
      mask |= 1n << BigInt(place);
      last = place;
    }
    return mask.toString();
  },
  form: utf8,
});

const jsons: WayMaker = ({ targetType }, engine) => {
  const printed = (value: string): string => `CAST(CAST(${value} AS CHAR) AS BINARY)`;
  return {
    // MariaDB's JSON is a text that is kept as it was written.
    same: (name) =>
      engine === "mariadb"
        ? `CAST(${name} AS BINARY) = CAST(CONVERT(? USING utf8mb4) AS BINARY)`
        : `${printed(name)} = ${printed("CAST(? AS JSON)")}`,
    bound: (text) => {
      if (engine === "mysql") demandDocument(text, targetType === "jsonb");
      return text;
    },
    form: utf8,
  };
};

const dates: WayMaker = ({ column, policy }) => ({
  same: equals("CAST(? AS DATE)"),
  bound: (text) => spelledTime(text, column),
  form: utf8,
  ...(policy.zeroDate === "null" ? { whenNull: "0000-00-00" } : {}),
});

const moments: WayMaker = ({ column, policy }) => ({
  same: equals(`CAST(? AS DATETIME(${String(column.fsp)}))`),
  bound: (text) => spelledTime(text, column),
  form: utf8,
  ...(policy.zeroDate === "null" ? { whenNull: "0000-00-00 00:00:00" } : {}),
});

const times: WayMaker = ({ column }) => ({
  same: equals(`CAST(? AS TIME(${String(column.fsp)}))`),
  bound: (text) => spelledTime(text, column),
  form: utf8,
});

/** As their bytes: the SRID and little-endian WKB with longitude first, which is what the source keeps; so no axis turns. */
const bytesOf: WayMaker = () => ({
  same: (name) => `HEX(${name}) = HEX(?)`,
  bound: hex,
  form: hex,
});

const networks: WayMaker = ({ column, targetType }) => ({
  same: equals(`CAST(? AS ${column.type.toUpperCase()})`),
  bound: (text, field) =>
    targetType === "text"
      ? spelledAddress(text, column)
      : column.type === "uuid"
        ? text
        : addressOf(text, field, column),
  form: utf8,
});

function addressOf(text: string, field: Buffer, column: SourceColumn): string {
  if (field.length !== (column.type === "inet4" ? 8 : 20)) refuse("an address of the other family");
  return text;
}

const ways: Readonly<Record<string, WayMaker>> = {
  ...each(["tinyint", "smallint", "mediumint", "int", "bigint"], integers),
  ...each(["year"], years),
  ...each(["decimal"], decimals),
  ...each(["float", "double"], floats),
  ...each(["bit"], bits),
  ...each(["char", "varchar", "tinytext", "text", "mediumtext", "longtext"], texts),
  ...each(["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"], binaries),
  ...each(["enum"], enums),
  ...each(["set"], sets),
  ...each(["json"], jsons),
  ...each(["date"], dates),
  ...each(["datetime", "timestamp"], moments),
  ...each(["time"], times),
  ...each(
    [
      "geometry",
      "point",
      "linestring",
      "polygon",
      "multipoint",
      "multilinestring",
      "multipolygon",
      "geometrycollection",
      "geomcollection",
      "vector",
    ],
    bytesOf,
  ),
  ...each(["uuid", "inet4", "inet6"], networks),
};

function each(types: readonly string[], maker: WayMaker): Readonly<Record<string, WayMaker>> {
  return Object.fromEntries(types.map((type) => [type, maker]));
}

/** null for a source type that nothing goes back to. */
export function wayOf(planned: WayBackColumn, engine: SourceEngine): Way | null {
  return ways[planned.column.type]?.(planned, engine) ?? null;
}
