/** How each table stands in the ledger, and when what events have touched may be forgotten. */
import { Fault } from "../../../src/errors.js";
import type { Position } from "../../../src/model.js";
import type { ProvenAt, TableProof, WholeFigures } from "../../../src/verify-port.js";
import type { Session, TextRow } from "../connection.js";
import { iso } from "../ledger-view.js";
import { positionOf } from "../position.js";
import { methodOf } from "./runs.js";
import { runNumber } from "./writing.js";
import type { Writing } from "./writing.js";

/**
 * A later batch stays on record: what it says was true then, and what events touched up to it may be forgotten already.
 * `figures` null: of a table that was never looked at whole there is nothing to go on from.
 */
export async function setClean(
  ledger: Writing,
  table: string,
  seq: bigint,
  position: Position | null,
  figures: WholeFigures | null,
): Promise<void> {
  const values = [
    ledger.migration,
    table,
    seq.toString(),
    position === null ? null : JSON.stringify(position),
  ];
  const later = `seq = greatest(p.seq, $3::bigint),
                 position = CASE WHEN $3::bigint >= p.seq THEN $4::json ELSE p.position END, at = clock_timestamp()`;
  const { count } = await ledger.write(`recording that ${table} was compared`, (session) =>
    figures === null
      ? session.query(
          `UPDATE headgate.table_proof AS p SET ${later} WHERE migration = $1 AND table_name = $2`,
          values,
        )
      : session.query(
          // Of the ranges the one whose look began first: all of the table was equal, or differed as told, no earlier.
          `INSERT INTO headgate.table_proof AS p (migration, table_name, seq, position, at, rows_source, rows_target, ranges, method,
                                                  whole_seq, whole_position, whole_at)
           SELECT $1, $2, $3::bigint, $4::json, clock_timestamp(), $5, $6, $7, $8, $3::bigint, $4::json,
                  min(r.proven_at - make_interval(secs => r.seconds))
             FROM headgate.verified_range r
            WHERE r.migration = $1 AND r.verification = $9 AND r.table_name = $2
           -- A change of the table that was left out meanwhile has taken its ranges away: nothing is proven by them.
           HAVING count(r.proven_at) > 0
           ON CONFLICT (migration, table_name) DO UPDATE
              SET ${later}, rows_source = excluded.rows_source, rows_target = excluded.rows_target,
                  ranges = excluded.ranges, method = excluded.method, whole_seq = excluded.whole_seq,
                  whole_position = excluded.whole_position, whole_at = excluded.whole_at`,
          [
            ...values,
            figures.rowsSource,
            figures.rowsTarget,
            figures.ranges,
            figures.method,
            runNumber(figures.run),
          ],
        ),
  );
  if (count !== 1)
    throw new Fault(
      "ledger-mismatch",
      `${table} was never compared whole, or is not to be gone on from any more: a change of it was left out.`,
      { next: "headgate verify" },
    );
}

/**
 * What was proven of tables whose rows are copied again, or are read otherwise from now on, is proven no more. Within a
 * transaction that has proven the epoch.
 */
export async function forgetProofs(
  session: Session,
  migration: string,
  tables: readonly string[],
): Promise<void> {
  await session.query(
    "DELETE FROM headgate.mismatch WHERE migration = $1 AND table_name = ANY ($2::text[])",
    [migration, tables],
  );
  await unprove(session, migration, tables);
}

/** Tables that have to be compared whole again, whatever was found of them stays on record. As above. */
export async function unprove(session: Session, migration: string, tables: readonly string[]): Promise<void> {
  for (const sql of [
    "DELETE FROM headgate.table_proof WHERE migration = $1 AND table_name = ANY ($2::text[])",
    // Of a verification that is over its ranges stay, as what was found then.
    `DELETE FROM headgate.verified_range r USING headgate.verification v
      WHERE v.migration = r.migration AND v.id = r.verification AND v.state = 'open'
        AND r.migration = $1 AND r.table_name = ANY ($2::text[])`,
  ])
    await session.query(sql, [migration, tables]);
}

/** Every table of the migration, also those that were never compared. */
export async function readProofs(ledger: Writing): Promise<readonly TableProof[]> {
  const { rows } = await ledger.read((session) =>
    session.query(
      `SELECT t.name, ${proofColumns}
         FROM headgate.source_table t
         LEFT JOIN headgate.table_proof p ON p.migration = t.migration AND p.table_name = t.name
        WHERE t.migration = $1 ORDER BY t.name`,
      [ledger.migration],
      "reading what is proven of the tables",
    ),
  );
  return rows.map(tableProofOf);
}

/** Of table_proof as p, which may have no row, beside the table's name. */
export const proofColumns = `p.seq::text AS seq, p.position::text AS position, ${iso("p.at")} AS at, p.whole_seq::text AS whole_seq,
            p.whole_position::text AS whole_position, ${iso("p.whole_at")} AS whole_at, p.rows_source::text AS source,
            p.rows_target::text AS target, p.ranges::text AS ranges, p.method`;

export function tableProofOf(row: TextRow): TableProof {
  const clean = provenAt(row["seq"], row["position"], row["at"]);
  return {
    table: row["name"] ?? "",
    whole: provenAt(row["whole_seq"], row["whole_position"], row["whole_at"]),
    clean,
    rowsSource: row["source"] ?? "0",
    rowsTarget: row["target"] ?? "0",
    ranges: Number(row["ranges"] ?? 0),
    method: clean === null ? null : methodOf(row["method"] ?? null),
  };
}

function provenAt(
  seq: string | null | undefined,
  position: string | null | undefined,
  at: string | null | undefined,
): ProvenAt | null {
  if (seq === null || seq === undefined) return null;
  return { seq: BigInt(seq), position: positionOf(position ?? null), at: at ?? "" };
}

/** A lane's touched keys are needed while a table of it was not compared after them. */
export async function prune(ledger: Writing, lane: string): Promise<number> {
  const { count } = await ledger.write(`forgetting touched keys of the lane ${lane}`, (session) =>
    session.query(
      `DELETE FROM headgate.dirty
        WHERE migration = $1 AND lane = $2
          AND seq <= (SELECT CASE WHEN count(*) = count(p.seq) THEN min(p.seq) END
                        FROM headgate.source_table t
                        LEFT JOIN headgate.table_proof p ON p.migration = t.migration AND p.table_name = t.name
                       WHERE t.migration = $1 AND t.lane = $2)`,
      [ledger.migration, lane],
    ),
  );
  return count;
}
