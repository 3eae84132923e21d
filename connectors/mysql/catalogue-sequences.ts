/**
 * MariaDB's sequences. To the catalogue each is a table of type SEQUENCE, whose one row holds its settings and where
 * it stands; reading that row takes no value from it. `next` is past what the server keeps in its cache, which is
 * where the server itself goes on after a restart.
 */
import { Fault } from "../../src/errors.js";
import type { SourceObject } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { required } from "./catalogue-views.js";
import type { Connection } from "./connection.js";

export async function readSequences(
  connection: Connection,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<readonly SourceObject[]> {
  const sequences: SourceObject[] = [];
  for (const name of names) sequences.push(await readSequence(connection, name, signal));
  return sequences;
}

async function readSequence(
  connection: Connection,
  name: string,
  signal: AbortSignal | undefined,
): Promise<SourceObject> {
  const object: SourceObject = { kind: "sequence", name, on: null, definition: "" };
  try {
    const [row = []] = await connection.query(
      `SELECT next_not_cached_value, start_value, minimum_value, maximum_value, increment, cycle_option FROM ${mysqlName(name)}`,
      [],
      signal,
    );
    const [next, start, minimum, maximum, increment, cycles] = row.map((cell) =>
      required(cell, `state of ${name}`),
    );
    if (next === undefined || start === undefined || minimum === undefined)
      return { ...object, hidden: true };
    if (maximum === undefined || increment === undefined) return { ...object, hidden: true };
    return { ...object, sequence: { next, start, minimum, maximum, increment, cycles: cycles === "1" } };
  } catch (error) {
    // An account without SELECT on it: told as hidden, like any object whose text cannot be read.
    if (error instanceof Fault && !error.retriable && error.facts["errno"] !== undefined)
      return { ...object, hidden: true };
    throw error;
  }
}
