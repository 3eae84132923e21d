/**
 * One life of an engine in the soak: the target is open, what it is given is written to the source all the time, and the way
 * back is one word. It begins by ending whatever a life before it has begun: a switch that is decided, a rollback. The fence
 * of the source is looked at all the while, since a server that was started again may have forgotten it.
 */
import { isDone } from "../cutover/journey.js";
import { isUnfinished, settle } from "../cutover/runner.js";
import { Fault } from "../errors.js";
import type { RollbackProof } from "../migration/at-rollback.js";
import { RefusedChanges } from "../migration/refused.js";
import { ReverseStream } from "../migration/reverse.js";
import { SoakVerifier } from "../migration/soak-verifier.js";
import type { Ledger } from "../port.js";
import type { JobAct } from "../serve/jobs.js";
import { eitherOf, throwIfStopped } from "../stop.js";
import { openCrew } from "./crew.js";
import { walkedBody } from "./cutover-ask.js";
import type { Body } from "./cutover-ask.js";
import { lastView } from "./figures.js";
import { tellStream } from "./live-voice.js";
import type { Living } from "./living.js";
import { answerMs, finishing, home, noWayBack, soakingAlone, withoutWayBack } from "./soak-alone.js";
import type { Soaking } from "./soak-alone.js";
import { close, complete } from "./soak-close.js";
import { guardFence, lookAtFence } from "./soak-fence.js";
import { SoakHome } from "./soak-home.js";
import { SoakRefusals, demandNoWalk } from "./soak-refusals.js";
import { proveHome, soakTools, switchedAt } from "./soak-tools.js";
import { turning, untilDrained } from "./soak-turning.js";
import type { Soaked } from "./soak-turning.js";
import { soakWalker } from "./soak-walker.js";
import { SoakWatch } from "./soak-watch.js";
import { Ticker } from "./ticker.js";
import { SwitchHooks } from "./switch-hooks.js";
import { endsWith } from "./works.js";

/** Resolves when the soak is over, or the task that the verb became an engine for is done. */
export async function soak(living: Living, claim: () => Promise<Ledger>): Promise<Soaked> {
  const { context, migration, found, steering, screen, log } = living;
  const { plan } = found;
  await using ledger = await steering.claim(claim);
  log.info({ migration: migration.id, epoch: ledger.epoch }, "claimed, in the soak");
  const ticker = new Ticker(context, screen, plan, await ledger.view());
  // A way back that is asked for before the reverse stream is open waits for it.
  await steering.begin(ticker, "soon");
  steering.blocking(["soaking"]);
  const life = new AbortController();
  const signal = eitherOf(living.signal, ledger.lost, life.signal);
  try {
    await using crew = await openCrew({ context, migration, plan, ledger, log });
    const walk = soakWalker(living, crew, ledger, signal);
    if (crew.journey.state === "switching") await settle(walk.of({ reverse: null, onStep: () => undefined }));
    if (crew.journey.state === "completed") {
      const closed = await ticker.during(() => close({ living, crew, ledger, walk }));
      // Whoever asks for what was done already is told what it came to.
      await living.goal.task?.act({ complete: () => Promise.resolve(closed) }, signal);
      return "completed";
    }
    ticker.state("soaking");
    return await ticker.during(() => soaking({ living, crew, ledger, ticker, walk, life, signal }));
  } finally {
    life.abort(
      new Fault("connection-lost", "The engine that did this has ended or begun anew meanwhile.", {
        next: "Run the same command again.",
      }),
    );
    steering.ended();
    living.last.view = await lastView(ledger, context, log);
  }
}

async function soaking(parts: Soaking): Promise<Soaked> {
  const { living, crew, ledger, ticker, walk, signal } = parts;
  const { context, migration, found, steering, log, goal } = living;
  const { services } = context;
  const { target } = crew;
  if (target === null) throw new Fault("bug", "A soak has no claim.");
  if (!migration.config.cutover.wayBack) return await soakingAlone(parts, null);
  const { state, steps } = crew.journey;
  if (state === "rolling_back" && isDone(steps.get("reverse-proof"))) return await home(parts);
  await lookAtFence(parts);
  /** What a life before this one has drained may be gone again with a source that has crashed since. */
  let undrained = state === "rolling_back" && isDone(steps.get("reverse-drain"));
  const streaming = new AbortController();
  const stop = eitherOf(signal, streaming.signal);
  const refused = await RefusedChanges.open({
    ledger: crew.source.wayBack,
    plan: found.plan,
    engine: found.catalogue.engine,
    epoch: ledger.epoch,
    cutover: crew.journey.cutover ?? "",
  });
  const refusals = new SoakRefusals({ living, crew, walk, refused });
  const proven: { last: RollbackProof | null } = { last: null };
  const opening = ReverseStream.open({
    plan: found.plan,
    engine: found.catalogue.engine,
    epoch: ledger.epoch,
    ledger: crew.source.wayBack,
    wayBack: target.wayBack,
    atSwitch: switchedAt(crew),
    batchRows: () => steering.settings.batchRows,
    governed: (writer, until) => steering.governed(writer, until),
    prove: async (until) => {
      if (undrained) await reverse.drain(until);
      undrained = false;
      // It has drained, and the proof may write a batch of its own.
      streaming.abort(new Fault("interrupted", "The way back is drained."));
      const proof = await proveHome(parts, reverse, refused.explains, until);
      proven.last = proof;
      return proof;
    },
    now: services.now,
    wait: services.wait,
    moment: services.streamMoment,
    onEvent: (event) => {
      tellStream(log, event);
    },
    keep: (poison) => refusals.keep(poison),
    refused,
    stands: (fault) => refusals.stands(fault),
    signal: stop,
  });
  let reverse: ReverseStream;
  try {
    reverse = await opening;
  } catch (error) {
    throwIfStopped(signal);
    if (!(error instanceof Fault) || !noWayBack.has(error.code)) throw error;
    return await withoutWayBack(parts, error);
  }
  ticker.follow(() => reverse.stream.lanes);
  steering.follow(reverse.stream);
  steering.leavesOut(async (event, decision) => {
    demandNoWalk(way.going);
    await refusals.leaveOut(event, decision, reverse.stream.standing);
  });
  const over = turning();
  await using hooks = new SwitchHooks(() => walk.of({ reverse: null, onStep: () => undefined }));
  const way = new SoakHome({
    ...{ living, crew, walk, reverse, refused, over, signal },
    hooksEnded: () => hooks.end(),
    proven: () => proven.last,
  });
  const verifier = new SoakVerifier({
    tools: await soakTools(parts, reverse),
    leftOut: refused,
    onVerified: ({ differences }) => {
      if (differences > 0n) log.error({ differences: String(differences) }, "rows differ in the soak");
    },
    onFailure: (fault) => log.error({ code: fault.code }, `the soak's verification failed: ${fault.message}`),
  });
  const watching = new SoakWatch({
    living,
    crew,
    lanes: () => reverse.stream.lanes,
    blocking: () => reverse.blocking(),
    leftOut: () => refused.leftOut.length,
    verifier,
    wayBack: true,
    signal: stop,
    goBack: (why) => {
      void way
        .go(() => undefined, why)
        .catch((error: unknown) => {
          const reason = error instanceof Error ? error.message : String(error);
          log.error({}, `the way back that a trigger asked for stands: ${reason}`);
          crew.hooks.page(
            { migration: migration.id, cutover: crew.journey.cutover, reason },
            new AbortController().signal,
          );
        });
    },
  });
  steering.triggered(() => watching.status);
  const works = {
    cutover: async () => {
      // A way back that is under way is given up by the word that leads forward, while it can be.
      const givenUp = way.giveUp(new Fault("interrupted", "headgate cutover was asked for."));
      if (givenUp !== null) return await givenUp;
      const why = await hooks.run();
      return walkedBody({ state: "soaking", writePauseSeconds: null, why }, crew.journey, []);
    },
    rollback: async (_ask: unknown, onProgress: (facts: Body) => void) =>
      await way.go((steps) => onProgress({ steps: [...steps] })),
    complete: async (_ask: unknown, _progress: unknown, word: AbortSignal) => {
      await looked(parts, verifier, reverse, eitherOf(signal, word));
      throwIfStopped(word);
      watching.demandClean();
      await verifier.demandClean();
      const body = await complete(parts, reverse, streaming);
      // The engine ends with this, and whoever waits for the answer has to get it first.
      void services.wait(answerMs, signal).then(
        () => over.resolve("completed"),
        () => over.resolve("completed"),
      );
      return body;
    },
  } satisfies Record<string, JobAct>;
  const ending = Object.fromEntries(
    Object.entries(works).map(([kind, act]) => [kind, endsWith(act, signal)]),
  );
  steering.works(ending, "The target is open");
  const tasks: Promise<Soaked>[] = [
    over.promise,
    untilDrained(reverse.stream.run(), over.promise, streaming.signal).catch((error: unknown): Soaked => {
      // Another life begins without it: it pages, and opens the target again where a rollback has shut it.
      if (error instanceof Fault && noWayBack.has(error.code)) return "reopened";
      throw error;
    }),
    untilDrained(verifier.run(stop), over.promise, streaming.signal),
    untilDrained(
      watching.run().then(() => over.promise),
      over.promise,
      streaming.signal,
    ),
    guardFence(parts, signal),
  ];
  if (crew.journey.state === "rolling_back") tasks.push(way.go(() => undefined).then(() => over.promise));
  const { task } = goal;
  if (isUnfinished(crew.journey) && (task === undefined || task.done())) void finishing(parts, hooks);
  if (task !== undefined && !task.done())
    tasks.push(
      task.act(ending, signal).then(async () => {
        if (crew.journey.state === "soaking" && task.staysInSoak === true) return await over.promise;
        return crew.journey.state === "rolled_back" || crew.journey.state === "completed"
          ? await over.promise
          : "done";
      }),
    );
  try {
    return await Promise.race(tasks);
  } finally {
    const ended = new Fault("connection-lost", "The soak is over.", { next: "Run the same command again." });
    parts.life.abort(ended);
    // Whatever is over by itself waits for how the soak ends: where that was another way, for good.
    over.reject(ended);
    await reverse[Symbol.asyncDispose]();
    await Promise.allSettled([...tasks, way.going ?? over.promise]);
  }
}

/** Until this life has compared once what was touched, or knows why it cannot: what a life before it knew is on record, and no more. */
async function looked(
  { living }: Soaking,
  verifier: SoakVerifier,
  reverse: ReverseStream,
  signal: AbortSignal,
): Promise<void> {
  const { wait } = living.context.services;
  while (verifier.status.last === null && verifier.status.failure === null && reverse.waiting.length === 0)
    await wait(100, signal);
}
