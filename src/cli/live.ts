/**
 * `run` without an end, and `--until ready`: engines one after the other, each with a claim of its own, because a claim
 * dies with its connection to the target. A fault that passes begins the next one, from the ledger; any other ends the verb.
 */
import { isClosed } from "../cutover/ending.js";
import { exits, Fault } from "../errors.js";
import type { Inspection } from "../migration.js";
import type { Synced } from "../migration/sync.js";
import { eitherOf, stopReason } from "../stop.js";
import { engineVoice } from "./engine-voice.js";
import { notReady, ready } from "./live-end.js";
import { stopped } from "./figures.js";
import { demandNotAbandoned } from "./given-up.js";
import { heldBack } from "./offline.js";
import type { OpenMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import type { LiveGoal, Living } from "./living.js";
import { Between } from "./reopen.js";
import { openSteering } from "./steering.js";
import { journeyAt } from "./journey-at.js";
import { isServed, isUndecided, settleAtSource } from "./settle-at-source.js";
import { soak } from "./soak.js";
import type { VerbContext } from "./verb.js";
import { claimed, forwardLife, isSwitched } from "./forward-life.js";

/** Engines that may fail in a row; with growing pauses this is about ten minutes. */
const lives = 60;
const longestPauseMs = 10_000;
/** An engine that lived as long begins the count anew. */
const goodLifeMs = 60_000;

export async function runLive(
  context: VerbContext,
  migration: OpenMigration,
  found: Inspection,
  goal: LiveGoal,
): Promise<VerbResult> {
  const { services } = context;
  const { screen, log } = await engineVoice(context);
  const startedAt = services.now();
  const seconds = (): number => (services.now() - startedAt) / 1000;
  const late = new AbortController();
  const signal = eitherOf(services.signal, late.signal);
  const timer = expire(context, goal, late, services.signal);
  await using steering = await openSteering({ context, migration, log, listen: goal.listen, signal });
  const living: Living = {
    steering,
    context,
    migration,
    found,
    goal,
    screen,
    log,
    signal,
    blocking: { codes: ["not-copied"], unjudged: [] },
    last: { view: null },
  };
  try {
    const ended = await untilEnded(living);
    if (goal.task?.done() === true) return goal.task.result();
    if (ended === "completed") return over(migration.id);
    return ended.state === "held"
      ? heldBack(migration.id, ended.view, seconds())
      : ready(migration.id, ended.view, living.blocking.unjudged, seconds());
  } catch (error) {
    if (late.signal.aborted && !services.signal.aborted && error === late.signal.reason)
      return notReady(migration.id, living, seconds());
    if (!(error instanceof Fault) || !services.signal.aborted) throw error;
    // The signal's own sentence, with the command that goes on with this goal.
    const fault = new Fault(error.code, error.message, {
      next: "headgate run",
      facts: error.facts,
      cause: error,
    });
    return stopped(fault, living.last.view, seconds());
  } finally {
    late.abort(new Fault("interrupted", "The run has ended."));
    await timer;
  }
}

/** Aborts `late` when the goal's time is up; resolves at once when the run has ended before. */
async function expire(
  { services }: VerbContext,
  { timeoutMs }: LiveGoal,
  late: AbortController,
  stop: AbortSignal,
): Promise<void> {
  if (timeoutMs === null) return;
  const either = AbortSignal.any([stop, late.signal]);
  try {
    await services.wait(timeoutMs, either);
  } catch (error) {
    if (either.aborted) return;
    throw error;
  }
  late.abort(new Fault("interrupted", "It was not ready in the time that --timeout gave it."));
}

async function untilEnded(living: Living): Promise<Synced | "completed"> {
  const { context, log, signal } = living;
  const between = new Between(living);
  for (let failed = 0; ; failed += 1) {
    const begun = context.services.now();
    try {
      const ended = await oneLife(living);
      if (ended !== "turned") return ended;
      failed = -1;
    } catch (error) {
      if (!(error instanceof Fault) || !error.retriable || signal.aborted)
        throw signal.aborted ? stopReason(signal) : error;
      if (context.services.now() - begun > goodLifeMs) failed = 0;
      if (failed >= lives) throw error;
      await between.look();
      living.blocking.codes = ["no-engine"];
      const pause = Math.min(longestPauseMs, 250 * 2 ** Math.min(failed, 10));
      log.warn({ code: error.code, pauseMs: pause }, `the engine begins again: ${error.message}`);
      await context.services.wait(pause, signal);
    }
  }
}

/** Forward, or in the soak: as the journal says. */
async function oneLife(living: Living): Promise<Synced | "turned" | "completed"> {
  const { context, migration, goal, log } = living;
  const { stateDirectory } = migration;
  if (isUndecided(await journeyAt(stateDirectory))) {
    if (!living.steering.answers && (await isServed(stateDirectory)))
      throw new Fault(
        "claimed",
        "Another engine of this migration answers here, in the middle of a cutover.",
      );
    await settleAtSource(context, migration, log, () => undefined);
  }
  const journey = await journeyAt(stateDirectory);
  if (journey.state === "completed" && isClosed(journey)) return "completed";
  await demandNotAbandoned(migration, null);
  const { task, until } = goal;
  // A cutover that went back because this engine's life was lost has its result: another life has nothing to do for it.
  if (task?.done() === true && task.staysInSoak !== true) return "completed";
  if (!(await isSwitched(migration))) return await forwardLife(living);
  if (until === "ready")
    throw new Fault("cutover-refused", "The target is open: there is no ready to be waited for.");
  const ended = await soak(living, () => claimed(living));
  const goesOn = until === "stopped" || task?.staysInSoak === true || task?.done() !== true;
  return (ended === "rolled_back" || ended === "reopened") && goesOn ? "turned" : "completed";
}

function over(id: string): VerbResult {
  return {
    exit: exits.done,
    nextSteps: [{ why: "what was done and proven", command: "headgate report" }],
    body: { state: "completed" },
    human: [`${id}: completed. The way back is closed; nothing is left to run.`],
  };
}
