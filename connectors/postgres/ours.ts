/**
 * Whether what has a name now is what was built under it. Somebody may have put something else in its place since, and what is
 * emptied or dropped by its name alone would be theirs. Within a transaction: what was looked at stays so until it ends.
 */
import { Fault } from "../../src/errors.js";
import type { PlanStatement } from "../../src/model.js";
import { postgresName } from "../../src/safety/identifier.js";
import type { Session } from "./connection.js";

/** What the ledger keeps of what a statement has made: by this name, what it is. */
export interface Made {
  readonly space: "relation" | "type" | "function";
  readonly name: string;
}

const remembered: readonly PlanStatement["kind"][] = ["type", "sequence", "view", "trigger"];

/**
 * null for what is known by the table that it is upon. Indexes and constraints are: PostgreSQL makes them anew by itself where
 * a column's type is altered.
 */
export function madeBy({ kind, table, creates = [] }: PlanStatement): Made | null {
  if (kind === "table") return table === null ? null : { space: "relation", name: table };
  const [created, ...more] = creates;
  return created === undefined || more.length > 0 || !remembered.includes(kind) ? null : created;
}

/** What a quoted name of this space means now, as SQL; NULL for nothing. */
export function meaning(space: Made["space"], name: string): string {
  const by = { relation: "to_regclass", type: "to_regtype", function: "to_regprocedure" }[space];
  return `${by}(${space === "function" ? `${name} || '()'` : name})::oid`;
}

/** These tables, by target name, as far as they are there. Fault target-refused where one is not the one that was made. */
export async function ownTables(
  session: Session,
  migration: string,
  schema: string,
  targets: readonly string[],
): Promise<ReadonlySet<string>> {
  const find = (): ReturnType<Session["query"]> =>
    session.query(
      `SELECT t.target, to_regclass(format('%I.%I', $2::text, t.target)) IS NOT NULL AS there,
              to_regclass(format('%I.%I', $2::text, t.target))::oid IS NOT DISTINCT FROM b.relation AS ours
         FROM unnest($3::text[]) AS t (target)
         LEFT JOIN headgate.built b ON b.migration = $1 AND b.kind = 'table' AND b.target = t.target`,
      [migration, schema, targets],
      "looking whether tables are our own",
    );
  const named = (row: Readonly<Record<string, string | null>>): string =>
    `${postgresName(schema)}.${postgresName(row["target"] ?? "")}`;
  for (const row of (await find()).rows)
    // Nobody drops or renames it from here on.
    if (row["there"] === "t") await session.query(`LOCK TABLE ${named(row)} IN ROW EXCLUSIVE MODE`);
  const there = (await find()).rows.filter((row) => row["there"] === "t");
  const strange = there.find((row) => row["ours"] !== "t");
  if (strange !== undefined) throw notOurs(named(strange), "table");
  return new Set(there.map((row) => row["target"] ?? ""));
}

/** Fault target-refused where the statement's own object, or the index of its name, is not what was built. Its table is known to be. */
export async function demandOwn(
  session: Session,
  migration: string,
  schema: string,
  statement: PlanStatement,
): Promise<void> {
  const made = madeBy(statement);
  if (made !== null && statement.kind !== "table") {
    const name = `${postgresName(schema)}.${postgresName(made.name)}`;
    const { rows } = await session.query(
      `SELECT FROM headgate.built b
        WHERE b.migration = $1 AND b.name = $2 AND b.relation IS NOT NULL
          AND ${meaning(made.space, "$3::text")} IS NOT NULL
          AND ${meaning(made.space, "$3::text")} <> b.relation`,
      [migration, statement.name, name],
      `looking whether ${name} is our own`,
    );
    if (rows.length > 0) throw notOurs(name, statement.kind === "trigger" ? "function" : statement.kind);
  }
  const [index] = statement.creates ?? [];
  if (index === undefined || !["unique", "index"].includes(statement.kind)) return;
  const name = `${postgresName(schema)}.${postgresName(index.name)}`;
  const { rows } = await session.query(
    `SELECT FROM pg_catalog.pg_class c
       LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
      WHERE c.oid = to_regclass($1)
        AND i.indrelid IS DISTINCT FROM to_regclass(format('%I.%I', $2::text, $3::text))::oid`,
    [name, schema, statement.table],
    `looking whether ${name} is our own`,
  );
  if (rows.length > 0) throw notOurs(name, "index");
}

function notOurs(name: string, what: string): Fault {
  return new Fault(
    "target-refused",
    `${name} is not the ${what} that this migration has made there: somebody has put something else in its place. Nothing was dropped or emptied.`,
    {
      next: "Rename it on the target, or drop it, then run the same command again.",
      facts: { object: name },
    },
  );
}
