/**
 * What an application needs once it is in: the plan's schema, tables, views and sequences. Given where it is missing, in the
 * transaction that opens the target, and noted right by right, so that exactly that is taken back. We own what we made, so it
 * takes no right of ours; a right that somebody else has given stays whatever happens.
 */
import { Fault } from "../../../src/errors.js";
import type { Plan } from "../../../src/model.js";
import { postgresName } from "../../../src/safety/identifier.js";
import type { Session } from "../connection.js";

export type Kind = "schema" | "table" | "sequence";

export interface Right {
  readonly role: string;
  readonly kind: Kind;
  /** Quoted. */
  readonly object: string;
  readonly privilege: string;
}

/** $1 roles, $2 schema, $3 names of tables and views, $4 names among which sequences are. */
const missingSql = `
  WITH role AS (SELECT r.oid, r.rolname::text AS name FROM pg_catalog.pg_roles r WHERE r.rolname::text = ANY ($1::text[])),
  space AS (SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n WHERE n.nspname::text = $2),
  relation AS (
    SELECT c.oid, c.relname::text AS name, c.relkind FROM pg_catalog.pg_class c JOIN space s ON s.oid = c.relnamespace
     WHERE (c.relkind IN ('r', 'p', 'v', 'm') AND c.relname::text = ANY ($3::text[]))
        OR (c.relkind = 'S' AND (c.relname::text = ANY ($4::text[])
              OR EXISTS (SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
                          WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
                            AND d.refclassid = 'pg_catalog.pg_class'::regclass AND t.relnamespace = c.relnamespace
                            AND t.relname::text = ANY ($3::text[])))))
  SELECT r.name AS role, 'schema' AS kind, s.nspname::text AS object, 'USAGE' AS privilege
    FROM role r CROSS JOIN space s WHERE NOT has_schema_privilege(r.oid, s.oid, 'USAGE')
  UNION ALL
  SELECT r.name, 'table', c.name, p.privilege
    FROM role r CROSS JOIN relation c CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p (privilege)
   WHERE c.relkind <> 'S' AND NOT has_table_privilege(r.oid, c.oid, p.privilege)
  UNION ALL
  SELECT r.name, 'sequence', c.name, 'USAGE'
    FROM role r CROSS JOIN relation c WHERE c.relkind = 'S' AND NOT has_sequence_privilege(r.oid, c.oid, 'USAGE')
   ORDER BY 1, 2, 3, 4`;

export async function missingRights(
  session: Session,
  plan: Plan,
  roles: readonly string[],
): Promise<readonly Right[]> {
  const relations = [
    ...plan.tables.map(({ target }) => target),
    ...(plan.views ?? []).map(({ target }) => target),
  ];
  const made = plan.before.flatMap(({ creates = [] }) =>
    creates.flatMap(({ space, name }) => (space === "relation" ? [name] : [])),
  );
  const { rows } = await session.query(
    missingSql,
    [roles, plan.schema, relations, made],
    "asking which rights the roles lack",
  );
  const schema = postgresName(plan.schema);
  return rows.map((row) => {
    const kind = kindOf(row["kind"] ?? "");
    const name = postgresName(row["object"] ?? "");
    return {
      role: row["role"] ?? "",
      kind,
      object: kind === "schema" ? name : `${schema}.${name}`,
      privilege: row["privilege"] ?? "",
    };
  });
}

/** The statements that give these rights, or take them away; one for each set of rights on objects of one kind. */
export function statementsOf(rights: readonly Right[], way: "GRANT" | "REVOKE"): readonly string[] {
  const byObject = new Map<string, { right: Right; privileges: string[] }>();
  for (const right of rights) {
    const key = JSON.stringify([right.role, right.kind, right.object]);
    const known = byObject.get(key);
    if (known === undefined) byObject.set(key, { right, privileges: [right.privilege] });
    else known.privileges.push(right.privilege);
  }
  const byList = new Map<string, { right: Right; privileges: string; objects: string[] }>();
  for (const { right, privileges } of byObject.values()) {
    const list = privileges.join(", ");
    const key = JSON.stringify([right.role, right.kind, list]);
    const known = byList.get(key);
    if (known === undefined) byList.set(key, { right, privileges: list, objects: [right.object] });
    else known.objects.push(right.object);
  }
  return [...byList.values()].map(
    ({ right, privileges, objects }) =>
      `${way} ${privileges} ON ${right.kind.toUpperCase()} ${objects.join(", ")} ${way === "GRANT" ? "TO" : "FROM"} ${postgresName(right.role)}`,
  );
}

function kindOf(text: string): Kind {
  if (text === "schema" || text === "table" || text === "sequence") return text;
  throw new Fault("ledger-mismatch", `${text} is nothing on which a cutover gives rights.`);
}

/** Of rows of headgate.opened that are rights on objects. */
export function rightOf(row: Readonly<Record<string, string | null>>): Right {
  return {
    role: row["role"] ?? "",
    kind: kindOf(row["kind"] ?? ""),
    object: row["object"] ?? "",
    privilege: row["privilege"] ?? "",
  };
}
