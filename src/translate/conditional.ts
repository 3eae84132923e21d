/** IF, CASE, COALESCE and their like: values of several types brought to the one that the source shows. */
import { madeCollation } from "./collation.js";
import type { Translator } from "./context.js";
import { comparison } from "./comparison.js";
import { fields, listOf, outside } from "./node.js";
import {
  type Value,
  allImmutable,
  double,
  exact,
  isExact,
  isNumber,
  isText,
  nullValue,
  spoken,
  text,
  truth,
  value,
  wallClock,
} from "./value.js";

/** The operands as one type, and a template of the result. */
export function unified(operands: readonly Value[]): {
  readonly parts: readonly string[];
  readonly like: Value;
} {
  const known = operands.filter(({ kind }) => kind !== "null");
  const [first] = known;
  const immutable = allImmutable(operands);
  const sqls = (act: (operand: Value) => string): readonly string[] =>
    operands.map((operand) => (operand.kind === "null" ? "NULL" : act(operand)));
  if (first === undefined) return { parts: sqls(() => "NULL"), like: nullValue };
  if (known.every(isExact)) {
    const numbers = known.map(exact);
    const decimal = numbers.some(({ kind }) => kind === "decimal");
    const scale = Math.max(...numbers.map((each) => each.scale));
    const raws = numbers.map((each) => each.raw ?? each.scale);
    const raw = numbers.some((each) => each.raw !== null) ? Math.max(...raws) : null;
    const pg = numbers.some((each) => each.pg === "numeric") || decimal ? "numeric" : "bigint";
    const like = value(decimal ? "decimal" : "int", "", pg, {
      digits: Math.max(...numbers.map(({ digits }) => digits)),
      scale,
      raw,
      mixed: numbers.some((each) => each.mixed || each.scale !== scale || each.raw !== raw),
      unsigned: numbers.every(({ unsigned }) => unsigned),
      plain: numbers.every(({ plain }) => plain),
      immutable,
    });
    return { parts: sqls((operand) => `${exact(operand).sql}::${pg}`), like };
  }
  if (known.every(isNumber)) {
    if (known.some(({ raw }) => raw !== null)) return outside("a quotient beside a floating-point number");
    return { parts: sqls(double), like: value("double", "", "double precision", { immutable }) };
  }
  if (known.every(({ kind }) => ["date", "datetime", "instant"].includes(kind))) {
    if (known.every(({ kind }) => kind === first.kind))
      return {
        parts: sqls(({ sql }) => sql),
        like: value(first.kind, "", first.pg, { immutable, fsp: Math.max(...known.map(({ fsp }) => fsp)) }),
      };
    const clocks = known.map(wallClock);
    const like = value("datetime", "", "timestamp without time zone", {
      immutable: allImmutable(clocks),
      fsp: Math.max(...clocks.map(({ fsp }) => fsp)),
    });
    return { parts: sqls((operand) => wallClock(operand).sql), like };
  }
  if (known.every(({ kind }) => kind === first.kind) && ["time", "json", "bytes"].includes(first.kind))
    return { parts: sqls(({ sql }) => sql), like: value(first.kind, "", first.pg, { immutable }) };
  if (known.some(isText)) {
    const texts = known.map(text);
    const like = value("text", "", "text", {
      collation: madeCollation(texts),
      padded: texts.some(({ padded }) => padded),
      immutable: allImmutable(texts),
    });
    return {
      parts: sqls((operand) => `${text(operand).sql}${operand.kind === "enum" ? "::text" : ""}`),
      like,
    };
  }
  return outside(
    `${spoken(first)} and ${spoken(known.find(({ kind }) => kind !== first.kind) ?? first)} in one place`,
  );
}

export function iff(condition: Value, then: Value, otherwise: Value): Value {
  const { parts, like } = unified([then, otherwise]);
  return {
    ...like,
    sql: `(CASE WHEN ${truth(condition)} THEN ${parts[0] ?? ""} ELSE ${parts[1] ?? ""} END)`,
    immutable: like.immutable && condition.immutable,
  };
}

export function coalesce(operands: readonly Value[]): Value {
  const { parts, like } = unified(operands);
  return { ...like, sql: `COALESCE(${parts.join(", ")})` };
}

export function nullIf(left: Value, right: Value, { around }: Translator): Value {
  const same = comparison("=", left, right, around);
  const base = left.kind === "bool" ? exact(left) : left;
  return {
    ...base,
    sql: `(CASE WHEN ${same.sql} THEN NULL ELSE ${base.sql} END)`,
    immutable: base.immutable && same.immutable,
    literal: null,
    origin: null,
    kind: base.kind === "enum" ? "text" : base.kind,
  };
}

export function caseWhen(body: unknown, translator: Translator): Value {
  const node = fields(body, "CASE", ["operand", "conditions", "else_result"]);
  const operand = (node["operand"] ?? null) === null ? null : translator.value(node["operand"]);
  const conditions: Value[] = [];
  const results: Value[] = [];
  for (const branch of listOf(node["conditions"])) {
    const { condition, result } = fields(branch, "CASE", ["condition", "result"]);
    const when = translator.value(condition);
    conditions.push(operand === null ? when : comparison("=", operand, when, translator.around));
    results.push(translator.value(result));
  }
  results.push((node["else_result"] ?? null) === null ? nullValue : translator.value(node["else_result"]));
  const { parts, like } = unified(results);
  const branches = conditions.map((each, at) => `WHEN ${truth(each)} THEN ${parts[at] ?? ""}`);
  return {
    ...like,
    sql: `(CASE ${branches.join(" ")} ELSE ${parts.at(-1) ?? ""} END)`,
    immutable: like.immutable && allImmutable(conditions),
  };
}
