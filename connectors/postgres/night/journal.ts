/** The ledger's copy of the journal: what a report finds when the engine's own machine is gone. */
import { Fault } from "../../../src/errors.js";
import type { JournalEntry, Note } from "../../../src/cutover-port.js";
import type { Session, TextRow } from "../connection.js";

/** Within a transaction that has proven the epoch. A number stands for one entry, whoever writes it again. */
export async function appendEntries(
  session: Session,
  migration: string,
  entries: readonly JournalEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  const of = <K extends keyof JournalEntry>(key: K): readonly JournalEntry[K][] =>
    entries.map((entry) => entry[key]);
  const { rows } = await session.query(
    `WITH given AS (
       SELECT * FROM unnest($2::integer[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
                  AS g (number, cutover, step, phase, at, note)),
     written AS (
       INSERT INTO headgate.journal AS j (migration, number, cutover, step, phase, at, note)
       SELECT $1, number, cutover, step, phase, at, note::json FROM given
       ON CONFLICT (migration, number) DO UPDATE SET at = j.at
          WHERE (j.cutover, j.step, j.phase) = (excluded.cutover, excluded.step, excluded.phase)
       RETURNING number)
     SELECT number::text AS number FROM given WHERE number NOT IN (SELECT number FROM written)
      ORDER BY given.number LIMIT 1`,
    [
      migration,
      ...[of("number").map(String), of("cutover"), of("step"), of("phase"), of("at")],
      of("note").map((note) => (note === null ? null : JSON.stringify(note))),
    ],
    "writing the journal",
  );
  const other = rows[0]?.["number"];
  const entry = entries.find(({ number }) => String(number) === other);
  if (entry !== undefined)
    throw new Fault(
      "ledger-mismatch",
      `The ledger's journal of ${migration} has another entry ${String(entry.number)} than ${entry.step} (${entry.phase}): the journal beside the engine is not the one that the ledger knows.`,
    );
}

export async function readEntries(session: Session, migration: string): Promise<readonly JournalEntry[]> {
  const { rows } = await session.query(
    `SELECT number::text AS number, cutover, step, phase, at, note::text AS note
       FROM headgate.journal j WHERE migration = $1 ORDER BY j.number`,
    [migration],
    "reading the journal",
  );
  return rows.map(entryOf);
}

function entryOf(row: TextRow): JournalEntry {
  const note: unknown = JSON.parse(row["note"] ?? "null");
  return {
    number: Number(row["number"]),
    cutover: row["cutover"] ?? "",
    step: row["step"] ?? "",
    phase: phaseOf(row["phase"] ?? ""),
    at: row["at"] ?? "",
    note: isNote(note) ? note : null,
  };
}

function isNote(value: unknown): value is Note {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const phases: readonly JournalEntry["phase"][] = ["about-to", "done", "undone", "decided", "entered"];

function phaseOf(text: string): JournalEntry["phase"] {
  const phase = phases.find((one) => one === text);
  if (phase === undefined) throw new Fault("ledger-mismatch", `${text} is no phase of a journal's entry.`);
  return phase;
}
