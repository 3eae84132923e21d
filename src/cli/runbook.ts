/**
 * `runbook`: this migration's night as Markdown, of plan.json, the config and what the last rehearsal took. It opens no
 * server: on a bad night it has to be printed all the same.
 */
import type { Config } from "../config/schema.js";
import type { RunbookFacts, RunbookSettings } from "../cutover/runbook.js";
import { runbookOf } from "../cutover/runbook.js";
import { journalPath, readJournal } from "../cutover/journal.js";
import { runbookMarkdown } from "../cutover/runbook-markdown.js";
import { hookNames } from "../cutover/hook.js";
import { Fault, exits } from "../errors.js";
import type { Plan } from "../model.js";
import { estimate } from "../plan/estimate.js";
import type { OpenMigration } from "./open.js";
import { openMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import { defaultConfig } from "./output.js";
import { readRecordedPlan } from "./plan-file.js";
import { measuredCutover, readRehearsal } from "./rehearsal.js";
import type { VerbContext } from "./verb.js";

export async function runbookVerb(context: VerbContext): Promise<VerbResult> {
  await using migration = await openMigration(context);
  const plan = await readRecordedPlan(migration.stateDirectory, undefined);
  if (plan === null)
    throw new Fault(
      "plan-stale",
      `${migration.stateDirectory} has no plan.json, and a runbook is made of it.`,
      {
        next: "headgate plan",
      },
    );
  const { entries } = await readJournal(journalPath(migration.stateDirectory));
  const rehearsal = (await readRehearsal(migration.stateDirectory)) ?? measuredCutover(entries);
  const runbook = runbookOf(factsOf(migration, plan, rehearsal, context.flags.config));
  const text = runbookMarkdown(runbook);
  return {
    exit: exits.done,
    nextSteps:
      rehearsal === null
        ? [{ why: "so that each step has its seconds", command: "headgate cutover --rehearse" }]
        : [],
    body: { runbook, markdown: text },
    human: [text],
    exact: true,
  };
}

function factsOf(
  migration: OpenMigration,
  plan: Plan,
  rehearsal: RunbookFacts["rehearsal"],
  file: string,
): RunbookFacts {
  const { config } = migration;
  return {
    migration: migration.id,
    environment: config.environment,
    source: placeOf(config.source.url),
    target: placeOf(config.target.url),
    targetDatabase: migration.targetDatabase,
    command: file === defaultConfig ? "headgate" : `headgate -c ${quoted(file)}`,
    tables: plan.tables.map(({ source, estimatedRows, key }) => ({
      table: source,
      rows: estimatedRows,
      keyless: key === null,
    })),
    estimate: estimate(plan, config.snapshot.rangeRows).text,
    settings: settingsOf(config),
    rehearsal,
    warnings: plan.findings.flatMap(({ severity, sentence }) => (severity === "warning" ? [sentence] : [])),
    overrides: migration.skippedSafeguards,
  };
}

function settingsOf({ cutover, triggers, hooks, baseline }: Config): RunbookSettings {
  const set = hookNames.filter((name) => hooks[name] !== undefined);
  const percent = (share: number): string => `${String(Math.round(share * 1000) / 10)} %`;
  return {
    maxWritePause: cutover.maxWritePause,
    fence: cutover.fence.method,
    accounts: cutover.fence.accounts,
    roles: cutover.open.roles,
    wayBack: cutover.wayBack,
    guard: cutover.guard,
    hooks: set,
    triggers: [
      `replication lag above ${String(triggers.replicationLagSeconds.above)} s for ${triggers.replicationLagSeconds.for}`,
      `P95 more than ${percent(triggers.p95Increase.above)} over the baseline for ${triggers.p95Increase.for}`,
      `errors above ${percent(triggers.errorRate.above)} for ${triggers.errorRate.for}`,
      `${String(triggers.failedBatches)} failed batches in a row`,
      `a disk at ${percent(triggers.diskUsed)}`,
      "rows or counts that differ",
    ],
    latencies: set.includes("latency")
      ? "Latencies come from the hook latency."
      : baseline.queries.length > 0
        ? `Latencies are those of ${String(baseline.queries.length)} queries of baseline.queries.`
        : "Nobody gives latencies: the P95 trigger is off. hooks.latency or baseline.queries would.",
  };
}

/** Host, port and database; never the user. */
function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${decodeURIComponent(pathname)}`;
}

function quoted(file: string): string {
  return /^[\w./@+-]+$/u.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
}
