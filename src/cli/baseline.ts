/**
 * `baseline capture`: takes what is usual on the source now, and keeps it for the triggers. A cutover takes it by itself when
 * it begins and nobody has; whoever wants it from the busiest hour of the day takes it then.
 */
import type { Taken } from "../cutover/baseline.js";
import { takeBaseline } from "../cutover/baseline.js";
import { readLatencyHook } from "../cutover/latency-hook.js";
import type { Hooks } from "../cutover/hook.js";
import type { Vitals } from "../cutover-port.js";
import { Fault, exits } from "../errors.js";
import { keepBaseline } from "./baseline-file.js";
import type { OpenMigration } from "./open.js";
import { openMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import type { Services } from "./services.js";
import type { VerbContext } from "./verb.js";
import { openHooks, timedQueries } from "./watch-settings.js";

export async function baselineVerb(
  context: VerbContext,
  flags: { readonly act: string; readonly dryRun: boolean },
): Promise<VerbResult> {
  if (flags.act !== "capture")
    throw new Fault("usage", `baseline ${JSON.stringify(flags.act)} is nothing that can be done.`, {
      next: "headgate baseline capture",
    });
  const { output, services } = context;
  await using migration = await openMigration(context);
  await using hooks = openHooks(migration.config, migration.folder, services, ({ hook, how, output: said }) =>
    output.say(`hook ${hook}: ${how}${said === "" ? "" : `\n${said}`}`),
  );
  await using source = await migration.sourceVitals();
  const taken = await baselineOf(migration, hooks, source, services);
  const path = flags.dryRun ? null : await keepBaseline(migration.stateDirectory, taken);
  return {
    exit: exits.done,
    nextSteps: [],
    body: { baseline: taken, file: path },
    human: [...linesOf(taken), ...(path === null ? ["Nothing was written."] : [`Kept in ${path}.`])],
  };
}

/** What is usual on the source now. */
export async function baselineOf(
  { config, id }: Pick<OpenMigration, "config" | "id">,
  hooks: Hooks,
  source: Vitals,
  { today, signal }: Pick<Services, "today" | "signal">,
): Promise<Taken> {
  return await takeBaseline({
    hook: latencyHook(hooks, id),
    queries: timedQueries(config).map(({ name, source: sql }) => ({ name, sql })),
    time: (sql, stop) => source.time(sql, stop),
    served: async () => servedBy(await source.traffic()),
    today,
    signal,
  });
}

/** null where the hook is not set. */
export function latencyHook(
  hooks: Hooks,
  migration: string,
): ((signal: AbortSignal) => Promise<ReturnType<typeof readLatencyHook>>) | null {
  if (!hooks.has("latency")) return null;
  return async (signal) => readLatencyHook((await hooks.run("latency", { migration }, signal))?.stdout ?? "");
}

/** Transactions as requests; one that was rolled back has failed, or was meant to, which the usual share takes off. */
export function servedBy(
  counts: { readonly committed: bigint; readonly rolledBack: bigint } | null,
): { readonly requests: bigint; readonly failed: bigint } | null {
  return counts === null
    ? null
    : { requests: counts.committed + counts.rolledBack, failed: counts.rolledBack };
}

function linesOf({ at, latencies, failures }: Taken): readonly string[] {
  const classes = Object.entries(latencies ?? {});
  return [
    `What is usual on the source, taken ${at}:`,
    ...(classes.length === 0
      ? ["  latencies: nobody gives any (hooks.latency or baseline.queries would); the P95 trigger is off"]
      : classes.map(([name, ms]) => `  P95 of ${name}: ${ms.toFixed(1)} ms`)),
    failures === null
      ? "  failures: nobody counts them; the error rate trigger is off"
      : `  rolled back or failed anyway: ${(failures * 100).toFixed(2)} % of transactions`,
  ];
}
