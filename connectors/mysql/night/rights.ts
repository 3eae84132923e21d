/**
 * Who may do what on the source, of all accounts at once: their own rights and those of every role that they could take,
 * read from information_schema by an account that may read the database `mysql`.
 */
import { Fault } from "../../../src/errors.js";
import type { Connection, Row } from "../connection.js";
import { databasePatternNames } from "../grants.js";

/** Rights of one account that touch a database, by where they stand: `*.*`, `shop.*`, `shop.orders`. */
export type Rights = ReadonlyMap<string, ReadonlySet<string>>;

/** By `user@host`. An account without any is not there. */
export async function rightsOn(
  connection: Connection,
  database: string,
): Promise<ReadonlyMap<string, Rights>> {
  const all = new Map<string, Map<string, Set<string>>>();
  const add = (account: string, on: string, privilege: string): void => {
    if (privilege === "USAGE") return;
    const places = all.get(account) ?? new Map<string, Set<string>>();
    all.set(account, places.set(on, (places.get(on) ?? new Set()).add(privilege)));
  };
  const view = (name: string, columns: string): Promise<readonly Row[]> =>
    connection.query(`SELECT GRANTEE, PRIVILEGE_TYPE, ${columns} FROM information_schema.${name}`);
  const names = await databasePatternNames(connection);
  for (const [grantee, privilege] of await view("USER_PRIVILEGES", "NULL"))
    add(accountOf(grantee ?? ""), "*.*", privilege ?? "");
  for (const [grantee, privilege, on] of await view("SCHEMA_PRIVILEGES", "TABLE_SCHEMA"))
    if (names(on ?? "", database)) add(accountOf(grantee ?? ""), `${database}.*`, privilege ?? "");
  for (const [grantee, privilege, on, table] of [
    ...(await view("TABLE_PRIVILEGES", "TABLE_SCHEMA, TABLE_NAME")),
    ...(await view("COLUMN_PRIVILEGES", "TABLE_SCHEMA, TABLE_NAME")),
  ])
    if (on === database) add(accountOf(grantee ?? ""), `${database}.${table ?? ""}`, privilege ?? "");
  return withBorrowed(all, await borrowing(connection));
}

/** Whose rights an account could take: roles, and accounts that it may log in as. */
async function borrowing(connection: Connection): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const from = new Map<string, Set<string>>();
  const add = (account: string, other: string): void => {
    from.set(account, (from.get(account) ?? new Set()).add(other));
  };
  for (const [who, whose] of await asked(
    connection,
    "SELECT CONCAT(TO_USER, '@', TO_HOST), CONCAT(FROM_USER, '@', FROM_HOST) FROM mysql.role_edges",
  ))
    add(who ?? "", whose ?? "");
  // MariaDB's roles have no host.
  for (const [who, whose] of await asked(
    connection,
    "SELECT IF(Host = '', User, CONCAT(User, '@', Host)), Role FROM mysql.roles_mapping",
  ))
    add(who ?? "", whose ?? "");
  for (const [who, whose] of await asked(
    connection,
    "SELECT CONCAT(User, '@', Host), CONCAT(Proxied_user, '@', Proxied_host) FROM mysql.proxies_priv WHERE Proxied_user <> ''",
  ))
    add(who ?? "", whose ?? "");
  return from;
}

const noSuchTable = 1146;

/** No rows where the server has no such table. */
async function asked(connection: Connection, sql: string): Promise<readonly Row[]> {
  try {
    return await connection.query(sql);
  } catch (error) {
    if (error instanceof Fault && error.facts["errno"] === noSuchTable) return [];
    throw error;
  }
}

function withBorrowed(
  own: ReadonlyMap<string, Rights>,
  from: ReadonlyMap<string, ReadonlySet<string>>,
): ReadonlyMap<string, Rights> {
  const result = new Map<string, Rights>();
  for (const account of new Set([...own.keys(), ...from.keys()])) {
    const reached = new Set([account]);
    for (const one of reached) for (const other of from.get(one) ?? []) reached.add(other);
    const rights = new Map<string, Set<string>>();
    for (const one of reached)
      for (const [on, privileges] of own.get(one) ?? [])
        rights.set(on, new Set([...(rights.get(on) ?? []), ...privileges]));
    if (rights.size > 0) result.set(account, rights);
  }
  return result;
}

/** `'app'@'%'` as CURRENT_USER() would tell it. */
function accountOf(grantee: string): string {
  const match = /^'(.*)'@'([^']*)'$/su.exec(grantee);
  if (match === null) return grantee.replace(/^'(.*)'$/su, "$1");
  return match[2] === "" ? (match[1] ?? "") : `${match[1] ?? ""}@${match[2] ?? ""}`;
}
