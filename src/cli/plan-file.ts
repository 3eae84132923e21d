/** plan.json under `.headgate/<migration>/`: what the last `plan` or `run` decided, for people and for diffs. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plan } from "../model.js";
import { planText, readPlan } from "../plan/file.js";

/** Creates the state directory, readable by its owner only. */
export async function makeStateDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
}

/** Writes the plan whole or not at all. */
export async function writePlan(directory: string, plan: Plan): Promise<string> {
  await makeStateDirectory(directory);
  const path = join(directory, "plan.json");
  const fresh = `${path}.new`;
  await writeFile(fresh, planText(plan), { mode: 0o600 });
  await rename(fresh, path);
  return path;
}

/** The fingerprint of the recorded plan, null when there is none. */
export async function readPlanFingerprint(directory: string): Promise<string | null> {
  return (await readRecordedPlan(directory))?.fingerprint ?? null;
}

/** The recorded plan, null when there is none. Throws plan-stale where the file is no plan. */
export async function readRecordedPlan(directory: string): Promise<Plan | null> {
  const path = join(directory, "plan.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
  return readPlan(text);
}
