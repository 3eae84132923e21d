/** plan.json under `.headgate/<migration>/`: what the last `plan` or `run` decided, for people and for diffs. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../errors.js";
import type { Inspection } from "../migration.js";
import type { Plan } from "../model.js";
import { type PlanServers, planText, readPlan } from "../plan/file.js";
import { withPlanning } from "../plan/planning.js";
import type { WholePlan } from "../plan/planning-sheet.js";
import type { OpenMigration } from "./open.js";

/** The plan as it is written: with what people plan the night by, from the catalogue and the config. */
export function wholePlan(
  { plan, catalogue }: Inspection,
  { config, slots, workers }: OpenMigration,
): WholePlan {
  const { throttle, snapshot, apply } = config;
  return withPlanning(plan, catalogue, {
    rangeRows: snapshot.rangeRows,
    workers,
    workersPerHost: slots,
    // What something waits for today; triggers and the write pause belong to the cutover.
    thresholds: {
      "throttle.maxReplicaLagSeconds": throttle.maxReplicaLagSeconds,
      "throttle.maxThreadsRunning": throttle.maxThreadsRunning ?? null,
      "throttle.maxLatencyIncrease": throttle.maxLatencyIncrease ?? null,
      "throttle.maxDiskUsed": throttle.maxDiskUsed,
      "throttle.maxRowsPerSecond": throttle.maxRowsPerSecond ?? null,
      "throttle.sleep": throttle.sleep,
      "throttle.sleepRatio": throttle.sleepRatio,
      "apply.batchRows": apply.batchRows,
    },
  });
}

/** Creates the state directory, readable by its owner only. */
export async function makeStateDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
}

/** Writes the plan whole or not at all. */
export async function writePlan(directory: string, plan: Plan, servers: PlanServers): Promise<string> {
  await makeStateDirectory(directory);
  const path = join(directory, "plan.json");
  const fresh = `${path}.new`;
  await writeFile(fresh, planText(plan, servers), { mode: 0o600 });
  await rename(fresh, path);
  return path;
}

/** The recorded plan with the servers that it was made on, null when there is none. Throws plan-stale where the file is no plan. */
export async function readRecordedPlan(
  directory: string,
): Promise<(Plan & { readonly servers?: PlanServers }) | null> {
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

/** Which servers an inspection asked, as plan.json keeps them. */
export function serversOf(found: Pick<Inspection, "source" | "target">): PlanServers {
  const { source, target } = found;
  return { source: source.identity, target: `${target.identity}/${target.database}` };
}

/** Refuses to run a plan on other servers than those it was made on. */
export function demandSameServers(recorded: PlanServers | null, now: PlanServers, both = true): void {
  for (const side of ["source", "target"] as const)
    if (recorded !== null && recorded[side] !== now[side] && (both || side === "target"))
      throw new Fault(
        "server-changed",
        `The plan was made on the ${side} server ${recorded[side]}, and ${now[side]} answers now.`,
        { next: "Point the URL back, or make the plan again: headgate plan" },
      );
}
