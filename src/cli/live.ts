/**
 * `run` without an end, and `--until ready`: engines one after the other, each with a claim of its own, because a claim
 * dies with its connection to the target. A fault that passes begins the next one, from the ledger; any other ends the verb.
 */
import { isClosed } from "../cutover/ending.js";
import { exits, Fault } from "../errors.js";
import type { Inspection } from "../migration.js";
import { logsCascades } from "../migration/cascades.js";
import { proveContinuity } from "../migration/failover.js";
import { sync } from "../migration/sync.js";
import type { Synced } from "../migration/sync.js";
import { tiedSets } from "../migration/tied.js";
import type { Ledger } from "../port.js";
import { eitherOf, stopReason } from "../stop.js";
import type { Stream } from "../stream/options.js";
import type { ChangeFeed } from "../stream-port.js";
import { watchCopy } from "./copy-watch.js";
import { copyOptions } from "./copy-options.js";
import { engineVoice } from "./engine-voice.js";
import { notReady, ready } from "./live-end.js";
import { tellVerified, tellStream } from "./live-voice.js";
import { lastView, stopped } from "./figures.js";
import { keptOrphans, keptPhase } from "./kept.js";
import { demandNotAbandoned } from "./given-up.js";
import { heldBack } from "./offline.js";
import type { OpenMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import { keepPoison } from "./quarantine.js";
import type { LiveGoal, Living } from "./living.js";
import { Between } from "./reopen.js";
import { openSteering } from "./steering.js";
import { openCrew } from "./crew.js";
import type { Crew } from "./crew.js";
import { CutoverWork } from "./cutover-job.js";
import { journeyAt } from "./journey-at.js";
import { isServed, isUndecided, settleAtSource, takeJournal } from "./settle-at-source.js";
import { soak } from "./soak.js";
import { WayBackStart } from "./way-back-start.js";
import { Verifier } from "../migration/verifier.js";
import type { Works } from "../serve/jobs.js";
import { verifyTools } from "./verify-tools.js";
import { VerifyWatch } from "./verify-watch.js";
import { worksOf } from "./works.js";
import { Ticker } from "./ticker.js";
import type { VerbContext } from "./verb.js";

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
  if (!(await isSwitched(migration))) return await live(living);
  if (until === "ready")
    throw new Fault("cutover-refused", "The target is open: there is no ready to be waited for.");
  const ended = await soak(living, () => claimed(living));
  const goesOn = until === "stopped" || task?.staysInSoak === true || task?.done() !== true;
  return (ended === "rolled_back" || ended === "reopened") && goesOn ? "turned" : "completed";
}

/** Whether the journal says that the target is open, or that this is to be ended either way. */
async function isSwitched({ stateDirectory }: OpenMigration): Promise<boolean> {
  const { state } = await journeyAt(stateDirectory);
  return state === "soaking" || state === "switching" || state === "rolling_back" || state === "completed";
}

/** The claim. A source that took over from the one before has to prove that it has all of its transactions. */
async function claimed({ migration, found, log }: Living): Promise<Ledger> {
  const { source, target } = await migration.both();
  try {
    return await target.claim(found.plan, found.source.identity);
  } catch (error) {
    const view = await target.view(migration.id);
    if (!(error instanceof Fault) || error.code !== "server-changed" || view === null) throw error;
    await proveContinuity(source, found.plan, view);
    log.warn(
      { server: found.source.identity },
      "the source is another server now, which has every transaction of the one before",
    );
    return await target.claim(found.plan, found.source.identity, true);
  }
}

/** One engine's life. */
async function live(living: Living): Promise<Synced | "turned"> {
  const { context, migration, found, goal, screen, log, steering } = living;
  const { services } = context;
  const { target } = await migration.both();
  const { source, primary } = steering;
  const cascades = !logsCascades(found.source);
  await using ledger = await steering.claim(() => claimed(living));
  log.info({ migration: migration.id, epoch: ledger.epoch }, "claimed");
  // What they say is another way on than forward, or something that is to be ended first.
  if (await takeJournal(context, migration, ledger, log)) return "turned";
  const kept = keptOrphans(found.findings);
  if (Object.keys(kept).length > 0) await ledger.phase(keptPhase, kept, true);
  const view = await ledger.view();
  const ticker = new Ticker(context, screen, found.plan, view);
  const isCopied = view.tables.every(({ split, ranges, rangesDone }) => split && ranges === rangesDone);
  await steering.begin(ticker, {
    idle: isCopied ? "The lanes have not joined yet" : "The copy is not complete yet",
  });
  living.blocking.codes = ["not-copied"];
  const watch = new VerifyWatch(found.plan, log, services.now);
  let works: Works | null = null;
  let walking: CutoverWork | null = null;
  const life = new AbortController();
  await using copy = await watchCopy({ source, plan: found.plan, ledger, steering, signal: living.signal });
  /** The target is open, and what goes forward is over. */
  const leave = new AbortController();
  /** What the stream says of its state from then on is not the migration's. */
  const opening = { begun: false };
  const forward: Ledger = {
    ...ledger,
    setState: async (state) => {
      if (!opening.begun) await ledger.setState(state);
    },
  };
  const signal = eitherOf(copy.signal, leave.signal);
  await using crews = new Lazy(() => openCrew({ context, migration, plan: found.plan, ledger, log }));
  const crew = (): Promise<Crew> => crews.get();
  const current: { stream: Stream | null; feed: ChangeFeed | null } = { stream: null, feed: null };
  const hasWayBack = migration.config.cutover.wayBack && migration.night.admin !== null;
  const wayBack = hasWayBack
    ? new WayBackStart({
        plan: found.plan,
        epoch: ledger.epoch,
        crew,
        wait: services.wait,
        log,
        signal: eitherOf(signal, ledger.lost, life.signal),
      })
    : null;
  try {
    return await ticker.during(() =>
      sync({
        ...copyOptions({ context, migration, found, steering, target, ledger: forward, ticker, log, signal }),
        holds: goal.holds,
        now: services.now,
        streamMoment: services.streamMoment,
        until: goal.until,
        openVerifier: (following, joined) => {
          const parts = { services, migration, found, source, primary, target, ledger, following, watch };
          const verifier = new Verifier({
            tools: verifyTools({
              ...parts,
              workers: () => steering.settings.workers,
              pacer: () => steering.pacer(),
            }),
            method: migration.config.verify.method,
            joined,
            gates: { gates: migration.config.verify.queries, source, target },
            onVerified: (verified) => tellVerified(log, verified),
            onFailure: (fault) =>
              log.error({ code: fault.code }, `the verification failed: ${fault.message}`),
            ...(wayBack === null ? {} : { compares: () => wayBack.compares() }),
          });
          const night = new CutoverWork({
            ...{ services, migration, found, log, source, primary, target, ledger, verifier, crew, wayBack },
            stream: () => of(current.stream),
            holds: (later, earlier) => of(current.feed).holds(later, earlier),
            blocking: () => living.blocking.codes,
            opening: () => {
              opening.begun = true;
            },
            turned: () => {
              steering.leaves();
              leave.abort(new Fault("interrupted", "The target is open: the soak begins."));
            },
          });
          walking = night;
          works = worksOf({ ...parts, verifier, night, signal: eitherOf(signal, ledger.lost, life.signal) });
          steering.works(works);
          steering.proving({
            unproved: () => verifier.unproved(),
            unjudged: () => verifier.unjudged,
            reading: () => (verifier.status.running ? watch.reading : undefined),
            differing: () =>
              verifier.status.last?.outcome.tables.map(({ table, differences }) => ({
                table: table.source,
                rows: differences,
              })),
          });
          return verifier;
        },
        ...(goal.task === undefined || goal.task.done()
          ? {}
          : {
              task: async (stop) => {
                if (works === null) throw new Fault("bug", "The lanes have joined without a verifier.");
                await goal.task?.act(works, stop);
              },
            }),
        cascades,
        tied: cascades ? tiedSets(found.plan.tables) : [],
        openFeed: async () => {
          const feed = await source.feed(found.plan);
          current.feed = feed;
          copy.over();
          await steering.watch(feed, ledger, AbortSignal.any([signal, ledger.lost, life.signal]));
          return feed;
        },
        failedBatches: migration.config.triggers.failedBatches,
        batchRows: () => steering.settings.batchRows,
        governed: (writer, stop) => steering.governed(writer, stop),
        keep: async (poison) => {
          const path = await keepPoison(migration.stateDirectory, poison);
          log.error({ event: poison.id, table: poison.table, reason: poison.reason, path }, "quarantined");
        },
        ...(wayBack === null ? {} : { beside: (level) => wayBack.blocking(level) }),
        onStream: (stream) => {
          current.stream = stream;
          ticker.follow(() => stream.lanes);
          steering.follow(stream);
        },
        onStreamEvent: (event) => {
          tellStream(log, event);
          if (event.kind === "retry") ticker.failed(`reading again: ${event.fault.message}`);
        },
        onUnread: (fault) =>
          log.warn(
            { code: fault.code, next: fault.next },
            `catalogue-unread: whether the source has new tables is not known: ${fault.message}`,
          ),
        onBlocking: (codes, unjudged) => {
          Object.assign(living.blocking, { codes, unjudged });
          steering.blocking(codes);
          const facts = { blocking: codes.join(", "), atFence: unjudged.join(", ") };
          log.info(facts, codes.length === 0 ? "ready" : "not ready");
        },
      }),
    );
  } catch (error) {
    if (leave.signal.aborted) return "turned";
    if (error instanceof Fault && error.code === "lane-closed" && (await isSwitched(migration)))
      return "turned";
    throw copy.gone ?? error;
  } finally {
    life.abort(
      new Fault("connection-lost", "The engine that did this has ended or begun anew meanwhile.", {
        next: "Run the same command again.",
      }),
    );
    await walkEnded(walking);
    await wayBack?.ended();
    steering.ended();
    living.last.view = await lastView(ledger, context, log);
  }
}

/** A walk opens the source whatever became of the engine's life, with the journal and the session of this one. */
async function walkEnded(walk: CutoverWork | null): Promise<void> {
  await walk?.ended();
}

/** Opened when somebody asks for it first, closed once. */
class Lazy<T extends AsyncDisposable> implements AsyncDisposable {
  readonly #open: () => Promise<T>;
  #opened: Promise<T> | null = null;

  constructor(open: () => Promise<T>) {
    this.#open = open;
  }

  async get(): Promise<T> {
    const opening = (this.#opened ??= this.#open());
    try {
      return await opening;
    } catch (error) {
      // Asked for again, it is tried again.
      if (this.#opened === opening) this.#opened = null;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#opened)?.[Symbol.asyncDispose]();
  }
}

function of<T>(what: T | null): T {
  if (what === null) throw new Fault("bug", "The stream was asked for before it was there.");
  return what;
}

function over(id: string): VerbResult {
  return {
    exit: exits.done,
    nextSteps: [{ why: "what was done and proven", command: "headgate report" }],
    body: { state: "completed" },
    human: [`${id}: completed. The way back is closed; nothing is left to run.`],
  };
}
