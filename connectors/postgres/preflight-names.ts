/**
 * Names besides the tables' that the plan takes in its schema: indexes, sequences, types, functions. One that somebody
 * else has already would stop the build, hours after the copy began, so it is told before anything is written. What
 * this migration has built itself is not in the way: the ledger has its statement by name.
 */
import type { CreatedName, Finding, Plan } from "../../src/model.js";
import type { Session } from "./connection.js";

/** Every name of the plan that is taken. `known`: there is a ledger. */
export async function nameFindings(
  session: Session,
  plan: Plan,
  known: boolean,
): Promise<readonly Finding[]> {
  const wanted: { readonly statement: string; readonly created: CreatedName }[] = [
    // A table is a row type too, and a type of that name is no table.
    ...plan.tables.map(({ target }) => ({
      statement: "",
      created: { space: "type" as const, name: target },
    })),
    ...[...plan.before, ...plan.after].flatMap(({ name, creates = [] }) =>
      creates.map((created) => ({ statement: name, created })),
    ),
  ];
  const { rows } = await session.query(
    `SELECT DISTINCT w.space, w.name
       FROM unnest($3::text[], $4::text[], $5::text[]) AS w (statement, space, name)
       JOIN pg_catalog.pg_namespace n ON n.nspname = $1
      WHERE CASE w.space
              WHEN 'relation' THEN EXISTS (SELECT FROM pg_catalog.pg_class c
                                            WHERE c.relnamespace = n.oid AND c.relname = w.name)
              WHEN 'type' THEN EXISTS (SELECT FROM pg_catalog.pg_type t
                                        WHERE t.typnamespace = n.oid AND t.typname = w.name
                                          AND t.typrelid = 0 AND t.typcategory <> 'A')
              ELSE EXISTS (SELECT FROM pg_catalog.pg_proc p
                            WHERE p.pronamespace = n.oid AND p.proname = w.name AND p.pronargs = 0)
            END
        AND NOT ${known ? "EXISTS (SELECT FROM headgate.built b WHERE b.migration = $2 AND b.name = w.statement)" : "($2::text IS NULL)"}
      ORDER BY w.space, w.name`,
    [
      plan.schema,
      plan.migration,
      wanted.map(({ statement }) => statement),
      wanted.map(({ created }) => created.space),
      wanted.map(({ created }) => created.name),
    ],
    "looking for planned names on the target",
  );
  return rows.map((row): Finding => {
    const name = `${plan.schema}.${row["name"] ?? ""}`;
    const what =
      { relation: "A relation", type: "A type", function: "A function" }[row["space"] ?? ""] ?? "Something";
    return {
      code: "target-name-taken",
      severity: "error",
      object: name,
      sentence: `${what} ${name} is there already, and the plan needs the name for its own.`,
      fix: "Drop or rename it on the target, or copy to another schema.",
      count: 1,
      sampleKeys: [],
    };
  });
}
