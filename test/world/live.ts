/**
 * The whole engine in this process, on real servers: catalogue, plan, claim, copy, stream, put together as `run` does.
 * A test sees every event of it, is called at every named moment, and waits for what has happened and never for a time.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { MysqlOptions } from "../../connectors/mysql/connection.js";
import { openMysql } from "../../connectors/mysql/source.js";
import type { PostgresOptions } from "../../connectors/postgres/connection.js";
import { openPostgres } from "../../connectors/postgres/target.js";
import { Fault } from "../../src/errors.js";
import { planOf } from "../../src/migration.js";
import { logsCascades } from "../../src/migration/cascades.js";
import { sync } from "../../src/migration/sync.js";
import { stopped } from "../../src/migration/joined.js";
import { tiedSets } from "../../src/migration/tied.js";
import type { Verified } from "../../src/migration/verified.js";
import type { Verifier } from "../../src/migration/verifier.js";
import type { Plan } from "../../src/model.js";
import type { PlanRequest } from "../../src/plan/plan.js";
import type { Source } from "../../src/port.js";
import type { SnapshotEvent } from "../../src/snapshot/event.js";
import type { ChangeFeed } from "../../src/stream-port.js";
import { layeredSource } from "../../src/safety/layered-source.js";
import { pacedWriter } from "../../src/safety/paced-writer.js";
import type { Pacer } from "../../src/safety/turns.js";
import { stopReason } from "../../src/stop.js";
import type { StreamEvent } from "../../src/stream/event.js";
import type { Stream } from "../../src/stream/options.js";
import type { PoisonEvent } from "../../src/stream/poison.js";
import type { RepairOutcome } from "../../src/verify/repair.js";
import type { RepairTools } from "../../src/verify/repair-tools.js";
import type { VerificationTools, VerifyRequest } from "../../src/verify/verification.js";
import { liveTools, liveVerifier } from "./live-verifier.js";

export interface LiveSettings {
  readonly source: MysqlOptions;
  readonly target: PostgresOptions;
  readonly migration: string;
  readonly workers?: number;
  readonly rangeRows?: number;
  readonly batchRows?: number;
  readonly until?: "ready" | "stopped";
  readonly plan?: Partial<PlanRequest>;
  readonly onEvent?: (event: LiveEvent) => void;
  readonly moment?: (moment: string) => void | Promise<void>;
  /** What answers some of what is asked of the source: another feed. */
  readonly over?: (source: Source, options: MysqlOptions) => Partial<Source>;
  /** What stands between the source's log and the stream; the log itself where nothing is said. */
  readonly between?: (feed: ChangeFeed) => ChangeFeed;
  /** The engine's clock; this process's where nothing is said. */
  readonly now?: () => number;
  /** It has a verifier, which looks when a test asks it to and never by itself: such an engine is never `ready`. */
  readonly verifies?: boolean;
}

export type LiveEvent = SnapshotEvent | StreamEvent;

export interface Live extends AsyncDisposable {
  readonly events: readonly LiveEvent[];
  readonly poison: readonly PoisonEvent[];
  /** null until the stream begins. */
  readonly stream: Stream | null;
  /** null until it is made. */
  readonly plan: Plan | null;
  /** The Fault that ended it; null where it ended as asked. Never rejects. */
  readonly ended: Promise<Fault | null>;
  /** Resolves with the first event of that kind, past or to come; rejects when the engine ends without it. */
  event<K extends LiveEvent["kind"]>(kind: K): Promise<Extract<LiveEvent, { kind: K }>>;
  /** Resolves when every lane has applied everything that the source has committed by now. */
  level(): Promise<void>;
  /** Resolves as soon as `check` is true, which is asked after each batch and each marker. */
  when(check: () => Promise<boolean>): Promise<void>;
  /** A verification as `headgate verify` asks a running engine for it; it waits for the join. */
  verify(request?: Partial<VerifyRequest>): Promise<Verified>;
  /** A repair of what the last verification named, as `headgate repair` asks a running engine for it. */
  repair(): Promise<RepairOutcome>;
  /** What its verifier works with. */
  verifying(): Promise<Verifying>;
  /** As Ctrl-C does. Rejects with whatever else has ended it. */
  stop(): Promise<void>;
}

/** Starts it and returns at once. */
export function startLive(settings: LiveSettings): Live {
  return new Engine(settings);
}

const freePacer: Pacer = {
  pausing: new AbortController().signal,
  pace: () => Promise.resolve(),
  rest: () => undefined,
  [Symbol.dispose]: () => undefined,
};

export interface Verifying extends Pick<RepairTools, "mender" | "primary"> {
  readonly verifier: Verifier;
  readonly repair: () => Promise<RepairOutcome>;
  readonly tools: VerificationTools;
}

class Engine implements Live {
  readonly events: LiveEvent[] = [];
  readonly poison: PoisonEvent[] = [];
  readonly ended: Promise<Fault | null>;
  stream: Stream | null = null;
  plan: Plan | null = null;
  #verifier: Verifying | null = null;
  #feed: ChangeFeed | null = null;
  readonly #settings: LiveSettings;
  readonly #stop = new AbortController();
  readonly #asked = new Fault("interrupted", "The test has seen enough.");
  #over: Fault | null | undefined;
  #waiting: (() => void)[] = [];

  constructor(settings: LiveSettings) {
    this.#settings = settings;
    this.ended = this.#end();
  }

  async event<K extends LiveEvent["kind"]>(kind: K): Promise<Extract<LiveEvent, { kind: K }>> {
    const is = (event: LiveEvent): event is Extract<LiveEvent, { kind: K }> => event.kind === kind;
    for (;;) {
      const found = this.events.find(is);
      if (found !== undefined) return found;
      await this.#more(kind);
    }
  }

  async when(check: () => Promise<boolean>): Promise<void> {
    for (;;) {
      const seen = this.events.length;
      if (await check()) return;
      // What came while it was asked is a reason to ask again.
      if (this.events.length === seen) await this.#more("what a test waits for");
    }
  }

  async level(): Promise<void> {
    await using asking = await openMysql(this.#settings.source);
    const end = await asking.position();
    await this.when(() => {
      const [feed, lanes] = [this.#feed, this.stream?.lanes ?? []];
      const there = feed !== null && lanes.length > 0;
      return Promise.resolve(
        there &&
          lanes.every(({ joined, position }) => joined && position !== null && feed.holds(position, end)),
      );
    });
  }

  async verify(request: Partial<VerifyRequest> = {}): Promise<Verified> {
    const all: VerifyRequest = { method: "stream", full: true, tables: null, ...request };
    return await (
      await this.verifying()
    ).verifier.request(all, (verified) => Promise.resolve(verified), this.#stop.signal);
  }

  async repair(): Promise<RepairOutcome> {
    return await (await this.verifying()).repair();
  }

  async verifying(): Promise<Verifying> {
    await this.event("going-on");
    if (this.#verifier === null) throw new Error("the engine goes on without a verifier");
    return this.#verifier;
  }

  async stop(): Promise<void> {
    this.#stop.abort(this.#asked);
    const fault = await this.ended;
    if (fault !== null) throw fault;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(this.#asked);
    await this.ended;
  }

  async #more(wanted: string): Promise<void> {
    if (this.#over !== undefined)
      throw this.#over ?? new Error(`the engine ended without ${wanted}: ${this.#summary()}`);
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #summary(): string {
    return this.events
      .map(({ kind }) => kind)
      .join(" ")
      .slice(-2000);
  }

  #tell(event: LiveEvent): void {
    this.events.push(event);
    this.#settings.onEvent?.(event);
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async #end(): Promise<Fault | null> {
    let fault: Fault | null = null;
    try {
      await this.#run();
    } catch (error) {
      if (error !== this.#asked)
        fault = error instanceof Fault ? error : new Fault("bug", String(error), { cause: error });
    }
    this.#over = fault;
    this.#wake();
    return fault;
  }

  async #run(): Promise<void> {
    const { migration, plan: request, moment } = this.#settings;
    const signal = this.#stop.signal;
    await using opened = await openMysql(this.#settings.source);
    const source = layeredSource(opened, this.#settings.over?.(opened, this.#settings.source) ?? {});
    await using target = await openPostgres({
      ...this.#settings.target,
      ...(moment === undefined ? {} : { moment }),
    });
    const wanted: PlanRequest = {
      migration,
      schema: "public",
      include: ["*"],
      exclude: [],
      rename: {},
      names: "keep",
      rules: [],
      policies: [],
      lanes: "one",
      ...request,
    };
    const planned = async (begun?: readonly string[]): ReturnType<typeof planOf> =>
      planOf(await source.catalogue(signal), wanted, begun);
    const [facts, plan] = [await source.facts(), await planned()];
    if (facts.engine === "postgres") throw new Error("the source is PostgreSQL");
    const { engine } = facts;
    this.plan = plan;
    const cascades = !logsCascades(facts);
    await using ledger = await target.claim(plan, facts.identity);
    await sync({
      source,
      target,
      ledger,
      plan,
      engine,
      workers: this.#settings.workers ?? 2,
      slots: 8,
      rangeRows: this.#settings.rangeRows ?? 50,
      replan: () => planned(plan.tables.map((table) => table.source)),
      signal,
      moment: moment ?? (() => undefined),
      ...(moment === undefined ? {} : { streamMoment: moment }),
      until: this.#settings.until ?? "stopped",
      cascades,
      tied: cascades ? tiedSets(plan.tables) : [],
      openFeed: async () => {
        this.#feed = await source.feed(plan);
        return this.#settings.between?.(this.#feed) ?? this.#feed;
      },
      batchRows: () => this.#settings.batchRows ?? 500,
      // As `run` has it, with a governor that holds nobody.
      governed: (writer, stop) =>
        pacedWriter(writer, { pacer: freePacer, signal: stop, onWritten: () => undefined }),
      ...(this.#settings.verifies === true
        ? {
            openVerifier: (following, joined) => {
              const parts = { source, target, ledger, plan, engine, following, joined, moment };
              const tools = liveTools({ ...parts, rangeRows: this.#settings.rangeRows ?? 50 });
              const verifier = liveVerifier(tools, parts);
              const beside = { mender: (lane: string) => ledger.mender(lane), primary: source };
              const request = { tables: null, dryRun: false, showValues: false };
              const repair = (): Promise<RepairOutcome> => verifier.repair(beside, request, signal);
              this.#verifier = { verifier, repair, tools, ...beside };
              return verifier;
            },
            // With a task it has no rounds of its own.
            task: (stop: AbortSignal) => stopped(stop),
          }
        : {}),
      now: this.#settings.now ?? (() => performance.now()),
      wait: async (milliseconds, stopped) => {
        try {
          await sleep(milliseconds, undefined, { signal: stopped });
        } catch (error) {
          throw stopped.aborted ? stopReason(stopped) : error;
        }
      },
      keep: (poison) => {
        this.poison.push(poison);
        return Promise.resolve();
      },
      onStream: (stream) => {
        this.stream = stream;
      },
      onStreamEvent: (event) => this.#tell(event),
      onBlocking: () => undefined,
      onState: () => undefined,
      onEvent: (event) => this.#tell(event),
      onGenerated: () => undefined,
      onView: () => undefined,
    });
  }
}
