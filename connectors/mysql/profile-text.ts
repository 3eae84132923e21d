/**
 * Questions about text, bytes and JSON. Comparisons are made on bytes, because under a collation U+0000 and others
 * weigh nothing and would be found everywhere or nowhere. Long columns are read whole for this, once, in the pass
 * that asks everything else too.
 */
import type { PlanColumn, PlanTable, SourceEngine } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { policyLine, typeLine } from "./profile-probe.js";
import type { Probe } from "./profile-probe.js";

const textTypes = new Set(["char", "varchar", "tinytext", "text", "mediumtext", "longtext"]);
const longTypes = new Set(["longtext", "longblob", "json"]);
const utf8 = new Set(["utf8", "utf8mb3", "utf8mb4"]);

/** PostgreSQL's largest field is a byte short of 1 GB, its header included. */
const largestField = 1_073_741_823 - 64;
/** Elements of one jsonb container. */
const largestJsonb = 268_435_455;

export function textProbes(table: PlanTable, column: PlanColumn, engine: SourceEngine): readonly Probe[] {
  const { type, charset, length } = column.column;
  if (!textTypes.has(type)) return [];
  const c = mysqlName(column.source);
  const probes: Probe[] = [];
  const asText = /^(?:text|citext|character)\b/u.test(column.targetType);
  if (asText && column.policy.nul === "refuse")
    probes.push({
      code: "nul-byte",
      severity: "error",
      column,
      condition: `(INSTR(${textBytes(c, charset)}, 0x00) > 0)`,
      what: "hold U+0000, which PostgreSQL's text does not; the copy would stop at the first",
      fix: "Declare the policy nul for the column (strip or bytea), or mend the values.",
      settle: [policyLine(table, column, "nul: strip")],
    });
  if (asText && charset !== null && utf8.has(charset)) probes.push(badText(table, column, engine));
  const limit = limitOf(column.targetType);
  if (limit !== null && (length === null || length > limit))
    probes.push({
      code: "text-length",
      severity: "error",
      column,
      condition: `(CHAR_LENGTH(${c}) > ${limit})`,
      what: `are longer than ${column.targetType}; the copy would stop at the first`,
      fix: "Map the column to text, or to a length that holds them.",
      settle: [typeLine(table, column, "type: text")],
    });
  if (column.targetType === "uuid")
    probes.push({
      code: "uuid-text",
      severity: "error",
      column,
      condition: `(${c} NOT REGEXP '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$')`,
      what: "are no uuid; the copy would stop at the first",
      fix: "Map the column to text.",
      settle: [typeLine(table, column, "type: text")],
    });
  return probes;
}

/**
 * Text that came in as bytes may be no UTF-8 for all that its column says; converting it shows, by a NULL or a
 * question mark. MariaDB takes the bytes of half surrogate pairs for characters, so those are looked for.
 */
function badText(table: PlanTable, column: PlanColumn, engine: SourceEngine): Probe {
  const c = mysqlName(column.source);
  const bytes = `CAST(${c} AS BINARY)`;
  const changed = `NOT (${bytes} <=> CAST(CONVERT(${bytes} USING utf8mb4) AS BINARY))`;
  // ED, then A0 to BF.
  const surrogates = `${bytes} REGEXP CAST(x'ED5BA02DBF5D' AS BINARY)`;
  return {
    code: "bad-text",
    severity: "error",
    column,
    condition: engine === "mariadb" ? `(${changed} OR ${surrogates})` : `(${changed})`,
    what: "are no valid UTF-8, which PostgreSQL refuses; the copy would stop at the first",
    fix: "Mend the values, or map the column to bytea.",
    settle: column.column.type === "json" ? [] : [typeLine(table, column, "type: bytea")],
  };
}

/** Bytes for inet, and fields that no PostgreSQL field can hold. */
export function byteProbes(table: PlanTable, column: PlanColumn): readonly Probe[] {
  const c = mysqlName(column.source);
  const probes: Probe[] = [];
  if (column.targetType === "inet" && column.column.type === "varbinary")
    probes.push({
      code: "inet-bytes",
      severity: "error",
      column,
      condition: `(LENGTH(${c}) NOT IN (4, 16))`,
      what: "are no address of 4 or 16 bytes; the copy would stop at the first",
      fix: "Map the column to bytea.",
      settle: [typeLine(table, column, "type: bytea")],
    });
  // Reading every long value only to measure it is worth it where the table could hold one at all.
  if (longTypes.has(column.column.type) && table.estimatedBytes >= largestField)
    probes.push({
      code: "field-too-long",
      severity: "error",
      column,
      condition: `(LENGTH(${c}) > ${largestField})`,
      what: "are longer than 1 GB, PostgreSQL's largest field; the copy would stop at the first",
      fix: "Move these values elsewhere, or exclude the table.",
      settle: [],
    });
  return probes;
}

/** What jsonb, and for raw NULs json, refuses. */
export function jsonProbes(table: PlanTable, column: PlanColumn, engine: SourceEngine): readonly Probe[] {
  if (column.column.type !== "json") return [];
  const c = mysqlName(column.source);
  const text = engine === "mysql" ? `CAST(${c} AS CHAR)` : c;
  // Escaped backslashes are taken out first: after one, u0000 is five plain characters.
  const unescaped = `REPLACE(${text}, _utf8mb4 0x5C5C, '')`;
  const rawNul = `INSTR(CAST(${text} AS BINARY), 0x00) > 0`;
  const toJson = typeLine(table, column, "type: json");
  const probes: Probe[] = [];
  if (column.targetType !== "jsonb") {
    if (engine === "mariadb")
      probes.push({
        code: "json-nul",
        severity: "error",
        column,
        condition: `(${rawNul})`,
        what: "hold a raw U+0000, which PostgreSQL does not; the copy would stop at the first",
        fix: "Mend the values.",
        settle: [],
      });
    if (engine === "mariadb") probes.push(badText(table, column, engine));
    return probes;
  }
  if (column.policy.nul === "refuse")
    probes.push({
      code: "json-nul",
      severity: "error",
      column,
      condition: `(INSTR(CAST(${unescaped} AS BINARY), 0x5C7530303030) > 0${engine === "mariadb" ? ` OR ${rawNul}` : ""})`,
      what: "hold \\u0000, which jsonb does not; the copy would stop at the first",
      fix: "Declare the policy nul: strip for the column, or map it to json, which keeps the text.",
      settle: [policyLine(table, column, "nul: strip")],
    });
  if (engine === "mysql") {
    // MySQL keeps neither half surrogates nor numbers past double, so only size is left to ask.
    if (table.estimatedBytes > largestJsonb)
      probes.push(jsonSize(column, `(JSON_STORAGE_SIZE(${c}) > ${largestJsonb})`));
    return probes;
  }
  if (table.estimatedBytes > largestJsonb) probes.push(jsonSize(column, `(LENGTH(${c}) > ${largestJsonb})`));
  probes.push({
    code: "json-number",
    severity: "error",
    column,
    // Looked at closely, without the strings, only where an exponent of five digits shows at all.
    condition: `(${c} REGEXP '[0-9][eE][+-]?[0-9]{5}' AND REGEXP_REPLACE(${unescaped}, '"(?:[^"\\\\\\\\]++|\\\\\\\\.)*+"', '') REGEXP '[0-9][eE][+-]?[0-9]{5}')`,
    what: "hold a number with an exponent past PostgreSQL's numeric; the copy may stop there",
    fix: "Map the column to json, which keeps the text.",
    settle: [toJson],
  });
  probes.push(badText(table, column, engine));
  return probes;
}

function jsonSize(column: PlanColumn, condition: string): Probe {
  return {
    code: "json-size",
    severity: "error",
    column,
    condition,
    what: "are larger than 256 MB, the most that jsonb holds; the copy would stop at the first",
    fix: "Map the column to json or text.",
    settle: [],
  };
}

/** The column's text as UTF-8 bytes; character sets without NUL bytes of their own need no conversion. */
function textBytes(c: string, charset: string | null): string {
  const wide = charset === null || /^(?:ucs2|utf16|utf16le|utf32)$/u.test(charset);
  return `CAST(${wide ? `CONVERT(${c} USING utf8mb4)` : c} AS BINARY)`;
}

function limitOf(targetType: string): number | null {
  const digits = /^character(?: varying)?\((\d+)\)$/u.exec(targetType)?.[1];
  return digits === undefined ? null : Number(digits);
}
