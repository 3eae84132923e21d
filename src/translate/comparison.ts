/**
 * Comparisons. Which rule MySQL compares by depends on both sides' types; each pair for which PostgreSQL has the
 * same rule is written out, any other (a text with a number, say, which MySQL compares as floats) is outside.
 */
import { compared, isPlainBinary, sharedCollation } from "./collation.js";
import type { Surroundings } from "./context.js";
import { isCalendarDay, quoted } from "./literal.js";
import { outside } from "./node.js";
import {
  type Value,
  bool,
  double,
  exact,
  isExact,
  isNumber,
  isText,
  spoken,
  value,
  wallClock,
} from "./value.js";

export type Comparison = "=" | "<>" | "<" | "<=" | ">" | ">=" | "<=>";

/** Both sides in words that PostgreSQL's operator compares as the source's does. */
export interface Pair {
  readonly left: string;
  readonly right: string;
}

export function comparison(operator: Comparison, left: Value, right: Value, around: Surroundings): Value {
  const flag = flagTest(operator, left, right) ?? flagTest(operator, right, left);
  if (flag !== null) return bool(flag, [left, right]);
  const label = labelTest(operator, left, right) ?? labelTest(operator, right, left);
  if (label !== null) return bool(label, [left, right]);
  const equality = operator === "=" || operator === "<>" || operator === "<=>";
  const sides = pair(left, right, around, equality ? "equal" : "ordered");
  const sign = operator === "<=>" ? "IS NOT DISTINCT FROM" : operator;
  return bool(`(${sides.left} ${sign} ${sides.right})`, operandsOf(left, right));
}

/** An instant seen as a wall clock depends on the session's zone. */
function operandsOf(left: Value, right: Value): readonly Value[] {
  const zoned = left.kind !== right.kind && (left.kind === "instant" || right.kind === "instant");
  return zoned ? [left, { ...right, immutable: false }] : [left, right];
}

export function pair(left: Value, right: Value, around: Surroundings, purpose: "equal" | "ordered"): Pair {
  if (left.kind === "null" || right.kind === "null") {
    if (left.kind === "opaque" || right.kind === "opaque") return outside("a comparison with NULL");
    return { left: left.sql, right: right.sql };
  }
  if (isExact(left) && isExact(right)) {
    yearCheck(left, right);
    // MariaDB compares some quotients by what it shows and some by what it has.
    if (left.raw !== null || right.raw !== null) return outside("a quotient compared");
    return { left: exact(left).sql, right: exact(right).sql };
  }
  if (isNumber(left) && isNumber(right)) {
    yearCheck(left, right);
    if (left.raw !== null || right.raw !== null) return outside("a quotient compared with a float");
    return { left: double(left), right: double(right) };
  }
  if (isText(left) && isText(right)) return texts(left, right, around, purpose);
  if (left.kind === "bytes" && right.kind === "bytes") return { left: left.sql, right: right.sql };
  return temporals(left, right) ?? outside(`${spoken(left)} compared with ${spoken(right)}`);
}

/** YEAR reads two digits as a year of its own. */
function yearCheck(left: Value, right: Value): void {
  const year =
    left.pg === "smallint" && !left.plain ? right : right.pg === "smallint" && !right.plain ? left : null;
  if (year !== null && year.literal !== null && Math.abs(Number(year.literal)) < 100)
    outside("a YEAR compared with two digits");
}

function texts(left: Value, right: Value, around: Surroundings, purpose: "equal" | "ordered"): Pair {
  if (purpose === "ordered" && (left.kind === "enum" || right.kind === "enum"))
    return outside("an enum compared by order");
  const collation = sharedCollation([left, right]);
  return {
    left: compared(left, collation, around, purpose),
    right: compared(withoutTrailing(right), collation, around, purpose),
  };
}

function withoutTrailing(operand: Value): Value {
  return operand.literal !== null && !operand.literal.endsWith(" ") ? { ...operand, padded: false } : operand;
}

/** A flag compared with 0 or 1 is the flag itself, so that its index is still of use. */
function flagTest(operator: Comparison, flag: Value, number: Value): string | null {
  if (flag.kind !== "bool" || number.kind !== "int") return null;
  if ((operator !== "=" && operator !== "<>") || (number.literal !== "0" && number.literal !== "1"))
    return null;
  return (number.literal === "1") === (operator === "=") ? flag.sql : `(NOT ${flag.sql})`;
}

const plainLabel = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/**
 * An enum compared with a literal is a choice among its labels. Where all are printable ASCII, every collation that
 * ignores case makes the same choice.
 */
function labelTest(operator: Comparison, left: Value, right: Value): string | null {
  if (left.kind !== "enum" || right.literal === null || right.kind !== "text") return null;
  if (operator !== "=" && operator !== "<>") return null;
  if (left.collation === null || isPlainBinary(left) || /_(?:bin|cs)$/.test(left.collation)) return null;
  const wanted = right.literal.replace(/ +$/, "");
  if (![...left.labels, wanted].every((label) => label === "" || plainLabel.test(label))) return null;
  const same = left.labels.filter((label) => label.toLowerCase() === wanted.toLowerCase());
  if (same.length > 1) return null;
  const label = same[0] ?? wanted;
  return `(${left.sql} ${operator} ${quoted(label)})`;
}

function temporals(left: Value, right: Value): Pair | null {
  const clocks = ["date", "datetime", "instant"];
  const [a, b] = [asMoment(left, right), asMoment(right, left)];
  if (a === null || b === null) return null;
  if (a.kind === b.kind) return { left: a.sql, right: b.sql };
  if (clocks.includes(a.kind) && clocks.includes(b.kind))
    return { left: wallClock(a).sql, right: wallClock(b).sql };
  return null;
}

/** A text literal beside a date or time is one itself. */
function asMoment(operand: Value, other: Value): Value | null {
  if (["date", "datetime", "instant", "time"].includes(operand.kind)) return operand;
  if (operand.kind !== "text" || operand.literal === null) return null;
  return momentLiteral(operand.literal, other.kind === "time" ? "time" : "clock");
}

/** What '2024-02-29' or '2024-02-29 10:11:12.5' says beside a date; null where that is not certain. */
export function momentLiteral(literal: string, wanted: "time" | "clock"): Value | null {
  if (wanted === "time")
    return /^-?\d{2,3}:[0-5]\d:[0-5]\d(?:\.\d{1,6})?$/.test(literal)
      ? value("time", `${quoted(literal)}::interval`, "interval", { literal })
      : null;
  const parts = /^(\d{4})-(\d\d)-(\d\d)(?:[ T]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d{1,6}))?)?$/.exec(
    literal,
  );
  if (parts === null) return null;
  const [, year, month, day, time, fraction = ""] = parts;
  if (!isCalendarDay(Number(year), Number(month), Number(day))) return null;
  if (time === undefined) return value("date", `${quoted(literal)}::date`, "date", { literal });
  return value("datetime", `${quoted(literal)}::timestamp`, "timestamp without time zone", {
    literal,
    fsp: fraction.length,
  });
}
