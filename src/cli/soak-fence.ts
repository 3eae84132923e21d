/** The source's fence in the soak: looked at all the while, since a server that was started again may have forgotten it. */
import { Fault } from "../errors.js";
import { throwIfStopped } from "../stop.js";
import type { Crew } from "./crew.js";
import type { Living } from "./living.js";

/** How often it is looked at. */
const fenceEveryMs = 2000;

/** The source stays shut for applications: what has come off it is put on again, and told. */
export async function guardFence(
  { living, crew }: { readonly living: Living; readonly crew: Crew },
  signal: AbortSignal,
): Promise<never> {
  const { services } = living.context;
  const told = { gaps: "", fault: "" };
  for (;;) {
    await services.wait(fenceEveryMs, signal);
    if (crew.journey.state !== "soaking") continue;
    try {
      await demandFence(crew, told);
      told.fault = "";
    } catch (error) {
      throwIfStopped(signal);
      if (!(error instanceof Fault)) throw error;
      if (error.message === told.fault) continue;
      told.fault = error.message;
      living.log.error({ code: error.code }, `the source's fence: ${error.message}`);
    }
  }
}

/**
 * The same as a life begins. A fence that cannot be put on again (somebody has made an account that it does not know) is
 * somebody's to mend, and stands in the way of nobody: the soak goes on, and each of its verbs.
 */
export async function lookAtFence({
  living,
  crew,
}: {
  readonly living: Living;
  readonly crew: Crew;
}): Promise<void> {
  try {
    await demandFence(crew, { gaps: "" });
  } catch (error) {
    if (!(error instanceof Fault) || error.retriable) throw error;
    living.log.error({ code: error.code, next: error.next }, `the source's fence: ${error.message}`);
  }
}

/** Puts on again what has come off, and tells somebody, once of the same. */
async function demandFence(crew: Crew, told: { gaps: string }): Promise<void> {
  const note = crew.journey.steps.get("fence")?.note ?? null;
  if (note === null || crew.journey.state !== "soaking") return;
  const { raised, gaps } = await crew.source.fence.state(note);
  if (raised === "yes") {
    told.gaps = "";
    return;
  }
  const now = gaps.join(" ");
  if (now !== told.gaps)
    crew.hooks.page(
      { reason: `The source's fence had come off: ${now}`, cutover: crew.journey.cutover },
      new AbortController().signal,
    );
  told.gaps = now;
  await crew.source.fence.raise(note, {
    endTransactions: true,
    onWaiting: () => undefined,
    signal: new AbortController().signal,
  });
}
