/**
 * Questions about text and bytes; JSON has its own file. Comparisons are made on bytes, because under a collation U+0000 and others
 * weigh nothing and would be found everywhere or nowhere. Long columns are read whole for this, once, in the pass
 * that asks everything else too.
 */
import type { PlanColumn, PlanTable } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { policyLine, typeLine } from "./profile-probe.js";
import type { Asked, Probe } from "./profile-probe.js";
import { isText, utf8Sets } from "./profile-value.js";

const longTypes = new Set(["longtext", "longblob", "json"]);

const shapes = /^(?:geometry|geomcollection|geometrycollection|(?:multi)?(?:point|linestring|polygon))$/u;

/** PostgreSQL's largest field is a byte short of 1 GB, its header included. */
const largestField = 1_073_741_823 - 64;

export function textProbes(table: PlanTable, column: PlanColumn, server: Asked): readonly Probe[] {
  const { charset, length } = column.column;
  if (!isText(column.column)) return printedProbes(table, column);
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
      settle: [policyLine(table, column.source, "nul: strip")],
    });
  if (column.policy.badText !== "refuse") {
    // Its bytes are read as they lie there; profile-charset.ts asks what they are.
  } else if (charset !== null && utf8Sets.has(charset)) {
    if (asText) probes.push(badText(table, column, server));
  } else if (charset !== null && charset !== "latin1") probes.push(unmapped(column, charset));
  const limit = limitOf(column.targetType);
  if (limit !== null && (length === null || length > limit)) probes.push(tooLong(table, column, c, limit));
  if (column.targetType === "uuid")
    probes.push({
      code: "uuid-text",
      severity: "error",
      column,
      // A line's end after it is no part of what $ ends at.
      condition: `(CHAR_LENGTH(${c}) <> 36 OR ${c} NOT REGEXP '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$')`,
      what: "are no uuid; the copy would stop at the first",
      fix: "Map the column to text.",
      settle: [typeLine(table, column, "type: text")],
    });
  return probes;
}

/** Numbers, dates and sets that a rule maps to a text too short for some of them. */
function printedProbes(table: PlanTable, column: PlanColumn): readonly Probe[] {
  const limit = limitOf(column.targetType);
  const { type, zerofill } = column.column;
  if (limit === null || type === "enum" || type === "json") return [];
  const c = mysqlName(column.source);
  return [tooLong(table, column, `CAST(${zerofill ? `${c} + 0` : c} AS CHAR)`, limit)];
}

function tooLong(table: PlanTable, column: PlanColumn, text: string, limit: number): Probe {
  return {
    code: "text-length",
    severity: "error",
    column,
    condition: `(CHAR_LENGTH(${text}) > ${limit})`,
    what: `are longer than ${column.targetType}; the copy would stop at the first`,
    fix: "Map the column to text, or to a length that holds them.",
    settle: [typeLine(table, column, "type: text")],
  };
}

/**
 * Text that came in as bytes may be no UTF-8 for all that its column says; converting it shows, by a NULL or a
 * question mark. Where the bytes of half surrogate pairs are taken for characters, those are looked for.
 */
export function badText(table: PlanTable, column: PlanColumn, server: Asked): Probe {
  const c = mysqlName(column.source);
  const bytes = `CAST(${c} AS BINARY)`;
  const changed = `NOT (${bytes} <=> CAST(CONVERT(${bytes} USING utf8mb4) AS BINARY))`;
  return {
    code: "bad-text",
    severity: "error",
    column,
    condition: server.halfPairs ? `(${changed} OR ${halfPair(bytes, server)})` : `(${changed})`,
    what: "are no valid UTF-8, which PostgreSQL refuses; the copy would stop at the first",
    fix: "Mend the values, or map the column to bytea.",
    settle: column.column.type === "json" ? [] : [typeLine(table, column, "type: bytea")],
  };
}

/**
 * Half a surrogate pair in bytes that are UTF-8 otherwise: ED, then A0 to BF. MySQL 5.6 knows no ranges of bytes and
 * is asked for the ED first, which hardly any text has (Hangul begins so): its patterns cost many times as much.
 */
export function halfPair(bytes: string, { engine }: Asked): string {
  return engine === "mariadb"
    ? `${bytes} REGEXP CAST(x'ED5BA02DBF5D' AS BINARY)`
    : `(INSTR(${bytes}, 0xED) > 0 AND HEX(${bytes}) REGEXP '^(..)*ED[AB]')`;
}

/**
 * Codes that the server's own conversion has no character for become question marks without a word, so the marks
 * are counted before and after. Half a surrogate pair is a character to ucs2 alone; it is looked for in hex, as
 * MySQL's own conversion of it is the empty text, and what it sends to a client is no UTF-8. latin1 is never asked: MySQL's has a character for each of its 256 codes.
 */
function unmapped(column: PlanColumn, charset: string): Probe {
  const c = mysqlName(column.source);
  const text = `CONVERT(${c} USING utf8mb4)`;
  const marks = (of: string): string => `(CHAR_LENGTH(${of}) - CHAR_LENGTH(REPLACE(${of}, '?', '')))`;
  const lost = `${marks(text)} > ${marks(c)}`;
  const half = `HEX(${c}) REGEXP '^(.{4})*D[89A-F]'`;
  return {
    code: "bad-text",
    severity: "error",
    column,
    condition: charset === "ucs2" ? `(${lost} OR ${half})` : `(${lost})`,
    what: `hold codes that ${charset} has no character of Unicode for; the source itself would hand out question marks instead, and the copy would keep those`,
    fix: "Mend the values on the source: nothing that is read from it as text can tell what was meant.",
    settle: [],
  };
}

/** Bytes for inet, shapes that are none, and fields that no PostgreSQL field can hold. */
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
  if (shapes.test(column.column.type))
    probes.push({
      code: "geometry-empty",
      severity: "error",
      column,
      condition: `(LENGTH(${c}) < 9)`,
      what: "are no geometry but the empty bytes that an ALTER TABLE ... ADD ... NOT NULL leaves in the rows that were there; the copy would stop at the first",
      fix: "Mend the values on the source, or delete the rows.",
      settle: [],
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
      excludes: true,
    });
  return probes;
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
