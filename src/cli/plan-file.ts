/**
 * plan.json under `.headgate/<migration>/`: what the last `plan` or `run` decided, for people and for diffs. Where the ledger
 * is to take another plan, that one is kept beside it first, under its fingerprint: killed in between, whichever of the two
 * the ledger has is found.
 */
import { mkdir, open, readFile, rename } from "node:fs/promises";
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

/** The plan under its fingerprint, safe on disk, before the ledger takes it. settlePlan makes it the recorded one afterwards. */
export async function keepPlan(directory: string, plan: Plan, servers?: PlanServers): Promise<void> {
  await makeStateDirectory(directory);
  const kept = keptPath(directory, plan.fingerprint);
  {
    await using file = await open(`${kept}.new`, "w", 0o600);
    await file.writeFile(planText(plan, servers));
    await file.sync();
  }
  await rename(`${kept}.new`, kept);
  await using folder = await open(directory, "r");
  await folder.sync();
}

/** A plan that was kept and that the ledger has is the recorded one from now on. Nothing where none was kept. */
export async function settlePlan(directory: string, fingerprint: string): Promise<void> {
  try {
    await rename(keptPath(directory, fingerprint), join(directory, "plan.json"));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Writes the plan whole or not at all. */
export async function writePlan(directory: string, plan: Plan, servers: PlanServers): Promise<string> {
  await keepPlan(directory, plan, servers);
  await settlePlan(directory, plan.fingerprint);
  return join(directory, "plan.json");
}

export type RecordedPlan = Plan & { readonly servers?: PlanServers };

/**
 * The recorded plan with the servers that it was made on, null when there is none. Throws plan-stale where the file is no
 * plan. `ledger`: the fingerprint that the target's ledger has, whose plan is taken where it was kept and plan.json is another.
 */
export async function readRecordedPlan(
  directory: string,
  ledger: string | undefined,
): Promise<RecordedPlan | null> {
  const recorded = await planAt(join(directory, "plan.json"));
  if (ledger === undefined || recorded?.fingerprint === ledger) return recorded;
  return (await planAt(keptPath(directory, ledger))) ?? recorded;
}

function keptPath(directory: string, fingerprint: string): string {
  return join(directory, `plan.${fingerprint}.json`);
}

async function planAt(path: string): Promise<RecordedPlan | null> {
  try {
    return readPlan(await readFile(path, "utf8"));
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
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
