/**
 * The DEFAULT clause of one column (types.md 4.1). Literals are typed again, `now` keeps its fraction digits, a short
 * list of functions is known to mean the same on both sides. Everything else is left out with a finding that names
 * the column: a default that is nearly right is worse than none.
 */
import type { SourceEngine } from "../model.js";
import { translateDefault } from "../translate/view.js";
import { bareType } from "../typemap/target-type.js";
import type { DecidedColumn } from "./columns.js";
import { type Translated, bytesDefault, literal, literalDefault } from "./default-literal.js";
import type { Findings } from "./finding.js";

/** The default is SQL that a rule says, word for word. */
export function isOwnDefault({ default: asked, identity }: DecidedColumn): boolean {
  return identity === null && asked !== "keep" && asked !== "drop";
}

/** SQL after DEFAULT, null for none. `object` is the column in the source's names. */
export function defaultSql(
  decided: DecidedColumn,
  object: string,
  engine: SourceEngine,
  findings: Findings,
): string | null {
  if (isOwnDefault(decided)) return decided.default;
  if (decided.default === "drop" || decided.identity !== null) return null;
  const translated = translate(decided, engine);
  if (translated === null) return null;
  if ("sql" in translated) return translated.sql;
  findings.add({
    code: "default-not-translated",
    severity: "warning",
    object,
    sentence: `The default ${spoken(decided)} of ${object} is left out: ${translated.why}.`,
    fix: "Give the column a default with a typemap rule (to: { default: SQL }), or set default: drop.",
  });
  return null;
}

function translate(decided: DecidedColumn, engine: SourceEngine): Translated | null {
  const { column } = decided;
  // The value of a generated column comes from the source; its catalogue default means nothing.
  if (column.generated !== null) return null;
  switch (column.default.kind) {
    case "none":
    case "null":
      return null;
    case "literal":
      return literalDefault(decided, column.default.text);
    case "bytes":
      return bytesDefault(decided, column.default.hex);
    case "now":
      return now(decided, column.default.fsp);
    case "expression":
      return expression(decided, column.default.text, engine);
  }
}

/** CURRENT_TIMESTAMP for an instant, LOCALTIMESTAMP for a wall clock: both as the session's zone has it, as on the source. */
export function now(decided: DecidedColumn, fsp: number): Translated {
  switch (bareType(decided.targetType)) {
    case "timestamp with time zone":
      return { sql: `CURRENT_TIMESTAMP(${String(fsp)})` };
    case "timestamp without time zone":
      return { sql: `LOCALTIMESTAMP(${String(fsp)})` };
    case "date":
      return { sql: "CURRENT_DATE" };
    default:
      return { why: `${decided.targetType} takes no time of day` };
  }
}

function expression(decided: DecidedColumn, written: string, engine: SourceEngine): Translated {
  const text = unwrapped(written.trim());
  const bare = bareType(decided.targetType);
  const isText = bare === "text" || bare.startsWith("character");
  const current = /^(?:now|current_timestamp|localtime|localtimestamp|sysdate)(?:\((\d?)\))?$/i.exec(text);
  if (current !== null) return now(decided, Number(current[1] ?? "0"));
  if (/^(?:curdate\(\)|current_date(?:\(\))?)$/i.test(text) && bare === "date")
    return { sql: "CURRENT_DATE" };
  if (/^uuid\(\)$/i.test(text)) {
    if (bare === "uuid") return { sql: "gen_random_uuid()" };
    if (isText) return { sql: "gen_random_uuid()::text" };
  }
  if (/^json_array\(\)$/i.test(text) && bare.startsWith("json")) return { sql: `'[]'::${bare}` };
  if (/^json_object\(\)$/i.test(text) && bare.startsWith("json")) return { sql: `'{}'::${bare}` };
  const quoted = quotedText(text);
  if (quoted !== null) return literalDefault(decided, quoted);
  if (/^[+-]?\d+(?:\.\d+)?$/.test(text)) return literalDefault(decided, text);
  if (/^(?:true|false)$/i.test(text)) return literalDefault(decided, /^true$/i.test(text) ? "1" : "0");
  const made = translateDefault({ sql: text, engine, targetType: decided.targetType });
  return "sql" in made ? made : { why: `it uses ${made.uses}` };
}

/** Without parentheses that enclose the whole. */
function unwrapped(text: string): string {
  if (!text.startsWith("(") || !text.endsWith(")")) return text;
  let depth = 0;
  for (let at = 0; at < text.length - 1; at += 1) {
    depth += text[at] === "(" ? 1 : text[at] === ")" ? -1 : 0;
    if (depth === 0) return text;
  }
  return unwrapped(text.slice(1, -1).trim());
}

/** The value of `'abc'`, `_utf8mb4'abc'` or MySQL 8's `_utf8mb4\'abc\'`; null for anything else, and where a backslash leaves doubt. */
function quotedText(text: string): string | null {
  const body = /^(?:_utf8mb4|_utf8mb3|_utf8|_ascii)?\s*(?:\\'([^'\\]*)\\'|'((?:[^'\\]|'')*)')$/is.exec(text);
  return body === null ? null : (body[1] ?? body[2]?.replaceAll("''", "'") ?? null);
}

function spoken(decided: DecidedColumn): string {
  const { default: has } = decided.column;
  switch (has.kind) {
    case "literal":
      return literal(has.text.replaceAll("\0", "\\0"));
    case "bytes":
      return `x'${has.hex}'`;
    case "now":
      return `CURRENT_TIMESTAMP(${String(has.fsp)})`;
    case "expression":
      return `(${has.text})`;
    case "none":
    case "null":
      return "NULL";
  }
}
