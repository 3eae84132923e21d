/**
 * What the ledger knows of verification, read without a claim and all of it in one view: `status` and `report` may look
 * while an engine compares, or when none is left. Touched keys are counted here, once each, batch by batch.
 */
import type { ProofView } from "../../../src/verify-port.js";
import type { Session, TextRow } from "../connection.js";
import { keyRun } from "../key-run.js";
import { iso } from "../ledger-view.js";
import { mismatchOf, stateOf } from "./mismatches.js";
import { proofColumns, tableProofOf } from "./proofs.js";
import { runColumns, runOf } from "./runs.js";

/** Verifications that are told, rows on record of a table, and keys that are counted before "at least" is enough. */
const most = { runs: 20, named: 100, keys: 1_000_000 };

/** null where the ledger has no tables of verification yet, or no such migration. */
export async function readProof(session: Session, migration: string): Promise<ProofView | null> {
  const [known] = (
    await session.query(
      "SELECT (to_regclass('headgate.table_proof') IS NOT NULL AND to_regclass('headgate.repair') IS NOT NULL)::text AS known",
      [],
      "looking for what is proven",
    )
  ).rows;
  if (known?.["known"] !== "true") return null;
  await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", undefined, "reading what is proven");
  try {
    return await read(session, migration);
  } finally {
    if (session.dead === null) await session.query("COMMIT", undefined, "reading what is proven");
  }
}

async function read(session: Session, migration: string): Promise<ProofView> {
  const ask = async (sql: string): Promise<readonly TextRow[]> =>
    (await session.query(sql, [migration], "reading what is proven")).rows;
  const runs = await ask(
    // The last ones, and those that have looked last at what only some look at.
    `SELECT ${runColumns}, coalesce(facts, '{}'::json)::text AS facts FROM headgate.verification
      WHERE migration = $1 AND state <> 'given up'
        AND (id >= (SELECT min(v.id) FROM (SELECT id FROM headgate.verification WHERE migration = $1 AND state <> 'given up'
                                            ORDER BY id DESC LIMIT ${String(most.runs)}) v)
          OR id IN (SELECT max(v.id) FROM headgate.verification v CROSS JOIN (VALUES ('queries'), ('foreignKeys'), ('sampled'), ('counted'), ('replica')) AS f (name)
                     WHERE v.migration = $1 AND v.state = 'ended' AND v.facts -> f.name IS NOT NULL GROUP BY f.name))
      ORDER BY id DESC`,
  );
  const tables = await ask(
    `SELECT t.name, t.lane, ${proofColumns}
       FROM headgate.source_table t
       LEFT JOIN headgate.table_proof p ON p.migration = t.migration AND p.table_name = t.name
      WHERE t.migration = $1 ORDER BY t.name`,
  );
  const counts = await ask(
    `SELECT table_name AS name, state, count(*)::text AS count FROM headgate.mismatch
      WHERE migration = $1 GROUP BY table_name, state ORDER BY table_name, state`,
  );
  const named = await ask(
    `SELECT table_name, key::text, kind, columns::text AS columns, copies::text AS copies, state,
            to_jsonb(m) ->> 'duplicate' AS duplicate,
            verification::text AS run, ${iso("at")} AS at
       FROM (SELECT m.*, row_number() OVER (PARTITION BY table_name ORDER BY (state = 'different') DESC, key) AS nth
               FROM headgate.mismatch m WHERE migration = $1) m
      WHERE nth <= ${String(most.named)} ORDER BY table_name, nth`,
  );
  const repairs = await ask(
    `SELECT table_name AS name, sum(copies)::text AS rows, ${iso("min(at)")} AS first, ${iso("max(at)")} AS last
       FROM headgate.repair WHERE migration = $1 GROUP BY table_name ORDER BY table_name`,
  );
  const found: ProofView["tables"][number][] = [];
  for (const row of tables) found.push(await tableOf(session, migration, row));
  return {
    runs: runs.map((row) => ({ ...runOf(row), facts: factsOf(row["facts"] ?? "{}") })),
    tables: found,
    counts: counts.map((row) => ({
      table: row["name"] ?? "",
      state: stateOf(row["state"] ?? null),
      count: row["count"] ?? "0",
    })),
    named: named.map(mismatchOf),
    repairs: repairs.map((row) => ({
      table: row["name"] ?? "",
      rows: row["rows"] ?? "0",
      firstAt: row["first"] ?? "",
      lastAt: row["last"] ?? "",
    })),
  };
}

async function tableOf(
  session: Session,
  migration: string,
  row: TextRow,
): Promise<ProofView["tables"][number]> {
  const [table, lane, seq] = [row["name"] ?? "", row["lane"] ?? "", row["seq"] ?? null];
  return {
    ...tableProofOf(row),
    touched: seq === null ? null : await touchedOf(session, [migration, lane, table], seq),
  };
}

/** Too many to be counted are as good as all of them. */
async function touchedOf(
  session: Session,
  values: readonly [string, string, string],
  seq: string,
): Promise<{ readonly keys: string; readonly whole: boolean }> {
  const where = "WHERE migration = $1 AND lane = $2 AND table_name = $3";
  const ask = async (sql: string, after: string): Promise<readonly TextRow[]> =>
    (await session.query(sql, [...values, after], "counting touched keys")).rows;
  const [any] = await ask(
    `SELECT coalesce(bool_or(whole), false)::text AS whole FROM headgate.dirty ${where} AND seq > $4`,
    seq,
  );
  if (any?.["whole"] === "true") return { keys: "0", whole: true };
  const keys = new Set<string>();
  for (let after = seq; ;) {
    const [batch] = await ask(
      `SELECT seq::text AS seq, encode(keys, 'hex') AS keys FROM headgate.dirty ${where} AND seq > $4 ORDER BY seq LIMIT 1`,
      after,
    );
    if (batch === undefined) return { keys: String(keys.size), whole: false };
    after = batch["seq"] ?? "";
    const bytes = Buffer.from(batch["keys"] ?? "", "hex");
    for (const key of keyRun(bytes)) keys.add(key);
    if (keys.size > most.keys) return { keys: String(keys.size), whole: true };
  }
}

function factsOf(text: string): Readonly<Record<string, unknown>> {
  const facts: unknown = JSON.parse(text);
  return typeof facts === "object" && facts !== null ? { ...facts } : {};
}
