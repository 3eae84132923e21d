/**
 * How the values are looked at, from config and flags: workers and slots, the throttle where it has something to
 * measure, a sample for tables that are too large for a first look.
 */
import { Fault } from "../errors.js";
import type { Sample } from "../port.js";
import type { ThrottleLimits } from "../safety/throttle.js";
import type { LookOptions } from "../snapshot/look.js";
import type { OpenMigration } from "./open.js";
import type { VerbContext } from "./verb.js";

export interface LookFlags {
  readonly sample?: string;
  readonly showValues?: boolean;
}

export function lookOf(
  migration: OpenMigration,
  { services, output }: VerbContext,
  flags: LookFlags = {},
): LookOptions {
  return {
    workers: migration.workers,
    slots: migration.slots,
    sample: flags.sample === undefined ? null : sampleOf(flags.sample),
    showValues: flags.showValues ?? false,
    throttle: limitsOf(migration),
    wait: services.wait,
    onWait: (sentence) => services.streams.stderr(`${output.scrub(sentence)}\n`),
  };
}

/** Without a replica and a limit of statements there is nothing to wait for. */
function limitsOf({ config }: OpenMigration): ThrottleLimits | null {
  const { maxReplicaLagSeconds, maxThreadsRunning } = config.throttle;
  const replica = config.source.replica !== undefined;
  if (!replica && maxThreadsRunning === undefined) return null;
  return {
    maxReplicaLagSeconds: replica ? maxReplicaLagSeconds : null,
    maxThreadsRunning: maxThreadsRunning ?? null,
  };
}

/** Up to 100 it is a share of each table in percent (5 or 5%), past it a number of rows. */
export function sampleOf(text: string): Sample {
  const [, digits, sign] = /^(\d{1,12}(?:\.\d{1,3})?)(%?)$/u.exec(text) ?? [];
  const number = Number(digits);
  if (number > 0 && number <= 100) return { percent: number };
  if (number > 100 && sign === "" && Number.isInteger(number)) return { rows: number };
  throw new Fault(
    "usage",
    `--sample takes a share of each table, such as 5%, or a number of rows past 100, not ${JSON.stringify(text)}.`,
  );
}
