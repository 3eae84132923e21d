/**
 * Tables without a key are multisets: a delete takes exactly one copy of a row away. Rows are equal when every byte of
 * every column is (NULL with NULL, json as its text, -0 apart from 0, NaN with NaN), which is what *= says of records.
 * *= cannot be hashed, so rows meet over columns that are never NULL, or else over the text of the whole row.
 */
import { Fault, recopying } from "../../../src/errors.js";
import type { Tuples } from "../../../src/stream-port.js";
import type { Session } from "../connection.js";
import type { Sending } from "./sending.js";
import type { TableShape } from "./shape.js";
import type { Stages } from "./stage.js";

/** Deletes one copy for each row of `deletes`. Fault divergence where there are fewer. */
export async function deleteCopies(
  session: Session,
  sending: Sending,
  stages: Stages,
  shape: TableShape,
  deletes: Tuples,
): Promise<void> {
  const source = stages.fill(sending, shape, [deletes]);
  await sending.flush();
  const doing = `deleting from ${shape.table.target}`;
  const [, deleted] = await session.burst([
    // The session has it off for the sake of keys; here there is none, and one look through the table is the least.
    { sql: "SET LOCAL enable_hashjoin = on", values: [], doing },
    { sql: copiesSql(shape, source), values: [], doing },
    { sql: "SET LOCAL enable_hashjoin = off", values: [], doing },
  ]);
  const missing = deletes.rows - (deleted?.count ?? 0);
  if (missing === 0) return;
  const { source: table, target } = shape.table;
  const rows = missing === 1 ? "a row" : `${String(missing)} rows`;
  throw new Fault(
    "divergence",
    `${target}: ${rows} to be deleted ${missing === 1 ? "is" : "are"} not on the target. The table has no key that could be told.`,
    { next: recopying(table), facts: { table, operation: "delete", rows: missing, keys: "" } },
  );
}

function copiesSql(shape: TableShape, source: string): string {
  const columns = shape.columns.map((column, place) => ({ ...column, staged: `c${String(place)}` }));
  // As the base type: record comparison wants the very same types on both sides, and a domain is another one.
  const theirs = columns.map(({ name, type }) => `t.${name}::${type}`).join(", ");
  const ours = columns.map(({ staged }) => `w.${staged}`).join(", ");
  const meeting = columns
    .filter(({ notNull, hashable }) => notNull && hashable)
    .map(({ name, staged }) => `t.${name} = w.${staged}`);
  if (meeting.length === 0) meeting.push(`(ROW(${theirs})::text COLLATE "C") = w.image`);
  return `
    WITH wanted AS (
      SELECT DISTINCT ON (x.image) x.*, count(*) OVER (PARTITION BY x.image) AS copies
        FROM (SELECT s.*, (ROW(${columns.map(({ staged }) => `s.${staged}`).join(", ")})::text COLLATE "C") AS image
                FROM ${source}) x
       ORDER BY x.image
    ), found AS (
      SELECT t.ctid AS place, t.tableoid AS part, w.copies, row_number() OVER (PARTITION BY w.image) AS nth
        FROM ${shape.name} AS t
        JOIN wanted w ON ${meeting.join(" AND ")} AND (ROW(${theirs})::record) *= (ROW(${ours})::record)
    )
    DELETE FROM ${shape.name} AS t USING found f
     WHERE t.ctid = f.place AND t.tableoid = f.part AND f.nth <= f.copies`;
}
