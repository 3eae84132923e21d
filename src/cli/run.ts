/**
 * `run`: the checks, then an engine. Without --until it copies, applies the source's log and stays level until it is
 * stopped; `--until ready` ends when a cutover could start, `--until copied` is the offline copy. Killed anywhere, the same
 * command goes on. Production wants the target database's name before anything is written.
 */
import { confirmTarget } from "../config/confirm.js";
import { milliseconds } from "../config/leaf.js";
import { Fault, exits } from "../errors.js";
import type { Inspection } from "../migration.js";
import { demandFresh, inspect, viewsToLookAt } from "../migration.js";
import { forRecopy, forStream } from "../migration/stream-findings.js";
import { logsCascades } from "../migration/cascades.js";
import { copiesAgain, tiedSets } from "../migration/tied.js";
import type { LedgerView } from "../port.js";
import { readListen } from "../serve/access.js";
import type { Address } from "../serve/access.js";
import { count } from "../watch/screen.js";
import { asBegun, begunWith, isFollowed } from "./as-begun.js";
import { figures } from "./figures.js";
import { demandNotAbandoned } from "./given-up.js";
import { errorsOf, findingLines, findingSummary, nextOf } from "./findings.js";
import { readHolds } from "./hold.js";
import { lookOf } from "./look.js";
import { alreadyCopied, runOffline } from "./offline.js";
import { openMigration } from "./open.js";
import type { OpenMigration } from "./open.js";
import { shapeMeanwhile, takeShape, withTied } from "./shape.js";
import type { VerbResult } from "./output.js";
import { reopenFirst } from "./reopen.js";
import { settleFirst } from "./settle-at-source.js";
import { stepTeller } from "./step-teller.js";
import {
  demandSameServers,
  readRecordedPlan,
  serversOf,
  settlePlan,
  wholePlan,
  writePlan,
} from "./plan-file.js";
import type { VerbContext } from "./verb.js";

export interface RunFlags {
  readonly until?: string;
  readonly timeout?: string;
  readonly listen?: string;
  readonly hold: readonly string[];
  readonly takeOver?: boolean;
  readonly confirm?: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

export async function runVerb(context: VerbContext, flags: RunFlags): Promise<VerbResult> {
  const goal = goalOf(flags);
  const listen = flags.listen === undefined ? null : readListen(flags.listen);
  await using migration = await openMigration(context);
  if (!flags.dryRun)
    await confirmTarget({
      environment: migration.config.environment,
      database: migration.targetDatabase,
      confirm: flags.confirm,
      terminal: context.services.terminal,
      ask: context.services.ask,
    });
  // A cutover that was left under way is ended first, the target dead too.
  if (!flags.dryRun) {
    await settleFirst(context, migration, stepTeller(context));
    await reopenFirst(context, migration);
  }
  for (let last = ""; ;) {
    try {
      return await runOnce(context, flags, { migration, goal, listen });
    } catch (error) {
      // DDL while the copy ran: what is now is a plan of its own, which the next one begins with.
      const now = error instanceof Fault && error.code === "plan-stale" ? error.facts["now"] : undefined;
      if (goal.until === "copied" || flags.dryRun || typeof now !== "string" || now === last) throw error;
      last = now;
    }
  }
}

interface Begun {
  readonly migration: OpenMigration;
  readonly goal: Goal;
  readonly listen: Address | null;
}

async function runOnce(context: VerbContext, flags: RunFlags, begun: Begun): Promise<VerbResult> {
  const { migration, goal, listen } = begun;
  const { source, target } = await migration.both();
  const before = await target.view(migration.id);
  await demandNotAbandoned(migration, before);
  // Values were read before the first range; a resumed copy must not read them all again.
  // A sample is never taken for proof: every row of every table is looked at.
  const values = before === null || before.state === "new" ? lookOf(migration, context) : null;
  const replica = values === null ? undefined : await migration.replica();
  const inspected = await inspect(source, target, {
    request: migration.request,
    values,
    begun: begunWith(before),
    ...(replica === undefined ? {} : { replica }),
    signal: context.services.signal,
  });
  const recorded = await readRecordedPlan(migration.stateDirectory, before?.fingerprint);
  const shape = goal.until === "copied" ? null : shapeMeanwhile(inspected.plan, before, recorded);
  const again =
    shape !== null || (before !== null && copiesAgain(before, (recorded ?? inspected.plan).tables));
  const judged = again ? forRecopy(inspected) : forStream(inspected);
  const found = goal.until === "copied" ? inspected : asBegun(judged, before, recorded);
  if (shape === null)
    demandFresh(found.plan, before?.fingerprint ?? null, "the target's ledger", { then: recorded });
  // A source that took over from another one proves itself at the claim, where the stream goes on from.
  demandSameServers(
    recorded?.servers ?? null,
    serversOf(found),
    goal.until === "copied" || !isFollowed(before),
  );
  if (shape === null)
    demandFresh(found.plan, recorded?.fingerprint ?? null, `${migration.stateDirectory}/plan.json`, {
      next: "headgate plan",
      then: recorded,
    });
  const holds = readHolds(flags.hold, found.plan.tables);
  const errors = errorsOf(found.findings);
  if (errors.length > 0) return refused(found, before);
  if (flags.dryRun) return dryRun(found, before);
  if (flags.takeOver === true) await target.endHolder(migration.id);
  if (goal.until === "copied" && before !== null && before.holder === null) {
    if (isFollowed(before) || before.state === "completed") return alreadyCopied(migration.id, before);
    // Views that differed are looked at again: somebody may have mended them meanwhile.
    if (before.state === "copied" && viewsToLookAt(before).length === 0)
      return alreadyCopied(migration.id, before);
  }
  if (shape !== null && recorded !== null) {
    const cascades = !logsCascades(found.source);
    const altered = [...shape.rebuild, ...shape.added];
    const reopen = cascades ? withTied(altered, tiedSets(found.plan.tables)) : altered;
    await takeShape(migration, found, { recorded, rebuild: shape.rebuild, reopen });
  } else if (before !== null) await settlePlan(migration.stateDirectory, before.fingerprint);
  if (found.plan.fingerprint !== recorded?.fingerprint || recorded.servers?.source !== found.source.identity)
    await writePlan(migration.stateDirectory, wholePlan(found, migration), serversOf(found));
  if (goal.until === "copied") return await runOffline(context, migration, found, { holds, listen });
  // Half of the program, which an offline copy has no use for.
  const { runLive } = await import("./live.js");
  return await runLive(context, migration, found, { ...goal, until: goal.until, holds, listen });
}

interface Goal {
  readonly until: "copied" | "ready" | "stopped";
  /** How long `ready` is waited for; null is for as long as it takes. */
  readonly timeoutMs: number | null;
}

function goalOf({ until, timeout }: RunFlags): Goal {
  if (until !== undefined && until !== "copied" && until !== "ready")
    throw new Fault("usage", `--until takes copied or ready, not ${JSON.stringify(until)}.`);
  if (timeout === undefined) return { until: until ?? "stopped", timeoutMs: null };
  if (until !== "ready") throw new Fault("usage", "--timeout goes with --until ready.");
  const limit = milliseconds(timeout);
  if (limit === null)
    throw new Fault(
      "usage",
      `--timeout takes a time such as 90s, 10m or 2h, not ${JSON.stringify(timeout)}.`,
    );
  return { until, timeoutMs: limit };
}

function refused(found: Inspection, before: LedgerView | null): VerbResult {
  const errors = errorsOf(found.findings);
  const next = nextOf(found.findings);
  return {
    exit: exits.checkFailed,
    nextSteps: next === null ? [] : [next],
    body: { state: "stopped", ...figures(before, 0), findings: found.findings },
    human: [...findingLines(errors, false), findingSummary(found.findings), "Nothing was written."],
  };
}

function dryRun(found: Inspection, before: LedgerView | null): VerbResult {
  const rows = found.plan.tables.reduce((sum, table) => sum + table.estimatedRows, 0);
  return {
    exit: exits.done,
    nextSteps: [{ why: "the checks pass", command: "headgate run --until copied" }],
    body: {
      state: "stopped",
      dryRun: true,
      ...figures(before, 0),
      findings: found.findings,
      before: found.plan.before.length,
      after: found.plan.after.length,
    },
    human: [
      `Would run ${String(found.plan.before.length)} statements, copy ${String(found.plan.tables.length)} tables (about ${count(rows)} rows), then run ${String(found.plan.after.length)} statements. Nothing was written.`,
      findingSummary(found.findings),
    ],
  };
}
