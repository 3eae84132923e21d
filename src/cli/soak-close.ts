/** The end of the soak: the way back is closed for good, by an explicit word, and what the migration has made goes. */
import { clearAway } from "../cutover/ending.js";
import { enter, mirror } from "../cutover/walk.js";
import { Fault } from "../errors.js";
import type { ReverseStream } from "../migration/reverse.js";
import type { Ledger } from "../port.js";
import type { Crew } from "./crew.js";
import type { Body } from "./cutover-ask.js";
import { delivered } from "./deliver.js";
import { keptAway } from "./kept-away.js";
import type { Living } from "./living.js";
import { endingsOf, findTraces, leftovers, marksOf, traceBody } from "./remains.js";
import type { SoakWalker } from "./soak-walker.js";

export interface Closing {
  readonly living: Living;
  readonly crew: Crew;
  readonly ledger: Ledger;
  readonly walk: SoakWalker;
}

/**
 * What the journal has as completed; again, where an engine was killed in the middle of it: a slot that is left fills the
 * target's disk. Resolves to what `complete` says.
 */
export async function close({ living, crew, ledger, walk }: Closing): Promise<Body> {
  const { migration, found } = living;
  const { plan } = found;
  const { target, journal, journey } = crew;
  if (target === null) throw new Fault("bug", "A soak has no claim.");
  await ledger.setState("completed");
  const marks = marksOf(await ledger.view(), journal.entries);
  // What was begun here is carried through.
  const signal = new AbortController().signal;
  const traces = await findTraces(migration, plan, marks, { tables: "serve", signal });
  const parts = { migration, plan, ledger, wayBack: target.wayBack, marks, signal, dropsTables: false };
  await clearAway(journal, journey.cutover ?? "", endingsOf(parts));
  await mirror(walk.of({ reverse: null, onStep: () => undefined }));
  living.log.info({}, "completed");
  const away = keptAway(journal.entries, migration.stateDirectory);
  return {
    state: "completed",
    writePauseSeconds: null,
    proof: journey.steps.get("proof")?.done?.note ?? null,
    delivery: delivered(journal.entries, found),
    traces: traceBody(traces),
    keptAway: away,
    drop: await leftovers(migration, plan, traces, await target.leaving(plan)),
  };
}

/** The way back is closed: by an explicit word, and only while nothing waits on it. */
export async function complete(
  closing: Closing,
  reverse: ReverseStream | null,
  streaming: AbortController,
): Promise<Body> {
  // A slot that is lost is none of its business: it needs no way back. What waits for a decision is told first.
  const waiting = reverse?.waiting ?? [];
  if (waiting.length > 0)
    throw new Fault("cutover-refused", `The soak cannot end: ${waiting.join(" ")}`, {
      next: "headgate status",
    });
  const told = closing.walk.of({ reverse, onStep: () => undefined });
  await enter(told, "complete");
  await mirror(told);
  streaming.abort(new Fault("interrupted", "The soak is over."));
  return await close(closing);
}
