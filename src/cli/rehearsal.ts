/**
 * What the last rehearsal or cutover took, step by step, in `.headgate/<migration>/rehearsal.json`: for the runbook, which
 * is printed with every server down. A later one takes its place.
 */
import { z } from "zod";
import type { JournalEntry } from "../cutover-port.js";
import { journeyOf } from "../cutover/journey.js";
import type { Rehearsal } from "../cutover/runbook.js";
import { keepStateFile, readStateFile } from "./state-file.js";

const schema = z.strictObject({
  at: z.string(),
  of: z.enum(["rehearsal", "cutover"]),
  steps: z.array(z.strictObject({ step: z.string(), seconds: z.number().nonnegative() })),
});

const name = "rehearsal.json";

export async function keepRehearsal(stateDirectory: string, rehearsal: Rehearsal): Promise<void> {
  await keepStateFile(stateDirectory, name, rehearsal);
}

/** null where there was none. Fault file-refused where the file is something else. */
export async function readRehearsal(stateDirectory: string): Promise<Rehearsal | null> {
  return await readStateFile(stateDirectory, name, schema, {
    what: "not what a rehearsal leaves behind",
    next: "Delete it; the next rehearsal writes it again.",
  });
}

/** What the last cutover of the journal took, by the times of its entries; null where no step of one was done. */
export function measuredCutover(entries: readonly JournalEntry[]): Rehearsal | null {
  const { steps, since } = journeyOf(entries);
  const measured = [...steps].flatMap(([step, { at, done }]) =>
    done === null ? [] : [{ step, seconds: Math.max(0, (Date.parse(done.at) - Date.parse(at)) / 1000) }],
  );
  return since === null || measured.length === 0 ? null : { at: since, of: "cutover", steps: measured };
}
