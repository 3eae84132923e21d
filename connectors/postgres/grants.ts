/**
 * What our account on the target needs, as the statements that `check --grants` prints: an owner's rights on one
 * schema and the right to make its own schema `headgate`; never a superuser's. What only a later phase needs is
 * listed under that phase.
 */
import type { PhaseGrants } from "../../src/model.js";
import { postgresName } from "../../src/safety/identifier.js";
import type { Session } from "./connection.js";
import { textList } from "./verify/writing.js";

export interface TargetGrantNeeds {
  readonly role: string;
  readonly database: string;
  readonly schema: string;
  /** Whether the schema is there already; else the copy makes it, and owns it. */
  readonly schemaExists: boolean;
  /** Roles that a cutover lets in, whose LOGIN is for us to give: they are NOLOGIN. */
  readonly shut?: readonly string[];
  /** Everybody may connect to the database, so nobody can be shut out by CONNECT alone. */
  readonly anybody?: boolean;
}

/** The exact statements of each phase, for an administrator of the target to run in the target database. */
export function grantStatements(needs: TargetGrantNeeds): readonly PhaseGrants[] {
  const role = postgresName(needs.role);
  const server = "target";
  return [
    {
      phase: "copy",
      server,
      statements: [
        `GRANT CONNECT, CREATE ON DATABASE ${postgresName(needs.database)} TO ${role};`,
        ...(needs.schemaExists
          ? [`GRANT USAGE, CREATE ON SCHEMA ${postgresName(needs.schema)} TO ${role};`]
          : []),
      ],
    },
    {
      phase: "stream",
      server,
      statements: [
        `GRANT SET ON PARAMETER session_replication_role TO ${role};`,
        // Many rows of a batch are copied into a table of the session's own; everybody may, unless it was taken away.
        `GRANT TEMPORARY ON DATABASE ${postgresName(needs.database)} TO ${role};`,
      ],
    },
    {
      phase: "cutover",
      server,
      statements: [
        ...(needs.anybody === true
          ? [`REVOKE CONNECT ON DATABASE ${postgresName(needs.database)} FROM PUBLIC;`]
          : []),
        // Roles of applications are let in and shut out by it. It is this database's alone, and touches no role.
        `GRANT CONNECT ON DATABASE ${postgresName(needs.database)} TO ${role} WITH GRANT OPTION;`,
        // Of tables that it made it is the owner; the schema may be somebody else's.
        ...(needs.schemaExists
          ? [`GRANT USAGE ON SCHEMA ${postgresName(needs.schema)} TO ${role} WITH GRANT OPTION;`]
          : []),
        // Shut out, they still have sessions: those are ended, and it is seen since when they write.
        `GRANT pg_signal_backend, pg_read_all_stats TO ${role};`,
        ...((needs.shut ?? []).length === 0 ? [] : [`ALTER ROLE ${role} CREATEROLE;`]),
        ...(needs.shut ?? []).map((one) => `GRANT ${postgresName(one)} TO ${role} WITH ADMIN OPTION;`),
      ],
    },
    {
      phase: "way back",
      server,
      statements: [`ALTER ROLE ${role} REPLICATION;`, ...originGrants(needs.role)],
    },
  ];
}

/** What is written forward carries an origin, so that the way back does not take it for the application's. */
export function originGrants(role: string): readonly string[] {
  return ["create", "drop", "session_setup"].map(
    (act) =>
      `GRANT EXECUTE ON FUNCTION pg_catalog.pg_replication_origin_${act}(text) TO ${postgresName(role)};`,
  );
}

/** For the role that the session is logged in as. */
export async function readGrants(
  session: Session,
  database: string,
  schema: string,
  roles: readonly string[] = [],
): Promise<readonly PhaseGrants[]> {
  const [row] = (
    await session.query(
      `SELECT current_user AS role, EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1) AS there,
              EXISTS (SELECT FROM pg_catalog.pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
                       WHERE d.datname = current_database() AND a.grantee = 0 AND a.privilege_type = 'CONNECT') AS anybody,
              (SELECT coalesce(json_agg(rolname ORDER BY rolname), '[]')::text FROM pg_catalog.pg_roles
                WHERE rolname::text = ANY ($2::text[]) AND NOT rolcanlogin) AS shut`,
      [schema, roles],
      "asking for our own role",
    )
  ).rows;
  const schemaExists = row?.["there"] === "t";
  return grantStatements({
    ...{ role: row?.["role"] ?? "", database, schema, schemaExists },
    shut: textList(row?.["shut"] ?? "[]"),
    anybody: row?.["anybody"] === "t",
  });
}
