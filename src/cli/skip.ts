/**
 * `skip --event ID --reason R`: what the stream stands before may be passed, by somebody's word, which the ledger keeps. The
 * row differs from then on, and the next verification names it. An engine that runs, with other lanes or for them, is
 * told and its lane goes on; with none running the ledger is written here.
 */
import { hostname, userInfo } from "node:os";
import { Fault, exits } from "../errors.js";
import { leaveOut, waitingChange } from "../migration/leave-out.js";
import type { LedgerView } from "../port.js";
import { engineClient } from "../serve/client.js";
import { openMigration } from "./open.js";
import type { OpenMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import { readRecordedPlan } from "./plan-file.js";
import { skipOnWayBack } from "./skip-back.js";
import { isSwitched } from "./status-night.js";
import type { VerbContext } from "./verb.js";

export interface SkipFlags {
  readonly event: string;
  readonly reason: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

export async function skipVerb(context: VerbContext, flags: SkipFlags): Promise<VerbResult> {
  const { event, reason, dryRun } = flags;
  if (reason.trim() === "")
    throw new Fault("usage", "--reason says nothing: the ledger keeps why a change was left out.");
  await using migration = await openMigration(context);
  const target = await migration.target();
  const view = await target.view(migration.id);
  if (view !== null && isSwitched(view))
    return await skipOnWayBack(context, migration, view, flags, whoami());
  const waiting = waitingChange(view, event);
  const goesOn = !dryRun && (await decide(migration, view, event, reason));
  return {
    exit: exits.done,
    nextSteps: goesOn
      ? [{ why: "to see that the lane goes on", command: "headgate status" }]
      : [{ why: "to go on without it", command: "headgate run" }],
    body: { event, table: waiting.table, reason, dryRun },
    human: [
      `${dryRun ? "Would leave out" : "Left out"}: ${event} of ${waiting.table} (${waiting.sentence}). Its row differs from the source from then on.`,
      ...(goesOn ? [`The engine goes on with lane ${waiting.lane}.`] : []),
    ],
  };
}

/** True when an engine has it, and goes on by itself. */
async function decide(
  migration: OpenMigration,
  view: LedgerView | null,
  event: string,
  reason: string,
): Promise<boolean> {
  try {
    await engineClient(migration.stateDirectory).skip(event, reason, whoami());
    return true;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "no-engine") throw error;
  }
  const plan = await readRecordedPlan(migration.stateDirectory, view?.fingerprint);
  if (plan === null || plan.fingerprint !== view?.fingerprint)
    throw new Fault(
      "plan-stale",
      `${migration.stateDirectory}/plan.json is not the plan that ${migration.id} runs by.`,
      {
        next: "Run this where the engine runs.",
      },
    );
  const target = await migration.target();
  try {
    await using ledger = await target.claim(plan);
    await leaveOut(ledger, event, { who: whoami(), why: reason });
  } catch (error) {
    // Another machine's, or one that does not answer: the claim names it.
    if (!(error instanceof Fault) || error.code !== "claimed") throw error;
    throw new Fault("claimed", `${error.message} Nothing was left out.`, {
      next: "headgate skip where that engine runs, or stop it first.",
      cause: error,
    });
  }
  return false;
}

/** Who decided, for the journal. */
export function whoami(): string {
  return `${userInfo().username}@${hostname()}`;
}
