/**
 * `cutover`: fence, drain, verify, switch. A running engine does it and is asked over its socket; with none running the verb
 * becomes the engine and, once the target is open, goes on in the soak unless it is told to end there. `--dry-run` prints the
 * list that a real run walks; `--rehearse` does everything but fence and switch, timed.
 */
import { confirmTarget } from "../config/confirm.js";
import { Fault, exits } from "../errors.js";
import { z } from "zod";
import type { CutoverAsk } from "./cutover-ask.js";
import { walkedResult } from "./cutover-ask.js";
import type { Body } from "./cutover-ask.js";
import { engineWorkOn } from "./engine-work.js";
import { openMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import { settleFirst } from "./settle-at-source.js";
import { stepTeller } from "./step-teller.js";
import type { VerbContext } from "./verb.js";

export interface CutoverFlags {
  readonly until?: string;
  readonly endTransactions: boolean;
  readonly confirm?: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly rehearse: boolean;
}

/** Whoever becomes the engine has to be level and verified first. */
const patienceMs = 600_000;

export async function cutoverVerb(context: VerbContext, flags: CutoverFlags): Promise<VerbResult> {
  const { until, dryRun, rehearse, endTransactions } = flags;
  if (until !== undefined && until !== "soaking")
    throw new Fault("usage", `--until takes soaking, not ${JSON.stringify(until)}.`);
  if (dryRun && rehearse) throw new Fault("usage", "--dry-run and --rehearse are two things.");
  await using migration = await openMigration(context);
  if (!dryRun && !rehearse)
    await confirmTarget({
      environment: migration.config.environment,
      database: migration.targetDatabase,
      confirm: flags.confirm,
      terminal: context.services.terminal,
      ask: context.services.ask,
    });
  const tell = stepTeller(context);
  const settled = dryRun ? null : await settleFirst(context, migration, tell);
  if (settled !== null) return walkedResult("cutover", migration.id, settled);
  const mode = dryRun ? "dry-run" : rehearse ? "rehearse" : "run";
  const ask: CutoverAsk = { mode, endTransactions, patienceMs };
  return await engineWorkOn(context, migration, {
    kind: "cutover",
    ask,
    onProgress: tell,
    tell,
    result: (id, body) => (mode === "run" ? walkedResult("cutover", id, body) : lookResult(id, mode, body)),
    ...(mode === "run" && until === undefined
      ? {
          staysInSoak: (result) => {
            context.output.result(result);
          },
        }
      : {}),
  });
}

const lookSchema = z.looseObject({
  blocking: z.array(z.string()).default([]),
  findings: z.array(z.looseObject({ severity: z.string(), sentence: z.string() })).default([]),
  steps: z.array(
    z.looseObject({ step: z.string(), does: z.string().optional(), seconds: z.number().optional() }),
  ),
  expectedWritePauseSeconds: z.number(),
});

function lookResult(id: string, mode: "dry-run" | "rehearse", body: Body): VerbResult {
  const { blocking, findings, steps, expectedWritePauseSeconds } = lookSchema.parse(body);
  const errors = findings.filter(({ severity }) => severity === "error");
  const exit = errors.length > 0 ? exits.checkFailed : blocking.length > 0 ? exits.difference : exits.done;
  return {
    exit,
    nextSteps: exit === exits.done ? [{ why: "nothing is in the way", command: "headgate cutover" }] : [],
    body,
    human: [
      ...steps.map(({ step, does, seconds }, at) =>
        seconds === undefined
          ? `${String(at + 1).padStart(2)}. ${step}: ${does ?? ""}`
          : `${String(at + 1).padStart(2)}. ${step}: ${seconds.toFixed(3)} s`,
      ),
      ...findings.map(({ severity, sentence }) => `${severity}: ${sentence}`),
      ...(blocking.length === 0 ? [] : [`In the way of ready: ${blocking.join(", ")}.`]),
      `${id}: writes would be stopped for about ${expectedWritePauseSeconds.toFixed(1)} s. ${mode === "dry-run" ? "Nothing was done." : "Nothing was fenced or switched."}`,
    ],
  };
}
