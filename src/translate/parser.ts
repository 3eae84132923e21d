/**
 * The SQL parser (WebAssembly) behind one door: loaded when something is to be translated and not before, as it
 * costs a tenth of a second and ten megabytes. What it cannot read is outside the subset, with its own words.
 */
import { Fault } from "../errors.js";
import { Outside, type Node, listOf, nodeOf, outside, variant, withoutPlaces } from "./node.js";

type Parse = (sql: string, dialect: "mysql") => unknown;

let parse: Parse | null = null;

/** Must have resolved before anything is translated. Cheap when repeated. */
export async function loadParser(): Promise<void> {
  if (parse !== null) return;
  const library = await import("@guanmingchiu/sqlparser-ts");
  await library.init();
  parse = (sql, dialect) => library.parse(sql, dialect);
}

/** The one query that `sql` is. */
export function parseQuery(sql: string): Node {
  if (parse === null) throw new Fault("bug", "The SQL parser was asked before it was loaded.");
  let statements: unknown;
  try {
    statements = withoutPlaces(parse(readable(sql), "mysql"));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new Outside(`something that the parser cannot read (${brief(error.message)})`);
  }
  const [statement, ...more] = listOf(statements);
  if (statement === undefined || more.length > 0) return outside("other than one statement");
  const [kind, body] = variant(statement);
  return kind === "Query" ? nodeOf(body, "a statement") : outside("a statement that is no query");
}

/** The one expression that `sql` is. */
export function parseExpression(sql: string): unknown {
  const [kind, body] = variant(parseQuery(`SELECT ${sql}`)["body"]);
  if (kind !== "Select") return outside("a query instead of an expression");
  const select = nodeOf(body, "an expression");
  const [item, ...more] = listOf(select["projection"]);
  if (item === undefined || more.length > 0 || listOf(select["from"]).length > 0) return outside("a list");
  for (const clause of ["selection", "having", "into"])
    if ((select[clause] ?? null) !== null) return outside(`a ${clause} clause`);
  const [shape, expression] = variant(item);
  return shape === "UnnamedExpr" ? expression : outside("an alias");
}

/**
 * Both servers print CAST(x AS CHAR) with its character set, and MariaDB the remainder as MOD, which the parser does
 * not know. Quoted text and names are stepped over, so that only the server's own words are touched.
 */
function readable(sql: string): string {
  return sql.replaceAll(
    /'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`| as char(\(\d+\))? charset utf8(?:mb[34])?\)| MOD (?!\()/gis,
    (found: string, length?: string) =>
      / as /i.test(found.slice(0, 4))
        ? ` as char${length ?? ""})`
        : / mod /i.test(found.slice(0, 5))
          ? " % "
          : found,
  );
}

function brief(message: string): string {
  return message.replace(/^.*?sql parser error: /s, "").slice(0, 120);
}
