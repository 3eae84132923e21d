/**
 * Work on a copied migration that a running engine does where there is one. With none running the verb becomes the engine
 * for as long as it takes: at rest for an offline copy, with the stream beside it where the log is followed.
 */
import { refusals } from "../cutover/machine.js";
import { Fault } from "../errors.js";
import { engineClient } from "../serve/client.js";
import type { JobKind } from "../serve/jobs.js";
import { jobOf } from "./job.js";
import { openMigration } from "./open.js";
import type { OpenMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import { reopenFirst } from "./reopen.js";
import type { VerbContext } from "./verb.js";
import type { Works } from "../serve/jobs.js";

type Body = Readonly<Record<string, unknown>>;

export interface EngineWork {
  readonly kind: JobKind;
  readonly ask: unknown;
  readonly onProgress: (progress: Body) => void;
  /** Told over the socket; a verification's where nothing is said. */
  readonly tell?: (progress: Body) => void;
  /** The engine that the verb became goes on in the soak; called with what the verb says by then. */
  readonly staysInSoak?: (result: VerbResult) => void;
  /** What the verb says, from the work's JSON. */
  readonly result: (migration: string, body: Body) => VerbResult;
}

export async function engineWork(context: VerbContext, work: EngineWork): Promise<VerbResult> {
  await using migration = await openMigration(context);
  return await engineWorkOn(context, migration, work);
}

export async function engineWorkOn(
  context: VerbContext,
  migration: OpenMigration,
  work: EngineWork,
): Promise<VerbResult> {
  const { kind, ask, onProgress } = work;
  const target = await migration.target();
  const view = await target.view(migration.id);
  if (view !== null && view.holder !== null) {
    const client = engineClient(migration.stateDirectory);
    return work.result(migration.id, await jobOf(context, client, kind, ask, view.holder, work.tell));
  }
  if (view !== null && view.state !== "completed") await reopenFirst(context, migration);
  // What an engine is made of is loaded once it is known that this one has to be it.
  const { copiedMigration } = await import("./as-begun.js");
  const { found, live } = await copiedMigration(context, migration, view);
  if (kind !== "complete" && view?.state === "completed")
    throw new Fault("cutover-refused", refusals.over, { next: "headgate report" });
  let body: Body | null = null;
  const act = async (works: Works, signal: AbortSignal): Promise<void> => {
    const doing = works[kind];
    if (doing === undefined) throw new Fault("bug", `This engine cannot ${kind}.`);
    body = await doing(ask, onProgress, signal);
    if (work.staysInSoak !== undefined && body["state"] === "soaking") work.staysInSoak(result());
  };
  const result = (): VerbResult => {
    if (body === null) throw new Fault("bug", `The ${kind} ended without a result.`);
    return work.result(migration.id, body);
  };
  if (!live) {
    const { atRest } = await import("./verify-copied.js");
    await atRest(context, migration, found, act);
    return result();
  }
  const { runLive } = await import("./live.js");
  return await runLive(context, migration, found, {
    until: "done",
    task: {
      act,
      result,
      done: () => body !== null,
      // What went back has no soak to stay in.
      get staysInSoak() {
        return work.staysInSoak !== undefined && (body === null || body["state"] === "soaking");
      },
    },
    timeoutMs: null,
    holds: [],
    listen: null,
  });
}
