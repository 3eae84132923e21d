/**
 * What a logged statement is to the stream: a mark of a transaction, rows written as text, or DDL. Nothing is parsed:
 * a DDL counts as naming a table wherever the table's name stands in it, so that it errs on the side of stopping; only
 * kinds of statements that leave rows and shapes of tables alone are let through.
 */
import type { LoggedStatement } from "./query-event.js";
import { tokens } from "./tokens.js";
import type { Token } from "./tokens.js";

export type StatementKind =
  | { readonly kind: "begin" | "commit" | "rollback" | "rollback-to" | "savepoint" }
  | { readonly kind: "xa"; readonly verb: string; readonly xid: string }
  /** Rows as text, or something that may write rows without naming them. */
  | { readonly kind: "rows" }
  /** Leaves rows and shapes of tables as they are. */
  | { readonly kind: "harmless" }
  | { readonly kind: "truncate"; readonly database: string | null; readonly table: string }
  | { readonly kind: "drop-database"; readonly database: string }
  | { readonly kind: "ddl" };

const rowVerbs = new Set(
  "INSERT REPLACE UPDATE DELETE LOAD WITH SELECT CALL DO HANDLER VALUES EXECUTE EXPLAIN DESCRIBE DESC".split(
    " ",
  ),
);

const harmlessVerbs = new Set(
  "GRANT REVOKE OPTIMIZE FLUSH RESET INSTALL UNINSTALL KILL CHANGE PURGE SHOW LOCK UNLOCK USE".split(" "),
);

/** What CREATE, ALTER, DROP and RENAME may be about without touching a table. */
const harmlessObjects = new Set(
  "VIEW TRIGGER PROCEDURE FUNCTION EVENT USER ROLE SERVER TABLESPACE LOGFILE UNDO PACKAGE RESOURCE INSTANCE".split(
    " ",
  ),
);
const tableObjects = new Set("TABLE TABLES INDEX SEQUENCE DATABASE SCHEMA TEMPORARY".split(" "));

/** ANALYZE before any of these is about a table's statistics; before anything else it runs a statement (MariaDB). */
const statisticsWords = new Set("TABLE TABLES LOCAL NO_WRITE_TO_BINLOG".split(" "));

/** `lists`: the server lists the databases of every statement of a person's that writes rows (MySQL). */
export function kindOf(statement: LoggedStatement, lists = false): StatementKind {
  const all = [...tokens(statement.text, statement.plainBackslash)];
  const kind = kindOfTokens(all);
  const byServer = statement.byServer || (lists && statement.touched === null);
  return byServer ? (emptied(all) ?? kind) : kind;
}

/** A table in memory is empty after a restart, which the server says with its first use: as TRUNCATE, or as this. */
function emptied(all: readonly Token[]): StatementKind | null {
  const [verb, from, database, dot, table, ...rest] = all;
  const isDelete = verb?.text === "DELETE" && from?.text === "FROM";
  if (!isDelete || database?.kind !== "name" || dot?.text !== "." || table?.kind !== "name") return null;
  return rest.length > 0 ? null : { kind: "truncate", database: database.text, table: table.text };
}

function kindOfTokens(all: readonly Token[]): StatementKind {
  const word = (at: number): string => {
    const token = all[at];
    return token?.kind === "word" ? token.text.toUpperCase() : "";
  };
  const first = word(0);
  switch (first) {
    case "BEGIN":
      return { kind: "begin" };
    case "START":
      return word(1) === "TRANSACTION" ? { kind: "begin" } : { kind: "harmless" };
    case "COMMIT":
      return { kind: "commit" };
    case "ROLLBACK":
      return { kind: word(1) === "TO" || word(2) === "TO" ? "rollback-to" : "rollback" };
    case "SAVEPOINT":
    case "RELEASE":
      return { kind: "savepoint" };
    case "XA":
      return { kind: "xa", verb: word(1), xid: xidOf(all.slice(2)) };
    case "TRUNCATE":
      return truncated(all);
    case "ANALYZE":
      return { kind: statisticsWords.has(word(1)) ? "harmless" : "rows" };
    case "SET": {
      const inner = all.findIndex((token) => token.kind === "word" && token.text.toUpperCase() === "FOR");
      if (word(1) !== "STATEMENT") return { kind: "harmless" };
      return inner < 0 ? { kind: "ddl" } : kindOfTokens(all.slice(inner + 1));
    }
    case "DROP":
      if (word(1) === "DATABASE" || word(1) === "SCHEMA") {
        const name = all.at(word(2) === "IF" ? 4 : 2);
        return name === undefined ? { kind: "ddl" } : { kind: "drop-database", database: name.text };
      }
      return changing(all);
    case "CREATE":
    case "ALTER":
    case "RENAME":
      return changing(all);
    default:
      if (rowVerbs.has(first)) return { kind: "rows" };
      // A statement in parentheses can only be a query, and only one with side effects is logged.
      if (all[0]?.text === "(") return { kind: "rows" };
      return { kind: harmlessVerbs.has(first) ? "harmless" : "ddl" };
  }
}

/** The first word that says what it is about decides; a definer may be called anything, but stands in quotes. */
function changing(all: readonly Token[]): StatementKind {
  for (const token of all.slice(1)) {
    if (token.kind !== "word") continue;
    const word = token.text.toUpperCase();
    if (word === "TEMPORARY") return { kind: "harmless" };
    if (word === "DATABASE" || word === "SCHEMA") return { kind: "harmless" };
    if (tableObjects.has(word)) return { kind: "ddl" };
    if (harmlessObjects.has(word)) return { kind: "harmless" };
  }
  return { kind: "ddl" };
}

/** TRUNCATE [TABLE] [database.]table, and nothing else but how long to wait. */
function truncated(all: readonly Token[]): StatementKind {
  const from = all[1]?.kind === "word" && all[1].text.toUpperCase() === "TABLE" && all.length > 2 ? 2 : 1;
  const [one, dot, other, ...rest] = all.slice(from);
  if (one === undefined || one.kind === "mark") return { kind: "ddl" };
  const qualified = dot?.text === "." && dot.kind === "mark" && other !== undefined;
  const tail = qualified ? rest : all.slice(from + 1);
  if (tail.some((token) => token.kind !== "word" && token.text !== ";")) return { kind: "ddl" };
  return qualified
    ? { kind: "truncate", database: one.text, table: other.text }
    : { kind: "truncate", database: null, table: one.text };
}

/** As it stands in the statement, blanks left out: the same words name it at its end. */
function xidOf(all: readonly Token[]): string {
  const parts = all
    .map((token) => (token.kind === "literal" ? `'${token.text}'` : token.text))
    .join("")
    .toLowerCase();
  return parts.replace(/onephase$/u, "");
}

/** The plan's tables among which names are looked for. Names are compared without case, which finds more. */
export interface WantedNames {
  readonly database: string;
  readonly tables: readonly string[];
}

/** Source names of the tables that the statement names, or may name. */
export function namedTables(statement: LoggedStatement, wanted: WantedNames): readonly string[] {
  const ours = wanted.database.toLowerCase();
  const here = statement.database.toLowerCase() === ours;
  const found = new Set<string>();
  const all = [...tokens(statement.text, statement.plainBackslash)];
  all.forEach((token, i) => {
    if (token.kind === "mark" || token.kind === "literal") return;
    const isMark = (at: number): boolean => all[at]?.kind === "mark" && all[at].text === ".";
    // A name before a dot is the database's.
    if (isMark(i + 1)) return;
    const qualifier = isMark(i - 1) ? qualifierOf(all[i - 2]) : undefined;
    if (qualifier === undefined ? here : qualifier === ours) found.add(token.text.toLowerCase());
  });
  return wanted.tables.filter(
    (name) => found.has(name.toLowerCase()) || (statement.garbled && !isAscii(name)),
  );
}

/** Words behind which old grammars take `.name` for a name in the session's database. */
const beforeNames = new Set(
  "TABLE TABLES EXISTS TO ON LIKE REFERENCES WITH INTO FROM JOIN UPDATE IGNORE TRUNCATE".split(" "),
);

/** In lower case; undefined where what stands before the dot is no name. */
function qualifierOf(token: Token | undefined): string | undefined {
  if (token === undefined || token.kind === "mark") return undefined;
  return token.kind === "word" && beforeNames.has(token.text.toUpperCase())
    ? undefined
    : token.text.toLowerCase();
}

/**
 * Whether a statement that writes rows as text may have written to our database. What triggers, functions and views
 * write stands in no text: where the source does not list the databases, any statement may have.
 */
export function concerns(statement: LoggedStatement, wanted: WantedNames): boolean {
  const ours = wanted.database.toLowerCase();
  const all = [...tokens(statement.text, statement.plainBackslash)];
  if (!statement.garbled && isOfTheHost(all)) return false;
  if (statement.touched === null || statement.touched === "many" || statement.garbled) return true;
  if (statement.database.toLowerCase() === ours) return true;
  if (statement.touched.some((name) => name.toLowerCase() === ours)) return true;
  return all.some(({ kind, text }) => kind !== "mark" && text.toLowerCase() === ours);
}

/** Tables that Amazon's hosting writes to as text whatever the log's format, every few minutes: no trigger can be on them. */
const hostTables = new Set(["rds_heartbeat2", "rds_sysinfo"]);
const hostVerbs = new Set(["INSERT", "DELETE"]);

function isOfTheHost(all: readonly Token[]): boolean {
  // MariaDB's SET STATEMENT variable = value FOR ... has it behind its own words.
  const verb = all.findIndex(({ kind, text }) => kind === "word" && hostVerbs.has(text.toUpperCase()));
  const [, , database, dot, table] = verb < 0 ? [] : all.slice(verb);
  return (
    database?.text.toLowerCase() === "mysql" &&
    dot?.text === "." &&
    hostTables.has(table?.text.toLowerCase() ?? "") &&
    !all.some(({ kind, text }) => kind === "word" && text.toUpperCase() === "SELECT")
  );
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/u.test(text);
}

/** Words of an ALTER TABLE or CREATE TABLE that may touch rows or columns that are there, or bring rows of their own. */
const moreThanAdding = new Set(
  (
    "DROP RENAME CHANGE MODIFY CONVERT PARTITION PARTITIONS EXCHANGE TRUNCATE DISCARD IMPORT REORGANIZE COALESCE REMOVE " +
    "REBUILD ORDER SELECT ALTER SYSTEM VERSIONING PERIOD IGNORE REPLACE"
  ).split(" "),
);

/**
 * Whether a DDL leaves all rows and columns as they were: an ALTER TABLE that only adds, an index that comes or goes, a
 * table that is made empty. Unknown words are let through only beside ADD, and any word that may do more says no.
 */
export function isAddition(statement: LoggedStatement): boolean {
  const words = [...tokens(statement.text, statement.plainBackslash)].flatMap(({ kind, text }) =>
    kind === "word" ? [text.toUpperCase()] : [],
  );
  const [verb = "", ...rest] = words;
  const about = rest.find((word) => word === "TABLE" || word === "INDEX");
  if (statement.garbled) return false;
  if ((verb === "CREATE" || verb === "DROP") && about === "INDEX")
    return !rest.slice(0, rest.indexOf("INDEX")).includes("TABLE");
  if (about !== "TABLE" || (verb !== "ALTER" && verb !== "CREATE")) return false;
  if (rest.some((word) => moreThanAdding.has(word))) return false;
  return verb === "CREATE" || rest.includes("ADD");
}
