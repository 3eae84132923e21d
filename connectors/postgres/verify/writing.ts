/** How the parts of the verifier's ledger reach it: the claim's own session, one transaction after the other, each of which proves the epoch. */
import type { Range } from "../../../src/model.js";
import { Fault } from "../../../src/errors.js";
import type { Session, TextRow } from "../connection.js";

export interface Writing {
  readonly migration: string;
  /** One transaction, whose first statement proves the epoch. */
  write<T>(doing: string, act: (session: Session) => Promise<T>): Promise<T>;
  read<T>(act: (session: Session) => Promise<T>): Promise<T>;
}

/** Which verification it is; whoever says another word than a number was never given it here. */
export function runNumber(run: string): string {
  if (!/^\d+$/u.test(run)) throw new Fault("bug", `${run} is no verification of this ledger.`);
  return run;
}

export function boundJson(bound: readonly string[] | null): string | null {
  return bound === null ? null : JSON.stringify(bound);
}

/** A range's bounds as the ledger keeps them. */
export function rangeOf(row: TextRow): Range {
  return {
    table: row["table_name"] ?? "",
    number: Number(row["number"]),
    lower: textsOf(row["lower"] ?? null),
    upper: textsOf(row["upper"] ?? null),
  };
}

function textsOf(text: string | null): readonly string[] | null {
  return text === null ? null : textList(text);
}

/** A JSON list of texts; only we write them. */
export function textList(text: string): readonly string[] {
  const parts: unknown = JSON.parse(text);
  if (!Array.isArray(parts) || !parts.every((part): part is string => typeof part === "string"))
    throw new Fault("ledger-mismatch", "A list of texts in the ledger is none.");
  return parts;
}
