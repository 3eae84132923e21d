/**
 * Whether a role of an application gets into the target's database: it may log in, and it may connect. Whoever has one of them
 * taken away is out. CONNECT is the door that we use, because it is this database's alone and a right that somebody can
 * give us alone; LOGIN, which holds for the whole server, only where a person has shut that one.
 */
import type { Session, SqlResult } from "../connection.js";
import { postgresName } from "../../../src/safety/identifier.js";

export interface Door {
  readonly role: string;
  /** null: there is no such role. */
  readonly oid: string | null;
  readonly login: boolean;
  readonly connect: boolean;
  readonly superuser: boolean;
  /** It is the account that is logged in here. */
  readonly ours: boolean;
  /** We may change whether it logs in. */
  readonly mayAlter: boolean;
  /** We may give CONNECT to it. */
  readonly mayGrant: boolean;
  /** It has CONNECT itself, from somebody in whose name we may take it away. */
  readonly mayRevoke: boolean;
  readonly database: string;
  readonly me: string;
}

/** From 16 on CREATEROLE alone moves nobody: it takes the ADMIN option on the very role. */
const doorsSql = `
  SELECT w.name AS role, r.oid::text AS oid, r.rolcanlogin AS login, r.rolsuper AS superuser, r.oid = me.oid AS ours,
         has_database_privilege(r.oid, d.oid, 'CONNECT') AS connect,
         me.rolsuper OR (NOT r.rolsuper AND me.rolcreaterole AND
           (current_setting('server_version_num')::int < 160000
             OR EXISTS (SELECT FROM pg_catalog.pg_auth_members m
                         WHERE m.roleid = r.oid AND m.admin_option AND pg_has_role(me.oid, m.member, 'MEMBER')))) AS alter,
         has_database_privilege(me.oid, d.oid, 'CONNECT WITH GRANT OPTION') AS grant,
         EXISTS (SELECT FROM aclexplode(d.datacl) a
                  WHERE a.grantee = r.oid AND a.privilege_type = 'CONNECT'
                    AND (a.grantor = me.oid OR (a.grantor = d.datdba AND pg_has_role(me.oid, d.datdba, 'USAGE')))) AS revoke,
         d.datname AS database, me.rolname AS me
    FROM unnest($1::text[]) WITH ORDINALITY AS w (name, place)
    JOIN pg_catalog.pg_roles me ON me.rolname = current_user
    JOIN pg_catalog.pg_database d ON d.datname = current_database()
    LEFT JOIN pg_catalog.pg_roles r ON r.rolname::text = w.name
   ORDER BY w.place`;

export async function readDoors(session: Session, roles: readonly string[]): Promise<readonly Door[]> {
  const { rows } = await session.query(doorsSql, [[...new Set(roles)]], "asking who gets into the target");
  return rows.map((row) => ({
    role: row["role"] ?? "",
    oid: row["oid"] ?? null,
    login: row["login"] === "t",
    connect: row["connect"] === "t",
    superuser: row["superuser"] === "t",
    ours: row["ours"] === "t",
    mayAlter: row["alter"] === "t",
    mayGrant: row["grant"] === "t",
    mayRevoke: row["revoke"] === "t",
    database: row["database"] ?? "",
    me: row["me"] ?? "",
  }));
}

export function isIn({ oid, login, connect }: Door): boolean {
  return oid !== null && login && connect;
}

/** Each in SQL, without a semicolon. */
export const acts = {
  letLogin: ({ role }: Pick<Door, "role">): string => `ALTER ROLE ${postgresName(role)} LOGIN`,
  stopLogin: ({ role }: Pick<Door, "role">): string => `ALTER ROLE ${postgresName(role)} NOLOGIN`,
  letConnect: ({ role, database }: Pick<Door, "role" | "database">): string =>
    `GRANT CONNECT ON DATABASE ${postgresName(database)} TO ${postgresName(role)}`,
  stopConnect: ({ role, database }: Pick<Door, "role" | "database">): string =>
    `REVOKE CONNECT ON DATABASE ${postgresName(database)} FROM ${postgresName(role)}`,
} as const;

/** What an administrator runs so that our account may let this role in by what is shut of it. */
export function rightsToOpen({ role, me, database, login, connect, mayAlter, mayGrant }: Door): string[] {
  return [
    ...(login || mayAlter ? [] : rightToAlter(role, me)),
    ...(connect || mayGrant
      ? []
      : [`GRANT CONNECT ON DATABASE ${postgresName(database)} TO ${postgresName(me)} WITH GRANT OPTION;`]),
  ];
}

export function rightToAlter(role: string, me: string): string[] {
  return [
    `ALTER ROLE ${postgresName(me)} CREATEROLE;`,
    `GRANT ${postgresName(role)} TO ${postgresName(me)} WITH ADMIN OPTION;`,
  ];
}

/** Two who change one database's doors at once would fail by "tuple concurrently updated"; this waits instead. Until the transaction ends. */
export async function holdDoors(session: Session): Promise<SqlResult> {
  return await session.query(
    "SELECT pg_advisory_xact_lock(hashtextextended('headgate doors', 0))",
    [],
    "waiting for the target's doors",
  );
}
