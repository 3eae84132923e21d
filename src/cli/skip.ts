/**
 * `skip --event ID --reason R`: what the stream stands before may be passed, by somebody's word, which the ledger keeps. The
 * row differs from then on, and the next verification names it.
 */
import { hostname, userInfo } from "node:os";
import { Fault, exits } from "../errors.js";
import { isSchemaChange } from "../migration/schema-change.js";
import { openMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import { readRecordedPlan } from "./plan-file.js";
import type { VerbContext } from "./verb.js";

export interface SkipFlags {
  readonly event: string;
  readonly reason: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

export async function skipVerb(context: VerbContext, flags: SkipFlags): Promise<VerbResult> {
  if (flags.reason.trim() === "")
    throw new Fault("usage", "--reason says nothing: the ledger keeps why a change was left out.");
  await using migration = await openMigration(context);
  const target = await migration.target();
  const view = await target.view(migration.id);
  const waiting = view?.quarantine.find(({ event, state }) => event === flags.event && state === "kept");
  if (view === null || waiting === undefined)
    throw new Fault("usage", `Nothing with the id ${flags.event} waits for a decision.`, {
      next: "headgate status",
    });
  if (isSchemaChange(waiting.reason))
    throw new Fault(
      "usage",
      `${flags.event} is DDL (${waiting.sentence}); rows of the new shape cannot be applied with the old plan.`,
      { next: "headgate plan --amend" },
    );
  if (!flags.dryRun) {
    const plan = await readRecordedPlan(migration.stateDirectory);
    if (plan === null || plan.fingerprint !== view.fingerprint)
      throw new Fault(
        "plan-stale",
        `${migration.stateDirectory}/plan.json is not the plan that ${migration.id} runs by.`,
        {
          next: "Run this where the engine runs.",
        },
      );
    await using ledger = await target.claim(plan);
    if (!(await ledger.settle(flags.event, { state: "skipped", who: whoami(), why: flags.reason })))
      throw new Fault("usage", `${flags.event} was settled meanwhile.`, { next: "headgate status" });
  }
  return {
    exit: exits.done,
    nextSteps: [{ why: "to go on without it", command: "headgate run" }],
    body: { event: flags.event, table: waiting.table, reason: flags.reason, dryRun: flags.dryRun },
    human: [
      `${flags.dryRun ? "Would leave out" : "Left out"}: ${flags.event} of ${waiting.table} (${waiting.sentence}). Its row differs from the source from then on.`,
    ],
  };
}

/** Who decided, for the journal. */
export function whoami(): string {
  return `${userInfo().username}@${hostname()}`;
}
