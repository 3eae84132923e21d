/**
 * `check`: both servers, the plan and every value against it. Changes nothing; exit 3 when a finding is an error.
 */
import { exits } from "../errors.js";
import { inspect, planOf } from "../migration.js";
import { firstCut } from "../migration/tied.js";
import { evaluationOf, measureBoth } from "./facts.js";
import { errorsOf, findingLines, findingSummary, nextOf, proposedLines } from "./findings.js";
import { lookOf } from "./look.js";
import type { LookFlags } from "./look.js";
import { ownAccountFindings } from "./own-accounts.js";
import type { VerbResult } from "./output.js";
import { openMigration } from "./open.js";
import type { VerbContext } from "./verb.js";

export interface CheckFlags extends LookFlags {
  readonly propose: boolean;
  readonly grants: boolean;
  readonly values: boolean;
}

export async function checkVerb(context: VerbContext, flags: CheckFlags): Promise<VerbResult> {
  await using migration = await openMigration(context);
  if (flags.grants) {
    const { source, target } = await migration.both();
    const made = await planOf(await source.catalogue(context.services.signal), migration.request);
    const cut = firstCut(made.tables, await source.facts());
    const grants = [
      ...(await source.grants(cut)),
      ...(await target.grants(made.schema, migration.config.cutover.open.roles)),
    ];
    const human = grants.flatMap((phase) => [`-- ${phase.phase} (${phase.server})`, ...phase.statements, ""]);
    return { exit: exits.done, nextSteps: [], body: { findings: [], grants }, human, exact: true };
  }
  const { source, target } = await migration.both();
  const look = lookOf(migration, context, flags);
  const replica = flags.values ? await migration.replica() : undefined;
  const inspected = await inspect(source, target, {
    request: migration.request,
    values: flags.values ? look : null,
    ...(replica === undefined ? {} : { replica }),
    signal: context.services.signal,
  });
  const own = ownAccountFindings(migration.config.cutover.fence.accounts, {
    "source.admin": migration.night.admin?.server.user ?? null,
    ...Object.fromEntries(migration.ours.map((user) => [`source as ${user}`, user])),
  });
  const found = { ...inspected, findings: [...inspected.findings, ...own] };
  const evaluation = evaluationOf(await measureBoth(source, target, context.services.today));
  const errors = errorsOf(found.findings);
  const proposed = proposedLines(found.findings);
  const { source: from, target: to } = found;
  return {
    exit: errors.length > 0 ? exits.checkFailed : exits.done,
    nextSteps: [
      nextOf(found.findings, flags.propose) ?? { why: "nothing stands against it", command: "headgate plan" },
    ],
    body: {
      findings: found.findings,
      servers: { source: from, target: to },
      evaluation,
      ...(flags.propose ? { propose: proposed } : {}),
    },
    human: [
      `source ${from.engine} ${from.version}, database ${from.database}; target ${to.engine} ${to.version}, database ${to.database}`,
      `${String(found.plan.tables.length)} tables planned`,
      ...findingLines(found.findings, flags.propose),
      ...(flags.propose && proposed.length > 0
        ? [
            "",
            "# for headgate.yaml: above what stands under the same key, as the first line that matches wins",
            ...proposed,
            "",
          ]
        : []),
      findingSummary(found.findings),
    ],
  };
}
