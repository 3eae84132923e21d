/** The functions of the subset by MySQL's and MariaDB's names. A function that is not here is outside. */
import { aggregate, aggregateNames } from "./aggregate.js";
import { arithmetic } from "./arithmetic.js";
import { coalesce, iff, nullIf } from "./conditional.js";
import type { Translator } from "./context.js";
import * as json from "./json.js";
import { type Node, fields, listOf, nodeOf, objectName, outside, variant } from "./node.js";
import * as moments from "./moments.js";
import * as numbers from "./numbers.js";
import * as texts from "./texts.js";
import { type Value, bool } from "./value.js";

type Rule = (operands: readonly Value[], translator: Translator) => Value;

interface Entry {
  readonly least: number;
  readonly most: number;
  readonly rule: Rule;
}

const many = Number.POSITIVE_INFINITY;

function at(operands: readonly Value[], place: number): Value {
  return operands[place] ?? outside("too few operands");
}

function entry(least: number, most: number, rule: Rule): Entry {
  return { least, most, rule };
}

const one = (act: (operand: Value, translator: Translator) => Value): Entry =>
  entry(1, 1, (operands, translator) => act(at(operands, 0), translator));
const two = (act: (a: Value, b: Value, translator: Translator) => Value): Entry =>
  entry(2, 2, (operands, translator) => act(at(operands, 0), at(operands, 1), translator));
const three = (act: (a: Value, b: Value, c: Value) => Value): Entry =>
  entry(3, 3, (operands) => act(at(operands, 0), at(operands, 1), at(operands, 2)));
const present: Entry = entry(0, 1, (operands, translator) => {
  const [digits] = operands;
  return moments.now(digits === undefined ? 0 : Number(digits.literal ?? Number.NaN), translator);
});
const day: Entry = entry(0, 0, (_, translator) => moments.today(translator));
const substring: Entry = entry(2, 3, (operands) =>
  texts.substring(at(operands, 0), at(operands, 1), operands[2] ?? null),
);
const rounding = (name: "round" | "trunc"): Entry =>
  entry(1, 2, (operands, { around }) => numbers.rounded(name, at(operands, 0), operands[1] ?? null, around));

const entries: Readonly<Record<string, Entry>> = {
  IF: three(iff),
  IFNULL: two((a, b) => coalesce([a, b])),
  NVL: two((a, b) => coalesce([a, b])),
  COALESCE: entry(1, many, (operands) => coalesce(operands)),
  NULLIF: two(nullIf),
  ISNULL: one((a) => bool(`(${a.sql} IS NULL)`, [a])),
  CONCAT: entry(1, many, (operands) => texts.concat(operands)),
  CONCAT_WS: entry(2, many, (operands) => texts.concatWithSeparator(operands)),
  SUBSTRING: substring,
  SUBSTR: substring,
  MID: substring,
  LEFT: two((a, b) => texts.side("left", a, b)),
  RIGHT: two((a, b) => texts.side("right", a, b)),
  SUBSTRING_INDEX: three(texts.substringIndex),
  UPPER: one((a, t) => texts.cased("upper", a, t)),
  UCASE: one((a, t) => texts.cased("upper", a, t)),
  LOWER: one((a, t) => texts.cased("lower", a, t)),
  LCASE: one((a, t) => texts.cased("lower", a, t)),
  TRIM: one((a) => texts.trimmed("Both", a, null)),
  LTRIM: one((a) => texts.trimmed("Leading", a, null)),
  RTRIM: one((a) => texts.trimmed("Trailing", a, null)),
  LENGTH: one((a) => texts.octetLength(a)),
  OCTET_LENGTH: one((a) => texts.octetLength(a)),
  CHAR_LENGTH: one((a) => texts.charLength(a)),
  CHARACTER_LENGTH: one((a) => texts.charLength(a)),
  REPLACE: three(texts.replaced),
  LPAD: three((a, b, c) => texts.padded("lpad", a, b, c)),
  RPAD: three((a, b, c) => texts.padded("rpad", a, b, c)),
  REVERSE: one((a) => texts.reversed(a)),
  INSTR: two((a, b) => texts.located(b, a)),
  LOCATE: two((a, b) => texts.located(a, b)),
  ROUND: rounding("round"),
  TRUNCATE: rounding("trunc"),
  FLOOR: one((a) => numbers.stepped("floor", a)),
  CEIL: one((a) => numbers.stepped("ceil", a)),
  CEILING: one((a) => numbers.stepped("ceil", a)),
  ABS: one((a) => numbers.absolute(a)),
  SIGN: one((a) => numbers.signOf(a)),
  MOD: two((a, b, t) => arithmetic("%", a, b, t.around)),
  GREATEST: entry(2, many, (operands) => numbers.extreme("greatest", operands)),
  LEAST: entry(2, many, (operands) => numbers.extreme("least", operands)),
  DATE: one((a) => moments.dateOf(a)),
  DATEDIFF: two((a, b) => moments.dayDifference(a, b)),
  TO_DAYS: one((a) => moments.dayNumber(a)),
  WEEK: two((a, b) => moments.week(a, b)),
  LAST_DAY: one((a) => moments.lastDay(a)),
  DATE_FORMAT: two((a, b) => moments.formatted(a, b)),
  UNIX_TIMESTAMP: one((a) => moments.unixTime(a)),
  NOW: present,
  CURRENT_TIMESTAMP: present,
  LOCALTIME: present,
  LOCALTIMESTAMP: present,
  CURDATE: day,
  CURRENT_DATE: day,
  JSON_EXTRACT: two((a, b) => json.extract(a, b)),
  JSON_UNQUOTE: one((a) => json.unquote(a)),
};

/** The functions of the subset, for its documentation. */
export function functionNames(): readonly string[] {
  return [
    ...Object.keys(entries),
    ...moments.partNames,
    ...aggregateNames,
    "DATE_ADD",
    "DATE_SUB",
    "ADDDATE",
    "SUBDATE",
    "TIMESTAMPDIFF",
  ].sort();
}

export function call(body: unknown, translator: Translator): Value {
  const node = fields(body, "a function", ["name", "args", "uses_odbc_syntax", "parameters"]);
  const path = objectName(node["name"]);
  const name = (path.at(-1) ?? "").toUpperCase();
  if (path.length > 1) return outside(`the function ${path.join(".")}`);
  const list = argumentList(node["args"], name);
  const args = listOf(list["args"]).map((argument) => argumentOf(argument, name));
  if (aggregateNames.includes(name)) return aggregate(name, list, args, translator);
  if (listOf(list["clauses"]).length > 0 || (list["duplicate_treatment"] ?? null) !== null)
    return outside(`${name} with a clause`);
  if (name === "TIMESTAMPDIFF") return timestampDiff(args, translator);
  if (["DATE_ADD", "DATE_SUB", "ADDDATE", "SUBDATE"].includes(name)) return shift(name, args, translator);
  if (moments.partNames.includes(name) && args.length === 1)
    return moments.part(name, translator.value(args[0]));
  const found = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (found === undefined) return outside(`the function ${name.toLowerCase()}`);
  if (args.length < found.least || args.length > found.most)
    return outside(`${name} of ${String(args.length)} values`);
  return found.rule(
    args.map((argument) => translator.value(argument)),
    translator,
  );
}

function argumentList(args: unknown, name: string): Node {
  if (args === "None" || args === null || args === undefined) return {};
  const [kind, body] = variant(args);
  if (kind !== "List") return outside(`${name} of a query`);
  return fields(body, name, ["args", "clauses", "duplicate_treatment"]);
}

function argumentOf(argument: unknown, name: string): unknown {
  const [kind, body] = variant(argument);
  if (kind !== "Unnamed") return outside(`${name} with named values`);
  const [shape, expression] = variant(body);
  return shape === "Expr"
    ? expression
    : shape === "Wildcard"
      ? "Wildcard"
      : outside(`${name} of other than values`);
}

function shift(name: string, args: readonly unknown[], translator: Translator): Value {
  const [operand, interval] = args;
  if (operand === undefined || interval === undefined || args.length !== 2)
    return outside(`${name} of ${String(args.length)} values`);
  const [kind, body] = variant(interval);
  if (kind !== "Interval") return outside(`${name} without INTERVAL`);
  const sign = name.startsWith("SUB") || name.endsWith("SUB") ? "-" : "+";
  return moments.shifted(translator.value(operand), sign, body, translator);
}

function timestampDiff(args: readonly unknown[], translator: Translator): Value {
  const [unit, from, to] = args;
  const name = nodeOf(nodeOf(unit, "TIMESTAMPDIFF")["Identifier"], "TIMESTAMPDIFF")["value"];
  if (typeof name !== "string" || args.length !== 3) return outside("an unusual TIMESTAMPDIFF");
  return moments.difference(name.toUpperCase(), translator.value(from), translator.value(to));
}

export function conversion(body: unknown, translator: Translator): Value {
  const node = fields(body, "CAST", ["kind", "expr", "data_type"]);
  if (node["kind"] !== "Cast") return outside("an unusual CAST");
  return numbers.cast(translator.value(node["expr"]), castType(node["data_type"]));
}

function castType(type: unknown): numbers.CastType {
  const [name, body] = variant(type);
  switch (name) {
    case "Signed":
    case "SignedInteger":
      return { to: "signed" };
    case "Unsigned":
    case "UnsignedInteger":
      return { to: "unsigned" };
    case "Date":
      return { to: "date" };
    case "Double":
      return { to: "double" };
    case "Datetime":
      return { to: "datetime", fsp: typeof body === "number" ? body : 0 };
    case "Char":
      return body === null ? { to: "char" } : charType(body);
    case "Decimal": {
      const [shape, sizes] = variant(body);
      const [precision, scale = 0] = shape === "Precision" ? [sizes] : listOf(sizes);
      if (typeof precision !== "number" || typeof scale !== "number")
        return { to: "decimal", precision: 10, scale: 0 };
      return { to: "decimal", precision, scale };
    }
    default:
      return outside(`a CAST to ${name.toLowerCase()}`);
  }
}

function charType(body: unknown): numbers.CastType {
  const [kind, size] = variant(body);
  if (kind !== "IntegerLength") return outside("a CAST to an unusual CHAR");
  const { length } = fields(size, "CHAR", ["length"]);
  return typeof length === "number" ? { to: "char", length } : { to: "char" };
}
