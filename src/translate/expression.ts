/**
 * Expressions: from a node of the parser's tree to SQL of the target and what is known of its value. A node that is
 * not here is outside. The parser ranks comparisons otherwise than MySQL does, so an operand of a comparison that is
 * one itself is taken only in parentheses.
 */
import { type Operator, arithmetic, negated } from "./arithmetic.js";
import { comparison } from "./comparison.js";
import { caseWhen } from "./conditional.js";
import type { Translator } from "./context.js";
import { call, conversion } from "./functions.js";
import { extract, unquote } from "./json.js";
import { literalValue, textLiteral } from "./literal.js";
import { extracted, shifted } from "./moments.js";
import { momentLiteral } from "./comparison.js";
import { between, comparisons, inList, inSubquery, likeOf, operandOf } from "./membership.js";
import { fields, identifier, listOf, literalOf, nodeOf, outside, variant } from "./node.js";
import { located, substring, trimmed } from "./texts.js";
import { type Value, bool, isExact, isText, spoken, truth } from "./value.js";

const arithmeticOperators: Readonly<Record<string, Operator>> = {
  Plus: "+",
  Minus: "-",
  Multiply: "*",
  Divide: "/",
  MyIntegerDivide: "DIV",
  Modulo: "%",
};

/** Any node but a column, which only the scope knows. */
export function expression(node: unknown, translator: Translator): Value {
  const literal = literalValue(node);
  if (literal !== null) return literal;
  const [kind, body] = variant(node);
  switch (kind) {
    case "Nested":
      return translator.value(body);
    case "Prefixed":
      return introduced(body);
    case "TypedString":
      return typedString(body);
    case "BinaryOp":
      return binary(body, translator);
    case "UnaryOp":
      return unary(body, translator);
    case "IsNull":
    case "IsNotNull": {
      const operand = operandOf(body, translator);
      return bool(`(${operand.sql} IS ${kind === "IsNull" ? "" : "NOT "}NULL)`, [operand]);
    }
    case "IsTrue":
    case "IsNotTrue":
    case "IsFalse":
    case "IsNotFalse":
    case "IsUnknown":
    case "IsNotUnknown": {
      const operand = operandOf(body, translator);
      const words = kind.slice(2).replace("Not", "NOT ").toUpperCase();
      return bool(`(${truth(operand)} IS ${words})`, [operand]);
    }
    case "InList":
      return inList(body, translator);
    case "InSubquery":
      return inSubquery(body, translator);
    case "Between":
      return between(body, translator);
    case "Like":
      return likeOf(body, translator);
    case "Case":
      return caseWhen(body, translator);
    case "Cast":
      return conversion(body, translator);
    case "Function":
      return call(body, translator);
    case "Extract":
      return extracted(body, translator);
    case "Ceil":
    case "Floor":
      return stepped(kind, body, translator);
    case "Trim": {
      const trim = fields(body, "TRIM", ["trim_where", "trim_what", "expr"]);
      const what = (trim["trim_what"] ?? null) === null ? null : translator.value(trim["trim_what"]);
      const where = typeof trim["trim_where"] === "string" ? trim["trim_where"] : "Both";
      return trimmed(where, translator.value(trim["expr"]), what);
    }
    case "Substring": {
      const sub = fields(body, "SUBSTRING", [
        "expr",
        "substring_from",
        "substring_for",
        "special",
        "shorthand",
      ]);
      const length = (sub["substring_for"] ?? null) === null ? null : translator.value(sub["substring_for"]);
      return substring(translator.value(sub["expr"]), translator.value(sub["substring_from"]), length);
    }
    case "Position": {
      const position = fields(body, "POSITION", ["expr", "in"]);
      return located(translator.value(position["expr"]), translator.value(position["in"]));
    }
    case "Convert": {
      const convert = fields(body, "CONVERT", ["expr", "charset"]);
      const operand = translator.value(convert["expr"]);
      const charset = listOf(convert["charset"]).map((part) => identifier(variant(part)[1]))[0] ?? "";
      if (!isText(operand) || !/^utf8(?:mb[34])?$/i.test(charset))
        return outside("CONVERT to another charset");
      return { ...operand, origin: null };
    }
    case "Collate":
      return collated(body, translator);
    case "Exists": {
      const exists = fields(body, "EXISTS", ["subquery", "negated"]);
      const sql = translator.exists(exists["subquery"]);
      return bool(exists["negated"] === true ? `(NOT ${sql})` : sql, []);
    }
    case "Subquery": {
      const { sql, output } = translator.subquery(body);
      return { ...output, sql: `(${sql})`, origin: null, literal: null, immutable: false };
    }
    case "RLike":
      return outside("a regular expression");
    case "Interval":
      return outside("an INTERVAL by itself");
    default:
      return outside(`the construct ${kind}`);
  }
}

/** `_utf8mb4'abc'`. */
function introduced(body: unknown): Value {
  const node = fields(body, "a literal with a charset", ["prefix", "value"]);
  const charset = identifier(node["prefix"]).toLowerCase();
  const literal = literalOf(node["value"]);
  if (literal?.[0] !== "SingleQuotedString") return outside(`a literal of the charset ${charset}`);
  const ascii = /^[\x20-\x7e\t\n\r]*$/.test(literal[1]);
  const known = /^_(?:utf8|utf8mb3|utf8mb4)$/.test(charset) || (ascii && /^_(?:latin1|ascii)$/.test(charset));
  return known ? textLiteral(literal[1]) : outside(`a literal of the charset ${charset}`);
}

function typedString(body: unknown): Value {
  const node = fields(body, "a typed literal", ["data_type", "value", "uses_odbc_syntax"]);
  const [type] = variant(node["data_type"]);
  const [kind, said] = variant(nodeOf(node["value"], "a typed literal")["value"]);
  if (kind !== "SingleQuotedString" || typeof said !== "string") return outside("an unusual typed literal");
  const moment = momentLiteral(said, "clock");
  const wanted = type === "Date" ? "date" : type === "Timestamp" || type === "Datetime" ? "datetime" : null;
  return moment !== null && moment.kind === wanted
    ? { ...moment, literal: null }
    : outside("an unusual typed literal");
}

function binary(body: unknown, translator: Translator): Value {
  const node = fields(body, "an operator", ["left", "op", "right"]);
  const { left, right } = node;
  const op = typeof node["op"] === "string" ? node["op"] : "";
  if (op === "And" || op === "Or") {
    const sides = [translator.value(left), translator.value(right)];
    return bool(`(${sides.map(truth).join(` ${op.toUpperCase()} `)})`, sides);
  }
  if (op === "Xor") {
    const sides = [operandOf(left, translator), operandOf(right, translator)];
    return bool(`(${sides.map(truth).join(" <> ")})`, sides);
  }
  const compare = comparisons[op];
  if (compare !== undefined)
    return comparison(compare, operandOf(left, translator), operandOf(right, translator), translator.around);
  if (op === "Arrow" || op === "LongArrow") {
    const found = extract(translator.value(left), translator.value(right));
    return op === "Arrow" ? found : unquote(found);
  }
  const operator = arithmeticOperators[op];
  if (operator === undefined)
    return outside(op === "StringConcat" ? "||, which is OR or a concatenation" : `the operator ${op}`);
  for (const [side, other, sign] of [
    [right, left, operator],
    [left, right, "+"],
  ] as const) {
    const [kind, interval] = variant(side);
    if (kind !== "Interval") continue;
    if (sign !== "+" && sign !== "-") return outside("arithmetic with an INTERVAL");
    return shifted(
      translator.value(other),
      operator === "-" && side === left ? outside("an INTERVAL minus a date") : sign,
      interval,
      translator,
    );
  }
  // The parser takes everything to the right of DIV for its divisor.
  if (
    operator === "DIV" &&
    /^(?:BinaryOp|Is[A-Z]|In[LSU]|Between|Like|RLike|AnyOp|AllOp)/.test(variant(right)[0])
  )
    return outside("DIV in a row without parentheses");
  return arithmetic(operator, operandOf(left, translator), operandOf(right, translator), translator.around);
}

function unary(body: unknown, translator: Translator): Value {
  const { op, expr } = fields(body, "an operator", ["op", "expr"]);
  if (op === "Not") {
    const operand = translator.value(expr);
    return bool(`(NOT ${truth(operand)})`, [operand]);
  }
  const operand = operandOf(expr, translator);
  if (op === "Minus") return negated(operand);
  return op === "Plus" && isExact(operand) ? operand : outside(`the operator ${String(op)}`);
}

function stepped(kind: "Ceil" | "Floor", body: unknown, translator: Translator): Value {
  const { expr } = fields(body, kind, ["expr", "field"]);
  return call(
    { name: [{ Identifier: { value: kind } }], args: { List: { args: [{ Unnamed: { Expr: expr } }] } } },
    translator,
  );
}

/** Another collation for the same text: what it is compared by changes, and nothing else. */
function collated(body: unknown, translator: Translator): Value {
  const node = fields(body, "COLLATE", ["expr", "collation"]);
  const operand = translator.value(node["expr"]);
  const name = listOf(node["collation"]).map((part) => identifier(variant(part)[1]))[0] ?? "";
  if (!isText(operand)) return outside(`COLLATE of ${spoken(operand)}`);
  return {
    ...operand,
    kind: "text",
    sql: operand.kind === "enum" ? `${operand.sql}::text` : operand.sql,
    collation: name,
    origin: null,
  };
}
