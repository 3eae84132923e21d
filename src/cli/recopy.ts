/**
 * `recopy TABLE`: after DDL, a quarantine or a loss one table is copied again by an exact cut, with those that foreign
 * keys tie to it below the log. No engine may run beside it; the next `run` goes on from where the lanes stand.
 */
import { exits, Fault, recopying } from "../errors.js";
import { inspect } from "../migration.js";
import { demandJoined, recopy } from "../migration/recopy.js";
import { logsCascades } from "../migration/cascades.js";
import { forRecopy } from "../migration/stream-findings.js";
import { tiedSets } from "../migration/tied.js";
import { clock, count } from "../watch/screen.js";
import { begunWith } from "./as-begun.js";
import { copyOptions } from "./copy-options.js";
import { engineVoice } from "./engine-voice.js";
import { errorsOf, findingLines } from "./findings.js";
import { demandNotAbandoned } from "./given-up.js";
import { openMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import { readRecordedPlan, settlePlan } from "./plan-file.js";
import { shapeNow, takeShape, withTied } from "./shape.js";
import { openSteering } from "./steering.js";
import { Ticker } from "./ticker.js";
import type { VerbContext } from "./verb.js";

export interface RecopyFlags {
  readonly table: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

export async function recopyVerb(context: VerbContext, flags: RecopyFlags): Promise<VerbResult> {
  const { services } = context;
  await using migration = await openMigration(context);
  const { source, target } = await migration.both();
  const before = await target.view(migration.id);
  await demandNotAbandoned(migration, before);
  if (before === null)
    throw new Fault("usage", `${migration.id} has not begun, so there is nothing to copy again.`, {
      next: "headgate run",
    });
  const found = forRecopy(
    await inspect(source, target, {
      request: migration.request,
      values: null,
      begun: begunWith(before),
      signal: services.signal,
    }),
  );
  const recorded = await readRecordedPlan(migration.stateDirectory, before.fingerprint);
  const shape = shapeNow(found.plan, before, recorded, flags.table);
  const errors = errorsOf(found.findings);
  if (errors.length > 0)
    return {
      exit: exits.checkFailed,
      nextSteps: [{ why: "to settle what was found", command: "headgate check --propose" }],
      body: { state: before.state, findings: errors },
      human: [...findingLines(errors, false), "Nothing was written."],
    };
  if (!found.plan.tables.some(({ source: name }) => name === flags.table))
    throw new Fault("usage", `${flags.table} is no table of this migration.`, {
      next: "headgate status lists its tables.",
    });
  const tied = logsCascades(found.source) ? [] : tiedSets(found.plan.tables);
  const asked = [flags.table, ...(shape?.rebuild ?? [])];
  const set = withTied(asked, tied);
  if (flags.dryRun)
    return {
      exit: exits.done,
      nextSteps: [],
      body: { state: before.state, dryRun: true, tables: set, rebuilt: shape?.rebuild ?? [] },
      human: [
        ...(shape === null || shape.rebuild.length === 0
          ? []
          : [`Would drop ${shape.rebuild.join(", ")} on the target and make it as the source has it now.`]),
        `Would empty ${set.join(", ")} on the target and copy it again. Nothing was written.`,
      ],
    };
  if (shape !== null && shape.rebuild.length > 0 && !flags.yes)
    throw new Fault(
      "confirm-missing",
      `${shape.rebuild.join(", ")} of another shape would be dropped on the target and made anew, with whatever a person has put upon it: indexes, triggers, grants. Nothing was written.`,
      { next: `${recopying(flags.table)} --yes` },
    );
  const { screen, log } = await engineVoice(context);
  const { signal } = services;
  if (shape !== null && recorded !== null) {
    demandJoined(before, flags.table);
    await takeShape(migration, found, { recorded, reopen: set, rebuild: shape.rebuild });
    log.info({ tables: set.join(", "), rebuilt: shape.rebuild.join(", ") }, "another plan");
  } else await settlePlan(migration.stateDirectory, found.plan.fingerprint);
  await using steering = await openSteering({ context, migration, log, listen: null, signal });
  await using ledger = await steering.claim(() => target.claim(found.plan, found.source.identity));
  const ticker = new Ticker(context, screen, found.plan, await ledger.view());
  await steering.begin(ticker);
  const startedAt = services.now();
  const tables = await ticker.during(() =>
    recopy({
      ...copyOptions({ context, migration, found, steering, target, ledger, ticker, log, signal }),
      tables: set,
      tied,
    }),
  );
  // What the log says about these tables up to their new positions is in them.
  for (const { event, state, table } of before.quarantine)
    if (state === "kept" && tables.includes(table)) await ledger.settle(event, { state: "applied" });
  const view = await ledger.view();
  const seconds = (services.now() - startedAt) / 1000;
  const rows = view.tables
    .filter(({ table }) => tables.includes(table))
    .reduce((sum, each) => sum + each.rows, 0);
  return {
    exit: exits.done,
    nextSteps: [{ why: "to go on with the source's log", command: "headgate run" }],
    body: {
      state: view.state,
      tables,
      rebuilt: shape?.rebuild ?? [],
      rows,
      seconds: Math.round(seconds * 10) / 10,
    },
    human: [`${tables.join(", ")}: copied again in ${clock(seconds)}, ${count(rows)} rows.`],
  };
}
