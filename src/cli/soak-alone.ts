/**
 * The soak without a way back: cutover.wayBack was off, or the target has lost what it reads. Nothing is written to the source;
 * the engine answers, watches and pages. And what any life of the soak ends first that one before it has left.
 */
import { persisting } from "../cutover/persisting.js";
import { reopenTarget, rollback } from "../cutover/rollback.js";
import { isUnfinished } from "../cutover/runner.js";
import type { Fault } from "../errors.js";
import type { Ledger } from "../port.js";
import type { Crew } from "./crew.js";
import { walkedBody } from "./cutover-ask.js";
import type { Living } from "./living.js";
import { isBetween } from "./reopen.js";
import { complete } from "./soak-close.js";
import { guardFence, lookAtFence } from "./soak-fence.js";
import { turning } from "./soak-turning.js";
import type { Soaked } from "./soak-turning.js";
import type { SoakWalker } from "./soak-walker.js";
import { SoakWatch } from "./soak-watch.js";
import { SwitchHooks } from "./switch-hooks.js";
import type { Ticker } from "./ticker.js";

/** Whoever asks an engine for a job's end looks several times in so long. */
export const answerMs = 2000;

export interface Soaking {
  readonly living: Living;
  readonly crew: Crew;
  readonly ledger: Ledger;
  readonly ticker: Ticker;
  readonly walk: SoakWalker;
  readonly life: AbortController;
  readonly signal: AbortSignal;
}

/** What a life before this one has left, once more. */
export async function finishing({ living }: Soaking, hooks: SwitchHooks): Promise<void> {
  const why = await hooks.run();
  if (why !== null) living.log.error({ code: why.code, next: why.next }, why.message);
}

/** The target's log is not what the way back was reading, or begins too late: no life of an engine can go it any more. */
export const noWayBack: ReadonlySet<string> = new Set(["log-purged", "position-unknown", "way-back-stopped"]);

/**
 * The way back is lost. One that was under way is given up while it can be: the target opens again. Then the soak goes on
 * without one, and whoever asks for it is told why; `complete` ends it.
 */
export async function withoutWayBack(parts: Soaking, why: Fault): Promise<Soaked> {
  const { living, crew, walk } = parts;
  living.log.error({ code: why.code, next: why.next }, `there is no way back any more: ${why.message}`);
  crew.hooks.page(
    {
      migration: living.migration.id,
      cutover: crew.journey.cutover,
      reason: `There is no way back any more: ${why.message}`,
    },
    new AbortController().signal,
  );
  if (isBetween(crew.journey)) await reopenTarget(walk.of({ reverse: null, onStep: () => undefined }), why);
  else if (crew.journey.state === "rolling_back") return await home(parts);
  return await soakingAlone(parts, why);
}

/** The way back is proven: what is left needs no stream, which would be refused by the source's triggers, there again. */
export async function home({ living, walk, signal }: Soaking): Promise<Soaked> {
  const going = walk.of({ reverse: null, onStep: () => undefined });
  const walked = await persisting(living.context.services, () => rollback(going, null), { signal });
  return walked.state === "soaking" ? "reopened" : "rolled_back";
}

/** Without a way back nothing is written to the source; the engine answers, and watches. `lost`: why there is none any more. */
export async function soakingAlone(parts: Soaking, lost: Fault | null): Promise<Soaked> {
  const { living, crew, signal } = parts;
  const { services } = living.context;
  const over = turning();
  await using hooks = new SwitchHooks(() => parts.walk.of({ reverse: null, onStep: () => undefined }));
  const works = {
    cutover: async () => {
      const why = await hooks.run();
      return walkedBody({ state: "soaking", writePauseSeconds: null, why }, crew.journey, []);
    },
    ...(lost === null ? {} : { rollback: () => Promise.reject(lost) }),
    complete: async () => {
      const body = await complete(parts, null, new AbortController());
      void services.wait(answerMs, signal).then(
        () => over.resolve("completed"),
        () => over.resolve("completed"),
      );
      return body;
    },
  };
  living.steering.works(
    works,
    lost === null
      ? "The target is open, and cutover.wayBack was off"
      : "The target is open, without a way back",
  );
  await lookAtFence(parts);
  const watching = new SoakWatch({
    ...{ living, crew, lanes: () => [], blocking: () => Promise.resolve([]), leftOut: () => 0 },
    verifier: { status: { running: false, last: null, diverged: [], wholes: 0, failure: null } },
    ...{ wayBack: false, goBack: () => undefined, signal },
  });
  living.steering.triggered(() => watching.status);
  const tasks: Promise<Soaked>[] = [
    over.promise,
    watching.run().then(() => over.promise),
    guardFence(parts, signal),
  ];
  const { task } = living.goal;
  if (isUnfinished(crew.journey) && (task === undefined || task.done())) void finishing(parts, hooks);
  if (task !== undefined)
    tasks.push(task.act(works, signal).then(() => (task.staysInSoak === true ? over.promise : "done")));
  return await Promise.race(tasks);
}
