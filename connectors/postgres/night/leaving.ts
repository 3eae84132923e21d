/**
 * What is left for a person once a migration is completed: our account had rights for the migration only, and applications
 * hold theirs from it. So first the applications get the same in the owner's name, then what our account made gets another
 * owner, then its rights go: in another order applications would lose their way in with it. Only what it has is listed.
 */
import type { Plan } from "../../../src/model.js";
import { postgresName } from "../../../src/safety/identifier.js";
import type { Session } from "../connection.js";

const factsSql = `
  SELECT current_user::text AS me, current_database()::text AS database, d.datdba = me.oid AS owns,
         me.rolreplication AS replication, me.rolcreaterole AS creates,
         n.oid IS NOT NULL AND n.nspowner <> me.oid AS schema,
         coalesce((SELECT string_agg(format('%I', pg_get_userbyid(m.roleid)), ', ' ORDER BY m.roleid)
                     FROM pg_catalog.pg_auth_members m WHERE m.member = me.oid), '') AS member,
         EXISTS (SELECT FROM pg_catalog.pg_parameter_acl p, aclexplode(p.paracl) a
                  WHERE p.parname = 'session_replication_role' AND a.grantee = me.oid) AS parameter,
         (SELECT coalesce(json_agg(p.oid::regprocedure::text ORDER BY p.proname), '[]')::text
            FROM pg_catalog.pg_proc p, aclexplode(p.proacl) a
           WHERE p.pronamespace = 'pg_catalog'::regnamespace AND a.grantee = me.oid) AS functions
    FROM pg_catalog.pg_roles me
    JOIN pg_catalog.pg_database d ON d.datname = current_database()
    LEFT JOIN pg_catalog.pg_namespace n ON n.nspname::text = $1
   WHERE me.rolname = current_user`;

/** Statements for an administrator of the target, in their order. */
export async function leavingStatements(
  session: Session,
  plan: Plan,
  roles: readonly string[],
): Promise<readonly string[]> {
  const doing = "asking what our account has on the target";
  const [row] = (await session.query(factsSql, [plan.schema], doing)).rows;
  if (row === undefined) return [];
  const is = (name: string): boolean => row[name] === "t";
  const me = postgresName(row["me"] ?? "");
  const database = postgresName(row["database"] ?? "");
  const schema = postgresName(plan.schema);
  const { rows: given } = await session.query(
    `SELECT r.rolname::text AS role, format('%I', r.rolname) AS name FROM pg_catalog.pg_roles r
      WHERE r.rolname::text = ANY ($1::text[]) ORDER BY r.rolname`,
    [roles],
    doing,
  );
  const functions: unknown = JSON.parse(row["functions"] ?? "[]");
  return [
    ...given.flatMap(({ name }) => [
      ...(is("owns") ? [] : [`GRANT CONNECT ON DATABASE ${database} TO ${name ?? ""};`]),
      ...(is("schema") ? [`GRANT USAGE ON SCHEMA ${schema} TO ${name ?? ""};`] : []),
    ]),
    `REASSIGN OWNED BY ${me} TO "NEW OWNER";`,
    ...(is("owns") ? [] : [`REVOKE ALL ON DATABASE ${database} FROM ${me} CASCADE;`]),
    ...(is("schema") ? [`REVOKE ALL ON SCHEMA ${schema} FROM ${me} CASCADE;`] : []),
    ...(is("parameter") ? [`REVOKE ALL ON PARAMETER session_replication_role FROM ${me};`] : []),
    ...(Array.isArray(functions)
      ? functions.map((name) => `REVOKE ALL ON FUNCTION pg_catalog.${String(name)} FROM ${me};`)
      : []),
    ...(row["member"] === "" ? [] : [`REVOKE ${row["member"] ?? ""} FROM ${me};`]),
    ...(is("replication") || is("creates")
      ? [
          `ALTER ROLE ${me}${is("replication") ? " NOREPLICATION" : ""}${is("creates") ? " NOCREATEROLE" : ""};`,
        ]
      : []),
    `DROP ROLE ${me};`,
  ];
}
