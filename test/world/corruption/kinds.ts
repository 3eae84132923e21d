/**
 * The kinds of corruption: each the smallest that its type knows, or one that people have met. A kind says where it
 * fits and what it makes of a value, in the SQL of its side.
 */
import type { PlanColumn } from "../../../src/model.js";

export type Side = "source" | "target";

export interface ValueKind {
  readonly name: string;
  readonly side: Side;
  readonly act: "value";
  readonly fits: (column: PlanColumn) => boolean;
  /** The new value; `c` is the quoted column. */
  readonly sql: (c: string, column: PlanColumn) => string;
  /** Rows that it makes something else of; those that are not NULL when nothing is said. */
  readonly where?: (c: string) => string;
}

export interface RowKind {
  readonly name: string;
  readonly side: Side;
  readonly act: "delete" | "insert" | "swap" | "rekey" | "reinsert" | "copy";
}

export type Kind = ValueKind | RowKind;

const base = ({ targetType }: PlanColumn): string =>
  targetType.endsWith("[]") ? targetType : (/^[a-z ]+/u.exec(targetType)?.[0].trim() ?? targetType);
const targetIs =
  (...types: readonly string[]) =>
  (column: PlanColumn): boolean =>
    types.includes(base(column));
const sourceIs =
  (...types: readonly string[]) =>
  (column: PlanColumn): boolean =>
    types.includes(column.column.type);
/** Text that no list of labels holds. */
const isText = (column: PlanColumn): boolean =>
  targetIs("text", "character varying")(column) &&
  sourceIs("char", "varchar", "text", "tinytext", "mediumtext", "longtext")(column);
const isInteger = targetIs("smallint", "integer", "bigint");
const isMoment = targetIs("timestamp", "timestamp without time zone", "timestamp with time zone");

function target(
  name: string,
  fits: ValueKind["fits"],
  sql: ValueKind["sql"],
  where?: ValueKind["where"],
): ValueKind {
  return { name, side: "target", act: "value", fits, sql, ...(where === undefined ? {} : { where }) };
}

function source(
  name: string,
  fits: ValueKind["fits"],
  sql: ValueKind["sql"],
  where?: ValueKind["where"],
): ValueKind {
  return { name, side: "source", act: "value", fits, sql, ...(where === undefined ? {} : { where }) };
}

/** What a comparison of texts does not see: neither the digest of a server nor the oracle has another text for it. */
export const equalInText: ReadonlySet<string> = new Set([
  "the sign of zero",
  "a day instead of 24 hours",
  "a netmask",
]);

/** One unit of the column's last fraction digit. */
const tick = ({ column }: PlanColumn): string =>
  column.fsp === 0 ? "1" : `0.${"1".padStart(column.fsp, "0")}`;
const bigger = (c: string, low: string): string => `${c} IS NOT NULL AND ${low}`;

const onTarget: readonly ValueKind[] = [
  target("one more", isInteger, (c) => `${c} + 1`),
  target(
    "another sign",
    isInteger,
    (c) => `-${c}`,
    (c) => bigger(c, `${c} > 0`),
  ),
  target("a high bit", targetIs("bigint"), (c) => `${c} # (1::bigint << 40)`),
  target(
    "an unsigned number past 2^63",
    targetIs("numeric"),
    (c) => `${c} - 9223372036854775808`,
    (c) => bigger(c, `${c} > 9223372036854775808`),
  ),
  target("the other truth", targetIs("boolean"), (c) => `NOT ${c}`),
  target(
    "the last digit",
    targetIs("numeric"),
    (c, column) => `${c} + ${String(10 ** -(column.column.scale ?? 0))}`,
  ),
  target(
    "a moved decimal point",
    targetIs("numeric"),
    (c) => `${c} / 10`,
    (c) => bigger(c, `${c} <> 0`),
  ),
  target(
    "another sign of a decimal",
    targetIs("numeric"),
    (c) => `-${c}`,
    (c) => bigger(c, `${c} <> 0`),
  ),
  target(
    "the sign of zero",
    targetIs("double precision", "real"),
    () => "'-0'",
    (c) => bigger(c, `${c} = 0 AND ${c}::text = '0'`),
  ),
  target("NaN", targetIs("double precision", "real"), (_, column) => `'NaN'::${base(column)}`),
  target(
    "one bit of a double",
    targetIs("double precision"),
    (c) => `${c} * (1 + 2.3e-16::float8)`,
    (c) => bigger(c, `${c} <> 0`),
  ),
  target(
    "one bit of a float",
    targetIs("real"),
    (c) => `(${c}::float8 * (1 + 1.2e-7::float8))::real`,
    (c) => bigger(c, `${c} <> 0`),
  ),
  target("a blank at the end", isText, (c) => `${c} || ' '`),
  target("a blank at the start", isText, (c) => `' ' || ${c}`),
  target(
    "another case",
    isText,
    (c) => `CASE WHEN upper(${c}) <> ${c} THEN upper(${c}) ELSE lower(${c}) END`,
  ),
  target("an accent", isText, (c) => `translate(${c}, 'aeiou', 'áéíóú')`),
  target("an accent that is a character of its own", isText, (c) => `normalize(${c}, NFD)`),
  target("a character without width", isText, (c) => `${c} || U&'\\200B'`),
  target("text cut short", isText, (c) => `left(${c}, -1)`),
  target(
    "empty instead of NULL",
    isText,
    () => "''",
    (c) => `${c} IS NULL`,
  ),
  target(
    "NULL instead of empty",
    isText,
    () => "NULL",
    (c) => `${c} = ''`,
  ),
  target(
    "NULL",
    () => true,
    () => "NULL",
  ),
  target(
    "one bit of bytes",
    targetIs("bytea"),
    (c) => `set_bit(${c}, 0, 1 - get_bit(${c}, 0))`,
    (c) => bigger(c, `length(${c}) > 0`),
  ),
  target("a zero byte at the end", targetIs("bytea"), (c) => `${c} || '\\x00'::bytea`),
  target("a day", targetIs("date"), (c) => `${c} + 1`),
  target("a century", targetIs("date"), (c) => `(${c} - interval '100 years')::date`),
  target("the smallest part of a second", isMoment, (c, column) => `${c} + interval '${tick(column)} s'`),
  target("an hour", isMoment, (c) => `${c} + interval '1 hour'`),
  target(
    "another zone's clock",
    targetIs("timestamp with time zone"),
    (c) => `(${c} AT TIME ZONE 'UTC') AT TIME ZONE 'Asia/Kathmandu'`,
  ),
  target("a tick of a duration", targetIs("interval"), (c, column) => `${c} + interval '${tick(column)} s'`),
  target(
    "a day instead of 24 hours",
    targetIs("interval"),
    (c) => `justify_hours(${c})`,
    (c) => bigger(c, `abs(extract(epoch FROM ${c})) > 86400`),
  ),
  target(
    "another label",
    sourceIs("enum"),
    (c, { column }) =>
      `CASE WHEN ${c}::text = ${quote(column.labels[0] ?? "")} THEN ${quote(column.labels[1] ?? "")} ELSE ${quote(column.labels[0] ?? "")} END`,
  ),
  target(
    "a set in another order",
    targetIs("text[]"),
    (c) => `${c}[2:] || ${c}[1]`,
    (c) => bigger(c, `cardinality(${c}) > 1`),
  ),
  target(
    "a member less",
    targetIs("text[]"),
    (c) => `${c}[2:]`,
    (c) => bigger(c, `cardinality(${c}) > 0`),
  ),
  target("a JSON number's spelling", targetIs("jsonb"), (c) => `replace(${c}::text, '1.5', '1.50')::jsonb`),
  target("a JSON key more", targetIs("jsonb"), (c) => `${c} || '{"more": null}'`),
  target(
    "a JSON null left out",
    targetIs("jsonb"),
    (c) => `${c} - 'none'`,
    (c) => bigger(c, `${c} ? 'none'`),
  ),
  target("one bit", targetIs("bit"), (c) => `set_bit(${c}, 8, 1 - get_bit(${c}, 8))`),
  target("a netmask", targetIs("inet"), (c) => `set_masklen(${c}, masklen(${c}) - 1)`),
];

const onSource: readonly ValueKind[] = [
  source("one less at the source", sourceIs("smallint", "int", "bigint", "mediumint"), (c) => `${c} - 1`),
  source(
    "the last digit at the source",
    sourceIs("decimal"),
    (c, { column }) => `${c} + ${String(10 ** -(column.scale ?? 0))}`,
  ),
  source(
    "the last bits of a double at the source",
    sourceIs("double"),
    (c) => `${c} * 1.000000000000001e0`,
    (c) => bigger(c, `${c} <> 0`),
  ),
  source("a blank at the end at the source", sourceIs("varchar", "text"), (c) => `CONCAT(${c}, ' ')`),
  source("another case at the source", sourceIs("varchar", "text"), (c) => `UPPER(${c})`),
  source("an accent at the source", sourceIs("varchar", "text"), (c) => `REPLACE(${c}, 'a', 'á')`),
  source(
    "NULL at the source",
    ({ column }) => column.nullable,
    () => "NULL",
  ),
  source(
    "a zero byte at the source",
    sourceIs("varbinary", "blob"),
    (c) => `CONCAT(${c}, x'00')`,
    (c) => bigger(c, `LENGTH(${c}) < 16`),
  ),
  source("a day at the source", sourceIs("date"), (c) => `${c} + INTERVAL 1 DAY`),
  source(
    "a tick at the source",
    sourceIs("datetime"),
    (c, column) => `${c} + INTERVAL ${tick(column)} SECOND`,
  ),
  source("another label at the source", sourceIs("enum"), (c) => `IF(${c} + 0 = 1, 2, 1)`),
  source("a member more at the source", sourceIs("set"), (c) => `${c} + 0 | 1`),
  source("a JSON number at the source", sourceIs("json"), (c) => `JSON_SET(${c}, '$[0]', -1.5)`),
  source("one bit at the source", sourceIs("bit"), (c) => `${c} + 0 ^ 1`),
  source("a second of a duration at the source", sourceIs("time"), (c) => `SUBTIME(${c}, '00:00:01')`),
];

const rows: readonly RowKind[] = (["target", "source"] as const).flatMap((side) => [
  { name: `a row taken away at the ${side}`, side, act: "delete" as const },
  { name: `a row more at the ${side}`, side, act: "insert" as const },
]);

export const kinds: readonly Kind[] = [
  ...onTarget,
  ...onSource,
  ...rows,
  { name: "two rows' values swapped", side: "target", act: "swap" },
  { name: "a key changed", side: "target", act: "rekey" },
  { name: "taken away and put back changed", side: "target", act: "reinsert" },
  { name: "a second copy of a row without a key", side: "target", act: "copy" },
];

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
