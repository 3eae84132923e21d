/**
 * Tables that the planner knows nothing of: the first queries of an application after the switch would be planned blindly.
 * By the statistics themselves, because the server forgets when it analyzed last; an index's build leaves a row count and no
 * statistics. An empty table has none, and needs none.
 */
import type { Plan } from "../../../src/model.js";
import { postgresName } from "../../../src/safety/identifier.js";
import type { Session } from "../connection.js";

const unknownSql = `
  SELECT c.relname::text AS table
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname::text = $1 AND c.relname::text = ANY ($2::text[]) AND c.relkind IN ('r', 'p')
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_stats s WHERE s.schemaname = n.nspname AND s.tablename = c.relname)
   ORDER BY c.relname`;

/** By source name. Reads only. */
export async function neverAnalyzed(session: Session, plan: Plan): Promise<readonly string[]> {
  const doing = "asking which tables were analyzed";
  const { rows } = await session.query(
    unknownSql,
    [plan.schema, plan.tables.map(({ target }) => target)],
    doing,
  );
  const unknown = new Set<string>();
  for (const { table } of rows) {
    const name = `${postgresName(plan.schema)}.${postgresName(table ?? "")}`;
    const any = await session.query(`SELECT FROM ${name} LIMIT 1`, [], doing);
    if (any.count > 0) unknown.add(table ?? "");
  }
  return plan.tables.flatMap(({ source, target }) => (unknown.has(target) ? [source] : []));
}
