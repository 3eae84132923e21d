/**
 * The accounts that are fenced: an entry of the config is a user's name, which is every host of that user, or `user@host`,
 * which is one account. Roles are no accounts.
 */
import type { Connection } from "../connection.js";
import { accountName } from "../grant-names.js";

export interface Account {
  readonly user: string;
  readonly host: string;
}

/** 'app'@'10.0.%', as GRANT and ALTER USER want it. */
export function sqlAccount({ user, host }: Account): string {
  return accountName(`${user}@${host}`);
}

/** app@10.0.%, for sentences. */
export function told({ user, host }: Account): string {
  return `${user}@${host}`;
}

export function sameAccount(one: Account, other: Account): boolean {
  return one.user === other.user && one.host === other.host;
}

/** Whether an entry of the config means this account. A user's name may hold an @. */
export function means(entry: string, account: Account): boolean {
  return entry === account.user || entry === told(account);
}

/** Every account that can log in, in order. Needs SELECT on mysql.user. */
export async function allAccounts(connection: Connection): Promise<readonly Account[]> {
  const columns = await connection.query(
    "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'mysql' AND TABLE_NAME = 'user' AND COLUMN_NAME = 'is_role'",
  );
  const roles = columns.length > 0;
  const rows = await connection.query(
    `SELECT User, Host FROM mysql.user${roles ? " WHERE is_role = 'N'" : ""} ORDER BY User, Host`,
  );
  return rows.map(([user, host]) => ({ user: user ?? "", host: host ?? "" }));
}

export interface Meant {
  readonly accounts: readonly Account[];
  /** Entries that mean nobody. */
  readonly missing: readonly string[];
}

export async function meantBy(connection: Connection, entries: readonly string[]): Promise<Meant> {
  const all = await allAccounts(connection);
  return {
    accounts: all.filter((account) => entries.some((entry) => means(entry, account))),
    missing: entries.filter((entry) => !all.some((account) => means(entry, account))),
  };
}
