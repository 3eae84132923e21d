/**
 * What the journal has measured of a move, for the sentences of its delivery: each write pause of each cutover and each way
 * back, and the proof of the last cutover. What an engine took with it when it died is null, and stays so.
 */
import { z } from "zod";
import type { JournalEntry, Note } from "../cutover-port.js";
import type { Delivered, DeliveredProof, WritePause } from "./delivery.js";

export type Measured = Pick<Delivered, "rows" | "pauses" | "lagSeconds" | "proof">;

const seconds = z.number().nonnegative();
const count = z.int().nonnegative();

/** Entries of a move, oldest first; null before a cutover has proven anything. */
export function measuredIn(entries: readonly JournalEntry[]): Measured | null {
  const proven = entries.findLast(({ step, phase }) => step === "proof" && phase === "done");
  if (proven === undefined) return null;
  const begun = entries.find(
    ({ cutover, step, phase }) => cutover === proven.cutover && step === "fencing" && phase === "entered",
  );
  const proof = proofOf(proven.note);
  const { full, rowsAtFence } = proof;
  return {
    rows: full ? rowsAtFence : null,
    pauses: pausesOf(entries),
    lagSeconds: lagOf(begun?.note),
    proof,
  };
}

function pausesOf(entries: readonly JournalEntry[]): readonly WritePause[] {
  const fenced = new Set<string>();
  const switched = new Set<string>();
  const pauses: WritePause[] = [];
  for (const { cutover, step, phase, note } of entries) {
    if (step === "fence" && phase === "about-to") fenced.add(cutover);
    if (phase !== "entered") continue;
    const known = seconds.safeParse(note?.["writePauseSeconds"]);
    const paused = known.success ? known.data : null;
    if (step === "soaking") {
      switched.add(cutover);
      pauses.push({ of: "cutover", seconds: paused });
    }
    // A cutover that ended before its fence has stopped nobody.
    if (step === "rolled_back" && fenced.has(cutover))
      pauses.push({ of: switched.has(cutover) ? "rollback" : "aborted cutover", seconds: paused });
  }
  return pauses;
}

function lagOf(note: Note | null | undefined): number | null {
  const lag = seconds.safeParse(note?.["lagSeconds"]);
  return lag.success ? lag.data : null;
}

const noted = z.looseObject({
  equal: z.boolean(),
  keysAtFence: count,
  rowsCleanBefore: count,
  // A journal of an older build does not have them.
  rowsAtFence: count.default(0),
  full: z.boolean().default(false),
});

function proofOf(note: Note | null): DeliveredProof & { readonly full: boolean } {
  const { equal, keysAtFence, rowsCleanBefore, rowsAtFence, full } = noted.parse(note);
  return {
    equal,
    full,
    keysAtFence: BigInt(keysAtFence),
    rowsCleanBefore: BigInt(rowsCleanBefore),
    rowsAtFence: BigInt(rowsAtFence),
  };
}
