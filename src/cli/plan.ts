/** `plan`: what would be done, and why. Writes plan.json for review; `--sql` and `--explain` only print. */
import { Fault, exits } from "../errors.js";
import { inspect } from "../migration.js";
import type { Plan } from "../model.js";
import type { LedgerView } from "../port.js";
import { estimate } from "../plan/estimate.js";
import type { Estimate } from "../plan/estimate.js";
import { explainColumn } from "../plan/explain.js";
import type { WholePlan } from "../plan/planning-sheet.js";
import { count } from "../watch/screen.js";
import { amendPlan } from "./amend.js";
import { begunWith } from "./as-begun.js";
import { findingLines, findingSummary, nextOf } from "./findings.js";
import { openMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import { keepPlan, readRecordedPlan, serversOf, wholePlan, writePlan } from "./plan-file.js";
import type { VerbContext } from "./verb.js";
import { table } from "./table.js";

export interface PlanFlags {
  readonly sql: boolean;
  readonly explain?: string;
  readonly amend?: boolean;
  readonly dryRun: boolean;
}

export async function planVerb(context: VerbContext, flags: PlanFlags): Promise<VerbResult> {
  await using migration = await openMigration(context);
  const { source, target } = await migration.both();
  const before = await target.view(migration.id);
  const found = await inspect(source, target, {
    request: migration.request,
    values: null,
    begun: begunWith(before),
    signal: context.services.signal,
  });
  if (flags.amend === true) return await amendPlan(migration, found, flags.dryRun);
  const made = wholePlan(found, migration);
  if (flags.explain !== undefined) {
    const lines = explainColumn(found.catalogue, migration.request, flags.explain);
    if (lines === null)
      throw new Fault("usage", `The source has no column ${flags.explain}: TABLE.COLUMN is wanted.`, {
        next: "headgate plan --dry-run",
      });
    return { exit: exits.done, nextSteps: [], body: { explain: lines }, human: lines };
  }
  const sizes = estimate(made, migration.config.snapshot.rangeRows);
  if (!flags.dryRun) await keepBegun(migration.stateDirectory, before, made);
  const path = flags.dryRun ? null : await writePlan(migration.stateDirectory, made, serversOf(found));
  return {
    exit: exits.done,
    nextSteps: [
      nextOf(found.findings) ?? { why: "the plan is made", command: "headgate run --until copied" },
    ],
    body: bodyOf(made, sizes),
    human: flags.sql ? sqlOf(made) : screenOf(made, path, sizes, found.findings),
    ...(flags.sql ? { exact: true as const } : {}),
  };
}

/** The plan that the migration was begun with is what its next steps start from: this file takes its place, and not its plan. */
async function keepBegun(directory: string, before: LedgerView | null, made: Plan): Promise<void> {
  if (before === null || before.fingerprint === made.fingerprint) return;
  const recorded = await readRecordedPlan(directory, before.fingerprint);
  if (recorded?.fingerprint === before.fingerprint) await keepPlan(directory, recorded, recorded.servers);
}

function bodyOf(made: WholePlan, sizes: Estimate): Record<string, unknown> {
  return {
    estimate: { rows: sizes.rows, bytes: sizes.bytes, ranges: sizes.ranges, seconds: sizes.seconds },
    fingerprint: made.fingerprint,
    lanes: made.lanes,
    tables: made.tables.map((t, i) => ({
      source: t.source,
      target: t.target,
      key: t.key?.columns ?? [],
      rows: t.estimatedRows,
      bytes: t.estimatedBytes,
      ranges: sizes.tables[i]?.ranges ?? 1,
      lane: t.lane,
      columns: t.columns.map((c) => ({
        source: c.source,
        sourceType: c.sourceType,
        target: c.target,
        targetType: c.targetType,
        rule: c.rule,
      })),
    })),
    leftOut: made.leftOut ?? [],
    planning: made.planning,
    before: made.before.map((statement) => statement.sql),
    after: made.after.map((statement) => statement.sql),
    findings: made.findings,
  };
}

function sqlOf(made: Plan): string[] {
  return [
    "-- before the data",
    ...made.before.map((statement) => `${statement.sql};`),
    "",
    "-- after the data",
    ...made.after.map((statement) => `${statement.sql};`),
  ];
}

function screenOf(made: Plan, path: string | null, sizes: Estimate, findings: Plan["findings"]): string[] {
  return [
    ...table(
      ["table", "target", "key", "about rows", "MB", "ranges", "lane"],
      made.tables.map((t, i) => [
        t.source,
        t.target,
        t.key === null ? "none: one exact cut" : t.key.columns.join(", "),
        count(t.estimatedRows),
        (t.estimatedBytes / 1e6).toFixed(1),
        String(sizes.tables[i]?.ranges ?? 1),
        t.lane,
      ]),
      [3, 4, 5],
    ),
    "",
    ...table(
      ["column", "source type", "target", "target type", "rule"],
      made.tables.flatMap((t) =>
        t.columns.map((c) => [
          `${t.source}.${c.source}`,
          brief(c.sourceType),
          c.target,
          c.targetType,
          c.rule,
        ]),
      ),
    ),
    "",
    ...(made.leftOut === undefined || made.leftOut.length === 0
      ? []
      : [`left out by tables.include and tables.exclude: ${made.leftOut.join(", ")}`]),
    sizes.text,
    `${String(made.before.length)} statements before the data, ${String(made.after.length)} after it; headgate plan --sql prints them.`,
    ...findingLines(findings, false),
    findingSummary(findings),
    ...(path === null ? [] : [`written: ${path}`]),
  ];
}

/** An enum of fifty labels would push its rule off every screen; --json has it whole. */
function brief(type: string): string {
  return type.length > 40 ? `${type.slice(0, 37)}...` : type;
}
