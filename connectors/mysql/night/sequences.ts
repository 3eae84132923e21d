/**
 * MariaDB's sequences in the night: where they stand once the source is fenced, and on the way back past what the target has
 * given away, so that no number is given twice. SETVAL is no DDL, and never takes one back to what it has given: one that
 * cycles begins another round for that.
 */
import type { SequenceAt } from "../../../src/cutover-port.js";
import { Fault } from "../../../src/errors.js";
import type { Plan } from "../../../src/model.js";
import { mysqlName } from "../../../src/safety/identifier.js";
import type { Connection } from "../connection.js";
import type { Hand } from "./session.js";

interface Standing {
  readonly next: bigint;
  readonly minimum: bigint;
  readonly maximum: bigint;
  readonly rising: boolean;
  readonly cycles: boolean;
  readonly round: bigint;
}

export async function sequencesAt(connection: Connection, plan: Plan): Promise<readonly SequenceAt[]> {
  const all: SequenceAt[] = [];
  for (const { source } of plan.sequences ?? [])
    all.push({ source, next: String((await standing(connection, source)).next) });
  return all;
}

export async function pastSequences(
  { connection, change }: Hand,
  given: readonly SequenceAt[],
): Promise<void> {
  for (const { source, next } of given) {
    const { minimum, maximum, rising, cycles, round } = await standing(connection, source);
    const to = BigInt(next);
    // It has given none of its numbers yet.
    if (rising ? to < minimum : to > maximum) continue;
    const out = rising ? to > maximum : to < minimum;
    const [value, used] = out ? [rising ? maximum : minimum, "1"] : [to, "0"];
    const more = cycles ? `, ${String(round + 1n)}` : "";
    await change(`DO SETVAL(${mysqlName(source)}, ${String(value)}, ${used}${more})`);
  }
}

async function standing(connection: Connection, name: string): Promise<Standing> {
  const [row] = await connection.query(
    `SELECT next_not_cached_value, minimum_value, maximum_value, increment, cycle_option, cycle_count FROM ${mysqlName(name)}`,
  );
  const [next, minimum, maximum, increment, cycles, round] = (row ?? []).map((cell) =>
    cell === null ? undefined : BigInt(cell),
  );
  if (
    next === undefined ||
    minimum === undefined ||
    maximum === undefined ||
    increment === undefined ||
    round === undefined
  )
    throw new Fault("schema-changed", `The sequence ${name} does not say where it stands on the source.`);
  return { next, minimum, maximum, rising: increment > 0n, cycles: cycles === 1n, round };
}
