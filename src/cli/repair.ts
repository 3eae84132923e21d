/**
 * `repair`: the rows that the last verification named are read at the source again and written, then looked at again. A
 * running engine does it and is asked over its socket; with none running the verb becomes the engine for as long as it
 * takes, and a migration that follows the log follows it meanwhile. Exit 2 where rows are left.
 */
import { Fault } from "../errors.js";
import { engineClient } from "../serve/client.js";
import type { Works } from "../serve/jobs.js";
import { copiedMigration } from "./as-begun.js";
import { jobOf } from "./job.js";
import { runLive } from "./live.js";
import { openMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import { repairResult } from "./repair-body.js";
import type { RepairAsk } from "./repair-job.js";
import type { VerbContext } from "./verb.js";
import { atRest } from "./verify-copied.js";

export interface RepairFlags {
  readonly table: readonly string[];
  readonly dryRun: boolean;
  readonly showValues: boolean;
}

export async function repairVerb(context: VerbContext, flags: RepairFlags): Promise<VerbResult> {
  const { table, dryRun, showValues } = flags;
  if (showValues && !dryRun)
    throw new Fault("usage", "--show-values is for --dry-run: nothing else shows statements.", {
      next: "headgate repair --dry-run --show-values",
    });
  const ask: RepairAsk = { tables: table.length === 0 ? null : [...new Set(table)], dryRun, showValues };
  await using migration = await openMigration(context);
  const target = await migration.target();
  const view = await target.view(migration.id);
  if (view !== null && view.holder !== null) {
    const client = engineClient(migration.stateDirectory);
    return repairResult(migration.id, await jobOf(context, client, "repair", ask, view.holder));
  }
  const { found, live } = await copiedMigration(context, migration, view);
  let body: Readonly<Record<string, unknown>> | null = null;
  const act = async ({ repair }: Works, signal: AbortSignal): Promise<void> => {
    body = await repair(ask, () => undefined, signal);
  };
  const result = (): VerbResult => {
    if (body === null) throw new Fault("bug", "The repair ended without a result.");
    return repairResult(migration.id, body);
  };
  if (!live) {
    await atRest(context, migration, found, act);
    return result();
  }
  return await runLive(context, migration, found, {
    until: "done",
    task: { act, result },
    timeoutMs: null,
    holds: [],
    unfollowed: false,
    listen: null,
  });
}
