/**
 * Roles that could write to the plan's tables beside those that a cutover lets in, and what would make one of those more than
 * an application's role: it owns something here, or could make itself another one. With the statements that end it.
 */
import type { Finding, Plan } from "../../../src/model.js";
import { postgresName } from "../../../src/safety/identifier.js";
import type { Session } from "../connection.js";
import { finding } from "./findings.js";

export async function writerFindings(
  session: Session,
  plan: Plan,
  roles: readonly string[],
): Promise<readonly Finding[]> {
  return [
    ...(await owning(session, plan, roles)),
    ...(await creating(session, roles)),
    ...(await schemaFindings(session, plan, roles)),
    ...(await writing(session, plan, roles)),
    ...(await subscribed(session)),
    ...(await superusers(session)),
  ];
}

/** Who owns a table gives itself any right on it again. */
async function owning(session: Session, plan: Plan, roles: readonly string[]): Promise<readonly Finding[]> {
  const { rows } = await session.query(
    `SELECT o.role, count(*)::text AS count, (array_agg(o.name ORDER BY o.rank, o.name))[1] AS first
       FROM (SELECT r.rolname::text AS role, c.relname::text AS name, 2 AS rank
               FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
               JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
              WHERE n.nspname::text = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
             UNION ALL
             SELECT r.rolname::text, 'the schema itself', 1
               FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner WHERE n.nspname::text = $2
             UNION ALL
             SELECT r.rolname::text, 'the database itself', 0
               FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba WHERE d.datname = current_database()) o
      WHERE o.role = ANY ($1::text[]) GROUP BY o.role ORDER BY o.role`,
    [roles, plan.schema],
    "asking what the roles own",
  );
  return rows.map((row) => {
    const role = row["role"] ?? "";
    return finding(
      "error",
      "open-role-owns",
      `target.${role}`,
      `${role} owns ${row["first"] ?? ""}${row["count"] === "1" ? "" : ` and ${String(Number(row["count"]) - 1)} more`} in ${plan.schema}: an owner's rights cannot be taken away.`,
      `REASSIGN OWNED BY ${postgresName(role)} TO another role; or name a role that owns nothing in cutover.open.roles.`,
      Number(row["count"]),
    );
  });
}

async function creating(session: Session, roles: readonly string[]): Promise<readonly Finding[]> {
  const { rows } = await session.query(
    "SELECT rolname::text AS role FROM pg_catalog.pg_roles WHERE rolname::text = ANY ($1::text[]) AND rolcreaterole ORDER BY rolname",
    [roles],
    "asking what the roles may make",
  );
  return rows.map((row) =>
    finding(
      "error",
      "open-role-creates",
      `target.${row["role"] ?? ""}`,
      `${row["role"] ?? ""} may create roles: it could make itself one that no fence knows.`,
      `ALTER ROLE ${postgresName(row["role"] ?? "")} NOCREATEROLE;`,
    ),
  );
}

/** Of the tables we are the owner; a schema that was there before is somebody else's, who gives USAGE or lets us give it. */
async function schemaFindings(
  session: Session,
  plan: Plan,
  roles: readonly string[],
): Promise<readonly Finding[]> {
  const { rows } = await session.query(
    `SELECT r.rolname::text AS role, current_user::text AS me
       FROM pg_catalog.pg_roles r CROSS JOIN pg_catalog.pg_namespace n
      WHERE r.rolname::text = ANY ($1::text[]) AND n.nspname::text = $2 AND NOT has_schema_privilege(r.oid, n.oid, 'USAGE')
        AND NOT has_schema_privilege(n.oid, 'USAGE WITH GRANT OPTION')
      ORDER BY r.rolname`,
    [roles, plan.schema],
    "asking whether the roles may use the schema",
  );
  const schema = postgresName(plan.schema);
  return rows.map((row) =>
    finding(
      "error",
      "grant-missing",
      `target.${row["role"] ?? ""}`,
      `${row["role"] ?? ""} may not use the schema ${plan.schema}, and ${row["me"] ?? ""} may not give it that.`,
      `GRANT USAGE ON SCHEMA ${schema} TO ${postgresName(row["me"] ?? "")} WITH GRANT OPTION;`,
    ),
  );
}

/**
 * Everybody else who may log in, connect and write, with the ways by which: a right on a table, of its own, of everybody's or
 * of a group's; a group that writes everywhere; the tables' owner, whose member it is.
 */
const writersSql = `
  WITH planned AS (
    SELECT c.oid, c.relowner, c.relacl, format('%I.%I', n.nspname, c.relname) AS name
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname::text = $2 AND c.relname::text = ANY ($3::text[]) AND c.relkind IN ('r', 'p')),
  writer AS (
    SELECT r.oid, r.rolname FROM pg_catalog.pg_roles r
     WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> current_user AND NOT r.rolname::text = ANY ($1::text[])
       AND has_database_privilege(r.oid, current_database(), 'CONNECT')
       AND EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname::text = $2 AND has_schema_privilege(r.oid, n.oid, 'USAGE'))),
  reach AS (
    SELECT w.oid, w.rolname, p.oid AS relation, p.relowner, p.relacl, p.name FROM writer w CROSS JOIN planned p
     WHERE has_table_privilege(w.oid, p.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
        OR has_any_column_privilege(w.oid, p.oid, 'INSERT, UPDATE')),
  way AS (
    SELECT x.oid, format('REVOKE %s ON %s FROM %s;', string_agg(DISTINCT a.privilege_type, ', '), x.name,
                         CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE format('%I', pg_get_userbyid(a.grantee)) END) AS sql
      FROM reach x CROSS JOIN LATERAL aclexplode(x.relacl) a
     WHERE a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE') AND a.grantee <> x.relowner
       AND (a.grantee = 0 OR pg_has_role(x.oid, a.grantee, 'USAGE'))
     GROUP BY x.oid, x.name, a.grantee
    UNION
    SELECT x.oid, format('REVOKE %I FROM %I;', g.rolname, x.rolname)
      FROM reach x JOIN pg_catalog.pg_auth_members m ON m.member = x.oid JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
     WHERE pg_has_role(g.oid, x.relowner, 'USAGE') OR pg_has_role(g.oid, 'pg_write_all_data', 'USAGE'))
  SELECT x.rolname::text AS role, count(DISTINCT x.relation)::text AS count, min(x.name) AS first,
         (SELECT string_agg(w.sql, ' ' ORDER BY w.sql) FROM way w WHERE w.oid = x.oid) AS fix
    FROM reach x GROUP BY x.oid, x.rolname ORDER BY x.rolname`;

async function writing(session: Session, plan: Plan, roles: readonly string[]): Promise<readonly Finding[]> {
  const { rows } = await session.query(
    writersSql,
    [roles, plan.schema, plan.tables.map(({ target }) => target)],
    "asking who else may write to the target",
  );
  return rows.map((row) => {
    const [role, count] = [row["role"] ?? "", Number(row["count"])];
    return finding(
      "error",
      "target-open",
      `target.${role}`,
      `${role} may log in to the target and write to ${row["first"] ?? ""}${count === 1 ? "" : ` and ${String(count - 1)} more`}, and no fence knows of it.`,
      `${row["fix"] ?? ""} ALTER ROLE ${postgresName(role)} NOLOGIN; or name it in cutover.open.roles.`.trim(),
      count,
    );
  });
}

/** What another server replicates into this database is written by no session of a role's. */
async function subscribed(session: Session): Promise<readonly Finding[]> {
  const { rows } = await session.query(
    `SELECT s.subname::text AS name FROM pg_catalog.pg_subscription s
      WHERE s.subenabled AND s.subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
      ORDER BY s.subname`,
    [],
    "asking what is replicated into the target",
  );
  return rows.map((row) =>
    finding(
      "error",
      "target-subscription",
      `target.${row["name"] ?? ""}`,
      `The subscription ${row["name"] ?? ""} writes into the target's database from another server, through every fence.`,
      `ALTER SUBSCRIPTION ${postgresName(row["name"] ?? "")} DISABLE;`,
    ),
  );
}

/** Every server has one; a person sees to it that nobody works as it. */
async function superusers(session: Session): Promise<readonly Finding[]> {
  const { rows } = await session.query(
    "SELECT rolname::text AS role FROM pg_catalog.pg_roles WHERE rolsuper AND rolcanlogin AND rolname <> current_user ORDER BY rolname",
    [],
    "asking for superusers",
  );
  if (rows.length === 0) return [];
  return [
    finding(
      "warning",
      "target-superusers",
      "target.superusers",
      `No fence holds superusers of the target: ${rows.map((row) => row["role"] ?? "").join(", ")}.`,
      "See to it that nobody writes as one of them during the cutover and the soak.",
      rows.length,
    ),
  ];
}
