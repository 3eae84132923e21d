/**
 * Dangers in a text for MySQL or MariaDB, found in the parse tree of what MySQL would run (mysql-text.ts). The parser
 * does not know all of MySQL; what it cannot read is refused, never waved through.
 */
import { type Danger, type DangerKind, type Tree, distinctDangers, isTree, trees } from "./danger.js";
import { isHarmlessMysqlFunction } from "./mysql-harmless.js";
import { plainMysql } from "./mysql-text.js";

/** Whatever a text of any number of statements would do beyond reading. */
export async function mysqlDangers(text: string): Promise<readonly Danger[]> {
  const cut = plainMysql(text);
  if ("problem" in cut) return [{ kind: "unreadable", what: cut.problem }];
  const statements = await parsed(cut.plain);
  if ("problem" in statements) return [{ kind: "unreadable", what: statements.problem }];
  if (statements.list.length === 0) return [{ kind: "unreadable", what: "there is no statement in it" }];
  const found: Danger[] = [];
  if (statements.list.length > 1) found.push({ kind: "several", what: String(statements.list.length) });
  for (const statement of statements.list) {
    for (const name of statementNames(statement))
      if (!reading.has(name)) found.push(...ofStatement(name, statement[name]));
    for (const [key, tree] of trees(statement)) found.push(...ofTree(key, tree));
  }
  return distinctDangers(found);
}

/** What each statement of a text is, e.g. `Query`. */
export function statementNames(statement: Tree): readonly string[] {
  return Object.keys(statement);
}

async function parsed(
  text: string,
): Promise<{ readonly list: readonly Tree[] } | { readonly problem: string }> {
  const { init, parse } = await import("@guanmingchiu/sqlparser-ts");
  await init();
  try {
    const list: unknown = parse(text, "mysql");
    // A statement without parts is a bare word in the tree, not a map.
    return {
      list: Array.isArray(list)
        ? list.map((one: unknown) => (isTree(one) ? one : { [String(one)]: {} }))
        : [],
    };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

const reading = new Set(["Query", "Explain", "ExplainTable"]);

const kinds: Readonly<Record<string, DangerKind>> = {
  Drop: "drops",
  DropFunction: "drops",
  DropProcedure: "drops",
  DropTrigger: "drops",
  Truncate: "truncates",
  Insert: "writes",
  Merge: "writes",
  Grant: "rights",
  Revoke: "rights",
  CreateUser: "rights",
  AlterUser: "rights",
  CreateRole: "rights",
  LoadData: "files",
  Copy: "files",
  Call: "code",
  Prepare: "code",
  Execute: "code",
  CreateFunction: "code",
  CreateProcedure: "code",
  CreateTrigger: "code",
  Set: "session",
  Use: "session",
  Kill: "session",
  Flush: "session",
  LockTables: "session",
  UnlockTables: "session",
  StartTransaction: "session",
  Commit: "session",
  Rollback: "session",
};

function ofStatement(name: string, tree: unknown): Danger[] {
  const words = name.replaceAll(/(?<=[a-z])(?=[A-Z])/gu, " ").toUpperCase();
  // DELETE and UPDATE are told by ofTree, which meets them inside CTEs as well.
  if (name === "Delete" || name === "Update") return isTree(tree) ? [] : [{ kind: "writes", what: words }];
  return [{ kind: kinds[name] ?? "defines", what: words }];
}

function ofTree(key: string, tree: Tree): Danger[] {
  const found: Danger[] = [];
  // `{"Delete": {"Delete": {...}}}` is the same statement in a query's place.
  if (isTree(tree["delete_token"])) found.push(ofChange("deletes all", "DELETE", tree));
  if (isTree(tree["update_token"])) found.push(ofChange("updates all", "UPDATE", tree));
  if (isTree(tree["insert_token"])) found.push({ kind: "writes", what: "INSERT" });
  if (isTree(tree["merge_token"])) found.push({ kind: "writes", what: "MERGE" });
  if (isTree(tree["into"]) && Array.isArray(tree["projection"]))
    found.push({ kind: "session", what: "SELECT ... INTO" });
  if (Array.isArray(tree["locks"]) && tree["locks"].length > 0)
    found.push({ kind: "session", what: "row locks, FOR UPDATE" });
  if (tree["op"] === "Assignment") found.push({ kind: "session", what: "a variable, :=" });
  if (key === "Function") {
    const name = nameOf(tree["name"]);
    if (!isHarmlessMysqlFunction(name)) found.push({ kind: "function", what: `${name}()` });
  }
  // FROM f(...): a function in a table's place.
  if (key === "Table" && isTree(tree["args"]))
    found.push({ kind: "function", what: `${nameOf(tree["name"])}()` });
  return found;
}

function ofChange(all: "deletes all" | "updates all", verb: string, tree: Tree): Danger {
  return { kind: depends(tree["selection"]) ? "writes" : all, what: verb };
}

/** A condition in which no column occurs is true for all rows or for none. */
function depends(where: unknown): boolean {
  for (const [key] of trees(where)) if (key === "Identifier" || key === "CompoundIdentifier") return true;
  return false;
}

function nameOf(parts: unknown): string {
  if (!Array.isArray(parts)) return "";
  return parts
    .map((part: unknown) => {
      const word = isTree(part) ? part["Identifier"] : undefined;
      return isTree(word) ? String(word["value"]) : "";
    })
    .join(".");
}
