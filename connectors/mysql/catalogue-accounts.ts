/**
 * Which accounts have rights on the database, out of information_schema's privilege views. They show every account
 * only to one that may read the database `mysql`; to any other they show itself, so what they say then is no answer
 * and null is told. The server's own accounts are left out.
 */
import { Fault } from "../../src/errors.js";
import type { SourceAccount } from "../../src/model.js";
import { groupBy } from "./catalogue-views.js";
import type { InformationSchema } from "./catalogue-views.js";
import type { Connection, Row } from "./connection.js";
import { databasePatternNames, readGrants } from "./grants.js";

/** Accounts that a server makes for itself. */
const own = /^(?:mysql\.(?:sys|session|infoschema)|mariadb\.sys)@localhost$/u;

/** `user@host` of every account of the server; null where this one may not look. */
export async function readAccountNames(
  connection: Connection,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string> | null> {
  try {
    const rows = await connection.query("SELECT User, Host FROM mysql.user", [], signal);
    return new Set(rows.map(([user, host]) => `${user ?? ""}@${host ?? ""}`));
  } catch (error) {
    if (!(error instanceof Fault) || error.retriable) throw error;
    return null;
  }
}

/** Accounts with rights on the database or on everything, in order; null where this one may not see them. */
export async function readAccounts(
  connection: Connection,
  schema: InformationSchema,
): Promise<readonly SourceAccount[] | null> {
  const grants = await readGrants(connection);
  if (!grants.allows("SELECT", "mysql")) return null;
  const lines: { readonly account: string; readonly on: string; readonly privilege: string }[] = [];
  const read = async (view: string, columns: string, where: string): Promise<readonly Row[]> =>
    schema.has(view)
      ? await connection.query(
          `SELECT GRANTEE, PRIVILEGE_TYPE, IS_GRANTABLE, ${columns} FROM information_schema.${view} WHERE ${where}`,
          [],
          schema.signal,
        )
      : [];
  const add = (row: Row, on: string): void => {
    const account = accountOf(row[0] ?? "");
    if (own.test(account)) return;
    lines.push({ account, on, privilege: row[1] ?? "" });
    if (row[2] === "YES") lines.push({ account, on, privilege: "GRANT OPTION" });
  };
  for (const row of await read(
    "USER_PRIVILEGES",
    "NULL",
    "PRIVILEGE_TYPE <> 'USAGE' OR IS_GRANTABLE = 'YES'",
  ))
    add(row, "*.*");
  const names = await databasePatternNames(connection);
  for (const row of await read("SCHEMA_PRIVILEGES", "TABLE_SCHEMA", "1 = 1"))
    if (names(row[3] ?? "", schema.database)) add(row, `${schema.database}.*`);
  for (const row of await read("TABLE_PRIVILEGES", "TABLE_SCHEMA, TABLE_NAME", "1 = 1"))
    if (row[3] === schema.database) add(row, `${schema.database}.${row[4] ?? ""}`);
  for (const row of await read("COLUMN_PRIVILEGES", "TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME", "1 = 1"))
    if (row[3] === schema.database) add(row, `${schema.database}.${row[4] ?? ""}(${row[5] ?? ""})`);
  const groups = groupBy(lines, ({ account, on }) => `${account}\0${on}`);
  return [...groups]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([, group]) => {
      const [first] = group;
      if (first === undefined) return [];
      return [
        {
          account: first.account,
          on: first.on,
          privileges: [...new Set(group.map((each) => each.privilege))].sort(),
        },
      ];
    });
}

/** `'app'@'%'` as CURRENT_USER() would tell it; a role of MariaDB has no host. */
function accountOf(grantee: string): string {
  const match = /^'(.*)'@'([^']*)'$/su.exec(grantee);
  return match === null ? grantee.replace(/^'(.*)'$/su, "$1") : `${match[1] ?? ""}@${match[2] ?? ""}`;
}
