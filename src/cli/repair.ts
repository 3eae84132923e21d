/**
 * `repair`: the rows that the last verification named are read at the source again and written, then looked at again. A
 * running engine does it and is asked over its socket; with none running the verb becomes the engine for as long as it
 * takes, and a migration that follows the log follows it meanwhile. Exit 2 where rows are left.
 */
import { engineWork } from "./engine-work.js";
import { Fault } from "../errors.js";
import type { VerbResult } from "./output.js";
import { repairResult } from "./repair-body.js";
import type { RepairAsk } from "./repair-job.js";
import type { VerbContext } from "./verb.js";

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
  return await engineWork(context, {
    kind: "repair",
    ask,
    onProgress: () => undefined,
    result: repairResult,
  });
}
