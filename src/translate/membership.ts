/**
 * IN, BETWEEN and LIKE, and what may stand beside a comparison. The parser ranks comparisons otherwise than MySQL does,
 * so an operand that is a comparison itself is taken only in parentheses.
 */
import { compared, sharedCollation } from "./collation.js";
import { type Comparison, comparison, pair } from "./comparison.js";
import type { Translator } from "./context.js";
import { fields, listOf, nodeOf, outside, variant } from "./node.js";
import { like } from "./texts.js";
import { type Value, bool, isText, spoken } from "./value.js";

export const comparisons: Readonly<Record<string, Comparison>> = {
  Eq: "=",
  NotEq: "<>",
  Lt: "<",
  LtEq: "<=",
  Gt: ">",
  GtEq: ">=",
  Spaceship: "<=>",
};

/** Comparisons are left-associative for MySQL and ranked for the parser: only parentheses make them certain. */
export function operandOf(node: unknown, translator: Translator): Value {
  const [kind, body] = variant(node);
  const operator = kind === "BinaryOp" ? nodeOf(body, "an operator")["op"] : null;
  const mixed =
    (typeof operator === "string" && (operator in comparisons || ["And", "Or", "Xor"].includes(operator))) ||
    /^(?:Is[A-Z]|InList|InSubquery|Between|Like|RLike)/.test(kind) ||
    (kind === "UnaryOp" && nodeOf(body, "an operator")["op"] === "Not");
  return mixed ? outside("comparisons in a row without parentheses") : translator.value(node);
}

export function inList(body: unknown, translator: Translator): Value {
  const node = fields(body, "IN", ["expr", "list", "negated"]);
  const left = operandOf(node["expr"], translator);
  const members = listOf(node["list"]).map((member) => translator.value(member));
  const not = node["negated"] === true;
  const simple = left.kind !== "bool" && left.kind !== "enum" && members.every(({ kind }) => kind !== "null");
  if (simple) {
    const pairs = members.map((member) => pair(left, member, translator.around, "equal"));
    const [first] = pairs;
    if (first !== undefined && pairs.every((each) => each.left === first.left))
      return bool(`(${first.left} ${not ? "NOT " : ""}IN (${pairs.map(({ right }) => right).join(", ")}))`, [
        left,
        ...members,
      ]);
  }
  const tests = members.map((member) => comparison("=", left, member, translator.around));
  const sql = `(${tests.map((each) => each.sql).join(" OR ")})`;
  return bool(not ? `(NOT ${sql})` : sql, tests);
}

export function inSubquery(body: unknown, translator: Translator): Value {
  const node = fields(body, "IN", ["expr", "subquery", "negated"]);
  if (translator.around.engine === "mariadb")
    return outside("IN (SELECT), whose NULLs MariaDB has in its own way");
  const left = operandOf(node["expr"], translator);
  const { sql, output } = translator.subquery(node["subquery"]);
  const sides = pair(left, output, translator.around, "equal");
  let operand = sides.left;
  if (isText(left) && isText(output)) {
    const collation = sharedCollation([left, output]);
    operand = compared({ ...left, padded: false }, collation, translator.around, "equal");
    if (left.padded || output.padded)
      return outside("IN (SELECT) of texts whose trailing spaces do not count");
  } else if (sides.right !== output.sql) return outside(`IN (SELECT) of ${spoken(output)}`);
  const not = node["negated"] === true ? "NOT " : "";
  return { ...bool(`(${operand} ${not}IN (${sql}))`, [left]), immutable: false };
}

export function between(body: unknown, translator: Translator): Value {
  const node = fields(body, "BETWEEN", ["expr", "negated", "low", "high"]);
  const operand = operandOf(node["expr"], translator);
  const [low, high] = [operandOf(node["low"], translator), operandOf(node["high"], translator)];
  const not = node["negated"] === true;
  const [a, b] = [low, high].map((bound) => pair(operand, bound, translator.around, "ordered"));
  if (a === undefined || b === undefined) return outside("BETWEEN");
  const operands = [operand, low, high];
  if (a.left === b.left)
    return bool(`(${a.left} ${not ? "NOT " : ""}BETWEEN ${a.right} AND ${b.right})`, operands);
  const sql = `((${a.left} >= ${a.right}) AND (${b.left} <= ${b.right}))`;
  return bool(not ? `(NOT ${sql})` : sql, operands);
}

export function likeOf(body: unknown, translator: Translator): Value {
  const node = fields(body, "LIKE", ["negated", "expr", "pattern", "escape_char"]);
  const mark = node["escape_char"] ?? null;
  const escape = mark === null ? null : variant(nodeOf(mark, "ESCAPE")["value"])[1];
  if (escape !== null && typeof escape !== "string") return outside("an unusual ESCAPE");
  const subject = operandOf(node["expr"], translator);
  return like(
    subject,
    operandOf(node["pattern"], translator),
    { negated: node["negated"] === true, escape },
    translator,
  );
}
