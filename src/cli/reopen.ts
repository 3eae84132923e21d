/**
 * A rollback that stands between its two sides because no life of an engine can go on with it: the target is shut, and the
 * source, which it is to bring everything to, does not answer. Past cutover.maxWritePause the target is opened again; target
 * and journal suffice for it. Nothing has let the source go by then, and the soak looks at its fence as soon as it is back.
 */
import { milliseconds } from "../config/leaf.js";
import { Elapsed } from "../cutover/elapsed.js";
import { journalPath, readJournal } from "../cutover/journal.js";
import { journeyOf } from "../cutover/journey.js";
import type { Journey } from "../cutover/journey.js";
import { reopenTarget } from "../cutover/rollback.js";
import { Fault } from "../errors.js";
import { eitherOf } from "../stop.js";
import type { Plan } from "../model.js";
import { engineVoice } from "./engine-voice.js";
import type { Living } from "./living.js";
import type { OpenMigration } from "./open.js";
import { readRecordedPlan } from "./plan-file.js";
import { isServed } from "./settle-at-source.js";
import type { VerbContext } from "./verb.js";
import { journalBeside } from "./journal-beside.js";
import { journeyAt } from "./journey-at.js";

/** Between two looks for the source. */
const lookEveryMs = 1000;

/** The target is shut, and nothing leads to the source yet. */
export function isBetween({ state, steps }: Journey): boolean {
  return state === "rolling_back" && steps.has("shut-target") && !steps.has("forward-lanes");
}

/** Null where it does not stand so. */
async function shutSince({ services }: VerbContext, stateDirectory: string): Promise<Elapsed | null> {
  const { entries } = await readJournal(journalPath(stateDirectory));
  const journey = journeyOf(entries);
  const shut = journey.steps.get("shut-target");
  return shut === undefined || !isBetween(journey) ? null : new Elapsed(shut.begun, entries, services);
}

export class Between {
  readonly #living: Living;
  /** Since when the target is shut, by the journal: whoever shut it may have been another engine. */
  #shut: Elapsed | null = null;

  constructor(living: Living) {
    this.#living = living;
  }

  /** After a life that has failed. */
  async look(): Promise<void> {
    const { migration, context, log } = this.#living;
    const shut = await shutSince(context, migration.stateDirectory);
    // Kept while it stands so: a clock that is set back meanwhile lengthens nothing.
    this.#shut = shut === null ? null : (this.#shut ?? shut);
    if (this.#shut === null) return;
    const budgetMs = milliseconds(migration.config.cutover.maxWritePause) ?? 0;
    if (this.#shut.ms <= budgetMs) return;
    try {
      await reopen(
        { ...this.#living, identity: this.#living.found.source.identity, plan: this.#living.found.plan },
        budgetMs,
      );
    } catch (error) {
      if (!(error instanceof Fault) || !error.retriable) throw error;
      log.warn({ code: error.code }, `the target cannot be opened again yet: ${error.message}`);
    }
  }
}

/**
 * The same for a command that comes when no engine is left: the source is waited for as long as the pause may last, which
 * began when the target was shut, and then the target is opened again. Fault way-back-stopped where it was: whatever was asked for needs the source.
 */
export async function reopenFirst(context: VerbContext, migration: OpenMigration): Promise<void> {
  const { stateDirectory } = migration;
  const { services } = context;
  const shut = await shutSince(context, stateDirectory);
  if (shut === null || (await isServed(stateDirectory))) return;
  const plan = await readRecordedPlan(stateDirectory, undefined);
  const identity = plan?.servers?.source;
  // Without it nobody knows what was claimed; whoever comes next says so.
  if (plan === null || identity === undefined) return;
  const budgetMs = milliseconds(migration.config.cutover.maxWritePause) ?? 0;
  for (;;) {
    try {
      await (await migration.source()).facts();
      return;
    } catch (error) {
      if (!(error instanceof Fault) || !error.retriable) throw error;
      if (shut.ms > budgetMs) break;
      await services.wait(Math.min(lookEveryMs, budgetMs), services.signal);
    }
  }
  const { log } = await engineVoice(context);
  throw await reopen({ migration, context, plan, identity, log, signal: services.signal }, budgetMs);
}

interface Reopening extends Pick<Living, "migration" | "context" | "log" | "signal"> {
  readonly plan: Plan;
  /** The source's, as it was claimed. */
  readonly identity: string;
}

/** Resolves to what is to be told. */
async function reopen(
  { migration, context, plan, identity, log, signal }: Reopening,
  budgetMs: number,
): Promise<Fault> {
  const { services } = context;
  const target = await migration.target();
  await using ledger = await target.claim(plan, identity);
  await using journal = await journalBeside({
    stateDirectory: migration.stateDirectory,
    today: services.today,
    log,
    elsewhere: await ledger.night().entries(),
  });
  const { cutover } = await journeyAt(migration.stateDirectory);
  if (cutover === null) throw new Fault("bug", "The journal has no cutover to take back.");
  const away = (): Promise<never> =>
    Promise.reject(new Fault("connection-lost", "No engine of this migration has reached it."));
  const why = new Fault(
    "way-back-stopped",
    `The write pause of the way back is past its budget of ${String(budgetMs / 1000)} s (cutover.maxWritePause), and the source does not answer.`,
    { next: "headgate rollback" },
  );
  await reopenTarget(
    {
      night: {
        cutover,
        source: { fenceState: away, raise: away },
        target: { open: () => ledger.night().openTarget(cutover, migration.config.cutover.open.roles) },
        mirror: async (entries) => {
          await ledger.night().journal(entries);
        },
      },
      journal,
      wait: services.wait,
      stop: eitherOf(signal, ledger.lost),
      onStep: (told) => {
        log.info(told, `step ${told.step}: ${told.phase}`);
      },
      onWord: (sentence) => {
        log.warn({}, sentence);
      },
    },
    why,
  );
  log.error({ code: why.code }, why.message);
  return why;
}
