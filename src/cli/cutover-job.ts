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
import { proveAtFence } from "../migration/at-fence.js";
import { drain, forwardOf } from "../migration/forward.js";
import type { Draining } from "../migration/forward.js";
import type { JobAct } from "../serve/jobs.js";
import { eitherOf } from "../stop.js";
import type { VerificationTools } from "../verify/verification.js";
import { baselineOf } from "./baseline.js";
import { keepBaseline, readBaseline } from "./baseline-file.js";
import type { Crew } from "./crew.js";
import { CutoverDemands } from "./cutover-demands.js";
import type { CutoverParts } from "./cutover-demands.js";
import { readCutoverAsk, walkedBody } from "./cutover-ask.js";
import type { Body, CutoverAsk } from "./cutover-ask.js";
import { delivered } from "./deliver.js";
import { keepRehearsal } from "./rehearsal.js";
import type { WayBackStart } from "./way-back-start.js";

/** A comparison of everything inside the fence may take so long. */
const wholeMs = 2000;

export class CutoverWork {
  readonly #parts: CutoverParts;
  readonly #demands: CutoverDemands;
  #stop: AbortController | null = null;
  #running: Promise<unknown> = Promise.resolve();

  constructor(parts: CutoverParts) {
    this.#parts = parts;
    this.#demands = new CutoverDemands(parts);
  }

  readonly cutover: JobAct = async (what, onProgress, signal) => {
    const ask = readCutoverAsk(what);
    const crew = await this.#parts.crew();
    if (ask.mode === "dry-run") return await this.#demands.dryRun(crew, signal);
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
    await this.#demands.ready(ask, signal);
    await this.#demands.free(crew, signal);
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
              lagSeconds: this.#demands.lag(),
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
    await this.#demands.ready(ask, signal);
    await this.#demands.free(crew, signal);
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
