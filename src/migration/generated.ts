/**
 * Generated columns once the rows are there: each translated expression is proven on every row of the target, and only
 * then is the trigger built that keeps the column for what the application will write. What is not proven gets none.
 */
import type { Plan } from "../model.js";
import type { LedgerView, Target } from "../port.js";
import { buildAfter, waitsForProof } from "../snapshot/build.js";
import type { BuildOptions } from "../snapshot/build.js";
import { verifyGenerated } from "../verify/generated.js";
import type { GeneratedVerdict } from "../verify/generated.js";

/** The phase of the ledger that holds its facts. */
export const generatedPhase = "generated";

export interface KeepOptions extends BuildOptions {
  readonly target: Target;
  readonly onGenerated: (verdict: GeneratedVerdict) => void;
}

/** Proves, then builds; gives what the ledger keeps of it. */
export async function keepGenerated(
  options: KeepOptions,
): Promise<Readonly<Record<string, string | number>>> {
  const verdicts = await verifyGenerated(options);
  for (const verdict of verdicts) options.onGenerated(verdict);
  const proven = new Set(verdicts.flatMap(({ column, result }) => (result === "equal" ? [column] : [])));
  await buildAfter(options, ({ keeps }) => keeps !== undefined && proven.has(keeps));
  const named = (wanted: GeneratedVerdict["result"]): string =>
    verdicts.flatMap(({ column, result }) => (result === wanted ? [column] : [])).join(", ");
  return { proven: named("equal"), different: named("different"), notCompared: named("not-compared") };
}

/** Whether an earlier engine has proven all of them, and what it built then still stands. */
export function isKept({ phases, built }: LedgerView, { after, generated = [] }: Plan): boolean {
  if (generated.length === 0) return true;
  const done = phases.find(({ phase, endedAt }) => phase === generatedPhase && endedAt !== null);
  if (done === undefined) return false;
  const without = ["different", "notCompared"].flatMap((fact) => String(done.facts[fact] ?? "").split(", "));
  return after
    .filter(waitsForProof)
    .every(({ name, keeps = "" }) => built.includes(name) || without.includes(keeps));
}
