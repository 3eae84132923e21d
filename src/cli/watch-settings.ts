/** What a config says of triggers, hooks and probe queries, as the cutover's rooms take it. */
import type { Config } from "../config/schema.js";
import { milliseconds } from "../config/leaf.js";
import type { HookEnded } from "../cutover/hook.js";
import { Hooks } from "../cutover/hook.js";
import type { TriggerLimits } from "../cutover/triggers.js";
import type { Services } from "./services.js";

export function triggerLimits({ triggers }: Pick<Config, "triggers">): TriggerLimits {
  const sustained = ({ above, for: time }: { readonly above: number; readonly for: string }) => ({
    above,
    forMs: milliseconds(time) ?? 0,
  });
  return {
    replicationLagSeconds: sustained(triggers.replicationLagSeconds),
    p95Increase: sustained(triggers.p95Increase),
    errorRate: sustained(triggers.errorRate),
    failedBatches: triggers.failedBatches,
    diskUsed: triggers.diskUsed,
  };
}

/** `folder`: of the config file. */
export function openHooks(
  { hooks }: Pick<Config, "hooks">,
  folder: string,
  { env, spawn, now }: Pick<Services, "env" | "spawn" | "now">,
  onEnded: (ended: HookEnded) => void,
): Hooks {
  const { timeout, ...commands } = hooks;
  return new Hooks({
    commands,
    timeoutMs: milliseconds(timeout) ?? 0,
    folder,
    path: env["PATH"] ?? "",
    spawn,
    now,
    onEnded,
  });
}

/** One query of baseline.queries, as each side is asked it. */
export interface TimedQuery {
  readonly name: string;
  readonly source: string;
  readonly target: string;
}

/** Names are the classes of the P95 trigger; one that has none goes by its place, since a query's text may hold anything. */
export function timedQueries({ baseline }: Pick<Config, "baseline">): readonly TimedQuery[] {
  return baseline.queries.map((query, at) => {
    const name = `query ${String(at + 1)}`;
    return typeof query === "string"
      ? { name, source: query, target: query }
      : { name: query.name ?? name, source: query.source, target: query.target };
  });
}
