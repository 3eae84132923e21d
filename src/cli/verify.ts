/**
 * `verify`: every range of both sides compared, later only what events touched; --full everything again. A running engine
 * does it and is asked over its socket; with none running the verb becomes the engine for as long as it takes, and a
 * migration that follows the log follows it meanwhile. Exit 2 where rows differ or are not settled.
 */
import { engineWork } from "./engine-work.js";
import { Fault } from "../errors.js";
import type { VerbResult } from "./output.js";
import type { VerbContext } from "./verb.js";
import type { VerifyAsk } from "./verify-ask.js";
import { verifyResult } from "./verify-body.js";
import { progressTeller } from "./verify-progress.js";

export interface VerifyFlags {
  readonly full: boolean;
  readonly table: readonly string[];
  readonly method?: string;
  readonly counts: boolean;
  readonly sample?: string;
  readonly seed?: string;
}

export async function verifyVerb(context: VerbContext, flags: VerifyFlags): Promise<VerbResult> {
  return await engineWork(context, {
    kind: "verify",
    ask: askOf(flags),
    onProgress: progressTeller(context),
    result: verifyResult,
  });
}

function askOf({ full, table, method, counts, sample, seed }: VerifyFlags): VerifyAsk {
  if (method !== undefined && method !== "stream" && method !== "digest")
    throw new Fault("usage", `--method takes stream or digest, not ${JSON.stringify(method)}.`);
  if (counts && sample !== undefined) throw new Fault("usage", "--counts and --sample are two things.");
  if (seed !== undefined && sample === undefined) throw new Fault("usage", "--seed goes with --sample.");
  const part = sample === undefined ? null : sampleOf(sample, seed ?? "0");
  return {
    counts,
    sample: part,
    full,
    tables: table.length === 0 ? null : [...new Set(table)],
    method: method ?? null,
  };
}

/** `1` or `1%`, above 0 and 100 at most. */
function sampleOf(sample: string, seed: string): NonNullable<VerifyAsk["sample"]> {
  const percent = /^\d+(?:\.\d+)?%?$/u.test(sample) ? Number(sample.replace("%", "")) : NaN;
  if (!(percent > 0 && percent <= 100))
    throw new Fault("usage", `--sample takes a part such as 1% or 0.5%, not ${JSON.stringify(sample)}.`);
  if (!/^\d{1,15}$/u.test(seed))
    throw new Fault("usage", `--seed takes a whole number, not ${JSON.stringify(seed)}.`);
  return { percent, seed: Number(seed) };
}
