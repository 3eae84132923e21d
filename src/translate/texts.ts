/** Functions of text. Positions and lengths count characters on both sides; LENGTH counts bytes of UTF-8. */
import { compared, isBinary, madeCollation, sharedCollation } from "./collation.js";
import type { Translator } from "./context.js";
import { quoted } from "./literal.js";
import { outside } from "./node.js";
import { type Value, allImmutable, spoken, text, value } from "./value.js";

function made(sql: string, operands: readonly Value[], more: Partial<Value> = {}): Value {
  return value("text", sql, "text", {
    collation: madeCollation(operands),
    immutable: allImmutable(operands),
    ...more,
  });
}

function count(sql: string, operands: readonly Value[]): Value {
  return value("int", sql, "integer", { digits: 10, immutable: allImmutable(operands) });
}

/** An enum is stored as its own type, perhaps. */
function plain(operand: Value): Value {
  if (operand.kind === "enum")
    return { ...operand, kind: "text", sql: `${operand.sql}::text`, literal: null };
  return text(operand);
}

export function concat(operands: readonly Value[]): Value {
  const parts = operands.map(plain);
  const [only] = parts;
  if (only === undefined) return outside("CONCAT of nothing");
  if (parts.length === 1) return { ...only, origin: null };
  return made(`(${parts.map(({ sql }) => sql).join(" || ")})`, parts);
}

export function concatWithSeparator(operands: readonly Value[]): Value {
  const parts = operands.map(plain);
  return made(`concat_ws(${parts.map(({ sql }) => sql).join(", ")})`, parts, { immutable: false });
}

/** A whole number written out. */
function numberOf(operand: Value | undefined, what: string): number {
  if (operand?.kind !== "int" || operand.literal === null) return outside(`${what} that is no plain number`);
  return Number(operand.literal);
}

export function substring(subject: Value, from: Value, length: Value | null): Value {
  const s = plain(subject);
  const start = numberOf(from, "the start of a SUBSTRING");
  const operands = length === null ? [s] : [s, length];
  let many = "";
  if (length !== null) {
    if (length.kind !== "int" || (length.pg !== "integer" && length.pg !== "smallint"))
      return outside("the length of a SUBSTRING that is no plain integer");
    many =
      length.literal === null
        ? `, CASE WHEN ${length.sql} < 0 THEN 0 ELSE ${length.sql} END`
        : `, ${String(Math.max(0, Number(length.literal)))}`;
  }
  if (start > 0)
    return made(`substr(${s.sql}, ${String(start)}${many})`, operands, { collation: s.collation });
  if (start === 0) return outside("a SUBSTRING from 0");
  const back = String(-start);
  const tail = `substr(${s.sql}, char_length(${s.sql}) - ${back} + 1${many})`;
  return made(`(CASE WHEN char_length(${s.sql}) < ${back} THEN '' ELSE ${tail} END)`, operands, {
    collation: s.collation,
  });
}

export function side(name: "left" | "right", subject: Value, length: Value): Value {
  const s = plain(subject);
  const many = Math.max(0, numberOf(length, `the length of ${name.toUpperCase()}`));
  return made(`${name}(${s.sql}, ${String(many)})`, [s]);
}

export function substringIndex(subject: Value, delimiter: Value, which: Value): Value {
  const s = plain(subject);
  const by = delimiter.kind === "text" ? delimiter.literal : null;
  const number = numberOf(which, "the count of SUBSTRING_INDEX");
  if (by === null || by === "") return outside("SUBSTRING_INDEX with a delimiter that is no plain text");
  if (number === 0) return made("''", [s]);
  if (number < 0 && by.length > 1) return outside("SUBSTRING_INDEX from the end with a long delimiter");
  const mark = quoted(by);
  if (Math.abs(number) === 1) return made(`split_part(${s.sql}, ${mark}, ${String(number)})`, [s]);
  const all = `string_to_array(${s.sql}, ${mark})`;
  const slice =
    number > 0 ? `[1:${String(number)}]` : `[greatest(cardinality(${all}) - ${String(-number)} + 1, 1):]`;
  return made(`array_to_string((${all})${slice}, ${mark})`, [s], { immutable: false });
}

export function cased(name: "upper" | "lower", subject: Value, { around }: Translator): Value {
  const s = plain(subject);
  if (s.kind !== "text") return outside(`${name.toUpperCase()} of ${spoken(s)}`);
  if (s.literal !== null && /^[\x20-\x7e]*$/.test(s.literal)) return made(`${name}(${s.sql})`, [s]);
  // What is upper and lower case follows the target's locale, so one is named; some letters have two of the other.
  if (around.strict) return outside(`${name.toUpperCase()}, which differs in a few letters`);
  around.notes.add("text-cased");
  return made(`(${name}(${s.sql} COLLATE "und-x-icu") COLLATE "default")`, [s]);
}

export function trimmed(where: string, subject: Value, what: Value | null): Value {
  const s = plain(subject);
  const by = what === null ? " " : what.kind === "text" ? what.literal : null;
  if (by === null || characters(by) !== 1) return outside("TRIM of other than one character");
  const name = { Both: "btrim", Leading: "ltrim", Trailing: "rtrim" }[where];
  if (name === undefined) return outside("an unusual TRIM");
  return made(`${name}(${s.sql}, ${quoted(by)})`, [s]);
}

export function charLength(subject: Value): Value {
  if (subject.kind === "bytes") return count(`octet_length(${subject.sql})`, [subject]);
  const s = plain(subject);
  return count(`char_length(${s.sql})`, [s]);
}

export function octetLength(subject: Value): Value {
  if (subject.kind === "bytes") return count(`octet_length(${subject.sql})`, [subject]);
  const s = plain(subject);
  if (s.collation !== null && !/^(?:utf8|ascii)/.test(s.collation))
    return outside("LENGTH of a text that is not UTF-8 on the source");
  return count(`octet_length(${s.sql})`, [s]);
}

export function replaced(subject: Value, from: Value, to: Value): Value {
  const parts = [plain(subject), plain(from), plain(to)];
  return made(`replace(${parts.map(({ sql }) => sql).join(", ")})`, parts);
}

export function padded(name: "lpad" | "rpad", subject: Value, length: Value, fill: Value): Value {
  const s = plain(subject);
  const many = numberOf(length, `the length of ${name.toUpperCase()}`);
  if (many < 0 || many > 10_000 || fill.literal === null || fill.literal === "")
    return outside(`${name.toUpperCase()} with an unusual length or filling`);
  return made(`${name}(${s.sql}, ${String(many)}, ${quoted(fill.literal)})`, [s]);
}

export function reversed(subject: Value): Value {
  const s = plain(subject);
  return made(`reverse(${s.sql})`, [s]);
}

/** Where `what` begins in `subject`, from 1; 0 where it does not. */
export function located(what: Value, subject: Value): Value {
  const [needle, hay] = [plain(what), plain(subject)];
  if (!isBinary(sharedCollation([needle, hay])))
    return outside("a search by a collation that PostgreSQL does not search by");
  return count(`strpos(${hay.sql}, ${needle.sql})`, [needle, hay]);
}

/** LIKE: PostgreSQL 18 alone knows it for ICU's collations, so one that ignores case becomes ILIKE, and that is told. */
export function like(
  subject: Value,
  pattern: Value,
  options: { readonly negated: boolean; readonly escape: string | null },
  { around }: Translator,
): Value {
  if (pattern.kind !== "text" || pattern.literal === null)
    return outside("LIKE with a pattern that is no plain text");
  const escape = options.escape ?? "\\";
  if (characters(escape) !== 1) return outside("LIKE with an unusual ESCAPE");
  if (endsEscaped(pattern.literal, escape)) return outside("a LIKE pattern that ends with its escape");
  const s = plain(subject);
  const exact = isBinary(s.collation) || (s.collation === null && !/[a-z]/i.test(pattern.literal));
  if (!exact) {
    if (around.strict) return outside("LIKE by a collation that ignores case");
    // Refuses the collations that nothing is known of.
    compared(s, s.collation, { ...around, collations: new Set(), notes: new Set() }, "equal");
    around.notes.add("like-accents");
  }
  const by = options.escape === null ? "" : ` ESCAPE ${quoted(escape)}`;
  const sql = `(${s.sql} ${options.negated ? "NOT " : ""}${exact ? "LIKE" : "ILIKE"} ${quoted(pattern.literal)}${by})`;
  return value("bool", sql, "boolean", { immutable: s.immutable });
}

function endsEscaped(pattern: string, escape: string): boolean {
  let run = 0;
  while (pattern.charAt(pattern.length - 1 - run) === escape) run += 1;
  return run % 2 === 1;
}

/** Characters as both servers count them: code points. */
function characters(said: string): number {
  return Array.from(said).length;
}
