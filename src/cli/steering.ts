/**
 * How a run is watched and steered, over all its engines' lives: one governor, the settings that may change, and the socket
 * that answers from the first claim to the run's end. What copy and stream write goes through the paced ledger and
 * source that this hands out, so that `pause` needs nobody's help to hold them.
 */
import { liveSettings, changed, readChange } from "../config/live-settings.js";
import type { LiveChange, LiveSettings } from "../config/live-settings.js";
import { Fault } from "../errors.js";
import type { Ledger, Source, TargetPulse } from "../port.js";
import { openGovernor } from "../safety/governor.js";
import type { Governor } from "../safety/governor.js";
import { pacedLedger } from "../safety/paced-ledger.js";
import { pacedSource } from "../safety/paced-source.js";
import { pacedWriter } from "../safety/paced-writer.js";
import type { Pacer } from "../safety/turns.js";
import type { Address } from "../serve/access.js";
import { openControl } from "../serve/control.js";
import { jobKinds, Jobs } from "../serve/jobs.js";
import type { JobAct, Works } from "../serve/jobs.js";
import { socketPath } from "../serve/socket.js";
import { leaveOut } from "../migration/leave-out.js";
import type { Decision } from "../migration/leave-out.js";
import { readFrom } from "../migration/read-from.js";
import type { ChangeFeed, LaneWriter } from "../stream-port.js";
import type { Stream } from "../stream/options.js";
import type { EngineStatus, TriggerReading } from "../watch/engine-status.js";
import type { Log } from "../watch/log.js";
import { Tally } from "../watch/tally.js";
import { Abilities } from "./abilities.js";
import type { Beginning } from "./abilities.js";
import { engineFacts } from "./engine-facts.js";
import type { OpenMigration } from "./open.js";
import { probesOf } from "./probes.js";
import { Retention, positionsOf } from "./retention.js";
import { sourcePosition } from "./source-position.js";
import type { Ticker } from "./ticker.js";
import type { VerbContext } from "./verb.js";
import type { Proving } from "./verify-watch.js";

export interface SteeringOptions {
  readonly context: VerbContext;
  readonly migration: OpenMigration;
  readonly log: Log;
  /** `--listen`; null opens no port. */
  readonly listen: Address | null;
  readonly signal: AbortSignal;
}

/** Opens the governor, with its baseline; the socket only with the first claim. */
export async function openSteering(options: SteeringOptions): Promise<Steering> {
  const { context, migration, log } = options;
  // Refused before anything is claimed or written.
  socketPath(migration.stateDirectory);
  const { source: primary, target } = await migration.both();
  const replica = await migration.replica();
  const source = replica === undefined ? primary : readFrom(primary, replica, options.signal);
  const pulse = target.pulse();
  const settings = { now: liveSettings(migration.config) };
  const governor = await openGovernor({
    settings: () => settings.now,
    probes: probesOf(primary, replica, pulse),
    now: context.services.now,
    wait: context.services.wait,
    onWord: ({ metric, sentence }) => {
      log.info({ metric }, sentence);
    },
  });
  return new Steering(options, { source, primary, pulse, governor, settings });
}

interface Parts {
  readonly source: Source;
  readonly primary: Source;
  readonly pulse: TargetPulse;
  readonly governor: Governor;
  readonly settings: { now: LiveSettings };
}

export class Steering implements AsyncDisposable {
  /** The source, whose markers wait for the end of a pause; its rows are read on source.replica where there is one. */
  readonly source: Source;
  /** The same, whose rows are its own. */
  readonly primary: Source;
  readonly #options: SteeringOptions;
  readonly #parts: Parts;
  readonly #tally = new Tally();
  readonly #retention: Retention;
  #control: AsyncDisposable | null = null;
  /** What this life of the engine can do. */
  readonly #abilities = new Abilities();
  readonly #jobs = new Jobs(
    Object.fromEntries(
      jobKinds.map((kind) => [kind, (...what: Parameters<JobAct>) => this.#abilities.work(kind, ...what)]),
    ),
  );
  #ticker: Ticker | null = null;
  #ledger: Ledger | null = null;
  #stream: Stream | null = null;
  #feed: ChangeFeed | null = null;
  /** Events that somebody has left out since the run began. */
  readonly #leftOut = new Set<string>();
  /** Who leaves a change out where it is not the target's ledger that has it. */
  #leaveOut: ((event: string, decision: Decision) => Promise<void>) | null = null;
  #verifier: Proving | null = null;
  #triggers: (() => readonly TriggerReading[]) | null = null;
  #epoch = "0";
  #blocking: readonly string[] = ["not-copied"];

  constructor(options: SteeringOptions, parts: Parts) {
    const { context, log, signal } = options;
    this.#options = options;
    this.#parts = parts;
    this.source = pacedSource(parts.source, parts.governor, signal);
    this.primary =
      parts.primary === parts.source ? this.source : pacedSource(parts.primary, parts.governor, signal);
    this.#retention = new Retention({
      wait: context.services.wait,
      onWord: (sentence, seconds) => {
        log.warn({ seconds }, sentence);
      },
    });
  }

  /** As they are now. */
  get settings(): LiveSettings {
    return this.#parts.settings.now;
  }

  /** Turns of one who copies. */
  pacer(): Pacer {
    return this.#parts.governor.pacer();
  }

  /** A lane's writer that takes its turns here, and whose rows are counted. */
  governed(writer: LaneWriter, signal: AbortSignal): LaneWriter {
    const { governor } = this.#parts;
    return pacedWriter(writer, {
      pacer: governor.pacer(),
      signal,
      onWritten: (rows) => {
        this.#tally.add(rows);
        governor.wrote(rows.inserts + rows.updates + rows.deletes);
      },
    });
  }

  /** Claims once no pause holds it, and hands out the ledger that is governed. */
  async claim(claim: () => Promise<Ledger>): Promise<Ledger> {
    const { governor, settings } = this.#parts;
    const { signal } = this.#options;
    const turn = await governor.turn(signal);
    try {
      const ledger = await claim();
      this.#epoch = ledger.epoch;
      this.#ledger = pacedLedger(ledger, { governor, workers: () => settings.now.workers, signal });
      return this.#ledger;
    } finally {
      turn[Symbol.dispose]();
    }
  }

  /** From here on `ticker` tells how it goes, and the socket answers; what the engine can do is told later. */
  async begin(
    ticker: Ticker,
    beginning: Beginning = { idle: "The copy is not complete yet" },
  ): Promise<void> {
    const { context, migration, listen, log } = this.#options;
    this.#ticker = ticker;
    this.#stream = null;
    this.#verifier = null;
    this.#triggers = null;
    this.#leaveOut = null;
    this.#abilities.begin(beginning);
    this.#blocking = ["not-copied"];
    ticker.steered(() => this.#waits());
    this.#control ??= await openControl({
      directory: migration.stateDirectory,
      listen,
      status: () => this.#status(),
      sourcePosition: () => sourcePosition(context.services, () => migration.source()),
      acts: {
        pause: () => this.#pause(),
        resume: () => this.#resume(),
        settings: () => this.#parts.settings.now,
        set: (change) => this.#set(change),
        skip: (event, reason, who) => this.#skip(event, reason, who),
      },
      jobs: this.#jobs,
      readChange: (text) => readChange(text, migration.config),
      scrub: (text) => context.output.scrub(text),
      onWord: (sentence, facts) => {
        log.info(facts, sentence);
      },
    });
  }

  /** The socket is this run's. */
  get answers(): boolean {
    return this.#control !== null;
  }

  /** The stream of this life, and the feed that it reads. */
  follow(stream: Stream): void {
    this.#stream = stream;
    // What was told to be left out while the ledger was read for the stream is not among what it was opened with.
    for (const event of this.#leftOut) stream.skip(event);
    if (this.#parts.governor.held !== "no") stream.pause();
  }

  /**
   * Asks this feed from now on how long its log is kept; resolves when it has been asked once. `onGone`: the copy runs, and
   * is in vain without the log.
   */
  async watch(
    feed: ChangeFeed,
    ledger: Ledger,
    signal: AbortSignal,
    onGone?: (fault: Fault) => void,
  ): Promise<void> {
    this.#feed = feed;
    const etaSeconds = (): number | null => this.#ticker?.facts().reading.etaSeconds ?? null;
    await this.#retention.watch(
      {
        feed,
        positions: () => positionsOf(this.#stream?.lanes ?? [], () => ledger.view()),
        ...(onGone === undefined ? {} : { copy: { etaSeconds, onGone } }),
      },
      signal,
    );
  }

  /** From now on this life of the engine does this for whoever asks. */
  works(works: Works, idle = "The lanes have not joined yet"): void {
    this.#abilities.are(works, idle);
  }

  /** This life of the engine ends on purpose, and another one follows. */
  leaves(): void {
    this.#abilities.leaves();
  }

  /** This life of the engine has what it stands before on record elsewhere than in the target's ledger. */
  leavesOut(act: (event: string, decision: Decision) => Promise<void>): void {
    this.#leaveOut = act;
  }

  /** Is told when a change is left out: nothing that was compared before says anything of its tables. */
  proving(verifier: Proving): void {
    this.#verifier = verifier;
  }

  /** The soak's triggers, for whoever asks how it goes. */
  triggered(triggers: () => readonly TriggerReading[]): void {
    this.#triggers = triggers;
  }

  blocking(codes: readonly string[]): void {
    this.#blocking = codes;
  }

  /** This life of the engine is over: nothing is followed until the next one says so, and what the last one said is no news. */
  ended(): void {
    this.#abilities.ended();
    this.#ledger = null;
    this.#blocking = ["no-engine"];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#jobs[Symbol.asyncDispose]();
    await this.#control?.[Symbol.asyncDispose]();
    await this.#retention[Symbol.asyncDispose]();
    await this.#parts.governor[Symbol.asyncDispose]();
    await this.#parts.pulse[Symbol.asyncDispose]();
  }

  #pause(): void {
    // The stream first, so that its heartbeats are not sent into a wait.
    this.#stream?.pause();
    this.#parts.governor.pause();
  }

  #resume(): void {
    this.#parts.governor.resume();
    this.#stream?.resume();
  }

  async #skip(event: string, reason: string, who: string): Promise<void> {
    if (this.#parts.governor.held !== "no")
      throw new Fault("usage", "The engine is paused and writes nothing at all, so nothing was left out.", {
        next: "headgate resume",
      });
    if (this.#ledger === null)
      throw new Fault("no-engine", "The engine has lost its claim and begins again.", {
        next: "Run the same command again.",
      });
    const decision = { who, why: reason };
    await (this.#leaveOut === null
      ? leaveOut(this.#ledger, event, decision)
      : this.#leaveOut(event, decision));
    this.#leftOut.add(event);
    this.#verifier?.unproved();
    this.#stream?.skip(event);
  }

  #set(change: LiveChange): void {
    const { settings } = this.#parts;
    settings.now = changed(settings.now, change);
  }

  /** What a person is shown beside the figures. */
  #waits(): string | null {
    const { held, throttled } = this.#parts.governor;
    return held === "no" ? throttled : held;
  }

  #status(): EngineStatus {
    if (this.#ticker === null) throw new Fault("bug", "The control was opened before the engine began.");
    return engineFacts({
      migration: this.#options.migration.id,
      epoch: this.#epoch,
      ticker: this.#ticker,
      governor: this.#parts.governor,
      tally: this.#tally,
      stream: this.#stream,
      feed: this.#feed,
      verifier: this.#verifier,
      // From the moment in which the claim is gone, whatever still has to end.
      blocking: this.#ledger === null || this.#ledger.lost.aborted ? ["no-engine"] : this.#blocking,
      retentionSeconds: this.#retention.seconds,
      triggers: this.#triggers?.(),
    });
  }
}
