/**
 * Dangers in a text for PostgreSQL, found in PostgreSQL's own parse tree: comments and literals are no statements, and
 * nothing hides in a CTE, a sub-select, an EXPLAIN, a DO block or the body of a function. Bodies and constant EXECUTE
 * texts are parsed in turn; what is put together while it runs cannot be judged and is said to be so.
 */
import { type Danger, type Tree, distinctDangers, isTree, trees } from "./danger.js";
import type { DangerKind } from "./danger.js";
import { bodyDangers } from "./plpgsql-body.js";
import { isHarmlessFunction, isHarmlessOperator } from "./postgres-harmless.js";

/** Bodies within bodies; no honest text goes deeper. */
const deepest = 20;

/** All statements of a text. Throws what the parser throws. */
export async function parsePostgres(text: string): Promise<readonly Tree[]> {
  const { parse } = await import("libpg-query");
  const parsed: unknown = await parse(text);
  const list: unknown = isTree(parsed) ? parsed["stmts"] : undefined;
  return Array.isArray(list) ? list.filter(isTree) : [];
}

/** Whatever a text of any number of statements would do beyond reading. */
export async function postgresDangers(text: string, depth = 0): Promise<readonly Danger[]> {
  if (depth > deepest) return [{ kind: "unreadable", what: "texts within texts within texts" }];
  let statements: readonly Tree[];
  try {
    statements = await parsePostgres(text);
  } catch (error) {
    return [{ kind: "unreadable", what: error instanceof Error ? error.message : String(error) }];
  }
  if (statements.length === 0) return [{ kind: "unreadable", what: "there is no statement in it" }];
  const found: Danger[] = [];
  if (statements.length > 1) found.push({ kind: "several", what: String(statements.length) });
  for (const statement of statements) {
    const at = number(statement["stmt_location"]);
    const length = number(statement["stmt_len"]);
    const bytes = Buffer.from(text);
    const source = bytes.subarray(at, length === 0 ? bytes.length : at + length).toString();
    found.push(...(await treeDangers(statement["stmt"], { depth, source })));
  }
  return distinctDangers(found);
}

interface Whence {
  readonly depth: number;
  /** The statement that the tree was parsed from: bodies are read with the statement around them. */
  readonly source: string;
}

/** What a parsed statement or expression would do beyond reading. */
export async function treeDangers(root: unknown, whence: Whence): Promise<readonly Danger[]> {
  const found: Danger[] = [];
  for (const [key, tree] of trees(root)) {
    if (key.endsWith("Stmt") && /^[A-Z]/u.test(key)) found.push(...ofStatement(key, tree));
    if (isTree(tree["intoClause"])) found.push({ kind: "defines", what: "SELECT INTO" });
    if (Array.isArray(tree["lockingClause"])) found.push({ kind: "session", what: "row locks, FOR UPDATE" });
    if (key === "FuncCall") found.push(...ofFunction(tree["funcname"]));
    if (key === "A_Expr" || key === "SubLink") found.push(...ofOperator(tree));
    if (key === "SortBy" && tree["useOp"] !== undefined) found.push(...ofOperator({ name: tree["useOp"] }));
    if (key === "RangeTableSample") found.push(...ofSampling(tree["method"]));
    if (key === "DoStmt" || key === "CreateFunctionStmt")
      found.push(
        ...(await bodyDangers(tree, whence.source, (text) => postgresDangers(text, whence.depth + 1))),
      );
  }
  return found;
}

const kinds: Readonly<Record<string, readonly [DangerKind, string]>> = {
  DropStmt: ["drops", "DROP"],
  DropdbStmt: ["drops", "DROP DATABASE"],
  DropOwnedStmt: ["drops", "DROP OWNED"],
  DropRoleStmt: ["drops", "DROP ROLE"],
  DropSubscriptionStmt: ["drops", "DROP SUBSCRIPTION"],
  DropTableSpaceStmt: ["drops", "DROP TABLESPACE"],
  DropUserMappingStmt: ["drops", "DROP USER MAPPING"],
  TruncateStmt: ["truncates", "TRUNCATE"],
  InsertStmt: ["writes", "INSERT"],
  MergeStmt: ["writes", "MERGE"],
  GrantStmt: ["rights", "GRANT or REVOKE"],
  GrantRoleStmt: ["rights", "GRANT or REVOKE of a role"],
  AlterDefaultPrivilegesStmt: ["rights", "ALTER DEFAULT PRIVILEGES"],
  CreateRoleStmt: ["rights", "CREATE ROLE"],
  AlterRoleStmt: ["rights", "ALTER ROLE"],
  AlterRoleSetStmt: ["rights", "ALTER ROLE"],
  AlterOwnerStmt: ["rights", "ALTER OWNER"],
  ReassignOwnedStmt: ["rights", "REASSIGN OWNED"],
  CopyStmt: ["files", "COPY"],
  LoadStmt: ["files", "LOAD"],
  AlterSystemStmt: ["files", "ALTER SYSTEM"],
  DoStmt: ["code", "DO"],
  CallStmt: ["code", "CALL"],
  CreateFunctionStmt: ["code", "CREATE FUNCTION"],
  PrepareStmt: ["code", "PREPARE"],
  ExecuteStmt: ["code", "EXECUTE"],
  RuleStmt: ["code", "CREATE RULE"],
  CreateTrigStmt: ["code", "CREATE TRIGGER"],
  CreateEventTrigStmt: ["code", "CREATE EVENT TRIGGER"],
  AlterTableStmt: ["defines", "ALTER TABLE"],
  RenameStmt: ["defines", "ALTER ... RENAME"],
  CreateStmt: ["defines", "CREATE TABLE"],
  CreateTableAsStmt: ["defines", "CREATE TABLE AS"],
  TransactionStmt: ["session", "a transaction statement"],
  VariableSetStmt: ["session", "SET"],
  LockStmt: ["session", "LOCK"],
  ListenStmt: ["session", "LISTEN"],
  UnlistenStmt: ["session", "UNLISTEN"],
  NotifyStmt: ["session", "NOTIFY"],
  DiscardStmt: ["session", "DISCARD"],
  DeclareCursorStmt: ["session", "DECLARE CURSOR"],
  FetchStmt: ["session", "FETCH"],
  ClosePortalStmt: ["session", "CLOSE"],
  DeallocateStmt: ["session", "DEALLOCATE"],
  ConstraintsSetStmt: ["session", "SET CONSTRAINTS"],
  CheckPointStmt: ["session", "CHECKPOINT"],
};

const reading = new Set(["SelectStmt", "ExplainStmt", "VariableShowStmt", "PLAssignStmt", "ReturnStmt"]);

function ofStatement(key: string, tree: Tree): Danger[] {
  if (reading.has(key)) return [];
  if (key === "DeleteStmt" || key === "UpdateStmt") {
    const verb = key === "DeleteStmt" ? "DELETE" : "UPDATE";
    const table = isTree(tree["relation"]) ? String(tree["relation"]["relname"]) : "";
    const what = `${verb} ${table}`;
    if (depends(tree["whereClause"])) return [{ kind: "writes", what }];
    return [{ kind: verb === "DELETE" ? "deletes all" : "updates all", what }];
  }
  if (key === "CopyStmt" && tree["is_program"] === true) return [{ kind: "files", what: "COPY ... PROGRAM" }];
  // A statement that is not in the table is new or rare; either way it is no SELECT.
  const [kind, what] = kinds[key] ?? (["defines", key.replace(/Stmt$/u, "")] as const);
  return [{ kind, what }];
}

/** A condition in which no column occurs is true for all rows or for none. */
function depends(where: unknown): boolean {
  for (const [key] of trees(where)) if (key === "ColumnRef" || key === "CurrentOfExpr") return true;
  return false;
}

function ofFunction(funcname: unknown): Danger[] {
  const parts = names(funcname);
  const schema = parts.length > 1 ? parts.slice(0, -1).join(".") : null;
  if (isHarmlessFunction(schema, parts.at(-1) ?? "")) return [];
  return [{ kind: "function", what: `${parts.join(".")}()` }];
}

function ofOperator(tree: Tree): Danger[] {
  const parts = names(tree["name"] ?? tree["operName"]);
  if (parts.length === 0 || !/^AEXPR_OP|^undefined$/u.test(String(tree["kind"]))) return [];
  const schema = parts.length > 1 ? parts.slice(0, -1).join(".") : null;
  if (isHarmlessOperator(schema, parts.at(-1) ?? "")) return [];
  return [{ kind: "function", what: `the operator ${parts.join(".")}` }];
}

function ofSampling(method: unknown): Danger[] {
  const name = names(method).join(".");
  return /^(?:pg_catalog\.)?(?:bernoulli|system)$/u.test(name)
    ? []
    : [{ kind: "function", what: `the sampling method ${name}` }];
}

/** The parts of a dotted name. */
function names(list: unknown): string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((part: unknown) => {
    const text = isTree(part) ? part["String"] : undefined;
    return isTree(text) ? [String(text["sval"])] : [];
  });
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
