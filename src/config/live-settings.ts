/**
 * What `headgate set KEY=VALUE` may change while an engine runs. The keys are the config's own and a value is held to
 * the same rule as in the file; only until the engine ends, because the file stays the truth of the next run.
 */
import type { z } from "zod";
import { Fault } from "../errors.js";
import { list, milliseconds } from "./leaf.js";
import type { Config } from "./schema.js";
import { applySchema, snapshotSchema, workersPerHost } from "./schema.js";
import { throttleSchema } from "./later-keys.js";

/** Where the engine looks each time that it needs one; null is no limit. */
export interface LiveSettings {
  readonly workers: number;
  readonly batchRows: number;
  /** Slept after each range and batch, whatever it took. */
  readonly sleepMs: number;
  /** Slept after each range and batch, as a share of what it took. */
  readonly sleepRatio: number;
  readonly maxRowsPerSecond: number | null;
  readonly maxReplicaLagSeconds: number | null;
  readonly maxLatencyIncrease: number | null;
  readonly maxDiskUsed: number | null;
  readonly maxThreadsRunning: number | null;
}

/** The settings that a config begins with. */
export function liveSettings(config: Pick<Config, "snapshot" | "apply" | "throttle">): LiveSettings {
  const { snapshot, apply, throttle } = config;
  return {
    workers: snapshot.workers,
    batchRows: apply.batchRows,
    sleepMs: sleepMs(throttle.sleep),
    sleepRatio: throttle.sleepRatio,
    maxRowsPerSecond: throttle.maxRowsPerSecond ?? null,
    maxReplicaLagSeconds: throttle.maxReplicaLagSeconds,
    maxLatencyIncrease: throttle.maxLatencyIncrease ?? null,
    maxDiskUsed: throttle.maxDiskUsed,
    maxThreadsRunning: throttle.maxThreadsRunning ?? null,
  };
}

interface LiveKey {
  readonly name: keyof LiveSettings;
  readonly schema: z.ZodType;
}

const keys: ReadonlyMap<string, LiveKey> = new Map<string, LiveKey>([
  ["snapshot.workers", { name: "workers", schema: snapshotSchema.shape.workers }],
  ["apply.batchRows", { name: "batchRows", schema: applySchema.shape.batchRows }],
  ["throttle.sleep", { name: "sleepMs", schema: throttleSchema.shape.sleep }],
  ["throttle.sleepRatio", { name: "sleepRatio", schema: throttleSchema.shape.sleepRatio }],
  ["throttle.maxRowsPerSecond", { name: "maxRowsPerSecond", schema: throttleSchema.shape.maxRowsPerSecond }],
  [
    "throttle.maxReplicaLagSeconds",
    { name: "maxReplicaLagSeconds", schema: throttleSchema.shape.maxReplicaLagSeconds },
  ],
  [
    "throttle.maxLatencyIncrease",
    { name: "maxLatencyIncrease", schema: throttleSchema.shape.maxLatencyIncrease },
  ],
  [
    "throttle.maxThreadsRunning",
    { name: "maxThreadsRunning", schema: throttleSchema.shape.maxThreadsRunning },
  ],
  ["throttle.maxDiskUsed", { name: "maxDiskUsed", schema: throttleSchema.shape.maxDiskUsed }],
]);

/** The keys that `set` takes, dotted. */
export const liveKeys: readonly string[] = [...keys.keys()];

/** One change, as `set` and the socket take it. */
export interface LiveChange {
  readonly key: string;
  readonly name: keyof LiveSettings;
  /** null lifts a limit that the config could leave out. */
  readonly value: number | null;
}

/** Reads KEY=VALUE. Fault usage that says what is allowed, in the words of the config. */
export function readChange(text: string, config: Pick<Config, "overrides">): LiveChange {
  const at = text.indexOf("=");
  if (at < 1) throw refuse(`${JSON.stringify(text)} is no KEY=VALUE.`);
  const [key, given] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  const known = keys.get(key);
  if (known === undefined) throw refuse(`${JSON.stringify(key)} cannot be changed while an engine runs.`);
  if (given === "none" && known.schema.safeParse(undefined).data === undefined)
    return { key, name: known.name, value: null };
  // As in the file: digits are a number, everything else is text.
  const value = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/u.test(given) ? Number(given) : given;
  const texts = known.name === "sleepMs";
  const result = known.schema.safeParse(texts ? given : value);
  if (!result.success || given === "")
    throw refuse(
      `${key} is ${JSON.stringify(given)}. Allowed: ${result.error?.issues[0]?.message ?? "another value"}.`,
    );
  const number = texts ? sleepMs(given) : Number(value);
  if (known.name === "workers" && number > workersPerHost(config))
    throw refuse(
      `${key} is ${given}, more than the ${String(workersPerHost(config))} that one host bears without the override workers-per-host.`,
    );
  return { key, name: known.name, value: number };
}

/** `settings` with the change in it. */
export function changed(settings: LiveSettings, change: LiveChange): LiveSettings {
  return { ...settings, [change.name]: change.value };
}

function refuse(sentence: string): Fault {
  return new Fault("usage", `${sentence} Keys: ${list(liveKeys, "and")}.`, { next: "headgate set --help" });
}

/** 0, or a duration, as the schema lets it through. */
function sleepMs(text: string): number {
  return milliseconds(text) ?? 0;
}
