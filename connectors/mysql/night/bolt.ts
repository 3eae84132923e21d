/**
 * How one account is kept from writing, and how that is taken back exactly. Where the server can lock an account it is
 * locked: it logs in no more. MySQL 5.6 cannot: every right but those that only read is revoked, and granted again
 * afterwards, read from the grant tables and not from SHOW GRANTS, whose lines hold the password's hash.
 */
import { Fault } from "../../../src/errors.js";
import type { Connection, Row } from "../connection.js";
import { mysqlName } from "../../../src/safety/identifier.js";
import { sqlAccount, told } from "./account.js";
import type { Account } from "./account.js";
import type { Hand } from "./session.js";

/** Rights on one object. `on` as GRANT wants it. */
export interface Held {
  readonly on: string;
  readonly privileges: readonly string[];
  readonly grantable: boolean;
}

/** One account as it was before the fence. */
export type Bolt = Account &
  ({ readonly locked: boolean } | { readonly held: readonly Held[]; readonly proxies: readonly Held[] });

/** `column`: MySQL from 5.7 on; `json`: MariaDB from 10.4 on; `none`: older ones of both. */
type Locks = "column" | "json" | "none";

async function locksOf(connection: Connection): Promise<Locks> {
  const rows = await connection.query(
    "SELECT TABLE_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'mysql' AND " +
      "((TABLE_NAME = 'user' AND COLUMN_NAME = 'account_locked') OR (TABLE_NAME = 'global_priv' AND COLUMN_NAME = 'Priv'))",
  );
  const names = new Set(rows.map(([name]) => (name ?? "").toLowerCase()));
  return names.has("user") ? "column" : names.has("global_priv") ? "json" : "none";
}

const lockedSql = {
  column: "SELECT User, Host, account_locked = 'Y' FROM mysql.user",
  json: "SELECT User, Host, COALESCE(JSON_VALUE(Priv, '$.account_locked'), '0') = '1' FROM mysql.global_priv",
} as const;

/** The accounts as they are now. */
export async function boltsOf(
  connection: Connection,
  accounts: readonly Account[],
): Promise<readonly Bolt[]> {
  const locks = await locksOf(connection);
  if (locks === "none") {
    const bolts: Bolt[] = [];
    for (const { user, host } of accounts) {
      const grantee = `'${user}'@'${host}'`;
      bolts.push({
        user,
        host,
        held: await heldBy(connection, { user, host }, grantee),
        proxies: await proxiesOf(connection, { user, host }),
      });
    }
    return bolts;
  }
  const rows = await connection.query(lockedSql[locks]);
  const locked = new Map(rows.map(([user, host, is]) => [`${user ?? ""}@${host ?? ""}`, is === "1"]));
  return accounts.flatMap(({ user, host }) => {
    const is = locked.get(`${user}@${host}`);
    return is === undefined ? [] : [{ user, host, locked: is }];
  });
}

/** Accounts that are locked now, by `user@host`; empty where the server locks none. */
export async function lockedAccounts(connection: Connection): Promise<ReadonlySet<string>> {
  const locks = await locksOf(connection);
  if (locks === "none") return new Set();
  const rows = await connection.query(lockedSql[locks]);
  return new Set(rows.flatMap(([user, host, is]) => (is === "1" ? [`${user ?? ""}@${host ?? ""}`] : [])));
}

/** Whether the account cannot write as it is. */
export function isShut(bolt: Bolt): boolean {
  return "locked" in bolt ? bolt.locked : bolt.held.length === 0 && bolt.proxies.length === 0;
}

/** Shuts those that are open. `noted`: as they were before; a right that is not among those would be lost, so it is refused. */
export async function shut(hand: Hand, noted: readonly Bolt[]): Promise<void> {
  const now = await boltsOf(hand.connection, noted);
  const open = now.filter((bolt) => "locked" in bolt && !bolt.locked);
  if (open.length > 0) await hand.change(`ALTER USER ${open.map(sqlAccount).join(", ")} ACCOUNT LOCK`);
  for (const bolt of now) {
    if ("locked" in bolt) continue;
    const before = noted.find((one) => told(one) === told(bolt));
    for (const each of [...bolt.held, ...bolt.proxies]) {
      demandNoted(bolt, each, before);
      await hand.change(`REVOKE ${rights(each)} ON ${each.on} FROM ${sqlAccount(bolt)}`);
    }
  }
}

function demandNoted(account: Account, held: Held, noted: Bolt | undefined): void {
  const known =
    noted === undefined || "locked" in noted
      ? undefined
      : [...noted.held, ...noted.proxies].find(({ on }) => on === held.on);
  if (
    known !== undefined &&
    held.privileges.every((each) => known.privileges.includes(each)) &&
    (known.grantable || !held.grantable)
  )
    return;
  throw new Fault(
    "fence-refused",
    `The account ${told(account)} was given rights on ${held.on} since its rights were noted; taking them away could not be undone.`,
  );
}

function rights({ privileges, grantable }: Held): string {
  return [...privileges, ...(grantable && privileges[0] !== "PROXY" ? ["GRANT OPTION"] : [])].join(", ");
}

/** As it was when noted. An account that is gone since stays gone. */
export async function unshut(hand: Hand, noted: readonly Bolt[]): Promise<void> {
  const now = await boltsOf(hand.connection, noted);
  const open = now.filter(
    (bolt) =>
      "locked" in bolt &&
      bolt.locked &&
      noted.some((one) => told(one) === told(bolt) && "locked" in one && !one.locked),
  );
  if (open.length > 0) await hand.change(`ALTER USER ${open.map(sqlAccount).join(", ")} ACCOUNT UNLOCK`);
  for (const before of noted) {
    const bolt = now.find((one) => told(one) === told(before));
    if ("locked" in before || bolt === undefined || "locked" in bolt) continue;
    const there = [...bolt.held, ...bolt.proxies];
    for (const each of [...before.held, ...before.proxies])
      if (!there.some((one) => one.on === each.on && rights(one) === rights(each)))
        await hand.change(
          `GRANT ${each.privileges.length === 0 ? "USAGE" : each.privileges.join(", ")} ON ${each.on} TO ${sqlAccount(before)}` +
            (each.grantable ? " WITH GRANT OPTION" : ""),
        );
  }
}

/** Rights that change nothing: an account that has only these reads, and views that it defined still work. */
const reading = new Set([
  "SELECT",
  "SHOW VIEW",
  "SHOW DATABASES",
  "PROCESS",
  "USAGE",
  "REPLICATION CLIENT",
  "REPLICATION SLAVE",
]);

async function heldBy(
  connection: Connection,
  { user, host }: Account,
  grantee: string,
): Promise<readonly Held[]> {
  const found = new Map<string, { readonly privileges: Set<string>; grantable: boolean }>();
  const add = (on: string, privilege: string, grantable: boolean): void => {
    const held = found.get(on) ?? { privileges: new Set<string>(), grantable: false };
    if (!reading.has(privilege.replace(/ \(.*$/su, ""))) held.privileges.add(privilege);
    held.grantable ||= grantable;
    found.set(on, held);
  };
  const view = (name: string, columns: string): Promise<readonly Row[]> =>
    connection.query(
      `SELECT PRIVILEGE_TYPE, IS_GRANTABLE, ${columns} FROM information_schema.${name} WHERE GRANTEE = ?`,
      [grantee],
    );
  for (const [privilege, grantable] of await view("USER_PRIVILEGES", "NULL"))
    add("*.*", privilege ?? "", grantable === "YES");
  for (const [privilege, grantable, database] of await view("SCHEMA_PRIVILEGES", "TABLE_SCHEMA"))
    add(`${mysqlName(database ?? "")}.*`, privilege ?? "", grantable === "YES");
  for (const [privilege, grantable, database, table] of await view(
    "TABLE_PRIVILEGES",
    "TABLE_SCHEMA, TABLE_NAME",
  ))
    add(`${mysqlName(database ?? "")}.${mysqlName(table ?? "")}`, privilege ?? "", grantable === "YES");
  for (const [privilege, grantable, database, table, column] of await view(
    "COLUMN_PRIVILEGES",
    "TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME",
  ))
    add(
      `${mysqlName(database ?? "")}.${mysqlName(table ?? "")}`,
      `${privilege ?? ""} (${mysqlName(column ?? "")})`,
      grantable === "YES",
    );
  const routines = await connection.query(
    "SELECT Db, Routine_name, Routine_type, Proc_priv FROM mysql.procs_priv WHERE User = ? AND Host = ?",
    [user, host],
  );
  for (const [database, name, kind, set] of routines)
    for (const privilege of (set ?? "").split(",").filter((each) => each !== ""))
      add(
        `${kind ?? ""} ${mysqlName(database ?? "")}.${mysqlName(name ?? "")}`,
        privilege === "Grant" ? "USAGE" : privilege.toUpperCase(),
        privilege === "Grant",
      );
  return [...found]
    .filter(([, { privileges, grantable }]) => privileges.size > 0 || grantable)
    .map(([on, { privileges, grantable }]) => ({ on, privileges: [...privileges].sort(), grantable }));
}

/** Who it may become. */
async function proxiesOf(connection: Connection, { user, host }: Account): Promise<readonly Held[]> {
  const rows = await connection.query(
    "SELECT Proxied_user, Proxied_host, With_grant FROM mysql.proxies_priv WHERE User = ? AND Host = ?",
    [user, host],
  );
  return rows.map(([proxied, from, grantable]) => ({
    on: sqlAccount({ user: proxied ?? "", host: from ?? "" }),
    privileges: ["PROXY"],
    grantable: grantable === "1",
  }));
}
