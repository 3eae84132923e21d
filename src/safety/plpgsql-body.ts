/**
 * Dangers in the body of a DO block or a function. PL/pgSQL is read by its own parser, and each statement and
 * expression in it goes back to the guard; SQL bodies go back as they are; other languages cannot be judged. An EXECUTE
 * is followed where its text is a constant, and told as unknown where it is not.
 */
import { type Danger, type Tree, isTree, textAt, trees } from "./danger.js";

type Judge = (text: string) => Promise<readonly Danger[]>;

/** `statement` is the parsed DO or CREATE FUNCTION, `source` its text. */
export async function bodyDangers(statement: Tree, source: string, judge: Judge): Promise<readonly Danger[]> {
  const options = definitions(statement["args"] ?? statement["options"]);
  const body = options.get("as");
  const language = (options.get("language")?.[0] ?? "plpgsql").toLowerCase();
  // CREATE FUNCTION ... BEGIN ATOMIC or RETURN has no text: it is part of the tree that is being walked already.
  if (body === undefined) return [];
  if (language === "sql") return await judge(body[0] ?? "");
  if (language !== "plpgsql") return [{ kind: "dynamic", what: `a body in ${language}` }];
  const isDo = statement["args"] !== undefined && statement["funcname"] === undefined;
  return await plpgsqlDangers(isDo ? `DO ${quoted(body[0] ?? "")}` : source, judge);
}

function quoted(body: string): string {
  let tag = "$hg$";
  for (let salt = 0; body.includes(tag); salt += 1) tag = `$hg${String(salt)}$`;
  return `${tag}${body}${tag}`;
}

async function plpgsqlDangers(source: string, judge: Judge): Promise<readonly Danger[]> {
  const { parsePlPgSQL } = await import("libpg-query");
  let parsed: unknown;
  try {
    parsed = await parsePlPgSQL(source);
  } catch (error) {
    return [
      { kind: "unreadable", what: `a body: ${error instanceof Error ? error.message : String(error)}` },
    ];
  }
  const found: Danger[] = [];
  const dynamic = new Set<unknown>();
  for (const [key, tree] of trees(parsed)) {
    const computed =
      key === "PLpgSQL_stmt_dynexecute" || key === "PLpgSQL_stmt_dynfors" ? tree["query"] : tree["dynquery"];
    const text = isTree(computed) ? computed["PLpgSQL_expr"] : undefined;
    if (isTree(text)) {
      dynamic.add(text);
      found.push(...(await executed(String(text["query"]), judge)));
    }
    if (key === "PLpgSQL_stmt_commit" || key === "PLpgSQL_stmt_rollback")
      found.push({ kind: "session", what: key.endsWith("commit") ? "COMMIT" : "ROLLBACK" });
    if (key === "PLpgSQL_expr" && !dynamic.has(tree)) found.push(...(await expression(tree, judge)));
  }
  return found;
}

/** What stands after EXECUTE: a constant is a statement like any other. */
async function executed(text: string, judge: Judge): Promise<readonly Danger[]> {
  const around = await judge(`SELECT ${text}`);
  const constant = await constantOf(text);
  if (constant !== null) return [...around, ...(await judge(constant))];
  return [...around, { kind: "dynamic", what: `EXECUTE ${text}` }];
}

async function constantOf(text: string): Promise<string | null> {
  const { parse } = await import("libpg-query");
  let parsed: unknown;
  try {
    parsed = await parse(`SELECT ${text}`);
  } catch {
    // Not one expression: the guard has said so already, and the text is not known.
    return null;
  }
  const all = [...trees(parsed)].map(([key]) => key).filter((key) => /^[A-Z]/u.test(key));
  // SELECT of one constant and nothing else.
  if (all.join(" ") !== "SelectStmt ResTarget A_Const") return null;
  for (const [key, tree] of trees(parsed))
    if (key === "A_Const" && isTree(tree["sval"])) return textAt(tree["sval"], "sval");
  return null;
}

/** parseMode of plpgsql's expressions: 0 a statement, 2 an expression, 3 to 5 an assignment. */
async function expression(tree: Tree, judge: Judge): Promise<readonly Danger[]> {
  const text = String(tree["query"]);
  const mode = tree["parseMode"];
  if (mode === 0) return await judge(text);
  if (mode === 2) return await judge(`SELECT ${text}`);
  const at = await assignmentAt(text);
  if (at === null) return [{ kind: "unreadable", what: `the assignment ${text}` }];
  return [...(await judge(`SELECT ${at.left}`)), ...(await judge(`SELECT ${at.right}`))];
}

/** Both sides of `a[i] := b` or `a = b`: the first such sign outside brackets, by the server's own scanner. */
async function assignmentAt(text: string): Promise<{ readonly left: string; readonly right: string } | null> {
  const { scan } = await import("libpg-query");
  const { tokens } = await scan(text);
  const bytes = Buffer.from(text);
  let depth = 0;
  for (const token of tokens) {
    if (token.text === "(" || token.text === "[") depth += 1;
    else if (token.text === ")" || token.text === "]") depth -= 1;
    else if (depth === 0 && (token.text === ":=" || token.text === "="))
      return {
        left: bytes.subarray(0, token.start).toString(),
        right: bytes.subarray(token.end).toString(),
      };
  }
  return null;
}

/** The options of a statement by name, each as its texts. */
function definitions(list: unknown): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  if (!Array.isArray(list)) return found;
  for (const item of list as readonly unknown[]) {
    const element = isTree(item) ? item["DefElem"] : undefined;
    if (!isTree(element)) continue;
    const texts = [...trees(element["arg"])].flatMap(([key, tree]) =>
      key === "String" ? [textAt(tree, "sval")] : [],
    );
    found.set(String(element["defname"]), texts);
  }
  return found;
}
