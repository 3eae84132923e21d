/**
 * What making triggers again takes that run as somebody else. MySQL 8.2 parted it in three: naming another account, naming one
 * that is gone, and naming one that SYSTEM_USER protects. Before that, and on MariaDB, one right is all of it. The server's own
 * list of privileges tells which of them it has.
 */
import type { Connection } from "./connection.js";
import type { Grants } from "./grants.js";
import { rightsOn } from "./night/rights.js";

export interface Definers {
  /** Accounts that triggers run as, beside the one that makes them again: `user@host`. */
  readonly others: readonly string[];
  /** Of these, whom the server does not know. */
  readonly gone: readonly string[];
  /** Of these, who has SYSTEM_USER. */
  readonly guarded: readonly string[];
}

/** As the server names them; none where no trigger runs as somebody else. */
export function definerRights(
  known: ReadonlySet<string>,
  { others, gone, guarded }: Definers,
): readonly string[] {
  if (others.length === 0) return [];
  const right = ["SET_ANY_DEFINER", "SET_USER_ID", "SET USER"].find((each) => known.has(each)) ?? "SUPER";
  return [
    right,
    ...(gone.length > 0 && known.has("ALLOW_NONEXISTENT_DEFINER") ? ["ALLOW_NONEXISTENT_DEFINER"] : []),
    ...(guarded.length > 0 && known.has("SYSTEM_USER") ? ["SYSTEM_USER"] : []),
  ];
}

/** Those that an account lacks. SUPER stands for the first of them, and for no other. */
export function lackedOf(rights: readonly string[], grants: Grants): readonly string[] {
  return rights.filter(
    (right, at) => !grants.allows(right, null) && !(at === 0 && grants.allows("SUPER", null)),
  );
}

/** For an account that may read the database `mysql`. `maker`: who makes the triggers. */
export async function definersOf(
  connection: Connection,
  database: string,
  definers: readonly string[],
  maker: string,
): Promise<Definers> {
  const others = [...new Set(definers)].filter((each) => each !== maker);
  if (others.length === 0) return { others, gone: [], guarded: [] };
  const accounts = new Set(
    (await connection.query("SELECT CONCAT(User, '@', Host) FROM mysql.user")).map(([name]) => name ?? ""),
  );
  const rights = await rightsOn(connection, database);
  return {
    others,
    gone: others.filter((each) => !accounts.has(each)),
    guarded: others.filter((each) => rights.get(each)?.get("*.*")?.has("SYSTEM_USER") === true),
  };
}
