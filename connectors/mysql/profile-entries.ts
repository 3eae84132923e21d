/**
 * Rows that PostgreSQL has no place for: index entries past a third of a page (2704 bytes), which stop the build of
 * the index, and rows that are too wide for a page even with every long value moved out of it. Only asked where
 * the declared types could come so far; the sizes are of values as they stand, without PostgreSQL's compression.
 */
import type { PlanColumn, PlanIndex, PlanTable, SourceColumn } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { policyLine } from "./profile-probe.js";
import type { Probe } from "./profile-probe.js";
import { asUtf8, isText } from "./profile-value.js";

/** "index row size ... exceeds btree version 4 maximum 2704", less the head of the entry. */
const largestEntry = 2704 - 8;
/** "row is too big: size ..., maximum size 8160", less the head of the row. */
const largestRow = 8160 - 24;
/** An array's head and alignment, and the head, alignment and comma of each member. */
const arrayHead = 31;
const memberHead = 7;
/** What stands in the row for a value that was moved out of it; a value of up to `least` bytes never is. */
const pointer = 18;
const least = 24;

/** Entries that no index of the target can hold. */
export function entryProbes(table: PlanTable): readonly Probe[] {
  // An index beside another one has the same entries, or shorter ones.
  return (table.indexes ?? []).flatMap((index) => (index.beside === true ? [] : entryProbe(table, index)));
}

function entryProbe(table: PlanTable, index: PlanIndex): readonly Probe[] {
  const parts = index.parts.flatMap((part) => {
    const column = table.columns.find(({ source }) => source === part.column);
    return column === undefined ? [] : [{ ...part, column }];
  });
  const expressions = index.parts.flatMap(({ expression }) => expression ?? []);
  const of = expressions.reduce((sum, { long }) => sum + (long ? Infinity : 24), 0);
  const most = parts.reduce((sum, part) => sum + largest(part.column, part.prefix, part.hashed), of);
  const [first] = [...parts].sort(
    (a, b) => largest(b.column, b.prefix, b.hashed) - largest(a.column, a.prefix, a.hashed),
  );
  const about = first?.column ?? table.columns[0];
  if (most <= largestEntry || about === undefined) return [];
  const sizes = [
    ...parts.map(({ column, prefix, hashed }) => sizeOf(column, prefix, hashed)),
    ...expressions.map(({ source, long }) =>
      // A collation of its own charset would count the source's bytes.
      long ? `COALESCE(GREATEST(LENGTH(${source}), LENGTH(CONVERT(${source} USING utf8mb4))), 0) + 7` : "24",
    ),
  ];
  const key = index.source === "PRIMARY" || table.key?.index === index.source;
  return [
    {
      code: "index-entry-too-long",
      severity: "error",
      column: about,
      condition: `(${sizes.join(" + ")} > ${String(largestEntry)})`,
      what: `would have an entry of more than 2704 bytes in the index ${index.source}, PostgreSQL's largest; unless they can be compressed, building it would stop at the first`,
      fix: key
        ? "Shorten the values: the index tells the table's rows apart and must hold them whole."
        : expressions.some(({ long }) => long)
          ? "Shorten the values, or drop the index on the source."
          : "Declare the policy longIndex for the column (hash: equality is still found and still unique; leave-out), or shorten the values.",
      settle:
        key || expressions.some(({ long }) => long)
          ? []
          : [policyLine(table, about.source, `longIndex: ${isHashed(about) ? "hash" : "leave-out"}`)],
      about: {
        object: `${table.source}.${index.source}`,
        one: `row of ${table.source}`,
        many: `rows of ${table.source}`,
      },
    },
  ];
}

/** The most bytes that a part can take. */
function largest({ column, targetType }: PlanColumn, prefix: number | null, hashed: boolean): number {
  if (hashed) return 36;
  const bytes = /^(?:var)?binary$/u.test(column.type);
  if (isLabelled(column, targetType)) {
    const sizes = column.labels.map((label) => Buffer.byteLength(label));
    return column.type === "enum"
      ? Math.max(0, ...sizes) + 7
      : sizes.reduce((sum, size) => sum + size + memberHead, arrayHead);
  }
  if (!isText(column) && !bytes && !/blob$/u.test(column.type)) return plainSize(targetType);
  const each =
    column.charset === null || column.charset === "ascii" ? 1 : column.charset === "utf8mb4" ? 4 : 3;
  const wide = /^(?:utf16|utf16le|utf32|gb18030)$/u.test(column.charset ?? "") ? 4 : each;
  const whole = column.length === null ? Infinity : column.length * wide;
  const cut = prefix === null ? Infinity : prefix * (targetType === "bytea" ? 1 : wide);
  return Math.min(whole, cut) + 7;
}

/** The bytes that it takes: a short value has a head of one byte, a long one of four and is aligned. */
function sizeOf(planned: PlanColumn, prefix: number | null, hashed: boolean): string {
  const c = mysqlName(planned.source);
  if (hashed) return "36";
  const text = isText(planned.column);
  if (isLabelled(planned.column, planned.targetType)) {
    const labels = asUtf8(c, planned.column.charset);
    const members = `(LENGTH(${labels}) - LENGTH(REPLACE(${labels}, ',', '')) + 1)`;
    return planned.column.type === "enum"
      ? `COALESCE(LENGTH(${labels}), 0) + 7`
      : `COALESCE(LENGTH(${labels}) + ${String(memberHead)} * ${members}, 0) + ${String(arrayHead)}`;
  }
  if (!text && !/^(?:var)?binary$|blob$/u.test(planned.column.type))
    return String(plainSize(planned.targetType));
  const value = text ? asUtf8(c, planned.column.charset) : c;
  const cut = prefix === null ? value : `LEFT(${value}, ${String(prefix)})`;
  return `COALESCE(LENGTH(${cut}), 0) + 7`;
}

/** ENUM and SET as texts: a native enum is a number on the target. */
function isLabelled(column: SourceColumn, targetType: string): boolean {
  return (
    (column.type === "enum" && /^(?:text|citext|character)/u.test(targetType)) ||
    (column.type === "set" && /^(?:text|character)/u.test(targetType))
  );
}

/** Numbers and times: 24 bytes hold all but a decimal (65 digits at most) and what a rule spells out as text. */
function plainSize(targetType: string): number {
  if (/^(?:text|character)/u.test(targetType)) return 80;
  return targetType.startsWith("numeric") ? 48 : 24;
}

/** Whether the policy longIndex can hash it. */
function isHashed({ targetType }: PlanColumn): boolean {
  return /^(?:text|bytea|character(?: varying)?(?:\(\d+\))?)$/u.test(targetType);
}

const fixedWidths: Readonly<Record<string, number>> = {
  boolean: 1,
  smallint: 2,
  integer: 4,
  real: 4,
  date: 4,
  bigint: 8,
  "double precision": 8,
  interval: 16,
  uuid: 16,
};

/**
 * Rows of very many columns: each takes its width, or the place of a pointer to where it was moved; a NULL takes
 * nothing. What is aligned leaves a gap before it, which is known after another such column and half the most else.
 */
export function rowProbes(table: PlanTable): readonly Probe[] {
  const [first] = table.columns;
  if (first === undefined) return [];
  const widths = table.columns.map((column) => fixedWidth(column));
  const most = widths.reduce<number>((sum, width) => sum + (width ?? least) + 7, 0);
  if (most <= largestRow) return [];
  const sizes: string[] = [];
  let always = Math.ceil(table.columns.length / 8);
  let known: number | null = 0;
  for (const [place, { source, column, targetType }] of table.columns.entries()) {
    const width = widths[place] ?? null;
    const c = mysqlName(source);
    if (width === null) {
      const length = `LENGTH(${isText(column) ? asUtf8(c, column.charset) : c})`;
      sizes.push(`COALESCE(IF(${length} >= ${String(least)}, ${String(pointer)}, ${length} + 1), 0)`);
      known = null;
      continue;
    }
    const align = targetType === "uuid" ? 1 : Math.min(width, 8);
    const gap: number = known === null ? align >> 1 : (align - (known % align)) % align;
    if (column.nullable) sizes.push(`IF(${c} IS NULL, 0, ${String(width + gap)})`);
    else always += width + gap;
    known = known === null ? (align === 8 ? 0 : null) : (known + gap + width) % 8;
  }
  return [
    {
      code: "row-too-wide",
      severity: "error",
      column: first,
      condition: `(${sumOf([String(always), ...sizes])} > ${String(largestRow)})`,
      what: "are wider than a page of PostgreSQL (8160 bytes) even with their long values moved out of it; the copy would stop at the first",
      fix: "Split the table, or exclude it.",
      settle: [],
      excludes: true,
      about: { object: table.source, one: `row of ${table.source}`, many: `rows of ${table.source}` },
    },
  ];
}

/** As a tree that is flat: MySQL 5.6 runs out of stack in a sum of 500 terms one after another. */
function sumOf(terms: readonly string[]): string {
  if (terms.length <= 2) return terms.join(" + ");
  const middle = terms.length >> 1;
  return `(${sumOf(terms.slice(0, middle))}) + (${sumOf(terms.slice(middle))})`;
}

/** null for types whose values move out of a row that is too wide. */
function fixedWidth({ targetType }: PlanColumn): number | null {
  return fixedWidths[targetType] ?? (/^time/u.test(targetType) ? 8 : null);
}
