/**
 * Rows without a parent that the policy orphans lets stay. The copy changes nothing in them, so no range counts them;
 * the run notes what its checks counted, as a phase of its own, and reports show it beside the other policies.
 */
import type { Finding } from "../model.js";
import type { LedgerView } from "../port.js";
import { plural } from "../watch/screen.js";

export const keptPhase = "orphans";

export interface PolicyCount {
  readonly object: string;
  readonly policy: string;
  readonly count: number;
}

/** Foreign keys by name with their orphans; empty where no policy keeps any. */
export function keptOrphans(findings: readonly Finding[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { code, severity, object, count } of findings)
    if (code.startsWith("orphan") && severity !== "error") counts[object] = (counts[object] ?? 0) + count;
  return counts;
}

/** What the ranges changed, and what was kept. */
export function policyCounts(view: LedgerView | null): readonly PolicyCount[] {
  if (view === null) return [];
  const phase = view.phases.find((each) => each.phase === keptPhase);
  const kept = Object.entries(phase?.facts ?? {}).map(([object, count]) => ({
    object,
    policy: "orphans",
    count: Number(count),
  }));
  return [...view.policies, ...kept];
}

export function policySentence({ object, policy, count: values }: PolicyCount): string {
  return policy === "orphans"
    ? `policy orphans kept ${plural(values, "row")} without a parent under ${object}, which stays unvalidated`
    : `policy ${policy} changed ${plural(values, "value")} of ${object}`;
}
