/**
 * Sequences of the source that belong to no table, as the target has them: where they stand once applications have drawn from
 * them, so that the way back takes the source's past it, and whether they are there at all.
 */
import type { SequenceAt } from "../../../src/cutover-port.js";
import { Fault } from "../../../src/errors.js";
import type { Finding, Plan } from "../../../src/model.js";
import { postgresLiteral, postgresName } from "../../../src/safety/identifier.js";
import type { Session } from "../connection.js";
import { finding } from "./findings.js";

/** Fault target-refused where one is gone: nobody knows then what it has given away. */
export async function sequencesAt(session: Session, plan: Plan): Promise<readonly SequenceAt[]> {
  const missing = await missingSequences(session, plan);
  if (missing.length > 0)
    throw new Fault(
      "target-refused",
      `${missing.join(", ")} is gone from the target: nobody knows how far it has counted.`,
      { next: "Make it again there, at the number that comes next, then the same command" },
    );
  const all: SequenceAt[] = [];
  for (const { source, target } of plan.sequences ?? []) {
    const name = qualified(plan, target);
    const [row] = (
      await session.query(
        `SELECT (s.last_value + CASE WHEN s.is_called THEN q.seqincrement::numeric ELSE 0 END)::text AS next
           FROM ${name} s, pg_catalog.pg_sequence q WHERE q.seqrelid = ${postgresLiteral(name).trim()}::regclass`,
        [],
        "asking where a sequence stands",
      )
    ).rows;
    const next = row?.["next"] ?? null;
    if (next === null) throw new Fault("target-refused", `${name} does not say where it stands.`);
    all.push({ source, next });
  }
  return all;
}

/** One that was made at the source after the tables were made here, or that somebody has dropped. */
export async function sequenceFindings(session: Session, plan: Plan): Promise<readonly Finding[]> {
  const missing = await missingSequences(session, plan);
  return missing.map((name) =>
    finding(
      "error",
      "sequence-missing",
      `target.${name}`,
      `The source has a sequence of which the target has none: ${name}. Nothing would give its numbers after a cutover.`,
      `CREATE SEQUENCE ${name}; with the source's increment and bounds. The cutover sets it where the source's stands.`,
    ),
  );
}

async function missingSequences(session: Session, plan: Plan): Promise<readonly string[]> {
  const planned = plan.sequences ?? [];
  if (planned.length === 0) return [];
  const { rows } = await session.query(
    `SELECT c.relname::text AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname::text = $1 AND c.relkind = 'S'`,
    [plan.schema],
    "asking which sequences there are",
  );
  const there = new Set(rows.map(({ name }) => name));
  return planned.filter(({ target }) => !there.has(target)).map(({ target }) => qualified(plan, target));
}

function qualified(plan: Plan, target: string): string {
  return `${postgresName(plan.schema)}.${postgresName(target)}`;
}
