/**
 * What would keep a role out, or from writing, though it is let in: nobody would notice before the first application tries,
 * with the source shut already. Reads only.
 */
import type { Finding } from "../../../src/model.js";
import type { Session } from "../connection.js";

const keptOutSql = `
  WITH role AS (SELECT oid, rolname, rolconnlimit, rolvaliduntil FROM pg_catalog.pg_roles WHERE rolname::text = ANY ($1::text[]))
  SELECT rolname::text AS role, 'it has CONNECTION LIMIT 0' AS why, format('ALTER ROLE %I CONNECTION LIMIT -1;', rolname) AS fix
    FROM role WHERE rolconnlimit = 0
  UNION ALL
  SELECT rolname::text, 'its password was valid until ' || rolvaliduntil::text, format('ALTER ROLE %I VALID UNTIL ''infinity'';', rolname)
    FROM role WHERE rolvaliduntil < now()
  UNION ALL
  SELECT r.rolname::text, 'the database has CONNECTION LIMIT 0', format('ALTER DATABASE %I CONNECTION LIMIT -1;', d.datname)
    FROM role r JOIN pg_catalog.pg_database d ON d.datname = current_database() WHERE d.datconnlimit = 0
  UNION ALL
  SELECT r.rolname::text, format('its sessions only read (%s)', c.setting),
         format('BEGIN READ WRITE; ALTER %s%s RESET default_transaction_read_only; COMMIT;',
                CASE WHEN s.setrole = 0 THEN format('DATABASE %I', current_database()) ELSE format('ROLE %I', r.rolname) END,
                CASE WHEN s.setrole <> 0 AND s.setdatabase <> 0 THEN format(' IN DATABASE %I', current_database()) ELSE '' END)
    FROM role r
    JOIN pg_catalog.pg_database d ON d.datname = current_database()
    JOIN pg_catalog.pg_db_role_setting s ON s.setrole IN (0, r.oid) AND s.setdatabase IN (0, d.oid)
    CROSS JOIN LATERAL unnest(s.setconfig) AS c (setting)
   WHERE lower(c.setting) ~ '^default_transaction_read_only=(on|true|yes|1)$'
   ORDER BY 1, 2`;

export async function keptOutFindings(
  session: Session,
  roles: readonly string[],
): Promise<readonly Finding[]> {
  const { rows } = await session.query(keptOutSql, [roles], "asking what keeps the roles out");
  return rows.map((row) => ({
    code: "open-role-kept-out",
    severity: "error",
    object: `target.${row["role"] ?? ""}`,
    sentence: `${row["role"] ?? ""} could not work on the target though a cutover lets it in: ${row["why"] ?? ""}.`,
    fix: row["fix"] ?? "",
    count: 1,
    sampleKeys: [],
  }));
}
