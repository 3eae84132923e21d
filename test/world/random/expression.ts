/**
 * Expressions of a random schema: defaults, and CHECKs and generated columns over columns that are there, both inside and outside
 * of what is translated.
 */
import type { Dice } from "./dice.js";
import type { Engine, Kind } from "./kind.js";
import { quotedName } from "./names.js";

interface Operand {
  readonly name: string;
  readonly kind: Kind;
}

/** CHECK (...) on one of the columns; null where there is none that it can be on. */
export function checkOf(dice: Dice, engine: Engine, columns: readonly Operand[]): string | null {
  const usable = columns.filter(({ kind }) =>
    ["integer", "number", "text", "temporal", "label"].includes(kind.family),
  );
  if (usable.length === 0) return null;
  const { name, kind } = dice.pick(usable);
  const c = quotedName(name);
  const lax = engine === "mysql" && dice.chance(15) ? " NOT ENFORCED" : "";
  return `CHECK (${condition(dice, c, kind)})${lax}`;
}

function condition(dice: Dice, c: string, { family, type }: Kind): string {
  switch (family) {
    case "integer":
    case "number":
      return dice.pick([
        `${c} >= 0`,
        `${c} <> 7`,
        `${c} BETWEEN 0 AND 100`,
        `${c} IN (0, 1, 2, 3) OR ${c} > 10`,
        `${c} IS NOT NULL OR 1 = 1`,
        `${c} % 2 = 0`,
        `NOT (${c} < 0)`,
      ]);
    case "text":
      return dice.pick([
        `CHAR_LENGTH(${c}) <= 40`,
        `${c} <> 'x'`,
        `${c} NOT LIKE 'z%'`,
        `LENGTH(TRIM(${c})) >= 0`,
        `UPPER(${c}) <> 'NEVER'`,
        `${c} IN ('a', 'b', 'é') OR ${c} > 'b'`,
      ]);
    case "label":
      return `${c} IS NOT NULL`;
    default:
      return type === "YEAR"
        ? `${c} < 2155`
        : type.startsWith("TIME")
          ? `${c} IS NOT NULL`
          : `${c} >= '1000-01-01'`;
  }
}

/** A generated column over one of the columns; null where there is none that it can be over. */
export function generatedFrom(
  dice: Dice,
  engine: Engine,
  columns: readonly Operand[],
): { readonly name: string; readonly definition: string } | null {
  const usable = columns.filter(({ kind }) => ["integer", "text", "document"].includes(kind.family));
  if (usable.length === 0) return null;
  const { name, kind } = dice.pick(usable);
  const c = quotedName(name);
  const kept = dice.pick(["VIRTUAL", "STORED"]);
  const [type, expression] = computed(dice, engine, c, kind);
  return { name: "computed", definition: `${type} GENERATED ALWAYS AS (${expression}) ${kept}` };
}

function computed(dice: Dice, engine: Engine, c: string, { family }: Kind): readonly [string, string] {
  if (family === "integer")
    return dice.pick([
      ["DECIMAL(30,0)", `${c} * 2`],
      ["DECIMAL(30,4)", `${c} / 3`],
      ["BIGINT", `IF(${c} > 0, 1, 0)`],
      ["VARCHAR(40)", `CONCAT('n', ${c})`],
      ["INT", `COALESCE(${c} IS NULL, 0)`],
      ["INT", `${c} % 7`],
    ] as const);
  if (family === "text")
    return dice.pick([
      ["TEXT", `CONCAT(${c}, '!')`],
      ["INT", `CHAR_LENGTH(${c})`],
      ["INT", `LENGTH(${c})`],
      ["TEXT", `UPPER(${c})`],
      ["TEXT", `TRIM(${c})`],
      ["VARCHAR(9)", `LEFT(${c}, 3)`],
      ["TEXT", `IFNULL(${c}, 'none')`],
      ["INT", `${c} = 'a'`],
      ["TEXT", `REPLACE(${c}, 'a', 'b')`],
    ] as const);
  return engine === "mysql"
    ? (["VARCHAR(99)", `LEFT(JSON_UNQUOTE(JSON_EXTRACT(${c}, '$.a')), 90)`] as const)
    : (["INT", `JSON_LENGTH(${c})`] as const);
}

/** What may stand in DEFAULT (...). */
export function expressionDefault(dice: Dice, kind: Kind): string {
  switch (kind.family) {
    case "integer":
    case "number":
      return dice.pick(["1 + 1", "ABS(-1)", "LENGTH('ab')"]);
    case "text":
      return dice.pick(["'a'", "UPPER('a')", "UUID()", "CONCAT('a', 'é')"]);
    case "temporal":
      return dice.pick(["NOW()", "CURRENT_TIMESTAMP"]);
    case "document":
      return dice.pick(["JSON_ARRAY()", "JSON_OBJECT('a', 1)", "'[]'"]);
    default:
      return "NULL";
  }
}
