/**
 * A cutover inside an engine that goes forward, for whoever asks over the socket or became the engine for it: what it demands
 * before anything is fenced, then the walk. Once the target is open this life of the engine is over, and the soak begins.
 */
import type { Forward, Reverse } from "../cutover/night.js";
import { cutover } from "../cutover/runner.js";
import type { StepTold } from "../cutover/walk.js";
import { journeyOf, nextCutover } from "../cutover/journey.js";
import { steps } from "../cutover/steps.js";
import { Fault } from "../errors.js";
import type { Inspection } from "../migration.js";
import { proveAtFence } from "../migration/at-fence.js";
import { forecastFence } from "../migration/fence-forecast.js";
import { fenceOpen, mostHeldSeconds, secondsOf } from "../migration/fence-open.js";
import { drain, forwardOf } from "../migration/forward.js";
import type { Draining } from "../migration/forward.js";
import type { Verifier } from "../migration/verifier.js";
import type { Finding, Position } from "../model.js";
import type { Ledger, Source, Target } from "../port.js";
import type { JobAct } from "../serve/jobs.js";
import { eitherOf } from "../stop.js";
import type { Stream } from "../stream/options.js";
import { wayBackFindings } from "../typemap/way-back-findings.js";
import type { VerificationTools } from "../verify/verification.js";
import type { Log } from "../watch/log.js";
import { adviceOn } from "./blocking-advice.js";
import { baselineOf } from "./baseline.js";
import { keepBaseline, readBaseline } from "./baseline-file.js";
import type { Crew } from "./crew.js";
import { readCutoverAsk, walkedBody } from "./cutover-ask.js";
import type { Body, CutoverAsk } from "./cutover-ask.js";
import { delivered } from "./deliver.js";
import type { OpenMigration } from "./open.js";
import { keepRehearsal } from "./rehearsal.js";
import type { Services } from "./services.js";
import type { WayBackStart } from "./way-back-start.js";

export interface CutoverParts {
  readonly services: Services;
  readonly migration: OpenMigration;
  readonly found: Inspection;
  readonly log: Log;
  readonly source: Source;
  /** The source itself: inside the fence its own rows are read, whatever a replica has. */
  readonly primary: Source;
  readonly target: Target;
  readonly ledger: Ledger;
  readonly verifier: Verifier;
  readonly stream: () => Stream;
  readonly holds: (later: Position, earlier: Position) => boolean;
  readonly crew: () => Promise<Crew>;
  /** null where there is none. */
  readonly wayBack: WayBackStart | null;
  readonly blocking: () => readonly string[];
  /** The target is about to open: the ledger is the night's from here on. */
  readonly opening: () => void;
  /** The target is open: this life is over. */
  readonly turned: () => void;
}

const lookMs = 200;
/** A comparison of everything inside the fence may take so long. */
const wholeMs = 2000;

export class CutoverWork {
  readonly #parts: CutoverParts;
  #stop: AbortController | null = null;
  #running: Promise<unknown> = Promise.resolve();

  constructor(parts: CutoverParts) {
    this.#parts = parts;
  }

  readonly cutover: JobAct = async (what, onProgress, signal) => {
    const ask = readCutoverAsk(what);
    const crew = await this.#parts.crew();
    if (ask.mode === "dry-run") return await this.#dryRun(crew, signal);
    if (this.#stop !== null) throw new Fault("cutover-refused", "A cutover is under way.");
    const stop = new AbortController();
    this.#stop = stop;
    const either = eitherOf(signal, stop.signal);
    const walking =
      ask.mode === "run"
        ? this.#run(ask, crew, onProgress, either)
        : this.#rehearse(ask, crew, onProgress, either);
    this.#running = walking.catch((error: unknown) => error);
    try {
      return await walking;
    } finally {
      this.#stop = null;
    }
  };

  /** When the walk that was under way has ended: nothing of it is left to meet the next life of the engine. */
  async ended(): Promise<void> {
    await this.#running;
  }

  /** Before the decision a person's word is one more thing that speaks against it. */
  readonly rollback: JobAct = async () => {
    const crew = await this.#parts.crew();
    this.#stop?.abort(
      new Fault("cutover-aborted", "headgate rollback was asked for.", { next: "headgate cutover" }),
    );
    await this.#running;
    const { journey } = crew;
    if (journey.state !== "rolled_back")
      throw new Fault("cutover-refused", "No cutover has begun, so there is nothing to take back.");
    return walkedBody({ state: "rolled_back", writePauseSeconds: null, why: null }, journey, []);
  };

  async #run(
    ask: CutoverAsk,
    crew: Crew,
    onProgress: (facts: Body) => void,
    signal: AbortSignal,
  ): Promise<Body> {
    const { migration, found, stream, wayBack, turned, services } = this.#parts;
    await this.#demandReady(ask, signal);
    await this.#demandFree(crew, signal);
    await this.#baseline(crew, signal);
    const told: StepTold[] = [];
    const id = nextCutover(migration.id, crew.journey);
    const walked = await this.#parts.verifier
      .alone(
        (tools) =>
          cutover(
            crew.walk({
              cutover: id,
              forward: this.#forward(crew, tools),
              reverse: wayBack === null ? null : this.#reverse(crew, wayBack),
              endTransactions: ask.endTransactions,
              lagSeconds: this.#lag(),
              onOpening: () => {
                stream().pause();
                this.#parts.opening();
              },
              onStep: (each) => {
                told.push(each);
                onProgress({ steps: [...told] });
              },
              stop: signal,
            }),
          ),
        signal,
      )
      .catch((error: unknown) => {
        // What is decided is carried through by a life that has nothing to do with the way forward.
        if (error instanceof Fault && error.code === "switch-unfinished") turned();
        throw error;
      });
    const body = walkedBody(walked, journeyOf(crew.journal.entries), told);
    if (walked.state === "rolled_back" && wayBack !== null) wayBack.watch.goOn();
    if (walked.state === "soaking") {
      await keepRehearsal(migration.stateDirectory, {
        at: services.today().toISOString(),
        of: "cutover",
        steps: told.flatMap(({ step, phase, seconds }) => (phase === "done" ? [{ step, seconds }] : [])),
      });
      turned();
    }
    return {
      ...body,
      tables: found.plan.tables.length,
      ...(walked.state === "soaking" ? { delivery: delivered(crew.journal.entries, found) } : {}),
    };
  }

  /** What the triggers are held against after the switch, where nobody has taken it. */
  async #baseline(crew: Crew, signal: AbortSignal): Promise<void> {
    const { migration, services, log } = this.#parts;
    if ((await readBaseline(migration.stateDirectory)) !== null) return;
    await using vitals = await migration.sourceVitals();
    const taken = await baselineOf(migration, crew.hooks, vitals, { today: services.today, signal });
    await keepBaseline(migration.stateDirectory, taken);
    log.info({ ...taken }, "the baseline is taken");
  }

  /** Everything but fence and switch, timed. The proof is what a verification of what is dirty takes: rows move. */
  async #rehearse(
    ask: CutoverAsk,
    crew: Crew,
    onProgress: (facts: Body) => void,
    signal: AbortSignal,
  ): Promise<Body> {
    const { services, ledger, found, verifier, migration, wayBack } = this.#parts;
    await this.#demandReady(ask, signal);
    await this.#demandFree(crew, signal);
    const told: StepTold[] = [];
    const timed = async (step: string, act: () => Promise<unknown>): Promise<void> => {
      const began = services.now();
      await act();
      told.push({ step, phase: "done", seconds: (services.now() - began) / 1000 });
      onProgress({ steps: [...told] });
    };
    for (const { name, rehearsed } of steps) {
      if (!rehearsed) continue;
      if (name === "drain") await timed(name, () => drain(this.#draining(crew), signal));
      if (name === "proof")
        await timed(name, () =>
          verifier.request(
            { method: migration.config.verify.method, full: false, tables: null },
            (verified) => Promise.resolve(verified),
            signal,
          ),
        );
      if (name === "keys")
        await timed(name, async () =>
          ledger.night().pastKeys(found.plan, await crew.source.sequences(found.plan)),
        );
      if (name === "canary" && wayBack !== null) {
        await timed(name, () => wayBack.watch.canary(signal));
        wayBack.watch.goOn();
      }
    }
    const seconds = told.map(({ step, seconds: took }) => ({ step, seconds: took }));
    await keepRehearsal(migration.stateDirectory, {
      at: services.today().toISOString(),
      of: "rehearsal",
      steps: seconds,
    });
    const pause = seconds.reduce((sum, each) => sum + each.seconds, 0);
    return { state: "ready", rehearsal: true, steps: seconds, expectedWritePauseSeconds: pause };
  }

  async #dryRun(crew: Crew, signal: AbortSignal): Promise<Body> {
    const { blocking } = this.#parts;
    const forecast = await this.#forecast(signal);
    return {
      state: blocking().length === 0 ? "ready" : "streaming",
      dryRun: true,
      blocking: blocking(),
      findings: await this.#findings(crew),
      steps: steps.map(({ name, describe }) => ({ step: name, does: describe })),
      expectedWritePauseSeconds: forecast,
      maxWritePauseSeconds: crew.budgetMs / 1000,
    };
  }

  async #findings(crew: Crew): Promise<readonly Finding[]> {
    const { plan, catalogue } = this.#parts.found;
    return [
      ...(this.#parts.wayBack === null ? [] : wayBackFindings(plan, catalogue.engine, catalogue.tables)),
      ...(await crew.source.fence.findings()),
      ...(await crew.source.findings(plan)),
      ...((await crew.target?.fence.findings()) ?? []),
      ...((await crew.target?.findings(plan)) ?? []),
      ...(this.#parts.wayBack === null ? [] : ((await crew.target?.wayBack.findings(plan)) ?? [])),
    ];
  }

  async #forecast(signal: AbortSignal): Promise<number> {
    const { ledger: all, found, migration } = this.#parts;
    const { plan } = found;
    const ledger = all.verification();
    const { seconds } = await forecastFence({ ledger, plan, lagSeconds: this.#lag() ?? 0, signal });
    const { held } = await fenceOpen(ledger, plan, migration.config.verify.queries);
    const again = secondsOf(held);
    return seconds + (again <= mostHeldSeconds ? again : 0);
  }

  /** Of the lane that is furthest behind; null where none of them knows. */
  #lag(): number | null {
    const lags = this.#parts.stream().lanes.flatMap(({ lagSeconds }) => lagSeconds ?? []);
    return lags.length === 0 ? null : Math.max(0, ...lags);
  }

  /** Nothing is in the way, or not for longer than somebody waits. */
  async #demandReady({ patienceMs }: CutoverAsk, signal: AbortSignal): Promise<void> {
    const { services, blocking, verifier, migration } = this.#parts;
    const until = services.now() + patienceMs;
    for (;;) {
      const codes = blocking();
      if (codes.length === 0) return;
      const [never] = adviceOn(codes);
      if (never !== undefined || services.now() > until)
        throw new Fault(
          "not-ready",
          [`The target is not ready: ${codes.join(", ")}.`, never?.sentence ?? ""].join(" ").trimEnd(),
          {
            facts: { blocking: codes.join(", ") },
            ...(never === undefined ? {} : { next: `${never.todo}, then ${never.command}` }),
          },
        );
      if (codes.includes("not-verified") || codes.includes("pending"))
        await verifier.request(
          { method: migration.config.verify.method, full: false, tables: null },
          () => Promise.resolve(),
          signal,
        );
      await services.wait(lookMs, signal);
    }
  }

  async #demandFree(crew: Crew, signal: AbortSignal): Promise<void> {
    const { ledger, found } = this.#parts;
    const errors = (await this.#findings(crew)).filter(({ severity }) => severity === "error");
    if (errors.length > 0)
      throw new Fault(
        "check-failed",
        `Nothing was fenced: ${errors
          .slice(0, 5)
          .map(({ sentence }) => sentence)
          .join(" ")}`,
        { next: errors[0]?.fix ?? "headgate cutover --dry-run" },
      );
    await using vitals = await this.#parts.migration.targetVitals();
    const used = await vitals.diskUsed();
    const { diskUsed } = this.#parts.migration.config.triggers;
    if (used !== null && used >= diskUsed)
      throw new Fault(
        "not-ready",
        `The target's disk is ${(used * 100).toFixed(1)} % full, and triggers.diskUsed is ${String(diskUsed)}.`,
        { next: "Make room on the target's disk, then headgate cutover" },
      );
    const unknown = await ledger.night().neverAnalyzed(found.plan);
    if (unknown.length > 0)
      throw new Fault(
        "not-ready",
        `The target's planner knows nothing of ${unknown.slice(0, 5).join(", ")}: it would choose bad plans once applications come.`,
        { next: "ANALYZE these tables on the target, then headgate cutover" },
      );
    const seconds = await this.#forecast(signal);
    if (seconds * 1000 > crew.budgetMs)
      throw new Fault(
        "not-ready",
        `Writes would be stopped for about ${seconds.toFixed(1)} s, and cutover.maxWritePause allows ${String(crew.budgetMs / 1000)} s.`,
        { next: "headgate verify, so that less is left to the fence; or raise cutover.maxWritePause" },
      );
  }

  #draining(crew: Crew): Draining {
    const { found, source, stream, holds, services } = this.#parts;
    return {
      plan: found.plan,
      night: crew.source,
      source,
      lanes: () => stream().lanes,
      standing: () => stream().standing,
      holds,
      wait: services.wait,
    };
  }

  #forward(crew: Crew, tools: VerificationTools): Forward {
    const { ledger, migration, primary, target, services } = this.#parts;
    const { repairAtFence } = migration.config.cutover;
    let drained = services.now();
    const forward = forwardOf({
      ...this.#draining(crew),
      ledger: ledger.night(),
      cutover: () => crew.journey.cutover ?? "",
      prove: (caughtUp, signal) =>
        proveAtFence({
          tools: { ...tools, source: primary, atReplica: false },
          full: "in-budget",
          overKafka: migration.config.feed.kind === "kafka",
          repair:
            repairAtFence === 0
              ? null
              : { most: repairAtFence, mender: (lane) => ledger.mender(lane), primary },
          gates: { gates: migration.config.verify.queries, source: primary, target },
          remaining: () => Math.min(wholeMs, crew.budgetMs - (services.now() - drained)),
          caughtUp,
          // What the fence's account has committed after it shows what was committed before.
          seen: async (lane) => {
            await crew.source.mark(lane, "seen");
          },
          signal,
        }),
    });
    return {
      ...forward,
      drain: (signal) => {
        drained = services.now();
        return forward.drain(signal);
      },
    };
  }

  #reverse(crew: Crew, wayBack: WayBackStart): Reverse {
    const { found, ledger } = this.#parts;
    const { plan } = found;
    const never = (): never => {
      throw new Fault("bug", "The way back was asked for before the switch.");
    };
    return {
      blocking: async () => never(),
      drain: async () => never(),
      prove: async () => never(),
      canary: async (signal) => {
        const { watch } = wayBack;
        const end = await watch.canary(signal);
        // It can be written: the triggers are gone, the session has its rights, each table its statements.
        await crew.source.wayBack.claim(plan, ledger.epoch);
        await using writer = await crew.source.wayBack.lane(plan, ledger.epoch);
        const { seq, position } = await writer.checkpoint();
        return { seq: String(seq), position, end };
      },
    };
  }
}
