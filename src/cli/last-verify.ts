/** The last verification that ended, as `status` tells it: what it looked at, when, and what is on record now. */
import type { ProofView } from "../verify-port.js";
import { count, plural } from "../watch/screen.js";

export interface LastVerify {
  readonly endedAt: string;
  readonly kind: string;
  readonly method: string;
  readonly tables: number;
  /** Rows on record now: a repair may have brought some back since. */
  readonly differences: number;
  readonly pending: number;
  /** Tables that were never compared whole. */
  readonly never: number;
  readonly sentence: string;
}

/** null where none has ended. */
export function lastVerify(proof: ProofView | null): LastVerify | null {
  // Counts look at no row.
  const run = proof?.runs.find(({ endedAt, scope }) => endedAt !== null && scope.kind !== "counts");
  if (proof === null || run === undefined || run.endedAt === null) return null;
  const sum = (states: readonly string[]): number =>
    proof.counts
      .filter(({ state }) => states.includes(state))
      .reduce((total, each) => total + Number(each.count), 0);
  const [differences, pending] = [sum(["different"]), sum(["pending", "suspect"])];
  const never = proof.tables.filter(({ clean }) => clean === null).length;
  const { kind, method, tables } = run.scope;
  const found =
    differences === 0
      ? "no row is on record as different"
      : `${plural(differences, "row")} on record as different: headgate repair`;
  return {
    endedAt: run.endedAt,
    kind,
    method,
    tables: tables.length,
    differences,
    pending,
    never,
    sentence: `${run.endedAt}, ${kind === "sample" ? "a sample of " : ""}${plural(tables.length, "table")}: ${found}${pending === 0 ? "" : `, ${count(pending)} to be looked at again`}${never === 0 ? "" : `; ${plural(never, "table")} never compared whole`}`,
  };
}
