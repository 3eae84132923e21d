/**
 * What the last rehearsal or cutover took, step by step, in `.headgate/<migration>/rehearsal.json`: for the runbook, which
 * is printed with every server down. A later one takes its place.
 */
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { JournalEntry } from "../cutover-port.js";
import { journeyOf } from "../cutover/journey.js";
import type { Rehearsal } from "../cutover/runbook.js";
import { Fault } from "../errors.js";
import { makeStateDirectory } from "./plan-file.js";

const schema = z.strictObject({
  at: z.string(),
  of: z.enum(["rehearsal", "cutover"]),
  steps: z.array(z.strictObject({ step: z.string(), seconds: z.number().nonnegative() })),
});

/** Whole or not at all. */
export async function keepRehearsal(stateDirectory: string, rehearsal: Rehearsal): Promise<void> {
  await makeStateDirectory(stateDirectory);
  const path = pathIn(stateDirectory);
  {
    await using file = await open(`${path}.new`, "w", 0o600);
    await file.writeFile(`${JSON.stringify(rehearsal, null, 2)}\n`);
    await file.sync();
  }
  await rename(`${path}.new`, path);
}

/** null where there was none. Fault file-refused where the file is something else. */
export async function readRehearsal(stateDirectory: string): Promise<Rehearsal | null> {
  const path = pathIn(stateDirectory);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
  const parsed = schema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new Fault("file-refused", `${path} is not what a rehearsal leaves behind.`, {
    next: "Delete it; the next rehearsal writes it again.",
  });
}

function pathIn(stateDirectory: string): string {
  return join(stateDirectory, "rehearsal.json");
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** What the last cutover of the journal took, by the times of its entries; null where no step of one was done. */
export function measuredCutover(entries: readonly JournalEntry[]): Rehearsal | null {
  const { steps, since } = journeyOf(entries);
  const measured = [...steps].flatMap(([step, { at, done }]) =>
    done === null ? [] : [{ step, seconds: Math.max(0, (Date.parse(done.at) - Date.parse(at)) / 1000) }],
  );
  return since === null || measured.length === 0 ? null : { at: since, of: "cutover", steps: measured };
}
