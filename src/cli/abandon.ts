/**
 * `abandon`: gives up before the switch. A cutover that was left under way is taken back first, so the fence is lowered; then
 * what the migration made on both sides is dropped, each object only where it proves to be this migration's. The target's
 * tables go as well unless --keep-target says otherwise. Killed anywhere, the same command ends it.
 */
import { confirmTarget } from "../config/confirm.js";
import { abandon, demandAbandonable } from "../cutover/ending.js";
import { journalPath, readJournal } from "../cutover/journal.js";
import { journeyOf } from "../cutover/journey.js";
import type { Journey } from "../cutover/journey.js";
import { Fault, exits } from "../errors.js";
import { demandFresh, inspect } from "../migration.js";
import type { Plan } from "../model.js";
import type { Holder, LedgerView } from "../port.js";
import { begunWith } from "./as-begun.js";
import { engineVoice } from "./engine-voice.js";
import { beginAnew } from "./given-up.js";
import { openMigration } from "./open.js";
import type { OpenMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import { demandSameServers, readRecordedPlan, serversOf } from "./plan-file.js";
import { endingsOf, findTraces, leftovers, marksOf, traceBody, traceLines } from "./remains.js";
import { journalBeside } from "./journal-beside.js";
import { journeyAt } from "./journey-at.js";
import { isUndecided, settleFirst } from "./settle-at-source.js";
import { isSwitched } from "./status-night.js";
import { stepTeller } from "./step-teller.js";
import type { VerbContext } from "./verb.js";

export interface AbandonFlags {
  readonly keepTarget: boolean;
  readonly confirm?: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

export async function abandonVerb(context: VerbContext, flags: AbandonFlags): Promise<VerbResult> {
  await using migration = await openMigration(context);
  const target = await migration.target();
  const view = await target.view(migration.id);
  if (view === null)
    throw new Fault("usage", `${migration.id} has not begun, so there is nothing to give up.`, {
      next: "headgate run",
    });
  const before = await journeyAt(migration.stateDirectory);
  demandBefore(before, view);
  const keepsTables = flags.keepTarget || before.keepsTarget;
  const plan = await planOf(context, migration, view);
  if (flags.dryRun) return await dryRun(context, migration, { plan, view, keepsTables });
  if (view.holder !== null) throw running(view.holder);
  await confirm(context, migration, flags, keepsTables);
  // The fence of a cutover that was left under way is lowered first, the target dead too.
  await settleFirst(context, migration, stepTeller(context));
  return await giveUp(context, migration, { plan, view, keepsTables });
}

interface Leaving {
  readonly plan: Plan;
  readonly view: LedgerView;
  readonly keepsTables: boolean;
}

async function giveUp(
  context: VerbContext,
  migration: OpenMigration,
  { plan, keepsTables }: Leaving,
): Promise<VerbResult> {
  const { services } = context;
  const { signal } = services;
  const { log } = await engineVoice(context);
  const target = await migration.target();
  await using ledger = await target.claim(plan);
  await using journal = await journalBeside({
    stateDirectory: migration.stateDirectory,
    today: services.today,
    log,
    elsewhere: await ledger.night().entries(),
  });
  // Nobody moves it from here on: the claim is ours, and the journal is whole.
  const view = await ledger.view();
  demandBefore(journeyOf(journal.entries), view);
  const marks = marksOf(view, journal.entries);
  const found = await findTraces(migration, plan, marks, { tables: keepsTables ? "kept" : "go", signal });
  const clock = { now: services.now, wait: services.wait };
  await using doors = ledger.doors(migration.config.cutover.open.roles, clock);
  const { wayBack } = doors;
  await abandon(journal, migration.id, {
    note: { keepsTarget: keepsTables },
    onAbandoned: () => ledger.setState("abandoned"),
    parts: endingsOf({
      ...{ migration, plan, ledger, wayBack, marks, signal },
      dropsTables: !keepsTables,
    }),
    onStep: (step, phase) => {
      log.info({ step, phase }, `step ${step}: ${phase}`);
    },
  });
  await ledger.night().journal(journal.entries);
  const left = await findTraces(migration, plan, marks, { tables: keepsTables ? "kept" : "go", signal });
  const gone = found.filter(({ stays }) => stays === null);
  const drop = await leftovers(migration, plan, left, null);
  const kept = keepsTables && left.some(({ side, stays }) => side === "target" && stays !== null);
  return {
    exit: exits.done,
    nextSteps: [
      {
        why: kept
          ? "to begin anew: the tables that were kept stand in its way, so drop or rename them, or take another target.schema; and give `migration:` another id"
          : "to begin anew: give `migration:` another id in headgate.yaml",
        command: "headgate run",
      },
    ],
    body: {
      state: "abandoned",
      keepTarget: keepsTables,
      dropped: traceBody(gone),
      left: traceBody(left),
      drop,
    },
    human: [
      `${migration.id}: abandoned. The source serves as before; the ledger stays in the target's schema headgate, as the archive.`,
      ...traceLines(gone, "dropped"),
      ...traceLines(left, "dropped"),
      ...drop.map(({ side, sql }) => `left on the ${side}: ${sql}`),
      `${beginAnew}.`,
    ],
  };
}

async function dryRun(
  { services }: VerbContext,
  migration: OpenMigration,
  { plan, view, keepsTables }: Leaving,
): Promise<VerbResult> {
  const { entries } = await readJournal(journalPath(migration.stateDirectory));
  const found = await findTraces(migration, plan, marksOf(view, entries), {
    tables: keepsTables ? "kept" : "go",
    signal: services.signal,
  });
  return {
    exit: exits.done,
    nextSteps: [
      { why: "to give up", command: `headgate abandon${keepsTables ? " --keep-target" : ""} --yes` },
    ],
    body: {
      state: view.state,
      dryRun: true,
      keepTarget: keepsTables,
      holder: view.holder,
      traces: traceBody(found),
    },
    human: [
      ...traceLines(found, "would be dropped"),
      ...(view.holder === null ? [] : ["An engine runs: it has to be stopped first."]),
      "Nothing was done.",
    ],
  };
}

/** A cutover that is not decided is taken back before; all else is the machine's to say. */
function demandBefore(journey: Journey, view: LedgerView): void {
  if (!isUndecided(journey)) demandAbandonable(journey.state);
  // A journal that was lost says nothing: the ledger knows whether the target is open.
  if (isSwitched(view)) demandAbandonable(view.state === "completed" ? "completed" : "soaking");
}

/** The plan that the migration was begun with, on the servers that it was made on. */
async function planOf(context: VerbContext, migration: OpenMigration, view: LedgerView): Promise<Plan> {
  const { source, target } = await migration.both();
  const recorded = await readRecordedPlan(migration.stateDirectory, view.fingerprint);
  const servers = { source: await source.facts(), target: await target.facts() };
  // Another source proves nothing of ours as its own; tables of another target could have been made by the same plan.
  demandSameServers(recorded?.servers ?? null, serversOf(servers), false);
  if (recorded?.fingerprint === view.fingerprint) return recorded;
  const { plan } = await inspect(source, target, {
    request: migration.request,
    values: null,
    begun: begunWith(view),
    signal: context.services.signal,
  });
  demandFresh(plan, view.fingerprint, "the target's ledger");
  return plan;
}

/** Production wants the name of the target's database, as a cutover does; else a yes, since what was copied goes. */
async function confirm(
  { services }: VerbContext,
  { config, targetDatabase, id }: OpenMigration,
  { confirm: said, yes }: AbandonFlags,
  keepsTables: boolean,
): Promise<void> {
  const { terminal, ask } = services;
  await confirmTarget({
    environment: config.environment,
    database: targetDatabase,
    confirm: said,
    terminal,
    ask,
  });
  if (config.environment === "production" || yes || said !== undefined) return;
  const what = keepsTables
    ? `${id} is given up for good`
    : `${id} is given up for good, and what it has copied to the target is dropped`;
  if (terminal && /^y(?:es)?$/iu.test((await ask(`${what}. Go on? [y/N] `)).trim())) return;
  throw new Fault("confirm-missing", `${what}: nobody has said yes to that. Nothing was done.`, {
    next: "headgate abandon --dry-run shows what would go; headgate abandon --yes",
  });
}

function running({ host, pid, since }: Holder): Fault {
  return new Fault(
    "claimed",
    `The engine on ${host}, pid ${String(pid)}, since ${since}, works on this migration. Nothing was done.`,
    {
      next: `Stop it: Ctrl-C, or kill -TERM ${String(pid)} on ${host}; then headgate abandon. headgate pause makes it write nothing meanwhile`,
      facts: { host, pid, since },
    },
  );
}
