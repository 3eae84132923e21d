/**
 * The way back before the decision, which needs the source and the journal alone: whatever verb comes after an engine that
 * was killed in a cutover begins with it, the target dead too.
 */
import { journalPath, openJournal, readJournal } from "../cutover/journal.js";
import type { Journey } from "../cutover/journey.js";
import { isUnderWay } from "../cutover/machine.js";
import { settle } from "../cutover/runner.js";
import type { StepTold, Walked } from "../cutover/walk.js";
import { Fault } from "../errors.js";
import type { Plan } from "../model.js";
import type { Ledger } from "../port.js";
import { engineClient } from "../serve/client.js";
import type { Log } from "../watch/log.js";
import { openCrew } from "./crew.js";
import { journeyAt } from "./journey-at.js";
import { walkedBody } from "./cutover-ask.js";
import type { Body } from "./cutover-ask.js";
import { engineVoice } from "./engine-voice.js";
import type { OpenMigration } from "./open.js";
import { readRecordedPlan } from "./plan-file.js";
import type { VerbContext } from "./verb.js";

/** Whether this may be a cutover that is not decided: then the row at the source says. */
export function isUndecided({ state, decided, steps }: Journey): boolean {
  return isUnderWay(state) && state !== "switching" && decided !== "switch" && !steps.has("open-target");
}

/** Null where nothing of the kind is under way, or the row says that the switch is decided: then the target is needed. */
export async function settleAtSource(
  context: VerbContext,
  migration: OpenMigration,
  log: Log,
  onStep: (told: StepTold) => void,
): Promise<Walked | null> {
  const journey = await journeyAt(migration.stateDirectory);
  if (journey.cutover === null || !isUndecided(journey)) return null;
  const plan: Plan | null = await readRecordedPlan(migration.stateDirectory, undefined);
  if (plan === null)
    throw new Fault("plan-stale", "The plan of the cutover that is under way is not beside the journal.", {
      next: "Put plan.json back under .headgate/, then run the same command again.",
    });
  log.warn(
    { cutover: journey.cutover, state: journey.state },
    "a cutover was left under way; it is ended first",
  );
  await using crew = await openCrew({ context, migration, plan, ledger: null, log });
  try {
    return await settle(
      crew.walk({
        cutover: journey.cutover,
        forward: null,
        reverse: null,
        endTransactions: false,
        onOpening: () => undefined,
        onStep,
        stop: new AbortController().signal,
      }),
    );
  } catch (error) {
    // It was decided after all; who has the target goes on with it.
    if (error instanceof Fault && error.code === "switch-unfinished") return null;
    throw error;
  }
}

/** Whether an engine of this migration answers on this machine: a cutover that is under way is its own to end. */
export async function isServed(stateDirectory: string): Promise<boolean> {
  try {
    await engineClient(stateDirectory).status();
    return true;
  } catch (error) {
    if (error instanceof Fault && error.code === "no-engine") return false;
    throw error;
  }
}

/** Entries that the ledger has and the file beside the config lacks: it was lost. Whether there were any. */
export async function takeJournal(
  context: VerbContext,
  { stateDirectory }: OpenMigration,
  ledger: Ledger,
  log: Log,
): Promise<boolean> {
  const path = journalPath(stateDirectory);
  const { entries } = await readJournal(path);
  const elsewhere = await ledger.night().entries();
  if (elsewhere.length <= entries.length) return false;
  await using journal = await openJournal({
    path,
    today: context.services.today,
    onTorn: (bytes) => {
      log.warn({ bytes }, "the journal's last line was torn and is cut off");
    },
    elsewhere,
  });
  log.warn(
    { had: entries.length, has: journal.entries.length },
    "the journal beside the config had lost entries, and has them again from the target's ledger",
  );
  return true;
}

/** The same for a verb that says how it ended; null where nothing was to be settled at the source, or an engine is there that is asked. */
export async function settleFirst(
  context: VerbContext,
  migration: OpenMigration,
  tell: (progress: Body) => void,
): Promise<Body | null> {
  const { stateDirectory } = migration;
  if (!isUndecided(await journeyAt(stateDirectory)) || (await isServed(stateDirectory))) return null;
  const told: StepTold[] = [];
  const { log } = await engineVoice(context);
  const walked = await settleAtSource(context, migration, log, (each) => {
    told.push(each);
    tell({ steps: [...told] });
  });
  return walked === null ? null : walkedBody(walked, await journeyAt(migration.stateDirectory), told);
}
