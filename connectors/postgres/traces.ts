/**
 * What a migration leaves on the target once it is over, found without a claim: slot, publication and origins of its way back,
 * and what was built for its plan, each told as ours only where the ledger has it as made by us and it still is what was made.
 */
import type { Plan, PlanStatement } from "../../src/model.js";
import { postgresName } from "../../src/safety/identifier.js";
import type { Trace } from "../../src/traces-port.js";
import type { PostgresOptions, Session } from "./connection.js";
import { inEpoch } from "./epoch.js";
import type { Claim } from "./epoch.js";
import { demandForward } from "./forward.js";
import { originPrefix } from "./logical/names.js";
import { demandOwn } from "./ours.js";
import { takeAway, takeDown } from "./take-away.js";

const goes = (object: string): Trace => ({ side: "target", object, stays: null, sql: null });

export async function findTraces(
  session: Session,
  options: PostgresOptions,
  plan: Plan,
): Promise<readonly Trace[]> {
  return [
    ...(await wayBackTraces(session, options, plan.migration)),
    ...(await builtTraces(session, plan)),
    ...(await sharedTraces(session, plan)),
  ];
}

async function wayBackTraces(
  session: Session,
  options: PostgresOptions,
  migration: string,
): Promise<readonly Trace[]> {
  const doing = "looking for what the way back has made";
  const [known] = (
    await session.query("SELECT to_regclass('headgate.way_back') IS NOT NULL AS there", [], doing)
  ).rows;
  const { rows: origins } = await session.query(
    `SELECT roname AS name FROM pg_catalog.pg_replication_origin
      WHERE pg_catalog.left(roname, pg_catalog.length($1::text)) = $1 ORDER BY roname`,
    [originPrefix(options, migration)],
    doing,
  );
  const traces: Trace[] = [];
  if (known?.["there"] === "t") {
    const { rows } = await session.query(
      `SELECT w.name, EXISTS (SELECT FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = w.name) AS slot,
              EXISTS (SELECT FROM pg_catalog.pg_publication p WHERE p.pubname = w.name) AS publication,
              (SELECT count(*) FROM headgate.replica_identity r WHERE r.migration = w.migration)::text AS identities
         FROM headgate.way_back w WHERE w.migration = $1`,
      [migration],
      doing,
    );
    for (const row of rows) {
      if (row["slot"] === "t") traces.push(goes(`replication slot ${row["name"] ?? ""}`));
      if (row["publication"] === "t") traces.push(goes(`publication ${row["name"] ?? ""}`));
      if (row["identities"] !== "0")
        traces.push(goes(`REPLICA IDENTITY FULL of ${row["identities"] ?? ""} tables, back to what it was`));
    }
  }
  return [...traces, ...origins.map(({ name }) => goes(`replication origin ${name ?? ""}`))];
}

async function builtTraces(session: Session, plan: Plan): Promise<readonly Trace[]> {
  const { rows } = await session.query(
    `SELECT b.target, to_regclass(format('%I.%I', $2::text, b.target))::oid IS NOT DISTINCT FROM b.relation AS ours
       FROM headgate.built b
      WHERE b.migration = $1 AND b.kind = 'table' AND to_regclass(format('%I.%I', $2::text, b.target)) IS NOT NULL
      ORDER BY b.target`,
    [plan.migration, plan.schema],
    "looking for the tables that were built",
  );
  return rows.map((row): Trace => {
    const name = `${postgresName(plan.schema)}.${postgresName(row["target"] ?? "")}`;
    const sql = `DROP TABLE ${name};`;
    return row["ours"] === "t"
      ? { side: "target", object: `table ${name}`, stays: null, sql }
      : {
          side: "target",
          object: `table ${name}`,
          stays: "somebody has put another one in its place",
          sql: null,
        };
  });
}

/** Made only where it was missing, so nobody can tell whose it is: a person looks. */
async function sharedTraces(session: Session, plan: Plan): Promise<readonly Trace[]> {
  const { rows } = await session.query(
    "SELECT name FROM headgate.built WHERE migration = $1 AND kind IN ('schema', 'collation')",
    [plan.migration],
    "looking for what others may use as well",
  );
  const built = new Set(rows.map(({ name }) => name));
  return plan.before
    .filter(({ name }) => built.has(name))
    .map(({ kind, name }): Trace => ({
      side: "target",
      object: name,
      stays: `a ${kind} is made where it is missing, and others may use it`,
      sql: kind === "schema" ? `DROP SCHEMA ${postgresName(plan.schema)};` : null,
    }));
}

/** Tables a transaction: each locks what hangs on it, and the server's room for locks is bounded. */
const together = 100;

/** Drops what was built, a part at a time: whoever is killed in between drops the rest. */
export async function dropBuilt(session: Session, claim: Claim, plan: Plan): Promise<void> {
  const { migration, schema } = plan;
  const within = (act: () => Promise<void>): Promise<void> =>
    inEpoch(session, claim, "dropping what was built", async () => {
      await demandForward(session, migration);
      await act();
    });
  const sources = plan.tables.map(({ source }) => source);
  for (let at = 0; at < sources.length; at += together)
    await within(() => takeDown(session, plan, sources.slice(at, at + together)));
  // What stood upon no table, last first: functions that several triggers call, then sequences and types.
  await within(async () => {
    for (const statement of plan.after.toReversed())
      if ((statement.undo ?? statement.drop) !== undefined)
        await takeAway(session, migration, schema, statement);
    for (const statement of plan.before.toReversed()) await dropMade(session, plan, statement);
  });
}

async function dropMade(session: Session, plan: Plan, statement: PlanStatement): Promise<void> {
  const { migration, schema } = plan;
  if (statement.kind !== "sequence" && statement.kind !== "type") return;
  const { count } = await session.query("SELECT FROM headgate.built WHERE migration = $1 AND name = $2", [
    migration,
    statement.name,
  ]);
  if (count === 0) return;
  await demandOwn(session, migration, schema, statement);
  for (const { name } of statement.creates ?? [])
    await session.query(
      `DROP ${statement.kind === "type" ? "TYPE" : "SEQUENCE"} IF EXISTS ${postgresName(schema)}.${postgresName(name)}`,
      undefined,
      `dropping ${statement.name}`,
    );
  await session.query("DELETE FROM headgate.built WHERE migration = $1 AND name = $2", [
    migration,
    statement.name,
  ]);
}
