/**
 * `rollback`: the way back from any state. Before the decision the source and the journal suffice, whatever became of the
 * target; in the soak an engine drains what the target was given and opens the source.
 */
import { walkedResult } from "./cutover-ask.js";
import { engineWorkOn } from "./engine-work.js";
import { openMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import { settleFirst } from "./settle-at-source.js";
import { stepTeller } from "./step-teller.js";
import type { VerbContext } from "./verb.js";

export interface RollbackFlags {
  readonly yes: boolean;
}

export async function rollbackVerb(context: VerbContext): Promise<VerbResult> {
  await using migration = await openMigration(context);
  const tell = stepTeller(context);
  const settled = await settleFirst(context, migration, tell);
  if (settled !== null) return walkedResult("rollback", migration.id, settled);
  return await engineWorkOn(context, migration, {
    kind: "rollback",
    ask: {},
    onProgress: tell,
    tell,
    result: (id, body) => walkedResult("rollback", id, body),
  });
}
