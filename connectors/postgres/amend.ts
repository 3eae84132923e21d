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

export async function takePlan(
  session: Session,
  before: Plan,
  plan: Plan,
  { rebuild, reopen }: Amending,
): Promise<void> {
  const { migration } = plan;
  await session.query("UPDATE headgate.migration SET fingerprint = $2 WHERE id = $1", [
    migration,
    plan.fingerprint,
  ]);
  if (rebuild.length > 0) await takeDown(session, before, rebuild);
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

/**
 * Drops these tables, by source name, with what was built over them and upon them, and forgets that it was: whoever builds
 * next finds it missing. Views and foreign keys that a person has put upon them make PostgreSQL refuse, and nothing is dropped
 * then; indexes, triggers and grants go with the table, which is why recopy wants --yes.
 */
async function takeDown(session: Session, before: Plan, tables: readonly string[]): Promise<void> {
  const { migration, schema } = before;
  const { rows } = await session.query("SELECT name FROM headgate.built WHERE migration = $1", [migration]);
  const built = new Set(rows.map((row) => row["name"]));
  const chosen = before.tables.filter(({ source }) => tables.includes(source));
  const targets = new Set<string | null>(chosen.map(({ target }) => target));
  const pointing = new Set<string | null>(
    before.tables
      .filter(({ foreignKeys }) => foreignKeys?.some((key) => tables.includes(key.referencedTable)))
      .map(({ target }) => target),
  );
  const views = new Map((before.views ?? []).map((view) => [view.statement, view.target]));
  const named = (name: string): string => `${postgresName(schema)}.${postgresName(name)}`;
  const isUpon = ({ name, kind, table }: PlanStatement): boolean =>
    views.has(name) || ((kind === "foreign" || kind === "validate") && pointing.has(table));
  const gone = before.after.filter(
    (statement) => built.has(statement.name) && (isUpon(statement) || targets.has(statement.table)),
  );
  // As they were built upon each other, the last one first.
  for (const statement of gone.toReversed()) {
    const view = views.get(statement.name);
    if (view !== undefined) await session.query(`DROP VIEW IF EXISTS ${named(view)}`);
    else if (statement.undo !== undefined) await session.query(statement.undo);
  }
  const made = before.before.filter(({ name, table }) => built.has(name) && targets.has(table));
  for (const { table } of made.filter(({ kind }) => kind === "table"))
    await session.query(`DROP TABLE ${named(table ?? "")}`);
  for (const { kind, creates = [] } of made)
    for (const { name } of creates)
      if (kind === "type") await session.query(`DROP TYPE IF EXISTS ${named(name)}`);
      else if (kind === "sequence") await session.query(`DROP SEQUENCE IF EXISTS ${named(name)}`);
  await session.query("DELETE FROM headgate.built WHERE migration = $1 AND name = ANY ($2::text[])", [
    migration,
    [...gone, ...made].map(({ name }) => name),
  ]);
  // They say what was found of what is gone.
  await session.query("DELETE FROM headgate.phase WHERE migration = $1 AND phase IN ('views', 'generated')", [
    migration,
  ]);
}
