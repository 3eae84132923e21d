/**
 * What a verification has shown, with all that went along with it: what it keeps `ready` back for, what is told of it, and
 * how it changes by what is found later.
 */
import type { Fault } from "../errors.js";
import type { GateVerdict } from "../verify/queries.js";
import type { OrphanVerdict } from "../verify/orphans.js";
import type { VerifyOutcome } from "../verify/verification.js";
import type { VerifyLedger } from "../verify-port.js";

/**
 * So many rows may be pending at `ready`: a counter that is written all the time is never still, and what is pending is
 * settled at the fence (docs/decisions/0008). More would be a fence that takes too long. Of a table without a key none may:
 * what is open there was suspected at every look.
 */
export const pendingAtReady = 100n;

export interface Verified {
  readonly outcome: VerifyOutcome;
  /** verify.queries; empty where only some tables were looked at. */
  readonly gates: readonly GateVerdict[];
  /** Foreign keys on the target, where they were looked at. */
  readonly orphans: readonly OrphanVerdict[];
}

/** What keeps `ready` back: nothing compared yet, or not to the end, or rows that differ. */
export function blockingOf(last: Verified | null, failure: Fault | null): readonly string[] {
  if (last === null) return [failure === null ? "not-verified" : "verification-failed"];
  const { outcome, gates, orphans } = last;
  const met = (...results: readonly string[]): boolean =>
    orphans.some(({ result }) => results.includes(result));
  return [
    ...(failure === null ? [] : ["verification-failed"]),
    ...(outcome.differences > 0n ? ["differences"] : []),
    // Neither equal nor different: nothing is proven of them yet.
    ...(isOpen(outcome) ? ["pending"] : []),
    ...(gates.some(({ result }) => result === "broken" || result === "refused") ? ["queries"] : []),
    ...(met("orphans", "refused") ? ["orphans"] : []),
    ...(met("pending") ? ["orphans-pending"] : []),
  ];
}

/** Whether more is pending than the fence is to settle. */
function isOpen({ tables, pending }: VerifyOutcome): boolean {
  return pending > pendingAtReady || tables.some((each) => each.table.key === null && each.pending > 0n);
}

/** With what is on record now. A row that is suspected waits to be looked at, as one that is pending does. */
export function recounted(
  last: Verified,
  counts: Awaited<ReturnType<VerifyLedger["mismatchCounts"]>>,
): Verified {
  const tables = last.outcome.tables.map((each) => {
    const sum = (...states: readonly string[]): bigint =>
      counts
        .filter(({ table, state }) => table === each.table.source && states.includes(state))
        .reduce((all, { count }) => all + BigInt(count), 0n);
    return { ...each, differences: sum("different"), pending: sum("pending", "suspect") };
  });
  const total = (what: "differences" | "pending"): bigint =>
    tables.reduce((all, each) => all + each[what], 0n);
  const outcome = { ...last.outcome, tables, differences: total("differences"), pending: total("pending") };
  return { ...last, outcome };
}

/** What a report tells of queries and foreign keys: no value of a row is in it. */
export function besideFacts({
  gates,
  orphans,
}: Pick<Verified, "gates" | "orphans">): Readonly<Record<string, string>> {
  return {
    ...(gates.length === 0
      ? {}
      : { queries: JSON.stringify(gates.map(({ name, result, sentence }) => ({ name, result, sentence }))) }),
    ...(orphans.length === 0
      ? {}
      : {
          foreignKeys: JSON.stringify(
            orphans.map(({ table, foreignKey, result, sentence }) => ({
              table,
              foreignKey,
              result,
              sentence,
            })),
          ),
        }),
  };
}
