/**
 * What a column's value becomes on the target, spelled as SQL of the source: two rows have equal expressions exactly
 * when the target takes their values for equal. The server computes it, so that no value has to travel to be
 * compared. Also whether two values that a unique key of the source holds apart can become one on the way, and what
 * would keep them apart.
 */
import type { PlanColumn, PlanTable, SourceColumn } from "../../src/model.js";
import { policyLine, typeLine } from "./profile-probe.js";
import type { Settlement } from "./profile-probe.js";

const textTypes = new Set(["char", "varchar", "tinytext", "text", "mediumtext", "longtext"]);
const dateTypes = new Set(["date", "datetime", "timestamp"]);
const binaryTypes = /^(?:binary|varbinary|tinyblob|blob|mediumblob|longblob)$/u;
export const utf8Sets: ReadonlySet<string> = new Set(["utf8", "utf8mb3", "utf8mb4"]);

/** Character sets in which two codes may be one character of Unicode; in others a lost code is bad text, and told as that. */
const doubledSets = /^(?:big5|cp932|eucjpms|euckr|gb18030|gb2312|gbk|sjis|ujis)$/u;

export function isText(column: SourceColumn): boolean {
  return textTypes.has(column.type);
}

/** The column's text as utf8mb4; `c` is its quoted name. */
export function asUtf8(c: string, charset: string | null): string {
  return charset === "utf8mb4" ? c : `CONVERT(${c} USING utf8mb4)`;
}

/** SQL that is equal for two rows exactly when the target's values are; NULL for NULL. `prefix` is what an index takes, `equalText` how it compares. */
export function targetValue(
  { column, targetType, policy }: PlanColumn,
  c: string,
  prefix: number | null,
  equalText: (text: string) => string = bytesOf,
): string {
  if (dateTypes.has(column.type) && /^(?:date|timestamp)/u.test(targetType)) {
    if (policy.zeroDate === "refuse") return `CAST(${c} AS CHAR)`;
    const instead = policy.zeroDate === "null" ? "NULL" : "'-infinity'";
    return `IF(${impossibleDate(c)}, ${instead}, CAST(${c} AS CHAR))`;
  }
  if (column.type === "enum") {
    const label = bytesOf(cased(asUtf8(c, column.charset), targetType));
    return policy.enumZero === "null" ? `IF(${c} + 0 = 0, NULL, ${label})` : label;
  }
  if (column.type === "bit") return `${c} + 0`;
  if (binaryTypes.test(column.type)) return prefix === null ? c : `LEFT(${c}, ${String(prefix)})`;
  if (!isText(column) && column.type !== "set") return c;
  let text = asUtf8(c, column.charset);
  if (policy.badText !== "refuse") text = recoded(text);
  if (targetType === "bytea") {
    const bytes = bytesOf(text);
    return prefix === null ? bytes : `LEFT(${bytes}, ${String(prefix)})`;
  }
  if (policy.nul === "strip") text = `REPLACE(${text}, CHAR(0 USING utf8mb4), '')`;
  if (/^character\(/u.test(targetType)) text = `TRIM(TRAILING ' ' FROM ${text})`;
  text = cased(text, targetType);
  return equalText(prefix === null ? text : `LEFT(${text}, ${String(prefix)})`);
}

/** Why two values that the source holds apart may become one, with the lines that keep them apart; null where they cannot. */
export function mergingOf(
  table: PlanTable,
  planned: PlanColumn,
  prefix: number | null,
): { readonly why: string; readonly settle: readonly Settlement[] } | null {
  const { column, targetType, policy, source } = planned;
  const reasons: { readonly why: string; readonly settle: readonly Settlement[] }[] = [];
  const add = (why: string, ...settle: readonly Settlement[]): void => void reasons.push({ why, settle });
  const inKey = table.key?.columns.includes(source) === true;
  if (
    dateTypes.has(column.type) &&
    policy.zeroDate === "-infinity" &&
    /^(?:date|timestamp)/u.test(targetType)
  )
    add(
      "its policy makes -infinity of several dates",
      ...(inKey ? [] : [policyLine(table, source, 'zeroDate: "null"')]),
    );
  if (column.type === "enum" && policy.enumZero === "keep" && column.labels.includes(""))
    add(
      "its policy keeps enum index 0 as '', which is a label too",
      ...(inKey ? [] : [policyLine(table, source, 'enumZero: "null"')]),
    );
  if (column.type === "set" && column.labels.includes(""))
    add("its label '' is printed as if it were not there");
  if (isText(column) || column.type === "enum") {
    if (targetType === "citext") add("citext is blind to case", typeLine(table, planned, "type: text"));
    if (targetType === "uuid") add("a uuid is blind to case", typeLine(table, planned, "type: text"));
  }
  if (isText(column)) {
    if (policy.nul === "strip" && targetType !== "bytea")
      add("its policy takes U+0000 out", policyLine(table, source, "nul: bytea"));
    if (targetType === "bytea" && prefix !== null)
      add(`its index takes ${String(prefix)} bytes where the source's takes as many characters`);
    if (column.charset !== null && doubledSets.test(column.charset))
      add(`${column.charset} has two codes for some characters of Unicode`);
  }
  if (reasons.length === 0) return null;
  return {
    why: reasons.map(({ why }) => why).join(", and "),
    settle: reasons.flatMap(({ settle }) => settle),
  };
}

/** By arithmetic alone: date functions answer NULL for such values, and comparisons depend on sql_mode. */
export function impossibleDate(c: string): string {
  const february = `28 + (YEAR(${c}) % 4 = 0 AND (YEAR(${c}) % 100 <> 0 OR YEAR(${c}) % 400 = 0))`;
  const last = `ELT(MONTH(${c}), 31, ${february}, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)`;
  return `(DAYOFMONTH(${c}) = 0 OR MONTH(${c}) = 0 OR YEAR(${c}) = 0 OR (DAYOFMONTH(${c}) > 28 AND DAYOFMONTH(${c}) > ${last}))`;
}

/** Bytes compare as PostgreSQL's text does, where no collation of the source has a say. */
function bytesOf(text: string): string {
  return `CAST(${text} AS BINARY)`;
}

function cased(text: string, targetType: string): string {
  return targetType === "citext" || targetType === "uuid" ? `LOWER(${text})` : text;
}

/** As recodeLatin1 of the codec; text that it refuses stays as it is here, and is told as bad text. */
function recoded(text: string): string {
  const latin = `CONVERT(${text} USING latin1)`;
  const bytes = bytesOf(latin);
  const meant = `CONVERT(${bytes} USING utf8mb4)`;
  const wasLatin = `${bytesOf(`CONVERT(${latin} USING utf8mb4)`)} <=> ${bytesOf(text)}`;
  return `IF(${wasLatin} AND ${bytesOf(meant)} <=> ${bytes}, ${meant}, ${text})`;
}
