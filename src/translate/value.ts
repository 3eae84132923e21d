/**
 * A translated expression: its SQL on the target and what is known of its values, in the source's terms. Every rule
 * of the translation asks these facts; where they do not prove that both servers give the same value, the rule says
 * so instead of translating.
 */
import type { ColumnPolicy, SourceColumn } from "../model.js";
import { outside } from "./node.js";

/** A column of a table that travels, as the plan decided it. */
export interface PlannedColumn {
  readonly column: SourceColumn;
  readonly target: string;
  readonly targetType: string;
  readonly nativeEnum: boolean;
  readonly policy: ColumnPolicy;
}

export type Kind =
  | "int"
  | "decimal"
  | "double"
  /** A boolean on the target: a comparison's result, or a flag column. MySQL has 0 and 1. */
  | "bool"
  | "text"
  /** Text with MySQL's enum behind it: its order and its number are other than the text's. */
  | "enum"
  | "bytes"
  | "date"
  /** DATETIME: a wall clock. */
  | "datetime"
  /** TIMESTAMP: an instant, shown in the session's zone on both sides. */
  | "instant"
  /** TIME as an interval. */
  | "time"
  | "json"
  | "null"
  /** Can be passed on as it is and nothing else. */
  | "opaque";

export interface Value {
  readonly kind: Kind;
  /** A name, a literal, a call, or an expression in parentheses of its own. */
  readonly sql: string;
  /** The bare type of `sql` on the target. */
  readonly pg: string;
  /** The whole type, of a view's column. */
  readonly type: string | null;
  /** The most digits that int and decimal can have before the point. */
  readonly digits: number;
  /** Digits after the point that the source shows of a decimal. */
  readonly scale: number;
  /** Digits after the point that a quotient really has on the source until it is shown; null: as many as `scale`. */
  readonly raw: number | null;
  /** Whether the source shows each value of a decimal with digits of its own, as it does of IF and COALESCE. */
  readonly mixed: boolean;
  /** Whether an int is unsigned on the source, or a literal that is not negative. */
  readonly unsigned: boolean;
  /** Fraction digits of temporal values. */
  readonly fsp: number;
  /** The source's collation of a text; null for literals and for texts made of numbers, which follow the other side. */
  readonly collation: string | null;
  /** What a literal says. */
  readonly literal: string | null;
  readonly labels: readonly string[];
  /** Whether a text can end in spaces. */
  readonly padded: boolean;
  /** Whether the source shows a number as its plain digits (no ZEROFILL, YEAR or BIT). */
  readonly plain: boolean;
  /** Depends on nothing but its operands, as PostgreSQL sees it. */
  readonly immutable: boolean;
  /** The table's column that it is, unchanged. */
  readonly origin: PlannedColumn | null;
  /** The separator of a list whose order the source leaves open. */
  readonly unordered: string | null;
}

const nothing: Omit<Value, "kind" | "sql" | "pg"> = {
  type: null,
  digits: 0,
  scale: 0,
  raw: null,
  mixed: false,
  unsigned: false,
  fsp: 0,
  collation: null,
  literal: null,
  labels: [],
  padded: true,
  plain: true,
  immutable: true,
  origin: null,
  unordered: null,
};

export function value(kind: Kind, sql: string, pg: string, more: Partial<Value> = {}): Value {
  return { ...nothing, kind, sql, pg, ...more };
}

export const nullValue: Value = value("null", "NULL", "unknown");

export function bool(sql: string, operands: readonly Value[]): Value {
  return value("bool", sql, "boolean", { immutable: allImmutable(operands) });
}

export function allImmutable(operands: readonly Value[]): boolean {
  return operands.every((operand) => operand.immutable);
}

export function isExact(operand: Value): boolean {
  return (
    operand.kind === "int" || operand.kind === "decimal" || operand.kind === "bool" || operand.kind === "null"
  );
}

export function isNumber(operand: Value): boolean {
  return isExact(operand) || operand.kind === "double";
}

export function isText(operand: Value): boolean {
  return operand.kind === "text" || operand.kind === "enum";
}

/** As an exact number: a flag counts 0 and 1. */
export function exact(operand: Value): Value {
  switch (operand.kind) {
    case "int":
    case "decimal":
      return operand;
    case "bool":
      return value("int", `${operand.sql}::integer`, "integer", {
        digits: 1,
        unsigned: true,
        immutable: operand.immutable,
      });
    case "null":
      return value("int", "NULL::integer", "integer", { digits: 1, unsigned: true });
    default:
      return outside(`${spoken(operand)} as a number`);
  }
}

/** As a double, the way MySQL converts both sides of a mixed comparison. */
export function double(operand: Value): string {
  if (operand.pg === "double precision") return operand.sql;
  return `${operand.kind === "double" ? operand.sql : exact(operand).sql}::double precision`;
}

/** As a condition: what is not 0 is true. */
export function truth(operand: Value): string {
  switch (operand.kind) {
    case "bool":
      return operand.sql;
    case "int":
    case "decimal":
      return operand.raw === null ? `(${operand.sql} <> 0)` : outside("a quotient as a condition");
    case "null":
      return "NULL::boolean";
    default:
      return outside(`${spoken(operand)} as a condition`);
  }
}

/** As the text that the source would make of it. */
export function text(operand: Value): Value {
  const made = (sql: string, immutable: boolean): Value =>
    value("text", sql, "text", { immutable: immutable && operand.immutable, padded: false });
  switch (operand.kind) {
    case "text":
    case "enum":
      return operand;
    case "null":
      return value("text", "NULL::text", "text", { padded: false });
    case "bool":
      return operand.plain ? made(`${operand.sql}::integer::text`, true) : outside("a BIT as text");
    case "int":
      return operand.plain
        ? made(`${operand.sql}::text`, true)
        : outside("a YEAR or ZEROFILL number as text");
    case "decimal":
      if (operand.mixed) return outside("a decimal of IF, CASE or COALESCE as text");
      return operand.plain
        ? made(`round(${operand.sql}, ${String(operand.scale)})::text`, true)
        : outside("a ZEROFILL number as text");
    case "date":
      return made(`to_char(${operand.sql}::timestamp, 'YYYY-MM-DD')`, false);
    case "datetime":
    case "instant": {
      const fraction = { 0: "", 3: ".MS", 6: ".US" }[operand.fsp];
      if (fraction === undefined)
        return outside(`a time with ${String(operand.fsp)} fraction digits as text`);
      return made(`to_char(${operand.sql}, 'YYYY-MM-DD HH24:MI:SS${fraction}')`, false);
    }
    default:
      return outside(`${spoken(operand)} as text`);
  }
}

/** As a wall clock without a zone: dates at midnight, instants as the session sees them. */
export function wallClock(operand: Value): Value {
  if (operand.kind === "datetime") return operand;
  if (operand.kind !== "date" && operand.kind !== "instant") return outside(`${spoken(operand)} as a time`);
  return value("datetime", `${operand.sql}::timestamp`, "timestamp without time zone", {
    fsp: operand.fsp,
    immutable: operand.immutable && operand.kind === "date",
  });
}

/** With the digits that the source shows. */
export function shown(operand: Value): Value {
  return operand.raw === null
    ? operand
    : { ...operand, raw: null, sql: `round(${operand.sql}, ${String(operand.scale)})` };
}

export function spoken(operand: Value): string {
  const names: Readonly<Record<Kind, string>> = {
    int: "an integer",
    decimal: "a decimal",
    double: "a floating-point number",
    bool: "a condition",
    text: "a text",
    enum: "an enum",
    bytes: "bytes",
    date: "a date",
    datetime: "a datetime",
    instant: "a timestamp",
    time: "a TIME",
    json: "JSON",
    null: "NULL",
    opaque: `a value of ${operand.pg}`,
  };
  return names[operand.kind];
}
