/**
 * Arithmetic. Integers are computed wide enough never to overflow where MySQL's BIGINT does not; a division of
 * exact numbers is MySQL's decimal division to the last digit (it cuts at whole words of nine digits and rounds only
 * what it shows), and by zero it is NULL.
 */
import type { Surroundings } from "./context.js";
import { outside } from "./node.js";
import {
  type Value,
  allImmutable,
  double,
  exact,
  isExact,
  isNumber,
  nullValue,
  spoken,
  value,
} from "./value.js";

export type Operator = "+" | "-" | "*" | "/" | "DIV" | "%";

/** The most digits for which bigint is sure to be enough. */
const bigintDigits = 18;

export function arithmetic(operator: Operator, left: Value, right: Value, around: Surroundings): Value {
  if (left.kind === "null" && right.kind === "null") return nullValue;
  if (!isNumber(left)) return outside(`${spoken(left)} in arithmetic`);
  if (!isNumber(right)) return outside(`${spoken(right)} in arithmetic`);
  if (!isExact(left) || !isExact(right)) return doubles(operator, left, right, around);
  const [a, b] = [exact(left), exact(right)];
  if (around.strict && (a.raw !== null || b.raw !== null)) return outside("a quotient computed with");
  const immutable = allImmutable([left, right]);
  if (around.strict && mayGoBelowZero(operator, a, b))
    return outside("unsigned numbers whose result can be negative, which the source refuses");
  switch (operator) {
    case "/":
      return quotient(a, b, immutable, around);
    case "DIV": {
      const digits = a.digits + (b.kind === "decimal" ? b.scale : 0);
      if (isWhole(a) && isWhole(b)) {
        const sql = `(${a.sql}::bigint / NULLIF(${b.sql}::bigint, 0))`;
        return value("int", sql, "bigint", { digits, unsigned: a.unsigned && b.unsigned, immutable });
      }
      const sql = `div(${a.sql}::numeric, NULLIF(${b.sql}, 0)::numeric)`;
      return value("int", sql, "numeric", { digits, unsigned: a.unsigned && b.unsigned, immutable });
    }
    case "%":
      return remainder(a, b, immutable, around);
    default:
      return a.kind === "int" && b.kind === "int"
        ? integers(operator, a, b, immutable)
        : decimals(operator, a, b, immutable);
  }
}

function mayGoBelowZero(operator: Operator, a: Value, b: Value): boolean {
  if (a.kind !== "int" || b.kind !== "int" || operator === "DIV" || operator === "%" || operator === "/")
    return false;
  const column = (operand: Value): boolean => operand.unsigned && operand.literal === null;
  return (column(a) || column(b)) && (operator === "-" || !a.unsigned || !b.unsigned);
}

/** Stored as one of the integer types, with room to spare in bigint. */
function isWhole(operand: Value): boolean {
  return operand.kind === "int" && operand.pg !== "numeric";
}

function integers(operator: "+" | "-" | "*", a: Value, b: Value, immutable: boolean): Value {
  const digits = operator === "*" ? a.digits + b.digits : Math.max(a.digits, b.digits) + 1;
  const narrow = digits <= bigintDigits;
  const pg = narrow ? "bigint" : "numeric";
  const cast = (operand: Value): string => (operand.pg === pg ? operand.sql : `${operand.sql}::${pg}`);
  return value("int", `(${cast(a)} ${operator} ${cast(b)})`, pg, {
    digits,
    unsigned: a.unsigned && b.unsigned && operator !== "-",
    immutable,
  });
}

function decimals(operator: "+" | "-" | "*", a: Value, b: Value, immutable: boolean): Value {
  const product = operator === "*";
  const scale = product ? a.scale + b.scale : Math.max(a.scale, b.scale);
  const kept = (operand: Value): number => operand.raw ?? operand.scale;
  const raw = product ? kept(a) + kept(b) : Math.max(kept(a), kept(b));
  const digits = product ? a.digits + b.digits : Math.max(a.digits, b.digits) + 1;
  if (raw > 30 || digits + scale > 65)
    return outside("a decimal result of more digits than the source keeps");
  return value("decimal", `(${a.sql}::numeric ${operator} ${b.sql}::numeric)`, "numeric", {
    digits,
    scale,
    raw: a.raw === null && b.raw === null ? null : raw,
    mixed: a.mixed || b.mixed,
    immutable,
  });
}

/** MySQL's div_precision_increment; a server where it is set otherwise is none that this is right for. */
const increment = 4;

/** Digits after the point that a quotient has until it is shown: whole words of nine. */
export function quotientDigits(scaleA: number, scaleB: number): number {
  const words = (digits: number): number => Math.ceil(digits / 9) * 9;
  const [a, b] = [words(scaleA), words(scaleB)];
  const more = Math.max(0, increment - (a - scaleA + b - scaleB));
  return words(a + b + more);
}

/** `a` divided by `b`, both numeric SQL, cut to `digits` after the point. */
export function cutQuotient(a: string, b: string, digits: number): string {
  const one = `1${"0".repeat(digits)}`;
  return `(div(${a} * ${one}, ${b}) * 0.${"0".repeat(digits - 1)}1)`;
}

/**
 * What a quotient is to whoever computes with it. MariaDB goes on with all the digits that it has cut it to; MySQL
 * rounds it at once to those that it shows.
 */
export function asQuotient(
  sql: string,
  digits: number,
  around: Surroundings,
  more: Partial<Value> & { readonly scale: number },
): Value {
  if (around.engine === "mariadb" || around.strict)
    return value("decimal", sql, "numeric", { ...more, raw: digits });
  return value("decimal", `round(${sql}, ${String(more.scale)})`, "numeric", more);
}

function quotient(a: Value, b: Value, immutable: boolean, around: Surroundings): Value {
  // How many digits there are follows from those of both values.
  if (a.mixed || b.mixed) return outside("a quotient of what IF, CASE or COALESCE gives");
  const digits = quotientDigits(a.raw ?? a.scale, b.raw ?? b.scale);
  const scale = a.scale + increment;
  if (digits > 27 || scale > 30) return outside("a quotient of more digits than the source keeps");
  const divisor = `NULLIF(${b.sql}, 0)::numeric`;
  return asQuotient(cutQuotient(`${a.sql}::numeric`, divisor, digits), digits, around, {
    digits: a.digits + (b.raw ?? b.scale),
    scale,
    immutable,
  });
}

function remainder(a: Value, b: Value, immutable: boolean, around: Surroundings): Value {
  if (a.raw !== null || b.raw !== null) return outside("the remainder of a quotient");
  const whole = a.kind === "int" && b.kind === "int";
  if (!whole && around.engine === "mariadb")
    return outside("the remainder of decimals, which MariaDB may show as -0");
  const narrow = isWhole(a) && isWhole(b);
  const pg = narrow ? "bigint" : "numeric";
  return value(whole ? "int" : "decimal", `(${a.sql}::${pg} % NULLIF(${b.sql}, 0)::${pg})`, pg, {
    digits: Math.max(a.digits, b.digits),
    scale: whole ? 0 : Math.max(a.scale, b.scale),
    mixed: a.mixed || b.mixed,
    unsigned: a.unsigned,
    immutable,
  });
}

function doubles(operator: Operator, left: Value, right: Value, around: Surroundings): Value {
  // PostgreSQL refuses a result that is too small where MySQL has 0: no column of new rows may depend on that.
  if (around.strict) return outside("floating-point arithmetic");
  if (left.raw !== null || right.raw !== null) return outside("a quotient in floating-point arithmetic");
  const [a, b] = [double(left), double(right)];
  const made = (sql: string): Value =>
    value("double", sql, "double precision", { immutable: allImmutable([left, right]) });
  switch (operator) {
    case "+":
    case "-":
    case "*":
      return made(`(${a} ${operator} ${b})`);
    case "/":
      return made(`(${a} / NULLIF(${b}, 0::double precision))`);
    default:
      return outside(`${operator} of floating-point numbers`);
  }
}

export function negated(operand: Value): Value {
  if (operand.kind === "null") return operand;
  if (operand.kind === "double") return { ...operand, sql: `(- ${operand.sql})`, origin: null };
  const number = exact(operand);
  if (operand.literal !== null && !operand.literal.startsWith("-"))
    return { ...operand, sql: `-${operand.sql}`, literal: `-${operand.literal}`, unsigned: false };
  const wide = number.kind === "int" && number.pg !== "numeric" && number.digits > bigintDigits;
  const pg = wide ? "numeric" : number.pg === "numeric" ? "numeric" : "bigint";
  return { ...number, sql: `(- ${number.sql}::${pg})`, pg, unsigned: false, literal: null, origin: null };
}
