/**
 * Who could write to the target through its fence, and what our account lacks to shut and open it: each finding has the exact
 * statements in its fix. Reads only.
 */
import type { Finding, Severity } from "../../../src/model.js";
import { postgresName } from "../../../src/safety/identifier.js";
import type { Session } from "../connection.js";
import { acts, isIn, readDoors, rightsToOpen, rightToAlter } from "./doors.js";
import type { Door } from "./doors.js";
import { keptOutFindings } from "./kept-out.js";
import { rightsToEnd } from "./shut.js";

export function finding(
  severity: Severity,
  code: string,
  object: string,
  sentence: string,
  fix: string,
  count = 1,
): Finding {
  return { code, severity, object, sentence, fix, count, sampleKeys: [] };
}

/** Of the roles that a cutover lets in. */
export async function doorFindings(session: Session, roles: readonly string[]): Promise<readonly Finding[]> {
  if (roles.length === 0)
    return [
      finding(
        "error",
        "open-roles-none",
        "cutover.open.roles",
        "cutover.open.roles names nobody, so nobody would get into the target after the switch, and nobody could be shut out of it on the way back.",
        "Name the roles that the applications log in with.",
      ),
    ];
  const doors = await readDoors(session, roles);
  const open = await openTo(session, doors);
  return [
    ...doors.flatMap((door) => ofDoor(door, open)),
    ...(await groupFindings(session, doors)),
    ...(await keptOutFindings(session, roles)),
    ...(await rightFindings(session, doors)),
  ];
}

function ofDoor(door: Door, open: ReadonlyMap<string, readonly string[]>): readonly Finding[] {
  const { role, database, me } = door;
  const object = `target.${role}`;
  if (door.oid === null)
    return [
      finding(
        "error",
        "open-role-missing",
        object,
        `The target has no role ${role}, which a cutover is to let in.`,
        Buffer.byteLength(role) > 63
          ? "Name an existing role in cutover.open.roles: PostgreSQL's names have 63 bytes at most."
          : `CREATE ROLE ${postgresName(role)} LOGIN PASSWORD '...';`,
      ),
    ];
  if (door.ours)
    return [
      finding(
        "error",
        "open-role-ours",
        object,
        `${role} is the account that Headgate itself works with: it cannot be shut out.`,
        "Give the applications a role of their own, and name that one in cutover.open.roles.",
      ),
    ];
  if (door.superuser)
    return [
      finding(
        "error",
        "open-role-superuser",
        object,
        `${role} is a superuser: no fence holds it.`,
        `ALTER ROLE ${postgresName(role)} NOSUPERUSER;`,
      ),
    ];
  if (isIn(door)) {
    const ways = open.get(role) ?? [];
    return [
      finding(
        "error",
        "target-open",
        object,
        `${role} may log in and connect to ${database} already: until the switch only Headgate may write there.`,
        ways.join(" "),
      ),
    ];
  }
  const rights = rightsToOpen(door);
  return rights.length === 0
    ? []
    : [
        finding(
          "error",
          "grant-missing",
          object,
          `${me} may not let ${role} in: it ${[...(door.login ? [] : ["is NOLOGIN"]), ...(door.connect ? [] : [`has no CONNECT on ${database}`])].join(" and ")}.`,
          rights.join(" "),
        ),
      ];
}

/** By role, what takes its CONNECT away; where that is nobody's to take, its LOGIN. */
async function openTo(
  session: Session,
  doors: readonly Door[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  for (const door of doors.filter(isIn)) {
    const { rows } = await session.query(
      `SELECT CASE WHEN a.grantee = 0 THEN NULL ELSE pg_get_userbyid(a.grantee)::text END AS grantee
         FROM pg_catalog.pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
        WHERE d.datname = current_database() AND a.privilege_type = 'CONNECT'
          AND (a.grantee = 0 OR pg_has_role($1::oid, a.grantee, 'USAGE'))
        ORDER BY a.grantee`,
      [door.oid],
      "asking by whom a role may connect",
    );
    const database = postgresName(door.database);
    const ways = rows.map(({ grantee }) => {
      if (grantee === null || grantee === undefined)
        return `REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC; GRANT CONNECT ON DATABASE ${database} TO ${postgresName(door.me)} WITH GRANT OPTION;`;
      return grantee === door.role
        ? `${acts.stopConnect(door)};`
        : `REVOKE ${postgresName(grantee)} FROM ${postgresName(door.role)};`;
    });
    found.set(
      door.role,
      ways.length === 0 ? [`${acts.stopLogin(door)};`, ...rightToAlter(door.role, door.me)] : ways,
    );
  }
  return found;
}

/** Members of a role that is let in have its rights with it, and a login of their own. */
async function groupFindings(session: Session, doors: readonly Door[]): Promise<readonly Finding[]> {
  const { rows } = await session.query(
    `SELECT r.rolname::text AS role, string_agg(m.rolname::text, ', ' ORDER BY m.rolname) AS members,
            string_agg(format('REVOKE %I FROM %I;', r.rolname, m.rolname), ' ' ORDER BY m.rolname) AS fix,
            count(*)::text AS count
       FROM pg_catalog.pg_roles r JOIN pg_catalog.pg_roles m ON m.oid <> r.oid AND pg_has_role(m.oid, r.oid, 'MEMBER')
      WHERE r.rolname::text = ANY ($1::text[]) AND NOT m.rolsuper AND m.rolcanlogin AND m.rolname <> current_user
        AND NOT m.rolname::text = ANY ($1::text[]) AND has_database_privilege(m.oid, current_database(), 'CONNECT')
      GROUP BY r.rolname ORDER BY r.rolname`,
    [doors.map(({ role }) => role)],
    "looking for members of the roles",
  );
  return rows.map((row) =>
    finding(
      "error",
      "target-open",
      `target.${row["role"] ?? ""}`,
      `${row["members"] ?? ""} may log in to the target, and ${row["count"] === "1" ? "is a member" : "are members"} of ${row["role"] ?? ""}, whose rights they will have.`,
      `Name the roles that log in, and not their group, in cutover.open.roles; or ${row["fix"] ?? ""}`,
      Number(row["count"]),
    ),
  );
}

/** What opening and shutting needs beside the doors themselves. */
async function rightFindings(session: Session, doors: readonly Door[]): Promise<readonly Finding[]> {
  const [row] = (
    await session.query(
      `SELECT current_user::text AS me,
              coalesce(bool_and(pg_has_role(r.oid, 'USAGE')), true)
                OR (pg_has_role('pg_signal_backend', 'USAGE') AND pg_has_role('pg_read_all_stats', 'USAGE')) AS may
         FROM pg_catalog.pg_roles r WHERE r.rolname::text = ANY ($1::text[])`,
      [doors.map(({ role }) => role)],
      "asking whether sessions may be ended",
    )
  ).rows;
  const me = row?.["me"] ?? "";
  const unable = row?.["may"] === "t" ? [] : rightsToEnd(me);
  /** Opened by CONNECT they are shut by it; where that is somebody else's to take, by LOGIN. */
  return unable.length === 0
    ? []
    : [
        finding(
          "error",
          "grant-missing",
          "target.sessions",
          `${me} may not end the sessions of the roles, nor see since when they write: on the way back they would go on writing.`,
          unable.join(" "),
        ),
      ];
}
