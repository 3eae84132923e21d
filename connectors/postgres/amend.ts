/**
 * Another plan in place of the one that a migration was begun with, all of it in one transaction: its fingerprint, tables
 * that are new in it, tables that are made anew because their shape is another one, and those that are copied again.
 * Killed anywhere, the migration has the one plan or the other. Within a transaction that has proven the epoch.
 */
import type { Plan, PlanStatement } from "../../src/model.js";
import type { Amending } from "../../src/port.js";
import { postgresName } from "../../src/safety/identifier.js";
import type { Session } from "./connection.js";
import { reopenTables } from "./reopen.js";
import { takeAway, takeDown } from "./take-away.js";

export async function takePlan(
  session: Session,
  before: Plan,
  plan: Plan,
  { rebuild, reopen, retire }: Amending,
): Promise<void> {
  const { migration } = plan;
  await session.query("UPDATE headgate.migration SET fingerprint = $2 WHERE id = $1", [
    migration,
    plan.fingerprint,
  ]);
  if (rebuild.length > 0) await takeDown(session, before, rebuild);
  for (const statement of retire) await takeAway(session, migration, before.schema, statement);
  for (const sql of defaultsOf(before, plan, rebuild)) await session.query(sql);
  await session.query(
    `INSERT INTO headgate.source_table (migration, name, target, lane, rank)
     SELECT $1, t.name, t.target, t.lane,
            (SELECT coalesce(max(rank), -1) FROM headgate.source_table WHERE migration = $1) + t.place
       FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS t (name, target, lane, place)
     ON CONFLICT (migration, name) DO UPDATE SET target = excluded.target`,
    [
      migration,
      plan.tables.map((table) => table.source),
      plan.tables.map((table) => table.target),
      plan.tables.map((table) => table.lane),
    ],
  );
  await reopenTables(session, migration, plan.schema, reopen);
}

/** Other defaults, for the tables that stay: no row changes by them, and those that come after the cutover do. */
function defaultsOf(before: Plan, plan: Plan, rebuild: readonly string[]): readonly string[] {
  const made = ({ before: statements }: Plan, target: string): PlanStatement["defaults"] =>
    statements.find(({ kind, table }) => kind === "table" && table === target)?.defaults;
  return plan.tables.flatMap(({ source, target, columns }) => {
    const old = before.tables.find((table) => table.source === source);
    if (old === undefined || rebuild.includes(source)) return [];
    const [was, now] = [made(before, target), made(plan, target)];
    return columns.flatMap(({ target: column, identity }) => {
      const sql = now?.[column];
      const there = old.columns.some((each) => each.target === column && each.identity === identity);
      if (!there || identity !== null || was?.[column] === sql) return [];
      return [
        `ALTER TABLE ${postgresName(plan.schema)}.${postgresName(target)} ALTER COLUMN ${postgresName(column)} ${sql === undefined ? "DROP DEFAULT" : `SET DEFAULT ${sql}`}`,
      ];
    });
  });
}
