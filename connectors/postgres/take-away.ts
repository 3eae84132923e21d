/**
 * What was built, taken away again and forgotten, in a transaction that has proven the epoch: one statement's object, or tables
 * with all that was built over them and upon them. Only what is still what was built; anything else refuses, and nothing goes.
 */
import type { Plan, PlanStatement } from "../../src/model.js";
import { postgresName } from "../../src/safety/identifier.js";
import type { Session } from "./connection.js";
import { demandOwn, ownTables } from "./ours.js";

/** Nothing where it is not built. Faults: target-refused. */
export async function takeAway(
  session: Session,
  migration: string,
  schema: string,
  statement: PlanStatement,
): Promise<void> {
  const undo = statement.undo ?? statement.drop;
  const { rows } = await session.query("SELECT FROM headgate.built WHERE migration = $1 AND name = $2", [
    migration,
    statement.name,
  ]);
  if (rows.length === 0) return;
  const { table } = statement;
  const there = table === null || (await ownTables(session, migration, schema, [table])).has(table);
  await demandOwn(session, migration, schema, statement);
  // What was upon a table went with it; a function did not.
  if (undo !== undefined && (there || statement.kind === "trigger"))
    await session.query(undo, undefined, `dropping ${statement.name}`);
  await session.query("DELETE FROM headgate.built WHERE migration = $1 AND name = $2", [
    migration,
    statement.name,
  ]);
}

/**
 * Drops these tables, by source name, with what was built over them and upon them, and forgets that it was: whoever builds
 * next finds it missing. Views and foreign keys that a person has put upon them make PostgreSQL refuse, and nothing is dropped
 * then; indexes, triggers and grants go with the table, which is why recopy wants --yes.
 */
export async function takeDown(session: Session, before: Plan, tables: readonly string[]): Promise<void> {
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
  const made = before.before.filter(({ name, table }) => built.has(name) && targets.has(table));
  const theirs = [...made.filter(({ kind }) => kind === "table"), ...gone].flatMap(
    ({ table }) => table ?? [],
  );
  const there = await ownTables(session, migration, schema, [...new Set(theirs)]);
  for (const statement of [...made, ...gone]) await demandOwn(session, migration, schema, statement);
  // As they were built upon each other, the last one first.
  for (const statement of gone.toReversed()) {
    const { kind, table, undo } = statement;
    const view = views.get(statement.name);
    if (view !== undefined) await session.query(`DROP VIEW IF EXISTS ${named(view)}`);
    else if (undo !== undefined && (kind === "trigger" || there.has(table ?? ""))) await session.query(undo);
  }
  // One that somebody has dropped before is gone already.
  for (const { kind, table } of made)
    if (kind === "table" && there.has(table ?? "")) await session.query(`DROP TABLE ${named(table ?? "")}`);
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
