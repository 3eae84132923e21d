/** Work that a running engine does for a verb: begun over its socket, followed to its end. */
import { hostname } from "node:os";
import { Fault } from "../errors.js";
import type { Holder } from "../port.js";
import { faultOf } from "../serve/client.js";
import type { EngineClient, TellJob } from "../serve/client.js";
import type { JobKind } from "../serve/jobs.js";
import type { VerbContext } from "./verb.js";
import { progressTeller } from "./verify-progress.js";

const lookMs = 200;

/** The job's result. Ctrl-C tells the engine to stop it. Faults: the job's own; claimed where the engine does not answer here. */
export async function jobOf(
  context: VerbContext,
  client: EngineClient,
  kind: JobKind,
  ask: unknown,
  holder: Holder,
  tell: (progress: Readonly<Record<string, unknown>>) => void = progressTeller(context),
): Promise<Readonly<Record<string, unknown>>> {
  const { services } = context;
  let job: TellJob;
  try {
    job = await client.start(kind, ask);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "no-engine") throw error;
    throw claimedElsewhere(kind, holder, error);
  }
  let told = "";
  while (job.state === "running") {
    const progress = JSON.stringify(job.progress);
    if (progress !== told && progress !== "{}") tell(job.progress);
    told = progress;
    try {
      await services.wait(lookMs, services.signal);
    } catch (error) {
      if (services.signal.aborted) await client.stop(job.id);
      throw error;
    }
    job = await client.job(job.id);
  }
  if (JSON.stringify(job.progress) !== told && Object.keys(job.progress).length > 0) tell(job.progress);
  if (job.error !== null) throw faultOf(job.error);
  if (job.result === null) throw new Fault("bug", `The engine's ${kind} ended without a result.`);
  return job.result;
}

function claimedElsewhere(kind: JobKind, { host, pid, since }: Holder, cause: Fault): Fault {
  const where = host === hostname() ? "this machine" : host;
  return new Fault(
    "claimed",
    `The engine of this migration is process ${String(pid)} of ${where} since ${since}, and does not answer here.`,
    { next: `Run headgate ${kind} where that engine runs, or stop it first.`, cause },
  );
}
