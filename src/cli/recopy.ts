/**
 * `recopy TABLE`: after DDL, a quarantine or a loss one table is copied again by an exact cut, with those that foreign
 * keys tie to it below the log. No engine may run beside it; the next `run` goes on from where the lanes stand.
 */
import { Fault, exits } from "../errors.js";
import { demandFresh, inspect } from "../migration.js";
import { recopy } from "../migration/recopy.js";
import { logsCascades } from "../migration/cascades.js";
import { forStream } from "../migration/stream-findings.js";
import { tiedSets } from "../migration/tied.js";
import { clock, count } from "../watch/screen.js";
import { copyOptions } from "./copy-options.js";
import { engineVoice } from "./engine-voice.js";
import { errorsOf, findingLines } from "./findings.js";
import { openMigration } from "./open.js";
import type { VerbResult } from "./output.js";
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
  if (before === null)
    throw new Fault("usage", `${migration.id} has not begun, so there is nothing to copy again.`, {
      next: "headgate run",
    });
  const found = forStream(
    await inspect(source, target, { request: migration.request, values: null, signal: services.signal }),
  );
  demandFresh(found.plan, before.fingerprint, "the target's ledger", "headgate plan --amend");
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
  const set = tied.find((names) => names.includes(flags.table)) ?? [flags.table];
  if (flags.dryRun)
    return {
      exit: exits.done,
      nextSteps: [],
      body: { state: before.state, dryRun: true, tables: set },
      human: [`Would empty ${set.join(", ")} on the target and copy it again. Nothing was written.`],
    };
  const { screen, log } = engineVoice(context);
  const { signal } = services;
  await using steering = await openSteering({ context, migration, log, listen: null, signal });
  await using ledger = await steering.claim(() => target.claim(found.plan, found.source.identity));
  const ticker = new Ticker(context, screen, found.plan, await ledger.view());
  await steering.begin(ticker);
  const startedAt = services.now();
  const tables = await ticker.during(() =>
    recopy({
      ...copyOptions({ context, migration, found, steering, target, ledger, ticker, log, signal }),
      table: flags.table,
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
    body: { state: view.state, tables, rows, seconds: Math.round(seconds * 10) / 10 },
    human: [`${tables.join(", ")}: copied again in ${clock(seconds)}, ${count(rows)} rows.`],
  };
}
