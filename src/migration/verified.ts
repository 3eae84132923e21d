/**
 * What a verification has shown, with all that went along with it: what it keeps `ready` back for, what is told of it, and
 * how it changes by what is found later.
 */
import type { Fault } from "../errors.js";
import type { CountVerdict } from "../verify/counts.js";
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

/**
 * So many looks in a row may find a query or a foreign key pending before it keeps `ready` back no longer: tables that are
 * written to without an end are never still, and what is open then is asked at the fence.
 */
export const looksAtOpen = 10;

export interface Verified {
  readonly outcome: VerifyOutcome;
  /** verify.queries; empty where only some tables were looked at. */
  readonly gates: readonly GateVerdict[];
  /** Foreign keys on the target, where they were looked at. */
  readonly orphans: readonly OrphanVerdict[];
  /** Looks in a row, each at all of them, that left a query or a foreign key pending. */
  readonly open: number;
}

/** `open` after one look more. */
export function openAfter(before: number, { gates, orphans }: Pick<Verified, "gates" | "orphans">): number {
  return [...gates, ...orphans].some(({ result }) => result === "pending") ? before + 1 : 0;
}

/** What keeps `ready` back: nothing compared yet, or not to the end, or rows that differ. */
export function blockingOf(last: Verified | null, failure: Fault | null): readonly string[] {
  if (last === null) return [failure === null ? "not-verified" : "verification-failed"];
  const { outcome, gates, orphans, open } = last;
  const waits = open < looksAtOpen;
  const met = (...results: readonly string[]): boolean =>
    orphans.some(({ result }) => results.includes(result));
  return [
    ...(failure === null ? [] : ["verification-failed"]),
    ...(outcome.differences > 0n ? ["differences"] : []),
    // Neither equal nor different: nothing is proven of them yet.
    ...(isOpen(outcome) ? ["pending"] : []),
    ...(gates.some(({ result }) => result === "broken" || result === "refused") ? ["queries"] : []),
    ...(waits && gates.some(({ result }) => result === "pending") ? ["queries-pending"] : []),
    ...(met("orphans", "refused") ? ["orphans"] : []),
    ...(waits && met("pending") ? ["orphans-pending"] : []),
  ];
}

/** Source names of the tables of which each row was compared and found equal. */
export function equalTables({ tables }: VerifyOutcome): ReadonlySet<string> {
  const equal = tables.filter(
    ({ whole, differences, pending, unlisted }) =>
      whole && differences === 0n && pending === 0n && unlisted === 0,
  );
  return new Set(equal.map(({ table }) => table.source));
}

/**
 * What nobody could judge, as codes: where it keeps `ready` back no longer it is left to the fence, and whoever hears
 * `ready` hears of it.
 */
export function unjudgedOf(last: Verified | null): readonly string[] {
  if (last === null) return [];
  const pending = (verdicts: readonly { readonly result: string }[]): boolean =>
    verdicts.some(({ result }) => result === "pending");
  return [
    ...(last.outcome.pending > 0n ? ["pending"] : []),
    ...(pending(last.gates) ? ["queries-pending"] : []),
    ...(pending(last.orphans) ? ["orphans-pending"] : []),
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
      : {
          queries: JSON.stringify(
            gates.map(({ name, asks, result, moving, seconds, sentence }) => ({
              ...{ name, asks, result, seconds, sentence },
              ...(moving === true ? { moving } : {}),
            })),
          ),
        }),
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

/** What a report tells of counts. */
export function countedFacts(verdicts: readonly CountVerdict[]): Readonly<Record<string, string | number>> {
  return {
    tables: verdicts.length,
    differences: verdicts.filter(({ result }) => result === "different").length,
    counted: JSON.stringify(verdicts.map(({ table, result, sentence }) => ({ table, result, sentence }))),
  };
}
