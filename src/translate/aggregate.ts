/** Aggregates. Sums of floating-point numbers depend on the order of rows and are outside. */
import { asQuotient, cutQuotient, quotientDigits } from "./arithmetic.js";
import { compared, isPlainBinary } from "./collation.js";
import type { Surroundings, Translator } from "./context.js";
import { quoted } from "./literal.js";
import { type Node, fields, literalOf, listOf, nodeOf, outside, variant } from "./node.js";
import { type Value, exact, isExact, isText, spoken, text, value } from "./value.js";

export const aggregateNames: readonly string[] = ["COUNT", "SUM", "AVG", "MIN", "MAX", "GROUP_CONCAT"];

/** `list` is the parser's argument list; null of COUNT(). */
export function aggregate(name: string, list: Node, args: readonly unknown[], translator: Translator): Value {
  const distinct = (list["duplicate_treatment"] ?? null) !== null;
  if (distinct && list["duplicate_treatment"] !== "Distinct")
    return outside(`${name} with an unusual modifier`);
  const clauses = listOf(list["clauses"]);
  if (clauses.length > 0 && name !== "GROUP_CONCAT") return outside(`${name} with a clause`);
  return translator.aggregated(name, () => {
    if (name === "GROUP_CONCAT") return groupConcat(args, distinct, clauses, translator);
    const [argument, ...more] = args;
    if (more.length > 0) return outside(`${name} of several values`);
    if (argument === undefined) return outside(`${name} of nothing`);
    if (name === "COUNT") return count(argument, distinct, translator);
    return ofNumbers(name, translator.value(argument), distinct, translator);
  });
}

function count(argument: unknown, distinct: boolean, translator: Translator): Value {
  const made = (sql: string): Value => value("int", sql, "bigint", { digits: 15, unsigned: false });
  if (argument === "Wildcard") return made("count(*)");
  const literal = literalOf(argument);
  if (!distinct && literal !== null && literal[0] !== "Null") return made("count(*)");
  const operand = translator.value(argument);
  if (!distinct) return operand.kind === "null" ? outside("COUNT(NULL)") : made(`count(${operand.sql})`);
  return made(`count(DISTINCT ${told(operand, translator.around)})`);
}

/** As DISTINCT must see it to tell apart what the source does. */
export function told(operand: Value, around: Surroundings): string {
  if (isText(operand)) {
    if (isPlainBinary(operand)) return operand.sql;
    return compared(operand, operand.collation, around, "equal");
  }
  if (
    ["int", "decimal", "bool", "date", "datetime", "instant", "time", "bytes"].includes(operand.kind) &&
    operand.raw === null
  )
    return operand.sql;
  return outside(`${spoken(operand)} told apart by DISTINCT or GROUP BY`);
}

/** One of several texts that the collation holds equal is shown, and either server takes any. */
export function tellSpelling(operand: Value, { notes }: Surroundings): void {
  if (operand.kind !== "text" || operand.literal !== null || isPlainBinary(operand)) return;
  notes.add("spelling-any");
  notes.add("text-compared");
}

function ofNumbers(name: string, operand: Value, distinct: boolean, translator: Translator): Value {
  const word = distinct ? "DISTINCT " : "";
  if (name === "MIN" || name === "MAX") return extreme(name, operand, translator);
  if (!isExact(operand) || operand.kind === "null") return outside(`${name} of ${spoken(operand)}`);
  const number = exact(operand);
  if (number.raw !== null && number.raw > 18) return outside(`${name} of a quotient`);
  const sum = `sum(${word}${number.sql}::numeric)`;
  const kept = number.raw ?? number.scale;
  if (name === "SUM")
    return value("decimal", sum, "numeric", {
      digits: number.digits + 18,
      scale: number.scale,
      raw: number.raw,
      mixed: number.mixed,
    });
  if (number.mixed) return outside("AVG of what IF, CASE or COALESCE gives");
  const digits = quotientDigits(kept, 0);
  const sql = cutQuotient(sum, `count(${word}${number.sql})`, digits);
  return asQuotient(sql, digits, translator.around, { digits: number.digits, scale: number.scale + 4 });
}

function extreme(name: "MIN" | "MAX", operand: Value, translator: Translator): Value {
  const call = name.toLowerCase();
  const plain = { literal: null, origin: null };
  if (operand.kind === "text") {
    const sorted = compared(operand, operand.collation, translator.around, "ordered");
    tellSpelling(operand, translator.around);
    return { ...operand, ...plain, sql: `(${call}(${sorted}) COLLATE "default")` };
  }
  if (["decimal", "int", "double", "date", "datetime", "instant", "time", "bool"].includes(operand.kind)) {
    const base = operand.kind === "bool" ? exact(operand) : operand;
    return { ...base, ...plain, sql: `${call}(${base.sql})` };
  }
  return outside(`${name} of ${spoken(operand)}`);
}

interface Order {
  readonly sql: string;
  readonly direction: string;
}

/** One item of an ORDER BY: NULLs come first on the source, and an enum by its number. */
export function orderOf(item: unknown, translator: Translator): Order {
  const node = fields(item, "ORDER BY", ["expr", "options"]);
  const operand = translator.value(node["expr"]);
  return { sql: sortable(operand, translator), direction: direction(node["options"]) };
}

export function direction(options: unknown): string {
  const { asc } = fields(options, "ORDER BY", ["asc"]);
  return asc === false ? " DESC NULLS LAST" : " ASC NULLS FIRST";
}

export function sortable(operand: Value, { around }: Translator): string {
  if (operand.kind === "enum")
    return `array_position(ARRAY[${operand.labels.map(quoted).join(", ")}]::text[], ${operand.sql}::text)`;
  if (operand.kind === "text") return compared(operand, operand.collation, around, "ordered");
  if (["json", "opaque", "bytes"].includes(operand.kind)) return outside(`${spoken(operand)} in an ORDER BY`);
  return operand.sql;
}

function groupConcat(
  args: readonly unknown[],
  distinct: boolean,
  clauses: readonly unknown[],
  translator: Translator,
): Value {
  let separator = ",";
  let orders: readonly unknown[] = [];
  for (const clause of clauses) {
    const [kind, body] = variant(clause);
    if (kind === "OrderBy") orders = listOf(body);
    else if (kind === "Separator") separator = literalText(body);
    else return outside("GROUP_CONCAT with an unusual clause");
  }
  const parts = args.map((argument) => text(translator.value(argument)));
  const [first] = parts;
  if (first === undefined) return outside("GROUP_CONCAT of nothing");
  const joined = parts.map((each) => (each.kind === "enum" ? `${each.sql}::text` : each.sql)).join(" || ");
  const whole =
    parts.length === 1 && first.kind !== "enum"
      ? first
      : value("text", `(${joined})`, "text", { collation: first.collation });
  const mark = quoted(separator);
  const like = { collation: whole.collation, immutable: true };
  const sorted = orders.map((item) => orderOf(item, translator));
  if (!distinct) {
    if (sorted.length === 0) translator.around.notes.add("concat-unordered");
    const order =
      sorted.length === 0 ? "" : ` ORDER BY ${sorted.map((each) => each.sql + each.direction).join(", ")}`;
    return value("text", `string_agg(${whole.sql}, ${mark}${order})`, "text", {
      ...like,
      unordered: sorted.length === 0 ? separator : null,
    });
  }
  // PostgreSQL sorts an aggregate with DISTINCT by nothing but its own argument, so the list is made of arrays.
  const [by, ...more] = orders.map((item) => fields(item, "ORDER BY", ["expr", "options"]));
  if (more.length > 0) return outside("GROUP_CONCAT(DISTINCT) ordered by several values");
  const one = { ...whole, sql: "one.v" };
  const told =
    whole.collation === null ? one.sql : compared(one, whole.collation, translator.around, "equal");
  tellSpelling(whole, translator.around);
  const key = by === undefined ? null : translator.value(by["expr"]);
  const from = `unnest(array_agg(${whole.sql}), array_agg(${key?.sql ?? "NULL::integer"})) AS one(v, k)`;
  const list = `(SELECT min(one.v) AS v, min(one.k) AS k FROM ${from} WHERE one.v IS NOT NULL GROUP BY ${told})`;
  if (key === null) translator.around.notes.add("concat-unordered");
  const order =
    key === null
      ? ""
      : ` ORDER BY ${sortable({ ...key, sql: "each.k" }, translator)}${direction(by?.["options"])}`;
  return value("text", `(SELECT string_agg(each.v, ${mark}${order}) FROM ${list} AS each)`, "text", {
    ...like,
    unordered: key === null ? separator : null,
  });
}

function literalText(body: unknown): string {
  const [kind, said] = variant(nodeOf(body, "a separator")["value"]);
  return kind === "SingleQuotedString" && typeof said === "string" ? said : outside("an unusual SEPARATOR");
}
