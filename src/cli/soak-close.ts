/** The end of the soak: the way back is closed for good, by an explicit word. */
import { enter, mirror } from "../cutover/walk.js";
import { revocations } from "../cutover/revocations.js";
import { Fault } from "../errors.js";
import type { ReverseStream } from "../migration/reverse.js";
import type { Ledger } from "../port.js";
import type { Crew } from "./crew.js";
import type { Body } from "./cutover-ask.js";
import { delivered } from "./deliver.js";
import type { Living } from "./living.js";
import type { SoakWalker } from "./soak-walker.js";

/** The step that `complete` ends with: nothing of ours is left that the target would keep its log for. */
export const closing = "close-way-back";

export interface Closing {
  readonly living: Living;
  readonly crew: Crew;
  readonly ledger: Ledger;
  readonly walk: SoakWalker;
}

/** What the journal has as completed; again, where an engine was killed in the middle of it: a slot that is left fills the target's disk. */
export async function close({ living, crew, ledger, walk }: Closing): Promise<void> {
  const { plan } = living.found;
  await ledger.setState("completed");
  await crew.target?.wayBack.drop(plan);
  await crew.source.wayBack.drop(plan.migration);
  await crew.journal.append({
    cutover: crew.journey.cutover ?? "",
    step: closing,
    phase: "done",
    note: null,
  });
  await mirror(walk.of({ reverse: null, onStep: () => undefined }));
  living.log.info({}, "completed");
}

/** The way back is closed: by an explicit word, and only while nothing waits on it. */
export async function complete(
  { living, crew, ledger, walk }: Closing,
  reverse: ReverseStream | null,
  streaming: AbortController,
): Promise<Body> {
  const { found, migration } = living;
  const blocking = (await reverse?.blocking()) ?? [];
  if (blocking.length > 0)
    throw new Fault("cutover-refused", `The soak cannot end: ${blocking.join(" ")}`, {
      next: "headgate status",
    });
  const told = walk.of({ reverse, onStep: () => undefined });
  await enter(told, "complete");
  await mirror(told);
  streaming.abort(new Fault("interrupted", "The soak is over."));
  await close({ living, crew, ledger, walk });
  const { source } = await migration.both();
  const left = {
    source: revocations(await source.grants("copy"), "source"),
    target: (await crew.target?.leaving(found.plan)) ?? [],
  };
  return {
    state: "completed",
    writePauseSeconds: null,
    proof: crew.journey.steps.get("proof")?.done?.note ?? null,
    delivery: delivered(crew.journal.entries, found),
    drop: [
      { side: "source", sql: "DROP DATABASE headgate;" },
      ...left.source.map((sql) => ({ side: "source", sql })),
      ...left.target.map((sql) => ({ side: "target", sql })),
    ],
  };
}
