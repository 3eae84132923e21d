/** What the soak and its rollback compare with, and where the way back stood when the target was opened. */
import { z } from "zod";
import { Fault } from "../errors.js";
import { proveAtRollback } from "../migration/at-rollback.js";
import type { RollbackProof } from "../migration/at-rollback.js";
import type { Explains } from "../migration/left-out.js";
import type { ReverseStream } from "../migration/reverse.js";
import { wayBackVerification } from "../migration/soak-verifier.js";
import type { Ledger } from "../port.js";
import type { LaneCheckpoint } from "../stream-port.js";
import type { VerificationTools } from "../verify/verification.js";
import type { Crew } from "./crew.js";
import type { Living } from "./living.js";
import { soakText } from "./soak-records.js";
import { verifyTools } from "./verify-tools.js";
import { VerifyWatch } from "./verify-watch.js";

const mostBroughtHome = 1000;

export interface Comparing {
  readonly living: Living;
  readonly crew: Crew;
  readonly ledger: Ledger;
}

const checkpointSchema = z.looseObject({
  seq: z.string(),
  position: z.object({ kind: z.literal("file"), file: z.string(), offset: z.string() }).nullable(),
});

const placeSchema = z.object({ kind: z.literal("file"), file: z.string(), offset: z.string() });

/** Null in a journal that does not say it. */
export function switchedAt(
  crew: Crew,
): { readonly seq: bigint; readonly end: z.output<typeof placeSchema> } | null {
  const note = crew.journey.steps.get("canary")?.done?.note;
  const end = placeSchema.safeParse(note?.["end"]);
  return end.success ? { seq: standingAtSwitch(crew).seq, end: end.data } : null;
}

/** Where the way back stood at the switch; the journal has it. */
function standingAtSwitch(crew: Crew): LaneCheckpoint {
  const found = checkpointSchema.safeParse(crew.journey.steps.get("canary")?.done?.note);
  if (!found.success)
    throw new Fault("journal-unreadable", "The journal does not say where the way back stood at the switch.");
  const { seq, position } = found.data;
  return { seq: BigInt(seq), position };
}

/** Compares what either side has written since the switch; nothing moves. */
export async function proveHome(
  parts: Comparing,
  reverse: ReverseStream,
  leftOut: Explains,
  signal: AbortSignal,
): Promise<RollbackProof> {
  const { living, crew, ledger } = parts;
  const { target: doors } = crew;
  if (doors === null) throw new Fault("bug", "A soak has no claim.");
  return await proveAtRollback({
    tools: await soakTools(parts, reverse),
    from: standingAtSwitch(crew).seq,
    writer: () => crew.source.wayBack.lane(living.found.plan, ledger.epoch),
    position: () => doors.wayBack.position(),
    most: mostBroughtHome,
    full: false,
    leftOut,
    signal,
  });
}

/** What the soak and the rollback compare with. */
export async function soakTools(
  { living, crew, ledger }: Comparing,
  reverse: ReverseStream,
): Promise<VerificationTools> {
  const { context, migration, found, steering, log } = living;
  const { services } = context;
  const { source, target } = await migration.both();
  const { target: doors } = crew;
  if (doors === null) throw new Fault("bug", "A soak has no claim.");
  return await wayBackVerification({
    tools: verifyTools({
      services,
      migration,
      found,
      source,
      target,
      ledger,
      following: null,
      workers: () => steering.settings.workers,
      pacer: () => steering.pacer(),
      watch: new VerifyWatch(found.plan, log, services.now),
    }),
    target,
    wayBack: doors.wayBack,
    reverse: crew.source.wayBack,
    lanes: () => reverse.stream.lanes,
    standing: () => reverse.stream.standing,
    holds: (later, earlier) => reverse.holds(later, earlier),
    cutover: crew.journey.cutover ?? "",
    from: standingAtSwitch(crew),
    text: soakText(migration.stateDirectory),
    clock: () => services.today().toISOString(),
  });
}
