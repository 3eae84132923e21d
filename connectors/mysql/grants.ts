/**
 * What the account may do, as the server itself lists it (SHOW GRANTS, active roles included), and what it needs
 * for each phase, as the GRANT statements that `check --grants` prints. Headgate's account only reads the source, but
 * for its own database `headgate`; what only a later phase needs is not asked for before.
 */
import type { SourceEngine } from "../../src/model.js";
import type { CutFrom } from "../../src/port.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { adminStatements } from "./admin-rights.js";
import type { Connection } from "./connection.js";
import { accountName, databaseName } from "./grant-names.js";
import { markerDatabase } from "./own-database.js";

interface Grant {
  readonly privileges: ReadonlySet<string>;
  readonly all: boolean;
  readonly revoked: boolean;
  /** null is every database; otherwise a pattern with MySQL's `_` and `%`, `\` before a literal one. */
  readonly database: string | null;
  /** null is every table of the database. */
  readonly table: string | null;
}

export interface Grants {
  /** `user@host` of the account that the server took us for. */
  readonly account: string;
  /** Whether a privilege holds for the whole server (`database` null), a whole database, or a table. */
  allows(privilege: string, database: string | null, table?: string): boolean;
  /** Whether a privilege holds for at least one table of the database. */
  allowsSome(privilege: string, database: string): boolean;
}

/** Reads the account's grants. Its lines may hold a password's hash, so none of them is ever shown. */
export async function readGrants(connection: Connection): Promise<Grants> {
  const account = (await connection.value("SELECT CURRENT_USER()")) ?? "";
  const rows = await connection.query("SHOW GRANTS");
  return grantsOf(
    account,
    rows.map((row) => row[0] ?? ""),
    await namesAreLiteral(connection),
  );
}

async function namesAreLiteral(connection: Connection): Promise<boolean> {
  const plain = (await connection.value("SHOW GLOBAL VARIABLES LIKE 'partial_revokes'")) !== null;
  return plain && (await connection.value("SELECT @@GLOBAL.partial_revokes")) === "1";
}

/** Whether a database's name in a grant, perhaps with wildcards, means this database. */
export async function databasePatternNames(
  connection: Connection,
): Promise<(pattern: string, database: string) => boolean> {
  const literal = await namesAreLiteral(connection);
  return (pattern, database) => matches(pattern, database, literal);
}

/** Parses the lines of SHOW GRANTS. With partial_revokes, `_` and `%` in a database's name stand for themselves. */
export function grantsOf(account: string, lines: readonly string[], literalNames: boolean): Grants {
  const grants = lines.map(parseGrant).filter((grant) => grant !== null);
  const names = (grant: Grant, database: string): boolean =>
    grant.database === null || matches(grant.database, database, literalNames);
  const has = (grant: Grant, privilege: string): boolean =>
    grant.privileges.has(privilege) || (grant.all && !allLacks.has(privilege));
  return {
    account,
    allows(privilege, database, table) {
      const revoked = grants.some(
        (grant) => grant.revoked && database !== null && grant.database === database && has(grant, privilege),
      );
      if (revoked) return false;
      return grants.some(
        (grant) =>
          !grant.revoked &&
          has(grant, privilege) &&
          (database === null ? grant.database === null : names(grant, database)) &&
          (grant.table === null || grant.table === table),
      );
    },
    allowsSome(privilege, database) {
      return grants.some((grant) => !grant.revoked && has(grant, privilege) && names(grant, database));
    },
  };
}

/** ALL PRIVILEGES includes neither. */
const allLacks = new Set(["GRANT OPTION", "PROXY"]);

const objectPattern =
  /^(GRANT|REVOKE) (.+?) ON (?:TABLE )?(\*|`(?:[^`]|``)*`)\.(\*|`(?:[^`]|``)*`) (?:TO|FROM) /su;

function parseGrant(line: string): Grant | null {
  const match = objectPattern.exec(line);
  if (match === null) return null;
  const [, verb = "", list = "", database = "", table = ""] = match;
  // A privilege on some columns only, `SELECT (a, b)`, is not the privilege.
  const words = list.replaceAll(/[A-Z ]+ \([^)]*\)/gu, "").split(",");
  const privileges = new Set(
    words.map((word) => synonyms.get(word.trim().toUpperCase()) ?? word.trim().toUpperCase()),
  );
  return {
    privileges,
    all: privileges.has("ALL PRIVILEGES") || privileges.has("ALL"),
    revoked: verb === "REVOKE",
    database: database === "*" ? null : unquote(database),
    table: table === "*" ? null : unquote(table),
  };
}

/** MariaDB's newer names, told as MySQL's. */
const synonyms: ReadonlyMap<string, string> = new Map([
  ["BINLOG MONITOR", "REPLICATION CLIENT"],
  ["REPLICATION REPLICA", "REPLICATION SLAVE"],
]);

function unquote(name: string): string {
  return name.slice(1, -1).replaceAll("``", "`");
}

function matches(pattern: string, name: string, literal: boolean): boolean {
  if (literal || !/[%_\\]/u.test(pattern)) return pattern.replaceAll(/\\([%_])/gu, "$1") === name;
  const source = pattern.replaceAll(
    /\\([%_\\])|([%_])|([^%_\\]+|\\)/gsu,
    (_all, escaped: string, wild: string, text: string) =>
      wild === "%" ? ".*" : wild === "_" ? "." : (escaped || text).replaceAll(/[.*+?^${}()|[\]\\]/gu, "\\$&"),
  );
  return new RegExp(`^${source}$`, "su").test(name);
}

/** What shows every routine: a privilege of its own on MySQL 8.0.20 and later, the table mysql.proc on 5.x and MariaDB. */
export interface RoutineRight {
  readonly privilege: "SHOW_ROUTINE" | "SELECT";
  readonly on: "*.*" | "mysql.proc";
}

/** The server's own list of privileges decides, not its version. */
export function routineRight(engine: SourceEngine, privileges: ReadonlySet<string>): RoutineRight {
  if (privileges.has("SHOW_ROUTINE")) return { privilege: "SHOW_ROUTINE", on: "*.*" };
  const early = engine === "mysql" && privileges.has("XA_RECOVER_ADMIN");
  return { privilege: "SELECT", on: early ? "*.*" : "mysql.proc" };
}

/** Names of SHOW PRIVILEGES, in upper case. */
export async function knownPrivileges(connection: Connection): Promise<ReadonlySet<string>> {
  return new Set((await connection.query("SHOW PRIVILEGES")).map((row) => row[0]?.toUpperCase() ?? ""));
}

export function showsRoutines(grants: Grants, right: RoutineRight): boolean {
  if (grants.allows("SELECT", null)) return true;
  return right.on === "*.*" ? grants.allows(right.privilege, null) : grants.allows("SELECT", "mysql", "proc");
}

export function routineGrant(right: RoutineRight, account: string): string {
  const on = right.on === "*.*" ? right.on : "`mysql`.`proc`";
  return `GRANT ${right.privilege} ON ${on} TO ${accountName(account)};`;
}

export type GrantPhase = "copy" | "inventory" | "accounts" | "stream" | "recopy" | "cutover" | "way back";

export interface GrantNeeds {
  /** `user@host`, as CURRENT_USER() tells it. */
  readonly account: string;
  /** The same of `source.admin`; ADMIN@HOST where nobody says who that is. */
  readonly admin?: string;
  readonly engine: SourceEngine;
  readonly database: string;
  /** An exact cut locks its tables for a moment on MySQL: `copy` with tables without a key, `stream` with tables that are tied, and each `recopy`. */
  readonly cut: CutFrom;
  /** Whether the server knows XA_RECOVER_ADMIN (MySQL 8 and later). */
  readonly dynamic: boolean;
  readonly routines: RoutineRight;
  /** What `source.admin` needs to make triggers again that run as somebody else. */
  readonly definer?: readonly string[];
}

/** The exact GRANT statements of each phase. `inventory` only lets check list programs and name who is in the way, `accounts` list who has rights on the database; nothing is copied by them. `cutover` and `way back` are for the fence's own account, `source.admin`. */
export function grantStatements(
  needs: GrantNeeds,
): readonly { readonly phase: GrantPhase; readonly statements: readonly string[] }[] {
  const grant = (privileges: string, on: string): string =>
    `GRANT ${privileges} ON ${on} TO ${accountName(needs.account)};`;
  const admin = accountName(needs.admin ?? "ADMIN@HOST");
  const toAdmin = (privileges: string, on: string): string => `GRANT ${privileges} ON ${on} TO ${admin};`;
  const database = `${databaseName(needs.database)}.*`;
  const mysql = needs.engine === "mysql";
  const copyGlobal = [
    "REPLICATION CLIENT",
    ...(mysql && needs.dynamic ? ["XA_RECOVER_ADMIN"] : []),
    ...(mysql && needs.cut === "copy" ? ["RELOAD"] : []),
  ];
  const copyDatabase = ["SELECT", "SHOW VIEW", ...(mysql && needs.cut === "copy" ? ["LOCK TABLES"] : [])];
  const cutFrom = (phase: CutFrom): readonly string[] =>
    mysql && needs.cut === phase ? [grant("LOCK TABLES", database), grant("RELOAD", "*.*")] : [];
  const recopy = cutFrom("recopy");
  return [
    {
      phase: "copy",
      statements: [
        grant(copyDatabase.join(", "), database),
        grant("CREATE, SELECT, INSERT, UPDATE", `${mysqlName(markerDatabase)}.*`),
        ...copyGlobal.map((privilege) => grant(privilege, "*.*")),
      ],
    },
    {
      phase: "inventory",
      statements: [
        grant("TRIGGER, EVENT", database),
        routineGrant(needs.routines, needs.account),
        // Which definers exist, and who holds a lock that we wait for.
        grant("SELECT (User, Host)", "mysql.user"),
        grant("SELECT", "performance_schema.*"),
      ],
    },
    // Passwords' hashes stand there too: for the time of an assessment that lists the application's accounts.
    { phase: "accounts", statements: [grant("SELECT", "`mysql`.*")] },
    { phase: "stream", statements: [grant("REPLICATION SLAVE", "*.*"), ...cutFrom("stream")] },
    // Only for headgate recopy, which copies one table again beside what is followed.
    ...(recopy.length === 0 ? [] : [{ phase: "recopy" as const, statements: recopy }]),
    { phase: "cutover", statements: adminStatements(needs, admin) },
    {
      phase: "way back",
      statements: [
        // TRIGGER only to see that none stands on a table: it would act on every row that is written back.
        toAdmin("SELECT, INSERT, UPDATE, DELETE, TRIGGER", database),
        toAdmin("CREATE, SELECT, INSERT, UPDATE, DELETE, DROP", `${mysqlName(markerDatabase)}.*`),
      ],
    },
  ];
}
