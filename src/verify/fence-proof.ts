/**
 * What a comparison of two sides that stand still has proven, in the words of the contract and as plain data: the journal
 * keeps it, the ledger and the report tell it. `equal` alone lets traffic through: no row differs, nobody wrote meanwhile,
 * no touched row asks for a parent that is not there, and no query that was asked is broken.
 */
import type { PlanTable, Position, SourceEngine } from "../model.js";
import type { MismatchKind, Suspect } from "../verify-port.js";
import type { Fenced } from "./fenced.js";
import type { FencedOrphans } from "./fenced-children.js";
import { keyTexts } from "./key-text.js";

export interface ProofDifference {
  readonly table: string;
  /** Of a table without a key the SHA-256 of the row, in hex. */
  readonly key: readonly string[];
  readonly kind: MismatchKind;
  readonly columns: readonly string[];
  readonly copies: number;
}

export interface FenceProof {
  /** Of the cutover, at the fence; of the rollback, with the target shut. */
  readonly at: "fence" | "rollback";
  /** Keys that were compared one by one, nothing moving. */
  readonly keysAtFence: number;
  /** Rows that were compared before and touched by nobody since: at least so many. 0 where all were compared now. */
  readonly rowsCleanBefore: number;
  /** Rows of the tables that were compared whole, on the source. */
  readonly rowsAtFence: number;
  /** The lane's; null where there are several, which `positions` tells. */
  readonly position: Position | null;
  readonly positions: Readonly<Record<string, Position | null>>;
  readonly equal: boolean;
  /** Every row of every table was compared now. */
  readonly full: boolean;
  /** The first hundred. */
  readonly differences: readonly ProofDifference[];
  readonly differing: number;
  /** Rows that differ in nothing but what the source computes itself, a sentence a table. */
  readonly computed?: readonly string[];
  /** Rows that were brought right, and found so by another look. */
  readonly repaired: number;
  readonly orphans: readonly FencedOrphans[];
  /** Queries that were asked now, as earlier looks could not judge them. */
  readonly queries: readonly { readonly name: string; readonly result: string; readonly sentence: string }[];
  /** Tables that somebody wrote to while they were compared. */
  readonly moved: readonly string[];
  /** Tables that were compared whole. */
  readonly wholeTables: readonly string[];
  /** What was compared and what was not, sentence by sentence; no value of a row is in them. */
  readonly sentences: readonly string[];
  readonly milliseconds: {
    readonly list: number;
    readonly compare: number;
    readonly children: number;
    readonly queries: number;
    readonly repair: number;
    readonly record: number;
    readonly all: number;
  };
}

const shownDifferences = 100;

export function differencesOf(
  tables: readonly PlanTable[],
  engine: SourceEngine,
  found: readonly Suspect[],
): readonly ProofDifference[] {
  const bySource = new Map(tables.map((table) => [table.source, table]));
  return found.slice(0, shownDifferences).flatMap(({ table: name, key, kind, columns, copies }) => {
    const table = bySource.get(name);
    return table === undefined
      ? []
      : [{ table: name, key: keyTexts(table, engine, key), kind, columns, copies }];
  });
}

/** 1234567 as 1,234,567. */
export function grouped(n: number): string {
  return String(n).replaceAll(/\B(?=(?:\d{3})+$)/gu, ",");
}

/** What the figures say, for people. */
export function proofSentences(
  proof: Pick<
    FenceProof,
    | "at"
    | "keysAtFence"
    | "rowsCleanBefore"
    | "rowsAtFence"
    | "full"
    | "differing"
    | "repaired"
    | "orphans"
    | "queries"
    | "moved"
    | "wholeTables"
  >,
  { wholeKeys }: Pick<Fenced, "wholeKeys">,
): readonly string[] {
  const when = proof.at === "fence" ? "inside the fence" : "with the target shut";
  const { keysAtFence: keys, wholeTables: whole, moved, orphans } = proof;
  return [
    proof.full
      ? `Every row of every table was compared ${when}: ${grouped(proof.rowsAtFence)} rows.`
      : `${grouped(keys)} ${keys === 1 ? "key that was" : "keys that were"} touched since ${keys === 1 ? "its" : "their"} last comparison ${keys === 1 ? "was" : "were"} compared ${when}${whole.length === 0 ? "" : `, and ${grouped(proof.rowsAtFence)} rows of ${whole.join(", ")} as a whole`}.`,
    ...(proof.full
      ? []
      : [
          `At least ${grouped(proof.rowsCleanBefore)} rows were not compared ${when}: they were compared before, and nothing in the log has touched them since.`,
        ]),
    ...(proof.differing === 0
      ? []
      : [`${grouped(proof.differing)} ${proof.differing === 1 ? "row differs" : "rows differ"}.`]),
    ...(proof.repaired === 0
      ? []
      : [
          `${grouped(proof.repaired)} ${proof.repaired === 1 ? "row" : "rows"} differed, ${proof.repaired === 1 ? "was" : "were"} brought right and compared again.`,
        ]),
    ...orphans.map(
      ({ table, foreignKey, parent, orphans: rows }) =>
        `${foreignKey} of ${table}: ${grouped(rows)} ${rows === 1 ? "row asks" : "rows ask"} for a row of ${parent} that is not there on the target.`,
    ),
    ...proof.queries.map(({ sentence }) => sentence),
    ...(wholeKeys === 0 ? [] : [`All rows of ${grouped(wholeKeys)} foreign key(s) were asked for orphans.`]),
    ...(moved.length === 0
      ? []
      : [`Somebody wrote to ${moved.join(", ")} while they were compared: nothing is proven of them.`]),
  ];
}
