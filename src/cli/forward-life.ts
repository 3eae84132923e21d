/**
 * One life of an engine that goes forward: claimed, copied where it is not yet, followed, verified, and a cutover inside it for
 * whoever asks.
 */
import { Fault } from "../errors.js";
import { logsCascades } from "../migration/cascades.js";
import { proveContinuity } from "../migration/failover.js";
import { sync } from "../migration/sync.js";
import type { Synced } from "../migration/sync.js";
import { tiedSets } from "../migration/tied.js";
import type { Ledger } from "../port.js";
import { eitherOf } from "../stop.js";
import type { Stream } from "../stream/options.js";
import type { ChangeFeed } from "../stream-port.js";
import { watchCopy } from "./copy-watch.js";
import { copyOptions } from "./copy-options.js";
import { tellVerified, tellStream } from "./live-voice.js";
import { lastView } from "./figures.js";
import { keptOrphans, keptPhase } from "./kept.js";
import type { OpenMigration } from "./open.js";
import { keepPoison } from "./quarantine.js";
import type { Living } from "./living.js";
import { openCrew } from "./crew.js";
import type { Crew } from "./crew.js";
import { CutoverWork } from "./cutover-job.js";
import { journeyAt } from "./journey-at.js";
import { takeJournal } from "./settle-at-source.js";
import { WayBackStart } from "./way-back-start.js";
import { Verifier } from "../migration/verifier.js";
import type { Works } from "../serve/jobs.js";
import { verifyTools } from "./verify-tools.js";
import { VerifyWatch } from "./verify-watch.js";
import { worksOf } from "./works.js";
import { Ticker } from "./ticker.js";

/** The claim. A source that took over from the one before has to prove that it has all of its transactions. */
export async function claimed({ migration, found, log }: Living): Promise<Ledger> {
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

/** Whether the journal says that the target is open, or that this is to be ended either way. */
export async function isSwitched({ stateDirectory }: OpenMigration): Promise<boolean> {
  const { state } = await journeyAt(stateDirectory);
  return state === "soaking" || state === "switching" || state === "rolling_back" || state === "completed";
}

/** One engine's life, until the goal is met, or the way on is another than forward. */
export async function forwardLife(living: Living): Promise<Synced | "turned"> {
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
