/**
 * The guard before every SQL text that a user wrote: the checks and defaults of typemap rules, the queries of
 * verification and baseline. Each is parsed by the grammar of the server that will run it and refused for anything
 * beyond reading, unless the operator confirms that very text (overrides, safeguard statement-guard), which every report
 * then lists. Queries that pass are to run in read-only transactions all the same: a view may hide what no parser can see.
 */
import { type Danger, type Tree, dangerSentence, distinctDangers, isTree } from "./danger.js";
import { mysqlDangers } from "./mysql-statement.js";
import { parsePostgres, postgresDangers, treeDangers } from "./postgres-statement.js";

export interface SqlText {
  /** mysql stands for MariaDB too. */
  readonly server: "mysql" | "postgres";
  /** One reading statement, the inside of CHECK (...), or what follows DEFAULT. The last two are PostgreSQL's only. */
  readonly kind: "query" | "check" | "default";
  readonly text: string;
}

/** Longer than any honest text, shorter than what hurts a parser. */
const longest = 100_000;

/** What is wrong with the text; empty when it only reads. */
export async function statementDangers({ server, kind, text }: SqlText): Promise<readonly Danger[]> {
  if (text.length > longest)
    return [
      { kind: "unreadable", what: `it has ${String(text.length)} characters, ${String(longest)} are read` },
    ];
  // PostgreSQL's parser would stop at U+0000, and a lone surrogate is not what would be sent.
  if (text.includes("\0") || Buffer.from(text).toString() !== text)
    return [{ kind: "unreadable", what: "it holds U+0000 or half a character" }];
  if (kind !== "query") return await expressionDangers(kind, text);
  return server === "mysql" ? await mysqlDangers(text) : await postgresDangers(text);
}

/** One sentence of all that was found, to stand after "is refused: ". */
export function guardSentence(dangers: readonly Danger[]): string {
  return dangers.map(dangerSentence).join("; ");
}

/**
 * An expression is read in its place, with a second part after it: whatever closes the parenthesis early, adds a part,
 * or comments out what follows changes the shape of the whole.
 */
async function expressionDangers(kind: "check" | "default", text: string): Promise<readonly Danger[]> {
  const whole =
    kind === "check"
      ? `ALTER TABLE t ADD CHECK (${text}), ADD CHECK (false)`
      : `CREATE TABLE t (c text DEFAULT ${text}, d text DEFAULT false)`;
  let statements: readonly Tree[];
  try {
    statements = await parsePostgres(whole);
  } catch (error) {
    return [{ kind: "unreadable", what: error instanceof Error ? error.message : String(error) }];
  }
  // Where our own last word stands; the same word written by the user, and ours in a comment, stands elsewhere.
  const end = Buffer.byteLength(whole) - "false)".length;
  const expression = statements.length === 1 ? alone(kind, statements[0], end) : undefined;
  if (expression === undefined) {
    // What else it is decides nothing more, but tells the person what was seen.
    const more = await Promise.all(
      statements.map(({ stmt }) => treeDangers(stmt, { depth: 0, source: whole })),
    );
    const seen = more.flat().filter((danger) => danger.kind !== "defines");
    return distinctDangers([{ kind: "shape", what: "one expression" }, ...seen]);
  }
  const found = await treeDangers(expression, { depth: 0, source: whole });
  // A default may count: that is what sequences are for.
  return kind === "default"
    ? found.filter(({ what }) => !/^(?:pg_catalog\.)?nextval\(\)$/u.test(what))
    : found;
}

/** The expression, when both parts are there and have nothing else in them. */
function alone(kind: "check" | "default", statement: Tree | undefined, end: number): unknown {
  const parts =
    kind === "check"
      ? pick(statement, "stmt", "AlterTableStmt", "cmds")
      : pick(statement, "stmt", "CreateStmt", "tableElts");
  if (!Array.isArray(parts) || parts.length !== 2) return undefined;
  const [first, second] = parts.map((part: unknown) => {
    const constraint =
      kind === "check"
        ? pick(part, "AlterTableCmd", "def", "Constraint")
        : only(pick(part, "ColumnDef", "constraints"), "Constraint");
    return isTree(constraint) && plain(constraint, kind) ? constraint["raw_expr"] : undefined;
  });
  return pick(second, "A_Const", "location") === end ? first : undefined;
}

/** No NOT VALID, NO INHERIT, DEFERRABLE or name beside the expression. */
function plain(constraint: Tree, kind: "check" | "default"): boolean {
  const expected = kind === "check" ? ["is_enforced", "initially_valid"] : [];
  const wanted = new Set(["contype", "raw_expr", "location", ...expected]);
  return (
    constraint["contype"] === (kind === "check" ? "CONSTR_CHECK" : "CONSTR_DEFAULT") &&
    Object.keys(constraint).every((key) => wanted.has(key)) &&
    expected.every((key) => constraint[key] === true)
  );
}

/** The field's value in the list's only map. */
function only(list: unknown, field: string): unknown {
  return Array.isArray(list) && list.length === 1 ? pick(list[0], field) : undefined;
}

function pick(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isTree(inner) ? inner[key] : undefined), value);
}
