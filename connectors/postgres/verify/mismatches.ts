/** Rows that were not the same on both sides, in the ledger: suspected, accused, settled. */
import { Fault } from "../../../src/errors.js";
import type { MismatchKind, RecordedMismatch, Suspect } from "../../../src/verify-port.js";
import type { Session, TextRow } from "../connection.js";
import { iso } from "../ledger-view.js";
import { runNumber, textList } from "./writing.js";
import type { Writing } from "./writing.js";

type State = RecordedMismatch["state"];

const putSql = `
  INSERT INTO headgate.mismatch (migration, table_name, key, kind, columns, copies, duplicate, state, verification, at)
  SELECT $1, m.table_name, m.key, m.kind, m.columns::json, m.copies, m.duplicate, m.state, $2, clock_timestamp()
    FROM unnest($3::text[], $4::bytea[], $5::text[], $6::text[], $7::int[], $8::bool[], $9::text[])
      AS m (table_name, key, kind, columns, copies, duplicate, state)
  ON CONFLICT (migration, table_name, digest) DO UPDATE
     SET kind = excluded.kind, columns = excluded.columns, copies = excluded.copies, duplicate = excluded.duplicate,
         -- Accused rows stay so until they are looked at again: a verification that is cut off takes nothing back.
         state = CASE WHEN excluded.state = 'suspect' AND headgate.mismatch.state = 'different'
                      THEN headgate.mismatch.state ELSE excluded.state END,
         verification = excluded.verification, at = excluded.at`;

interface Found {
  readonly suspect: Suspect;
  readonly state: State;
}

/** A row of ours each; what is said of a key last counts. */
async function put(session: Session, migration: string, run: string, found: readonly Found[]): Promise<void> {
  const each = [
    ...new Map(found.map((one) => [`${one.suspect.table}\n${hexOf(one.suspect.key)}`, one])).values(),
  ];
  if (each.length === 0) return;
  await session.query(
    putSql,
    [
      migration,
      runNumber(run),
      each.map(({ suspect }) => suspect.table),
      each.map(({ suspect }) => hexOf(suspect.key)),
      each.map(({ suspect }) => suspect.kind),
      each.map(({ suspect }) => JSON.stringify(suspect.columns)),
      each.map(({ suspect }) => suspect.copies),
      each.map(({ suspect }) => String(suspect.duplicate === true)),
      each.map(({ state }) => state),
    ],
    "recording rows that differ",
  );
}

/** Within a transaction that has proven the epoch. What is known of a key already is suspected anew: it has to be looked at again. */
export async function addSuspects(
  session: Session,
  migration: string,
  run: string,
  suspects: readonly Suspect[],
): Promise<void> {
  await put(
    session,
    migration,
    run,
    suspects.map((suspect) => ({ suspect, state: "suspect" })),
  );
}

export async function suspect(ledger: Writing, run: string, suspects: readonly Suspect[]): Promise<void> {
  await ledger.write("recording rows that differ", (session) =>
    addSuspects(session, ledger.migration, run, suspects),
  );
}

export async function settle(
  ledger: Writing,
  run: string,
  table: string,
  found: readonly {
    readonly key: Buffer;
    readonly state: State | null;
    readonly suspect: Suspect | null;
  }[],
): Promise<void> {
  const kept = found.flatMap(({ key, state, suspect: row }): readonly Found[] => {
    if (state === null) return [];
    if (row === null || row.table !== table || !row.key.equals(key))
      throw new Fault("bug", `A row of ${table} was accused without saying what of.`);
    return [{ suspect: row, state }];
  });
  const gone = found.filter(({ state }) => state === null).map(({ key }) => hexOf(key));
  await ledger.write(`settling rows of ${table}`, async (session) => {
    await put(session, ledger.migration, run, kept);
    if (gone.length > 0)
      await session.query(
        `DELETE FROM headgate.mismatch
          WHERE migration = $1 AND table_name = $2 AND digest IN (SELECT sha256(k) FROM unnest($3::bytea[]) AS g (k))`,
        [ledger.migration, table, gone],
      );
  });
}

export async function readMismatches(
  ledger: Writing,
  table: string,
  states: readonly State[],
  after: Buffer | null,
  limit: number,
): Promise<readonly RecordedMismatch[]> {
  const { rows } = await ledger.read((session) =>
    session.query(
      // The index holds no more than a key's first bytes.
      `SELECT table_name, key::text, kind, columns::text, copies::text, duplicate::text, state, verification::text AS run, ${iso("at")} AS at
         FROM headgate.mismatch
        WHERE migration = $1 AND table_name = $2 AND state = ANY ($3::text[])
          AND ($4::bytea IS NULL OR (substring(key FROM 1 FOR 1000) >= substring($4::bytea FROM 1 FOR 1000) AND key > $4::bytea))
        ORDER BY substring(key FROM 1 FOR 1000), key LIMIT $5`,
      [ledger.migration, table, states, after === null ? null : hexOf(after), limit],
      `reading the rows of ${table} that differ`,
    ),
  );
  return rows.map(mismatchOf);
}

export async function countMismatches(
  ledger: Writing,
): Promise<readonly { readonly table: string; readonly state: State; readonly count: string }[]> {
  const { rows } = await ledger.read((session) =>
    session.query(
      `SELECT table_name, state, count(*)::text AS count FROM headgate.mismatch WHERE migration = $1
        GROUP BY table_name, state ORDER BY table_name, state`,
      [ledger.migration],
      "counting the rows that differ",
    ),
  );
  return rows.map((row) => ({
    table: row["table_name"] ?? "",
    state: stateOf(row["state"] ?? null),
    count: row["count"] ?? "",
  }));
}

export function mismatchOf(row: TextRow): RecordedMismatch {
  return {
    table: row["table_name"] ?? "",
    key: Buffer.from((row["key"] ?? "").slice(2), "hex"),
    kind: kindOf(row["kind"] ?? null),
    columns: textList(row["columns"] ?? ""),
    copies: Number(row["copies"]),
    ...(row["duplicate"] === "true" ? { duplicate: true } : {}),
    state: stateOf(row["state"] ?? null),
    run: row["run"] ?? "",
    at: row["at"] ?? "",
  };
}

/** As bytea_output and every bytea's input have it. */
function hexOf(bytes: Buffer): string {
  return `\\x${bytes.toString("hex")}`;
}

const kinds: readonly MismatchKind[] = ["missing", "extra", "different"];
const states: readonly State[] = ["suspect", "different", "pending"];

function kindOf(text: string | null): MismatchKind {
  const kind = kinds.find((one) => one === text);
  if (kind === undefined) throw new Fault("ledger-mismatch", "A kind of mismatch in the ledger is none.");
  return kind;
}

export function stateOf(text: string | null): State {
  const state = states.find((one) => one === text);
  if (state === undefined) throw new Fault("ledger-mismatch", "A mismatch's state in the ledger is none.");
  return state;
}
