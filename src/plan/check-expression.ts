/**
 * A source's CHECK in the target's words, where that is provably the same: comparisons of exact numbers and of dates
 * with each other, IN and BETWEEN over number literals, IS NULL, AND, OR, NOT, char_length of a text. Anything else
 * (text comparisons follow a collation, functions differ, floats round) is not translated; the caller says so.
 */
import { postgresName } from "../safety/identifier.js";
import { bareType } from "../typemap/target-type.js";
import type { DecidedTable } from "./columns.js";

type Kind = "number" | "date" | "timestamp without time zone" | "timestamp with time zone";

interface Operand {
  readonly kind: Kind;
  readonly sql: string;
}

/** SQL that means the same on the target, null where that is not certain. */
export function translateCheck(expression: string, table: DecidedTable): string | null {
  const tokens = tokenise(expression);
  if (tokens === null) return null;
  const parser = parse(tokens, table);
  const sql = parser.or();
  return parser.ended() ? sql : null;
}

/** The column of a check that only says that a text is JSON; null for any other check. */
export function jsonValidColumn(expression: string): string | null {
  const found = /^\s*\(*\s*json_valid\s*\(\s*(?:`((?:[^`]|``)+)`|(\w+))\s*\)\s*\)*\s*$/i.exec(expression);
  return found === null ? null : (found[1]?.replaceAll("``", "`") ?? found[2] ?? null);
}

const pattern =
  /\s*(?:`((?:[^`]|``)+)`|(\d+(?:\.\d+)?)(?![\w.])|([A-Za-z_][A-Za-z0-9_$]*)|(<=>|<>|!=|<=|>=|[=<>(),-]|&&|\|\|))/y;

interface Token {
  /** name: a column; word: keyword or bare name, lower case; number; sign. */
  readonly kind: "name" | "word" | "number" | "sign";
  readonly text: string;
}

function tokenise(text: string): readonly Token[] | null {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  pattern.lastIndex = 0;
  while (pattern.lastIndex < end) {
    const found = pattern.exec(text);
    if (found === null) return null;
    const [, name, number, word, sign] = found;
    if (name !== undefined) tokens.push({ kind: "name", text: name.replaceAll("``", "`") });
    else if (number !== undefined) tokens.push({ kind: "number", text: number });
    else if (word !== undefined) tokens.push({ kind: "word", text: word });
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign });
  }
  return tokens;
}

interface Parser {
  or(): string | null;
  ended(): boolean;
}

/** Recursive descent; every step gives null as soon as something is not certain, and never looks further. */
function parse(tokens: readonly Token[], table: DecidedTable): Parser {
  let at = 0;
  const is = (...texts: readonly string[]): boolean => {
    const token = tokens[at];
    return token !== undefined && token.kind !== "name" && texts.includes(token.text.toLowerCase());
  };
  const take = (...texts: readonly string[]): string | null => {
    if (!is(...texts)) return null;
    const token = tokens[at];
    at += 1;
    return token?.text.toLowerCase() ?? null;
  };

  // || is a concatenation under PIPES_AS_CONCAT, so only OR spelled out is OR.
  const or = (): string | null => joined(and, "OR", "or");
  const and = (): string | null => joined(not, "AND", "and", "&&");

  function joined(part: () => string | null, joiner: string, ...words: readonly string[]): string | null {
    const parts: string[] = [];
    do {
      const sql = part();
      if (sql === null) return null;
      parts.push(sql);
    } while (take(...words) !== null);
    return parts.length === 1 ? (parts[0] ?? null) : `(${parts.join(` ${joiner} `)})`;
  }

  function not(): string | null {
    if (take("not") === null) return predicate();
    const sql = not();
    return sql === null ? null : `(NOT ${sql})`;
  }

  function predicate(): string | null {
    const start = at;
    if (take("(") !== null) {
      const sql = or();
      if (sql !== null && take(")") !== null && !comparing()) return sql;
      at = start;
    }
    const left = operand();
    if (left === null) return null;
    if (take("is") !== null) {
      const negated = take("not") !== null;
      return take("null") === null ? null : `(${left.sql} IS ${negated ? "NOT " : ""}NULL)`;
    }
    const negated = take("not") !== null ? "NOT " : "";
    if (take("between") !== null) return between(left, negated);
    if (take("in") !== null) return within(left, negated);
    if (negated !== "") return null;
    const sign = take("=", "<>", "!=", "<", ">", "<=", ">=");
    const right = sign === null ? null : operand();
    if (sign === null || right === null || right.kind !== left.kind) return null;
    return `(${left.sql} ${sign === "!=" ? "<>" : sign} ${right.sql})`;
  }

  function comparing(): boolean {
    return is("=", "<>", "!=", "<", ">", "<=", ">=", "<=>", "is", "in", "between", "not", "-");
  }

  function between(left: Operand, negated: string): string | null {
    const low = operand();
    if (low?.kind !== left.kind || take("and") === null) return null;
    const high = operand();
    return high?.kind === left.kind ? `(${left.sql} ${negated}BETWEEN ${low.sql} AND ${high.sql})` : null;
  }

  function within(left: Operand, negated: string): string | null {
    if (take("(") === null) return null;
    const members: string[] = [];
    do {
      const member = operand();
      if (member?.kind !== left.kind) return null;
      members.push(member.sql);
    } while (take(",") !== null);
    return take(")") === null ? null : `(${left.sql} ${negated}IN (${members.join(", ")}))`;
  }

  function operand(): Operand | null {
    if (take("(") !== null) {
      const inside = operand();
      return inside !== null && take(")") !== null ? inside : null;
    }
    const minus = take("-") === null ? "" : "-";
    const token = tokens[at];
    if (token === undefined) return null;
    if (token.kind === "number") {
      at += 1;
      return { kind: "number", sql: `${minus}${token.text}` };
    }
    if (minus !== "") return null;
    if (token.kind === "word" && /^char(?:acter)?_length$/i.test(token.text)) {
      at += 1;
      if (take("(") === null) return null;
      const name = columnToken();
      const sql = name === null ? null : textLength(name, table);
      return sql !== null && take(")") !== null ? { kind: "number", sql } : null;
    }
    const name = columnToken();
    return name === null ? null : columnOperand(name, table);
  }

  function columnToken(): string | null {
    const token = tokens[at];
    if (token === undefined || (token.kind !== "name" && token.kind !== "word")) return null;
    at += 1;
    return token.text;
  }

  return { or, ended: () => at === tokens.length };
}

function columnOperand(name: string, table: DecidedTable): Operand | null {
  const decided = find(name, table);
  if (decided === undefined) return null;
  const sql = postgresName(decided.target);
  const bare = bareType(decided.targetType);
  switch (bare) {
    case "smallint":
    case "integer":
    case "bigint":
    case "numeric":
      // A YEAR is compared with two-digit numbers in its own way, a BIT as bytes or number by context.
      return /int$|^decimal$/.test(decided.column.type) ? { kind: "number", sql } : null;
    case "date":
    case "timestamp without time zone":
    case "timestamp with time zone":
      return { kind: bare, sql };
    default:
      return null;
  }
}

function textLength(name: string, table: DecidedTable): string | null {
  const decided = find(name, table);
  if (decided === undefined) return null;
  const bare = bareType(decided.targetType);
  return bare === "text" || bare === "character varying"
    ? `char_length(${postgresName(decided.target)})`
    : null;
}

function find(name: string, table: DecidedTable): DecidedTable["decided"][number] | undefined {
  return table.decided.find(({ column }) => column.name.toLowerCase() === name.toLowerCase());
}
