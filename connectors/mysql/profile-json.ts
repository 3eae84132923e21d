/**
 * Questions about JSON: what jsonb refuses (U+0000, what is no JSON, numbers past numeric, 256 MB) and what it
 * would change (a key that stands twice in one object). MySQL normalises its JSON, so only two of them are left to
 * ask there; MariaDB keeps whatever text was typed.
 */
import type { PlanColumn, PlanTable } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { policyLine, typeLine } from "./profile-probe.js";
import type { Asked, Probe } from "./profile-probe.js";
import { badText } from "./profile-text.js";

/** Bytes of the elements of one jsonb container. */
const largestJsonb = 268_435_455;
/** A number of one digit is two bytes of text, three of MySQL's own, and eight of jsonb. */
const smallestText = largestJsonb >> 2;

/** What jsonb, and for raw NULs json, refuses. */
export function jsonProbes(table: PlanTable, column: PlanColumn, server: Asked): readonly Probe[] {
  const { engine } = server;
  if (column.column.type !== "json") return [];
  const c = mysqlName(column.source);
  const text = engine === "mysql" ? `CAST(${c} AS CHAR)` : c;
  // Escaped backslashes are taken out first: after one, u0000 is five plain characters.
  const unescaped = `REPLACE(${text}, _utf8mb4 0x5C5C, '')`;
  // Looked for in the text as it is first: hardly any document has it at all.
  const nul = (of: string): string => `INSTR(CAST(${of} AS BINARY), 0x5C7530303030) > 0`;
  const rawNul = `INSTR(CAST(${text} AS BINARY), 0x00) > 0`;
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
    if (engine === "mariadb") probes.push(badText(table, column, server));
    if (engine === "mariadb" && column.targetType === "json") probes.push(invalid(table, column));
    return probes;
  }
  if (column.policy.nul === "refuse")
    probes.push({
      code: "json-nul",
      severity: "error",
      column,
      condition: `((${nul(text)} AND ${nul(unescaped)})${engine === "mariadb" ? ` OR ${rawNul}` : ""})`,
      what: "hold \\u0000, which jsonb does not; the copy would stop at the first",
      fix: "Declare the policy nul: strip for the column, or map it to json, which keeps the text.",
      settle: [policyLine(table, column.source, "nul: strip")],
    });
  if (engine === "mysql") {
    if (column.policy.nul === "strip") probes.push(keyTwice(table, column, strippedTwice(text, nul(text))));
    // MySQL keeps neither half surrogates nor numbers past double, so only size is left to ask.
    if (table.estimatedBytes > smallestText)
      probes.push(jsonSize(table, column, `(JSON_STORAGE_SIZE(${c}) > ${smallestText})`));
    return probes;
  }
  if (table.estimatedBytes > smallestText)
    probes.push(jsonSize(table, column, `(LENGTH(${c}) > ${smallestText})`));
  probes.push(invalid(table, column), ...mariadbProbes(table, column, unescaped, text));
  probes.push(badText(table, column, server));
  return probes;
}

function jsonSize(table: PlanTable, column: PlanColumn, condition: string): Probe {
  return {
    code: "json-size",
    severity: "error",
    column,
    condition,
    what: "are larger than 64 MB: small numbers take up to four times as much in jsonb, which holds 256 MB, so the copy may stop there",
    fix: "Map the column to json, which keeps the text.",
    settle: [typeLine(table, column, "type: json")],
  };
}

/** MariaDB's JSON is text under a CHECK, which a session may set aside; half surrogate pairs are no JSON either. */
function invalid(table: PlanTable, column: PlanColumn): Probe {
  return {
    code: "json-invalid",
    severity: "error",
    column,
    condition: `(NOT JSON_VALID(${mysqlName(column.source)}))`,
    what: "are no JSON; the copy would stop at the first",
    fix: "Mend the values, or map the column to text.",
    settle: [typeLine(table, column, "type: text")],
  };
}

/** Text that MariaDB takes for JSON and jsonb refuses or reads otherwise. Strings are taken out before numbers are looked for. */
function mariadbProbes(
  table: PlanTable,
  column: PlanColumn,
  unescaped: string,
  text: string,
): readonly Probe[] {
  const c = mysqlName(column.source);
  const toJson = typeLine(table, column, "type: json");
  const fix = "Map the column to json, which keeps the text.";
  const unquoted = `REGEXP_REPLACE(${unescaped}, '"(?:[^"\\\\\\\\]++|\\\\\\\\.)*+"', '')`;
  // They begin with what is rare, and are looked for in bytes: both make the search faster.
  const far = "[eE](?<=[0-9].)[+-]?0*[1-9][0-9]{4}";
  // Past 1.8e308 in either spelling; what reads numbers as doubles cannot tell such a one from infinity.
  const beyond = "[eE](?<=[0-9].)[+]?0*(?:30[89]|3[1-9][0-9]|[4-9][0-9]{2}|[1-9][0-9]{3,})";
  const digits = "(?<![0-9])[0-9]{309}";
  const numbers = (pattern: string): string =>
    `(CAST(${c} AS BINARY) REGEXP '${pattern}' AND ${unquoted} REGEXP '${pattern}')`;
  // 131072 digits before the point or 16383 after it, and what an exponent could make so many of. Each begins where
  // digits do: from everywhere within them would take a minute.
  const long =
    "[.][0-9]{16384}|(?<![0-9])(?:[0-9]{65535}){2}[0-9]{3}|[.][0-9]{6000,}+[eE]|(?<![0-9])[0-9]{60000,}+(?:[.][0-9]++)?[eE]";
  const past = `(${numbers(far)} OR (LENGTH(${c}) > 6000 AND ${numbers(long)}))`;
  return [
    {
      code: "json-number",
      severity: "error",
      column,
      condition: past,
      what: "hold a number past PostgreSQL's numeric, by its exponent or by its digits; the copy may stop there",
      fix,
      settle: [toJson],
    },
    {
      code: "json-number-beyond-double",
      severity: "warning",
      column,
      condition: `((${numbers(beyond)} OR (LENGTH(${c}) > 308 AND ${numbers(digits)})) AND NOT ${past})`,
      what: "hold a number at or past the limit of a double; jsonb keeps it whole and spells out all its digits, and what reads it as a double gets infinity",
      fix,
      settle: [toJson],
    },
    keyTwice(table, column, duplicateKeys(column.policy.nul === "strip" ? stripped(text) : c)),
  ];
}

function keyTwice(table: PlanTable, column: PlanColumn, condition: string): Probe {
  const once = column.policy.nul === "strip" ? ", once its policy has taken U+0000 out" : "";
  return {
    code: "json-duplicate-key",
    severity: "error",
    column,
    condition,
    what: `hold an object with one key twice${once}, of which jsonb keeps only the last`,
    fix: "Map the column to json, which keeps the text.",
    settle: [typeLine(table, column, "type: json")],
  };
}

/** The document as the policy nul: strip leaves it. Escaped backslashes wait as a byte that no JSON text holds. */
function stripped(text: string): string {
  const [pair, waits, escape] = ["_utf8mb4 0x5C5C", "_utf8mb4 0x01", "_utf8mb4 0x5C7530303030"];
  return `REPLACE(REPLACE(REPLACE(${text}, ${pair}, ${waits}), ${escape}, ''), ${waits}, ${pair})`;
}

/** MySQL itself keeps one of two equal keys: its own text of the stripped document is then shorter. */
function strippedTwice(text: string, holds: string): string {
  const left = stripped(text);
  return `(${holds} AND CHAR_LENGTH(CAST(CAST(${left} AS JSON) AS CHAR)) <> CHAR_LENGTH(${left}))`;
}

/**
 * One object that is the whole document has as many keys as members, or one of them twice. Where there are more
 * braces, JSON_NORMALIZE puts an object's members in the order of their keys, so that equal ones are neighbours: a
 * key, its value, a comma, the same key; several times as dear. Strings that are no keys are skipped whole, or what is
 * in one could look like JSON. A pattern that gives up (NULL) counts as a hit: nothing is taken for clean that was
 * not looked at.
 */
function duplicateKeys(c: string): string {
  const string = '"(?:[^"\\\\\\\\]++|\\\\\\\\.)*+"';
  const value = `(?<v>${string}|[^"{}\\\\[\\\\],:]++|\\\\{(?:[^"{}\\\\[\\\\]]++|${string}|(?&v))*+\\\\}|\\\\[(?:[^"{}\\\\[\\\\]]++|${string}|(?&v))*+\\\\])`;
  const pattern = `(?-i)(?:${string}(*SKIP)(*FAIL))|[{,](?<k>${string}):${value},\\\\g{k}:`;
  const nested = `COALESCE(JSON_NORMALIZE(${c}) REGEXP '${pattern}', 1)`;
  const flat = `COALESCE(JSON_LENGTH(JSON_KEYS(${c})) < JSON_LENGTH(${c}), ${nested})`;
  const braces = `LENGTH(${c}) - LENGTH(REPLACE(${c}, '{', ''))`;
  return `(CASE ${braces} WHEN 0 THEN 0 WHEN 1 THEN ${flat} ELSE ${nested} END AND JSON_VALID(${c}))`;
}
