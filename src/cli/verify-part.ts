/** Counts and samples as the contract's JSON of `verify`: they look at a part, and say so of each table. */
import type { SourceEngine } from "../model.js";
import type { CountVerdict } from "../verify/counts.js";
import type { Sampling } from "../verify/sample.js";
import type { SampleOutcome } from "../verify/sampled.js";
import { shownMismatches } from "../verify/verification.js";
import { mismatchBody } from "./verify-body.js";

type Body = Readonly<Record<string, unknown>>;

/** Tables whose counts part are differences, one each. */
export function countsBody(verdicts: readonly CountVerdict[], seconds: number): Body {
  return {
    method: "counts",
    position: sharedPosition(verdicts),
    differences: verdicts.filter(({ result }) => result === "different").length,
    pending: verdicts.filter(({ result }) => result === "pending").length,
    seconds: Math.round(seconds * 10) / 10,
    mismatchFile: null,
    queries: [],
    orphans: [],
    tables: verdicts.map(({ table, result, rowsSource, rowsTarget, apart, position, sentence }) => ({
      table,
      rowsSource: Number(rowsSource),
      rowsTarget: Number(rowsTarget),
      ranges: 0,
      equal: result === "equal",
      mismatches: [],
      truncated: false,
      differences: result === "different" ? 1 : 0,
      pending: result === "pending" ? 1 : 0,
      compared: "counts",
      keysCompared: 0,
      apart,
      position,
      sentence,
    })),
  };
}

/** Tables are counted one after the other: where they were at several positions, each tells its own. */
function sharedPosition(verdicts: readonly CountVerdict[]): CountVerdict["position"] {
  const spelled = new Set(verdicts.map(({ position }) => JSON.stringify(position)));
  return spelled.size === 1 ? (verdicts[0]?.position ?? null) : null;
}

/** `rowsSource` and `rowsTarget` are those that were looked at; `of` are all of the target's. */
export function sampleBody(
  { run, resumed, tables }: SampleOutcome,
  engine: SourceEngine,
  sample: Sampling,
  seconds: number,
): Body {
  const sum = (what: "differences" | "pending"): number =>
    Number(tables.reduce((total, each) => total + each[what], 0n));
  return {
    method: "stream",
    sample,
    begun: run.startedAt,
    resumed,
    position: null,
    differences: sum("differences"),
    pending: sum("pending"),
    seconds: Math.round(seconds * 10) / 10,
    mismatchFile: null,
    queries: [],
    orphans: [],
    tables: tables.map((each) => ({
      table: each.table.source,
      rowsSource: Number(each.rowsSource),
      rowsTarget: Number(each.rowsTarget),
      of: Number(each.of),
      ranges: each.ranges,
      equal: each.differences === 0n && each.pending === 0n,
      mismatches: each.mismatches.map((mismatch) => mismatchBody(each.table, mismatch, engine)),
      truncated: each.differences > BigInt(shownMismatches),
      differences: Number(each.differences),
      pending: Number(each.pending),
      compared: "sample",
      keysCompared: 0,
      sentence: each.sentence,
    })),
  };
}
