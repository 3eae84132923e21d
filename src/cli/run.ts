/**
 * `run --until copied`: the checks, the claim, the copy. Ends when everything is built; killed anywhere, the same
 * command goes on. Production wants the target database's name before anything is written.
 */
import { confirmTarget } from "../config/confirm.js";
import { Fault, exits } from "../errors.js";
import type { Inspection } from "../migration.js";
import { copy, demandFresh, inspect, planOf, viewsToLookAt } from "../migration.js";
import type { Hold, MigrationState } from "../model.js";
import type { Ledger, LedgerView } from "../port.js";
import type { SnapshotEvent } from "../snapshot/event.js";
import { openLog } from "../watch/log.js";
import type { Log } from "../watch/log.js";
import { clock, count, openScreen, plural } from "../watch/screen.js";
import { errorsOf, findingLines, findingSummary, nextOf } from "./findings.js";
import { heldBody, heldLines, holdsBack, readHolds } from "./hold.js";
import type { OpenMigration } from "./open.js";
import { keptOrphans, keptPhase, policyCounts, policySentence } from "./kept.js";
import { lookOf } from "./look.js";
import { openMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import { demandSameServers, readRecordedPlan, serversOf, wholePlan, writePlan } from "./plan-file.js";
import type { VerbContext } from "./verb.js";
import type { GeneratedVerdict } from "../verify/generated.js";
import type { ViewVerdict } from "../verify/views.js";
import { generatedFindings, viewFindings, viewLines, viewStep } from "./views.js";
import { Ticker } from "./ticker.js";

/** How long a run that was told to stop asks the ledger for its last figures. */
const LAST_WORD_MS = 2000;

export interface RunFlags {
  readonly until?: string;
  readonly timeout?: string;
  readonly hold: readonly string[];
  readonly confirm?: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

export async function runVerb(context: VerbContext, flags: RunFlags): Promise<VerbResult> {
  demandCopied(flags);
  await using migration = await openMigration(context, true);
  if (!flags.dryRun)
    await confirmTarget({
      environment: migration.config.environment,
      database: migration.targetDatabase,
      confirm: flags.confirm,
      terminal: context.services.terminal,
      ask: context.services.ask,
    });
  const { source, target } = await migration.both();
  const before = await target.view(migration.id);
  const found = await inspect(source, target, {
    request: migration.request,
    // Values were read before the first range; a resumed copy must not read them all again.
    // A sample is never taken for proof: every row of every table is looked at.
    values: before === null || before.state === "new" ? lookOf(migration, context) : null,
    signal: context.services.signal,
  });
  demandFresh(found.plan, before?.fingerprint ?? null, "the target's ledger");
  const recorded = await readRecordedPlan(migration.stateDirectory);
  demandSameServers(recorded?.servers ?? null, serversOf(found));
  demandFresh(
    found.plan,
    recorded?.fingerprint ?? null,
    `${migration.stateDirectory}/plan.json`,
    "headgate plan",
  );
  const holds = readHolds(flags.hold, found.plan.tables);
  const errors = errorsOf(found.findings);
  if (errors.length > 0) return refused(found, before);
  if (flags.dryRun) return dryRun(found);
  // Views that differed are looked at again: somebody may have mended them meanwhile.
  if (before?.state === "copied" && before.holder === null && viewsToLookAt(before).length === 0)
    return alreadyCopied(migration.id, before);
  await writePlan(migration.stateDirectory, wholePlan(found, migration), serversOf(found));
  return await engine(context, migration, found, holds);
}

/** One engine's life: claim, copy, say what came of it. */
async function engine(
  context: VerbContext,
  migration: OpenMigration,
  found: Inspection,
  holds: readonly Hold[],
): Promise<VerbResult> {
  const { services, output } = context;
  const { source, target } = await migration.both();
  const terminal = services.terminal && !output.json;
  const screen = openScreen(terminal ? services.size : null, services.now, services.streams.stderr);
  const log = openLog(
    "info",
    (line) => {
      screen.above(line);
    },
    (text) => output.scrub(text),
    terminal,
  );
  const startedAt = services.now();
  await using ledger = await target.claim(found.plan, found.source.identity);
  log.info({ migration: migration.id, epoch: ledger.epoch }, "claimed");
  const kept = keptOrphans(found.findings);
  if (Object.keys(kept).length > 0) await ledger.phase(keptPhase, kept, true);
  const ticker = new Ticker(context, screen, found.plan, await ledger.view());
  const views: ViewVerdict[] = [];
  const generated: GeneratedVerdict[] = [];
  let view: LedgerView;
  try {
    view = await ticker.during(() =>
      copy({
        source,
        target,
        ledger,
        plan: found.plan,
        engine: found.catalogue.engine,
        workers: migration.workers,
        slots: migration.slots,
        rangeRows: migration.config.snapshot.rangeRows,
        order: migration.config.snapshot.order,
        holds,
        replan: async () => planOf(await source.catalogue(services.signal), migration.request),
        signal: services.signal,
        wait: services.wait,
        moment: services.moment,
        onState: (state: MigrationState) => {
          log.info({ state }, "state");
          ticker.state(state);
        },
        onEvent: (event: SnapshotEvent) => {
          tell(log, event);
          ticker.event(event);
        },
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

/** What the ledger says of a run that was told to stop; null when it says nothing in time, as a stop must not hang. */
async function lastView(ledger: Ledger, { services }: VerbContext, log: Log): Promise<LedgerView | null> {
  const answered = new AbortController();
  const inTime = async (): Promise<null> => {
    await services.wait(LAST_WORD_MS, answered.signal).catch((error: unknown) => {
      if (!answered.signal.aborted) throw error;
    });
    return null;
  };
  try {
    return await Promise.race([ledger.view(), inTime()]);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    log.warn({ code: error.code }, `no last figures: ${error.message}`);
    return null;
  } finally {
    answered.abort(new Fault("interrupted", "The ledger has answered."));
  }
}

/** Everything is copied but what `--hold` named; nothing was built, and the next run without it goes on. */
function heldBack(id: string, view: LedgerView, seconds: number): VerbResult {
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

function stopped(fault: Fault, view: LedgerView | null, seconds: number): VerbResult {
  return {
    exit: fault.exit,
    nextSteps: [],
    body: { state: "stopped", ...(view === null ? {} : figures(view, seconds)) },
    human: [],
    fault,
  };
}

/** What is worth a line in the log; rows on their way and single statements are not. */
function tell(log: Log, event: SnapshotEvent): void {
  if (event.kind === "retry")
    log.warn(
      { code: event.fault.code, attempt: event.attempt },
      `${event.what} again: ${event.fault.message}`,
    );
  else if (event.kind === "started" || event.kind === "joined" || event.kind === "no-slot")
    log.info(event, event.kind);
  else if (event.kind !== "sent" && event.kind !== "leased" && event.kind !== "done")
    log.debug(event, event.kind);
}

function demandCopied(flags: RunFlags): void {
  if (flags.until === "copied") return;
  if (flags.until === undefined || flags.until === "ready")
    throw new Fault(
      "not-built-yet",
      "The change stream is not built yet: run can copy a database that nobody writes to, and ends there.",
      { next: "headgate run --until copied" },
    );
  throw new Fault("usage", `--until takes copied or ready, not ${JSON.stringify(flags.until)}.`);
}

function refused(found: Inspection, before: LedgerView | null): VerbResult {
  const errors = errorsOf(found.findings);
  const next = nextOf(found.findings);
  return {
    exit: exits.checkFailed,
    nextSteps: next === null ? [] : [next],
    body: { state: "stopped", ...figures(before, 0), findings: found.findings },
    human: [...findingLines(errors, false), findingSummary(found.findings), "Nothing was written."],
  };
}

function dryRun(found: Inspection): VerbResult {
  const rows = found.plan.tables.reduce((sum, table) => sum + table.estimatedRows, 0);
  return {
    exit: exits.done,
    nextSteps: [{ why: "the checks pass", command: "headgate run --until copied" }],
    body: {
      state: "new",
      dryRun: true,
      findings: found.findings,
      before: found.plan.before.length,
      after: found.plan.after.length,
    },
    human: [
      `Would run ${String(found.plan.before.length)} statements, copy ${String(found.plan.tables.length)} tables (about ${count(rows)} rows), then run ${String(found.plan.after.length)} statements. Nothing was written.`,
      findingSummary(found.findings),
    ],
  };
}

function alreadyCopied(id: string, view: LedgerView): VerbResult {
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
  const wrong = views.filter(({ result }) => result === "different" || result === "refused");
  return {
    exit: wrong.length > 0 ? exits.difference : exits.done,
    nextSteps: [
      ...(wrong.length > 0 ? [viewStep(wrong)] : []),
      { why: "the copy is complete", command: "headgate report" },
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

/** The figures of the contract's final object. */
function figures(view: LedgerView | null, seconds: number): Record<string, unknown> {
  const all = view === null ? { rows: 0, bytes: 0 } : totals(view);
  return { ...all, seconds: Math.round(seconds * 10) / 10, policies: policyCounts(view) };
}

function totals(view: LedgerView): { rows: number; bytes: number } {
  return {
    rows: view.tables.reduce((sum, table) => sum + table.rows, 0),
    bytes: view.tables.reduce((sum, table) => sum + table.bytes, 0),
  };
}
