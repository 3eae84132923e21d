/**
 * How a rule names a source type. A pattern is a bare type (`tinyint`, `*text`), or the declared form with what
 * matters of it (`tinyint(1)`, `int unsigned`, `decimal(10,*)`, `enum('a','b')`). What the pattern does not say is
 * not asked, so `tinyint(1)` also means `tinyint(1) unsigned`, and `datetime` means every fraction. Types that no
 * server has are refused when the file is read: a rule that can never win is a mistake, not a wish.
 */
import type { SourceColumn } from "../model.js";
import { globMatches } from "./glob.js";

/** Every bare type that SourceColumn.type can be. */
export const sourceTypes: readonly string[] = [
  "tinyint",
  "smallint",
  "mediumint",
  "int",
  "bigint",
  "decimal",
  "float",
  "double",
  "bit",
  "year",
  "date",
  "datetime",
  "timestamp",
  "time",
  "char",
  "varchar",
  "tinytext",
  "text",
  "mediumtext",
  "longtext",
  "binary",
  "varbinary",
  "tinyblob",
  "blob",
  "mediumblob",
  "longblob",
  "enum",
  "set",
  "json",
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
  "uuid",
  "inet4",
  "inet6",
];

/** Other spellings that people write; the catalogue never does. */
const aliases: Readonly<Record<string, string>> = {
  integer: "int",
  bool: "tinyint(1)",
  boolean: "tinyint(1)",
  numeric: "decimal",
  dec: "decimal",
  fixed: "decimal",
  real: "double",
  "double precision": "double",
  character: "char",
  "character varying": "varchar",
};

export interface TypePattern {
  /** A bare type or a glob over bare types. */
  readonly base: string;
  /** Numbers in the parentheses, `*` for any; null when the pattern has none. */
  readonly args: readonly (number | "*")[] | null;
  /** enum(...) and set(...) with their labels: the whole declared type, else null. */
  readonly whole: string | null;
  readonly unsigned: boolean | null;
  readonly zerofill: boolean | null;
}

/** Every rule is tried on every column, so a pattern is taken apart once. */
const parsed = new Map<string, TypePattern | null>();

/** Takes a pattern apart; null when it names no type that a source can have. */
export function parseTypePattern(text: string): TypePattern | null {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const pattern = takeApart(text);
  parsed.set(text, pattern);
  return pattern;
}

function takeApart(text: string): TypePattern | null {
  const trimmed = text.trim();
  if (/^(enum|set)\s*\(/i.test(trimmed)) {
    const base = trimmed.slice(0, trimmed.indexOf("(")).trim().toLowerCase();
    const whole = `${base}${trimmed.slice(trimmed.indexOf("("))}`;
    return { base, args: null, whole, unsigned: null, zerofill: null };
  }
  const parts = /^([a-z*?][a-z0-9*? ]*?)\s*(?:\(([\s\d,*]*)\))?((?:\s+(?:unsigned|signed|zerofill))*)$/.exec(
    trimmed.toLowerCase(),
  );
  const [, spelled, inside, words] = parts ?? [];
  if (spelled === undefined) return null;
  const expanded = aliases[spelled] ?? spelled;
  const [base = expanded, fixedArgs] = expanded.split(/[()]/);
  if (!sourceTypes.some((type) => globMatches(base, type))) return null;
  const args = (inside ?? fixedArgs)?.split(",").map((arg) => (arg.trim() === "*" ? "*" : Number(arg)));
  if (args?.some((arg) => arg !== "*" && !Number.isSafeInteger(arg))) return null;
  const said = new Set((words ?? "").trim().split(/\s+/));
  return {
    base,
    args: args ?? null,
    whole: null,
    unsigned: said.has("unsigned") ? true : said.has("signed") ? false : null,
    zerofill: said.has("zerofill") ? true : null,
  };
}

/** Whether the column's type is what the pattern means. */
export function typeMatches(pattern: TypePattern, column: SourceColumn): boolean {
  if (pattern.whole !== null) return pattern.whole === column.columnType;
  if (!globMatches(pattern.base, column.type)) return false;
  if (pattern.unsigned !== null && pattern.unsigned !== column.unsigned) return false;
  if (pattern.zerofill !== null && pattern.zerofill !== column.zerofill) return false;
  if (pattern.args === null) return true;
  const has = declaredArgs(column);
  return pattern.args.every(
    (wanted, place) => place < has.length && (wanted === "*" || wanted === has[place]),
  );
}

/** The numbers in the parentheses of the column's declared type, e.g. [10, 2] of decimal(10,2). */
function declaredArgs(column: SourceColumn): readonly number[] {
  if (column.precision !== null)
    return column.scale === null ? [column.precision] : [column.precision, column.scale];
  if (column.type === "datetime" || column.type === "timestamp" || column.type === "time")
    return [column.fsp];
  return column.length === null ? [] : [column.length];
}
