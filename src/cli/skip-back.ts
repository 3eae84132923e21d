/**
 * `skip` once the target is open: what the way back stands before is on record at the source, and so is the word that leaves it
 * out. An engine that soaks is told and goes on at once; with none running the claim is taken for as long as that lasts.
 */
import { mirror } from "../cutover/walk.js";
import { Fault, exits } from "../errors.js";
import type { Decision } from "../migration/leave-out.js";
import { RefusedChanges, waitingOnWayBack } from "../migration/refused.js";
import type { LedgerView } from "../port.js";
import { engineClient } from "../serve/client.js";
import { openCrew } from "./crew.js";
import { engineVoice } from "./engine-voice.js";
import type { OpenMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import { readRecordedPlan } from "./plan-file.js";
import { journalled } from "./soak-refusals.js";
import type { VerbContext } from "./verb.js";
import { wayBackLedger } from "./way-back-ledger.js";

export async function skipOnWayBack(
  context: VerbContext,
  migration: OpenMigration,
  view: LedgerView,
  flags: { readonly event: string; readonly reason: string; readonly dryRun: boolean },
  who: string,
): Promise<VerbResult> {
  const { event, reason, dryRun } = flags;
  const ledger = await wayBackLedger(context, migration);
  const waiting = waitingOnWayBack((await ledger?.quarantined(migration.id)) ?? [], event);
  const goesOn = !dryRun && (await decide(context, migration, view, event, { who, why: reason }));
  const { table, about, sentence } = waiting;
  return {
    exit: exits.done,
    nextSteps: [
      goesOn
        ? { why: "to see that the way back goes on", command: "headgate status" }
        : { why: "to go on without it", command: "headgate run" },
    ],
    body: { event, table, rows: about, reason, dryRun, direction: "back" },
    human: [
      `${dryRun ? "Would leave out" : "Left out"} of the way back: ${event}, ${table} ${about} (${sentence}). The target has it, the source has not: a rollback tries the row as it is then, and says whether it went back.`,
      ...(goesOn ? ["The engine goes on with the way back."] : []),
    ],
  };
}

/** True when an engine has it, and goes on by itself. */
async function decide(
  context: VerbContext,
  migration: OpenMigration,
  view: LedgerView,
  event: string,
  decision: Decision,
): Promise<boolean> {
  const { stateDirectory } = migration;
  try {
    await engineClient(stateDirectory).skip(event, decision.why, decision.who);
    return true;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "no-engine") throw error;
  }
  const plan = await readRecordedPlan(stateDirectory, view.fingerprint);
  if (plan === null || plan.fingerprint !== view.fingerprint)
    throw new Fault(
      "plan-stale",
      `${stateDirectory}/plan.json is not the plan that ${migration.id} runs by.`,
      {
        next: "Run this where the engine runs.",
      },
    );
  const { source, target } = await migration.both();
  const { engine } = await source.facts();
  if (engine === "postgres") throw new Fault("bug", "The source is no MySQL.");
  await using ledger = await target.claim(plan);
  const { log } = await engineVoice(context);
  await using crew = await openCrew({ context, migration, plan, ledger, log });
  const { wayBack } = crew.source;
  // A lane whose engine has died may hold what is to be moved.
  await wayBack.claim(plan, ledger.epoch);
  const { cutover } = crew.journey;
  const refused = await RefusedChanges.open({
    ...{ ledger: wayBack, plan, engine, epoch: ledger.epoch, cutover: cutover ?? "" },
  });
  await journalled(crew, await refused.leaveOut(event, decision), () =>
    mirror(
      crew.walk({
        cutover: cutover ?? "",
        ...{ forward: null, reverse: null, endTransactions: false },
        onOpening: () => undefined,
        onStep: () => undefined,
        stop: new AbortController().signal,
      }),
    ),
  );
  return false;
}
