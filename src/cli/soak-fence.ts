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
  for (;;) {
    await services.wait(fenceEveryMs, signal);
    if (crew.journey.state !== "soaking") continue;
    try {
      await demandFence(crew);
    } catch (error) {
      throwIfStopped(signal);
      if (!(error instanceof Fault)) throw error;
      living.log.error({ code: error.code }, `the source's fence: ${error.message}`);
    }
  }
}

/** Puts on again what has come off, and tells somebody. */
export async function demandFence(crew: Crew): Promise<void> {
  const note = crew.journey.steps.get("fence")?.note ?? null;
  if (note === null || crew.journey.state !== "soaking") return;
  const { raised, gaps } = await crew.source.fence.state(note);
  if (raised === "yes") return;
  crew.hooks.page(
    { reason: `The source's fence had come off: ${gaps.join(" ")}`, cutover: crew.journey.cutover },
    new AbortController().signal,
  );
  await crew.source.fence.raise(note, {
    endTransactions: true,
    onWaiting: () => undefined,
    signal: new AbortController().signal,
  });
}
