/** Functions of numbers, and casts. Rounding is half away from zero on both sides, for exact numbers only. */
import type { Surroundings } from "./context.js";
import { outside } from "./node.js";
import { type Value, allImmutable, exact, isExact, spoken, text, value, wallClock } from "./value.js";
import { dateOf } from "./moments.js";

function places(operand: Value | null, what: string): number {
  if (operand === null) return 0;
  if (operand.kind !== "int" || operand.literal === null)
    return outside(`${what} to places that are no plain number`);
  const many = Number(operand.literal);
  return many < 0 || many > 8 ? outside(`${what} to ${operand.literal} places`) : many;
}

export function rounded(
  name: "round" | "trunc",
  operand: Value,
  to: Value | null,
  around: Surroundings,
): Value {
  const what = name === "round" ? "ROUND" : "TRUNCATE";
  if (operand.kind === "null" || !isExact(operand)) return outside(`${what} of ${spoken(operand)}`);
  const many = places(to, what);
  const number = exact(operand);
  if (number.kind === "int") return { ...number, literal: null, origin: null };
  if (around.strict && number.raw !== null) return outside(`${what} of a quotient`);
  if (many > number.scale) return outside(`${what} to more places than there are`);
  return value("decimal", `${name}(${number.sql}, ${String(many)})`, "numeric", {
    digits: number.digits + 1,
    scale: many,
    immutable: number.immutable,
  });
}

export function stepped(name: "floor" | "ceil", operand: Value): Value {
  if (operand.kind === "double")
    return value("double", `${name}(${operand.sql})`, "double precision", { immutable: operand.immutable });
  if (!isExact(operand) || operand.kind === "null")
    return outside(`${name.toUpperCase()} of ${spoken(operand)}`);
  const number = exact(operand);
  if (number.kind === "int") return { ...number, literal: null, origin: null };
  return value("int", `${name}(${number.sql})`, "numeric", {
    digits: number.digits + 1,
    immutable: number.immutable,
  });
}

export function absolute(operand: Value): Value {
  if (operand.kind === "double") return { ...operand, sql: `abs(${operand.sql})`, origin: null };
  if (!isExact(operand) || operand.kind === "null") return outside(`ABS of ${spoken(operand)}`);
  const number = exact(operand);
  const sql = number.pg === "bigint" || number.pg === "numeric" ? number.sql : `${number.sql}::bigint`;
  return {
    ...number,
    sql: `abs(${sql})`,
    pg: number.pg === "numeric" ? "numeric" : "bigint",
    literal: null,
    origin: null,
  };
}

export function signOf(operand: Value): Value {
  if (!isExact(operand) || operand.kind === "null") return outside(`SIGN of ${spoken(operand)}`);
  return value("int", `sign(${exact(operand).sql}::numeric)::integer`, "integer", {
    digits: 1,
    immutable: operand.immutable,
  });
}

/** GREATEST and LEAST are NULL as soon as one operand is; PostgreSQL's own pass it over. */
export function extreme(name: "greatest" | "least", operands: readonly Value[]): Value {
  const sameKind = operands.every(({ kind }) => kind === operands[0]?.kind);
  const numbers = operands.every((operand) => operand.kind === "int" || operand.kind === "decimal");
  const dates = sameKind && operands.every(({ kind }) => kind === "date" || kind === "datetime");
  const [first] = operands;
  if (first === undefined || (!numbers && !dates))
    return outside(`${name.toUpperCase()} of other than numbers or dates`);
  const anyNull = operands
    .filter(({ literal }) => literal === null)
    .map(({ sql }) => `${sql} IS NULL`)
    .join(" OR ");
  const call = `${name}(${operands.map(({ sql }) => sql).join(", ")})`;
  const sql = anyNull === "" ? call : `(CASE WHEN ${anyNull} THEN NULL ELSE ${call} END)`;
  const decimal = operands.some(({ kind }) => kind === "decimal");
  if (operands.some(({ raw }) => raw !== null)) return outside(`${name.toUpperCase()} of a quotient`);
  return value(decimal ? "decimal" : first.kind, sql, numbers ? "numeric" : first.pg, {
    digits: Math.max(...operands.map(({ digits }) => digits)),
    scale: Math.max(...operands.map(({ scale }) => scale)),
    fsp: Math.max(...operands.map(({ fsp }) => fsp)),
    unsigned: operands.every(({ unsigned }) => unsigned),
    immutable: allImmutable(operands),
  });
}

export type CastType =
  | { readonly to: "signed" | "unsigned" | "char" | "date" | "double" }
  | { readonly to: "char"; readonly length: number }
  | { readonly to: "datetime"; readonly fsp: number }
  | { readonly to: "decimal"; readonly precision: number; readonly scale: number };

export function cast(operand: Value, type: CastType): Value {
  switch (type.to) {
    case "signed":
    case "unsigned":
      return toInteger(operand, type.to);
    case "char": {
      const made = text(operand);
      const whole =
        made.kind === "enum" ? { ...made, kind: "text" as const, sql: `${made.sql}::text` } : made;
      if (!("length" in type)) return { ...whole, origin: null };
      return { ...whole, sql: `left(${whole.sql}, ${String(type.length)})`, origin: null, literal: null };
    }
    case "date":
      return dateOf(operand);
    case "datetime":
      if (operand.fsp > type.fsp) return outside("a CAST that rounds a time");
      return { ...wallClock(operand), fsp: type.fsp, origin: null };
    case "double":
      if (!isExact(operand) || operand.raw !== null) return outside(`a CAST of ${spoken(operand)} to DOUBLE`);
      return value("double", `${exact(operand).sql}::double precision`, "double precision", {
        immutable: operand.immutable,
      });
    case "decimal": {
      if (!isExact(operand) || operand.kind === "null")
        return outside(`a CAST of ${spoken(operand)} to DECIMAL`);
      const number = exact(operand);
      // Where digits are too many the source takes the largest number that fits.
      if (number.digits > type.precision - type.scale)
        return outside("a CAST to a DECIMAL that may be too small");
      return value("decimal", `round(${number.sql}::numeric, ${String(type.scale)})`, "numeric", {
        digits: type.precision - type.scale,
        scale: type.scale,
        immutable: number.immutable,
      });
    }
  }
}

function toInteger(operand: Value, to: "signed" | "unsigned"): Value {
  if (!isExact(operand) || operand.kind === "null")
    return outside(`a CAST of ${spoken(operand)} to an integer`);
  const number = exact(operand);
  if (number.digits > 18) return outside("a CAST of a number that may not fit");
  if (to === "unsigned" && !number.unsigned) return outside("a CAST to UNSIGNED of what may be negative");
  const sql = number.kind === "decimal" ? `round(${number.sql})::bigint` : `${number.sql}::bigint`;
  return value("int", sql, "bigint", {
    digits: number.digits + (number.kind === "decimal" ? 1 : 0),
    unsigned: to === "unsigned",
    immutable: number.immutable,
  });
}
