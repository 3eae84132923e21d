/**
 * `run --until copied`: one engine's life of the offline copy. Claim, copy, build everything, compare views, say what
 * came of it.
 */
import { Fault, exits } from "../errors.js";
import type { Inspection } from "../migration.js";
import { copy } from "../migration.js";
import type { Hold } from "../model.js";
import type { LedgerView } from "../port.js";
import type { Address } from "../serve/access.js";
import { clock, count, plural } from "../watch/screen.js";
import { copyOptions } from "./copy-options.js";
import { engineVoice } from "./engine-voice.js";
import { figures, lastView, stopped, totals } from "./figures.js";
import { heldBody, heldLines, holdsBack } from "./hold.js";
import { keptOrphans, keptPhase, policyCounts, policySentence } from "./kept.js";
import type { OpenMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import { openSteering } from "./steering.js";
import { Ticker } from "./ticker.js";
import type { VerbContext } from "./verb.js";
import type { GeneratedVerdict } from "../verify/generated.js";
import type { ViewVerdict } from "../verify/views.js";
import { generatedFindings, viewFindings, viewLines, viewStep } from "./views.js";

/** One engine's life: claim, copy, say what came of it. */
export async function runOffline(
  context: VerbContext,
  migration: OpenMigration,
  found: Inspection,
  goal: { readonly holds: readonly Hold[]; readonly listen: Address | null },
): Promise<VerbResult> {
  const { services } = context;
  const { target } = await migration.both();
  const { screen, log } = await engineVoice(context);
  const startedAt = services.now();
  await using steering = await openSteering({
    context,
    migration,
    log,
    listen: goal.listen,
    signal: services.signal,
  });
  await using ledger = await steering.claim(() => target.claim(found.plan, found.source.identity));
  log.info({ migration: migration.id, epoch: ledger.epoch }, "claimed");
  const kept = keptOrphans(found.findings);
  if (Object.keys(kept).length > 0) await ledger.phase(keptPhase, kept, true);
  const ticker = new Ticker(context, screen, found.plan, await ledger.view());
  await steering.begin(ticker);
  const views: ViewVerdict[] = [];
  const generated: GeneratedVerdict[] = [];
  let view: LedgerView;
  try {
    view = await ticker.during(() =>
      copy({
        ...copyOptions({
          ...{ context, migration, found, steering, target, ledger, ticker, log },
          signal: services.signal,
        }),
        holds: goal.holds,
        onGenerated: (verdict) => {
          generated.push(verdict);
          log.info(verdict, "generated column");
        },
        onView: (verdict) => {
          views.push(verdict);
          log.info(verdict, "view");
        },
      }),
    );
  } catch (error) {
    if (!(error instanceof Fault) || !(error.code === "interrupted" || error.code === "terminated"))
      throw error;
    const last = await lastView(ledger, context, log);
    return stopped(error, last, (services.now() - startedAt) / 1000);
  }
  const seconds = (services.now() - startedAt) / 1000;
  return holdsBack(view)
    ? heldBack(migration.id, view, seconds)
    : copied(migration.id, view, seconds, found, { views, generated });
}

/** Everything is copied but what `--hold` named; nothing was built, and the next run without it goes on. */
export function heldBack(id: string, view: LedgerView, seconds: number): VerbResult {
  return {
    exit: exits.difference,
    nextSteps: [{ why: "to copy what was held back", command: "headgate run --until copied" }],
    body: {
      state: "stopped",
      ...figures(view, seconds),
      blocking: ["ranges-held"],
      held: heldBody(view),
    },
    human: [
      `${id}: not copied. ${count(totals(view).rows)} rows are on the target; the rest is held back, and no keys or indexes were built.`,
      ...heldLines(view),
    ],
  };
}

export function alreadyCopied(id: string, view: LedgerView): VerbResult {
  return {
    exit: exits.done,
    nextSteps: [{ why: "the copy is complete", command: "headgate report" }],
    body: { state: "copied", since: view.since, ...figures(view, 0) },
    human: [`${id} was copied at ${view.since}: ${count(totals(view).rows)} rows. Nothing to do.`],
  };
}

function copied(
  id: string,
  view: LedgerView,
  seconds: number,
  found: Inspection,
  {
    views,
    generated,
  }: { readonly views: readonly ViewVerdict[]; readonly generated: readonly GeneratedVerdict[] },
): VerbResult {
  const { rows, bytes } = totals(view);
  const warnings = found.findings.filter((finding) => finding.severity === "warning");
  const wrong = views.filter(({ result }) => ["different", "refused", "unread"].includes(result));
  return {
    exit: wrong.length > 0 ? exits.difference : exits.done,
    nextSteps: [
      ...(wrong.length > 0 ? [viewStep(wrong)] : []),
      { why: "the copy is complete; to compare every row", command: "headgate verify" },
      { why: "what was done", command: "headgate report" },
    ],
    body: {
      state: "copied",
      ...figures(view, seconds),
      views,
      generated,
      findings: [...viewFindings(views), ...generatedFindings(generated)],
    },
    human: [
      `${id}: copied ${count(rows)} rows (${(bytes / 1e6).toFixed(1)} MB) in ${plural(view.tables.length, "table")} and ran ${plural(found.plan.after.length, "statement")} for keys, indexes and constraints in ${clock(seconds)}.`,
      ...policyCounts(view).map((p) => policySentence(p)),
      ...viewLines(views),
      ...(warnings.length > 0 ? [`${plural(warnings.length, "warning")}: headgate check lists them.`] : []),
    ],
  };
}
