/**
 * The triggers of the soak, watched: figures of both servers, the way back, the background verification and the hook. What
 * fires goes back by itself where that is safe and the guard lasts; otherwise a person is paged, with the reason why
 * nothing was done.
 */
import { milliseconds } from "../config/leaf.js";
import { answer, blocksComplete } from "../cutover/answer.js";
import { backlogOf } from "../cutover/backlog.js";
import { Elapsed } from "../cutover/elapsed.js";
import { probesOf } from "../cutover/probes.js";
import type { Fired, TriggerStatus } from "../cutover/triggers.js";
import { Triggers } from "../cutover/triggers.js";
import { watch } from "../cutover/watch.js";
import { Fault } from "../errors.js";
import type { SoakVerifier } from "../migration/soak-verifier.js";
import type { LaneStatus } from "../stream-port.js";
import { lagOf } from "../watch/engine-status.js";
import { latencyHook, servedBy } from "./baseline.js";
import { readBaseline } from "./baseline-file.js";
import type { Crew } from "./crew.js";
import type { Living } from "./living.js";
import { timedQueries, triggerLimits } from "./watch-settings.js";

export interface SoakWatchParts {
  readonly living: Living;
  readonly crew: Crew;
  readonly lanes: () => readonly LaneStatus[];
  /** Why the way back cannot bring everything back now, a sentence each. */
  readonly blocking: () => Promise<readonly string[]>;
  /** Changes that were left out of the way back. */
  readonly leftOut: () => number;
  readonly verifier: Pick<SoakVerifier, "status">;
  /** There is a way back. */
  readonly wayBack: boolean;
  /** Goes back because of this; it is told and paged where that fails. */
  readonly goBack: (why: Fault) => void;
  readonly signal: AbortSignal;
}

/** Between two answers to a trigger that has fired in a moment of doubt. */
const againEveryMs = 5_000;
/** The way back counts as level within so many seconds: what is not there yet is on its way. */
const levelSeconds = 5;

export class SoakWatch {
  readonly #parts: SoakWatchParts;
  #triggers: Triggers | null = null;
  /** Since the target was opened first: neither a way back that was given up nor another engine begins a new guard. */
  readonly #opened: Elapsed;

  constructor(parts: SoakWatchParts) {
    this.#parts = parts;
    const { crew, living } = parts;
    const { steps, since } = crew.journey;
    const opened = steps.get("open-target")?.done?.at ?? since ?? "";
    this.#opened = new Elapsed(opened, crew.journal.entries, living.context.services);
  }

  /** For people; empty before the first look. */
  get status(): readonly TriggerStatus[] {
    return this.#triggers?.status ?? [];
  }

  /** Throws while `complete` would close the way back under a doubt. */
  demandClean(): void {
    if (!blocksComplete(this.status)) return;
    const sentence = this.status.find(({ trigger }) => trigger === "divergence")?.sentence ?? "rows differ";
    throw new Fault("cutover-refused", `The soak cannot end: ${sentence}.`, { next: "headgate rollback" });
  }

  /** Until the signal ends it. */
  async run(): Promise<void> {
    const { living, crew, lanes, verifier, signal } = this.#parts;
    const { migration, context, log } = living;
    const { services } = context;
    const usual = await readBaseline(migration.stateDirectory);
    const triggers = new Triggers(triggerLimits(migration.config), {
      latencies: usual?.latencies ?? null,
      failures: usual?.failures ?? null,
    });
    this.#triggers = triggers;
    for (const { trigger, state, sentence } of triggers.status)
      if (state === "off") log.warn({ trigger }, `trigger ${trigger} is ${sentence}`);
    await using target = await migration.targetVitals();
    const hook = latencyHook(crew.hooks, migration.id);
    await watch({
      triggers,
      probes: probesOf({
        lanes,
        backlog: this.#parts.wayBack ? async () => await this.#backlog() : null,
        differing: () =>
          verifier.status.last?.tables.map(({ table, differences }) => ({
            table: table.source,
            rows: differences,
          })),
        hook,
        queries: timedQueries(migration.config).map(({ name, target: sql }) => ({ name, sql })),
        time: (sql, stop) => target.time(sql, stop),
        served: async () => servedBy(await target.traffic()),
        disks: [{ of: "the target", used: () => target.diskUsed() }],
      }),
      now: services.now,
      wait: services.wait,
      signal,
      onFired: (fired) => {
        void this.#fired(fired);
      },
      onWord: (sentence) => {
        log.warn({}, `the watch: ${sentence}`);
      },
    });
  }

  /** The way back has one lane. */
  async #backlog(): Promise<ReturnType<typeof backlogOf>> {
    const { crew, lanes } = this.#parts;
    const [lane] = lanes();
    if (lane === undefined || crew.target === null) return null;
    // Where the lane stands first: the end is asked for later, so it is never before it.
    const { position } = lane;
    return backlogOf(position, await crew.target.wayBack.position());
  }

  async #fired(fired: Fired): Promise<void> {
    const { living, goBack } = this.#parts;
    const { log } = living;
    const decided = await this.#answer(fired);
    log.error({ trigger: fired.trigger, ...fired.facts, act: decided.act }, fired.sentence);
    this.#page(fired, decided);
    if (decided.act === "page")
      log.error({ trigger: fired.trigger }, `nothing is done by itself: ${decided.why}`);
    const settled = decided.act === "page" ? await this.#undoubted(fired) : decided;
    if (settled === null) return;
    if (settled !== decided) this.#page(fired, settled);
    if (settled.act === "rollback")
      goBack(
        new Fault("trigger-fired", fired.sentence, { facts: { trigger: fired.trigger, ...fired.facts } }),
      );
  }

  /** A doubt may pass while the figure stays where it is: then it is answered as it would have been. */
  async #undoubted(fired: Fired): Promise<ReturnType<typeof answer> | null> {
    const { living, signal } = this.#parts;
    const { services } = living.context;
    while (this.#parts.wayBack && this.#opened.ms <= this.#guardMs) {
      try {
        await services.wait(againEveryMs, signal);
      } catch (error) {
        if (signal.aborted) return null;
        throw error;
      }
      if (this.status.find(({ trigger }) => trigger === fired.trigger)?.state !== "fired") return null;
      // Somebody goes back already.
      if (this.#parts.crew.journey.state !== "soaking") return null;
      const decided = await this.#answer(fired);
      if (decided.act !== "page") return decided;
    }
    return null;
  }

  #page(fired: Fired, decided: ReturnType<typeof answer>): void {
    const { living, crew } = this.#parts;
    const why = decided.act === "page" ? decided.why : "";
    crew.hooks.page(
      {
        migration: living.migration.id,
        cutover: crew.journey.cutover,
        state: crew.journey.state,
        trigger: fired.trigger,
        reason: fired.sentence,
        act: decided.act,
        why,
      },
      new AbortController().signal,
    );
  }

  get #guardMs(): number {
    return milliseconds(this.#parts.living.migration.config.cutover.guard) ?? 0;
  }

  /** In every doubt a person. */
  async #answer(fired: Fired): Promise<ReturnType<typeof answer>> {
    const { crew, lanes } = this.#parts;
    const { journey } = crew;
    const lag = lagOf(lanes());
    try {
      const blocking = await this.#parts.blocking();
      const left = this.#parts.leftOut();
      if (blocking.length > 0)
        return { act: "page", why: `not everything can be brought back: ${blocking.join(" ")}` };
      if (left > 0)
        return {
          act: "page",
          why: `${String(left)} change(s) were left out of the way back, so going back takes somebody's word: headgate rollback`,
        };
      return answer(fired, {
        phase: journey.state === "soaking" ? "soaking" : "going",
        soakedMs: this.#opened.ms,
        guardMs: this.#guardMs,
        givenUp: journey.givenUp !== null,
        wayBack: this.#parts.wayBack,
        pauseMs: crew.budgetMs,
        drainMs: this.#triggers?.drainMs ?? null,
        sourceComplete: lag !== null && lag <= levelSeconds,
      });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return { act: "page", why: `the way back cannot be asked: ${error.message}` };
    }
  }
}
