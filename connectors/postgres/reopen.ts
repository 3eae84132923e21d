/**
 * Tables that are copied again: emptied, one open range each, and from now on by an exact cut alone, since what the log
 * holds of them before it may be of another shape, or was replayed already. Within a transaction that has proven the epoch.
 */
import { postgresName } from "../../src/safety/identifier.js";
import type { Session } from "./connection.js";
import { ownTables } from "./ours.js";
import { forgetProofs } from "./verify/proofs.js";

/** `tables` by source name. */
export async function reopenTables(
  session: Session,
  migration: string,
  schema: string,
  tables: readonly string[],
): Promise<void> {
  if (tables.length === 0) return;
  const { rows } = await session.query(
    `SELECT target, EXISTS (SELECT FROM pg_catalog.pg_constraint c
                     WHERE c.contype = 'f' AND c.confrelid = to_regclass(format('%I.%I', $3::text, t.target))) AS referenced
       FROM headgate.source_table t WHERE migration = $1 AND name = ANY ($2::text[])`,
    [migration, tables, schema],
  );
  const there = await ownTables(
    session,
    migration,
    schema,
    rows.map((row) => row["target"] ?? ""),
  );
  // TRUNCATE refuses a table that a foreign key points to. Its rows go without what the key would do to others.
  if (rows.some((row) => row["referenced"] === "t"))
    await session.query("SET LOCAL session_replication_role = replica");
  for (const row of rows) {
    // One that is made anew is not there yet.
    if (!there.has(row["target"] ?? "")) continue;
    const name = `${postgresName(schema)}.${postgresName(row["target"] ?? "")}`;
    await session.query(row["referenced"] === "t" ? `DELETE FROM ${name}` : `TRUNCATE ${name}`);
  }
  for (const sql of [
    "DELETE FROM headgate.range WHERE migration = $1 AND table_name = ANY ($2::text[])",
    `INSERT INTO headgate.range (migration, table_name, rank, number)
     SELECT migration, name, rank, 0 FROM headgate.source_table WHERE migration = $1 AND name = ANY ($2::text[])`,
    "UPDATE headgate.source_table SET ranges = 1, reopened = true WHERE migration = $1 AND name = ANY ($2::text[])",
  ])
    await session.query(sql, [migration, tables]);
  await forgetProofs(session, migration, tables);
  // A batch of its own, so that it comes after whatever was compared; before the first one nothing was.
  await session.query(
    `WITH moved AS (
       UPDATE headgate.lane l SET seq = seq + 1
        WHERE l.migration = $1 AND l.position IS NOT NULL
          AND EXISTS (SELECT FROM headgate.source_table t
                       WHERE t.migration = $1 AND t.lane = l.lane AND t.name = ANY ($2::text[]))
       RETURNING l.lane, l.seq, l.position)
     INSERT INTO headgate.dirty (migration, lane, seq, table_name, keys, whole, position)
     SELECT $1, m.lane, m.seq, t.name, NULL, true, m.position
       FROM moved m JOIN headgate.source_table t ON t.migration = $1 AND t.lane = m.lane
      WHERE t.name = ANY ($2::text[])`,
    [migration, tables],
  );
}
