/** Verifications and their ranges in the ledger: begun, proven range by range, ended. */
import { Fault } from "../../../src/errors.js";
import type { Range } from "../../../src/model.js";
import type { RangeProof, Suspect, VerifyRun, VerifyScope } from "../../../src/verify-port.js";
import type { TextRow } from "../connection.js";
import { iso } from "../ledger-view.js";
import { positionOf } from "../position.js";
import { addSuspects } from "./mismatches.js";
import { boundJson, rangeOf, runNumber } from "./writing.js";
import type { Writing } from "./writing.js";

/** As it is kept, and compared: of one spelling. */
function scopeJson({ method, kind, tables, sample }: VerifyScope): string {
  const part = sample === null ? null : { percent: sample.percent, seed: sample.seed };
  return JSON.stringify({ method, kind, tables, sample: part });
}

function isScope(value: unknown): value is VerifyScope {
  return (
    typeof value === "object" && value !== null && "method" in value && "kind" in value && "tables" in value
  );
}

export function runOf(row: TextRow): VerifyRun {
  const scope: unknown = JSON.parse(row["scope"] ?? "");
  if (!isScope(scope)) throw new Fault("ledger-mismatch", "A verification's scope in the ledger is none.");
  return {
    id: row["id"] ?? "",
    scope,
    startedAt: row["started"] ?? "",
    endedAt: row["ended"] ?? null,
  };
}

export const runColumns = `id::text AS id, scope::text AS scope, ${iso("started_at")} AS started, ${iso("ended_at")} AS ended`;

/** Verifications that wait to go on; of more, those with the least to lose are given up. */
const mostOpen = 8;

/** One that nobody has gone on with for as long is begun anew. */
const freshFor = "1 day";

export async function begin(ledger: Writing, scope: VerifyScope): Promise<VerifyRun> {
  return ledger.write("beginning a verification", async (session) => {
    const values = [ledger.migration, scopeJson(scope)];
    await session.query(
      `UPDATE headgate.verification SET state = 'given up', ended_at = clock_timestamp()
        WHERE id IN (SELECT v.id FROM headgate.verification v
                      WHERE v.migration = $1 AND v.state = 'open' AND v.scope::text <> $2
                      ORDER BY (SELECT count(r.proven_at) FROM headgate.verified_range r
                                 WHERE r.migration = v.migration AND r.verification = v.id) DESC, v.id DESC
                     OFFSET ${String(mostOpen - 1)})`,
      values,
    );
    // Whoever asks for a comparison today does not mean the half of one that somebody else left behind last week.
    await session.query(
      `UPDATE headgate.verification v SET state = 'given up', ended_at = clock_timestamp()
        WHERE v.migration = $1 AND v.state = 'open' AND v.scope::text = $2
          AND greatest(v.started_at, (SELECT max(r.proven_at) FROM headgate.verified_range r
                                       WHERE r.migration = v.migration AND r.verification = v.id))
              < clock_timestamp() - interval '${freshFor}'`,
      values,
    );
    await session.query(
      `INSERT INTO headgate.verification (migration, scope, started_at)
       SELECT $1, $2::json, clock_timestamp()
        WHERE NOT EXISTS (SELECT FROM headgate.verification WHERE migration = $1 AND state = 'open' AND scope::text = ($2::json)::text)`,
      values,
    );
    const { rows } = await session.query(
      `SELECT ${runColumns} FROM headgate.verification WHERE migration = $1 AND state = 'open' AND scope::text = $2`,
      values,
    );
    const [row] = rows;
    if (row === undefined) throw new Fault("bug", "A verification was begun, and there is none.");
    return runOf(row);
  });
}

export async function setRanges(
  ledger: Writing,
  run: string,
  table: string,
  ranges: readonly Range[],
): Promise<void> {
  await ledger.write(`recording the ranges to compare of ${table}`, (session) =>
    session.query(
      `INSERT INTO headgate.verified_range (migration, verification, table_name, number, lower, upper)
       SELECT v.migration, v.id, $3, r.number, r.lower::json, r.upper::json
         FROM headgate.verification v, unnest($4::int[], $5::text[], $6::text[]) AS r (number, lower, upper)
        WHERE v.migration = $1 AND v.id = $2 AND v.state = 'open'
          AND NOT EXISTS (SELECT FROM headgate.verified_range
                           WHERE migration = $1 AND verification = $2 AND table_name = $3)`,
      [
        ledger.migration,
        runNumber(run),
        table,
        ranges.map(({ number }) => number),
        ranges.map(({ lower }) => boundJson(lower)),
        ranges.map(({ upper }) => boundJson(upper)),
      ],
    ),
  );
}

const methods: readonly RangeProof["method"][] = ["stream", "keys", "multiset", "digest"];

export function methodOf(text: string | null): RangeProof["method"] {
  const method = methods.find((one) => one === text);
  if (method === undefined)
    throw new Fault("ledger-mismatch", "A method of comparing in the ledger is none.");
  return method;
}

export async function readRanges(
  ledger: Writing,
  run: string,
): Promise<readonly { readonly range: Range; readonly proof: RangeProof | null }[]> {
  const { rows } = await ledger.read((session) =>
    session.query(
      `SELECT table_name, number::text, lower::text, upper::text, rows_source::text, rows_target::text, bytes::text,
              seq::text, position::text AS position, digest, method, seconds::text
         FROM headgate.verified_range AS r WHERE migration = $1 AND verification = $2 ORDER BY r.table_name, r.number`,
      [ledger.migration, runNumber(run)],
      "reading the ranges of a verification",
    ),
  );
  return rows.map((row) => {
    const range = rangeOf(row);
    return { range, proof: row["seq"] === null ? null : proofOf(row, range) };
  });
}

function proofOf(row: TextRow, range: Range): RangeProof {
  return {
    table: range.table,
    number: range.number,
    range,
    rowsSource: row["rows_source"] ?? "",
    rowsTarget: row["rows_target"] ?? "",
    bytes: row["bytes"] ?? "",
    seq: BigInt(row["seq"] ?? ""),
    position: positionOf(row["position"] ?? null),
    digest: row["digest"] ?? null,
    method: methodOf(row["method"] ?? null),
    seconds: Number(row["seconds"]),
  };
}

/** A range that is proven already is proven anew; one of a verification that is over, or that was taken back, is not. */
export async function prove(
  ledger: Writing,
  run: string,
  proof: RangeProof,
  suspects: readonly Suspect[],
): Promise<void> {
  await ledger.write(`recording a range of ${proof.table} as compared`, async (session) => {
    const { count } = await session.query(
      // Never made anew: what a skipped change takes back of an open verification has to be compared by a later one.
      `UPDATE headgate.verified_range r
          SET rows_source = $7, rows_target = $8, bytes = $9, seq = $10, position = $11::json, digest = $12, method = $13,
              seconds = $14, proven_at = clock_timestamp()
         FROM headgate.verification v
        WHERE v.migration = $1 AND v.id = $2 AND v.state = 'open'
          AND r.migration = v.migration AND r.verification = v.id AND r.table_name = $3 AND r.number = $4
          AND r.lower::text IS NOT DISTINCT FROM ($5::json)::text AND r.upper::text IS NOT DISTINCT FROM ($6::json)::text`,
      [
        ledger.migration,
        runNumber(run),
        proof.table,
        proof.number,
        boundJson(proof.range?.lower ?? null),
        boundJson(proof.range?.upper ?? null),
        proof.rowsSource,
        proof.rowsTarget,
        proof.bytes,
        proof.seq.toString(),
        proof.position === null ? null : JSON.stringify(proof.position),
        proof.digest,
        proof.method,
        proof.seconds,
      ],
    );
    if (count !== 1)
      throw new Fault(
        "ledger-mismatch",
        `Range ${String(proof.number)} of ${proof.table} was compared for a verification that is over, or has other bounds, or is not proven any more by a change that was skipped.`,
        { next: "Run the same command again." },
      );
    await addSuspects(session, ledger.migration, run, suspects);
  });
}

export async function end(
  ledger: Writing,
  run: string,
  facts: Readonly<Record<string, string | number | boolean | null>>,
): Promise<void> {
  const { count } = await ledger.write("ending a verification", (session) =>
    session.query(
      `UPDATE headgate.verification SET state = 'ended', ended_at = clock_timestamp(), facts = $3::json
        WHERE migration = $1 AND id = $2 AND state = 'open'`,
      [ledger.migration, runNumber(run), JSON.stringify(facts)],
    ),
  );
  if (count !== 1)
    throw new Fault("ledger-mismatch", `Verification ${run} was to be ended, and is not open any more.`);
}

export async function ended(
  ledger: Writing,
  limit: number,
): Promise<readonly (VerifyRun & { readonly facts: Readonly<Record<string, unknown>> })[]> {
  const { rows } = await ledger.read((session) =>
    session.query(
      `SELECT ${runColumns}, facts::text AS facts FROM headgate.verification
        WHERE migration = $1 AND state = 'ended' ORDER BY headgate.verification.ended_at DESC, id DESC LIMIT $2`,
      [ledger.migration, limit],
      "reading the last verifications",
    ),
  );
  return rows.map((row) => ({ ...runOf(row), facts: factsOf(row["facts"] ?? "") }));
}

function factsOf(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null)
    throw new Fault("ledger-mismatch", "A verification's facts in the ledger are none.");
  return { ...value };
}
