/**
 * Who works through a night in one engine: the fence's account at the source, the target's doors, the probes, the hooks and
 * the journal. Opened when a cutover needs them, closed with the engine's life; without a ledger it is the way back before
 * the decision, which needs the source alone.
 */
import { milliseconds } from "../config/leaf.js";
import { overridden } from "../config/schema.js";
import type { Hooks } from "../cutover/hook.js";
import type { FileJournal } from "../cutover/journal.js";
import { journalPath, openJournal } from "../cutover/journal.js";
import { journeyOf } from "../cutover/journey.js";
import type { Forward, Reverse } from "../cutover/night.js";
import type { StepTold, Walk } from "../cutover/walk.js";
import type { JournalEntry, Probe, SourceNight, TargetNight } from "../cutover-port.js";
import { Fault } from "../errors.js";
import { nightOf } from "../migration/night.js";
import type { Plan } from "../model.js";
import type { Ledger } from "../port.js";
import type { Log } from "../watch/log.js";
import type { OpenMigration } from "./open.js";
import type { VerbContext } from "./verb.js";
import { openHooks } from "./watch-settings.js";

export interface CrewOptions {
  readonly context: VerbContext;
  readonly migration: OpenMigration;
  readonly plan: Plan;
  /** null: nothing of the target is touched. */
  readonly ledger: Ledger | null;
  readonly log: Log;
}

export interface WalkParts {
  readonly cutover: string;
  readonly forward: Forward | null;
  readonly reverse: Reverse | null;
  readonly endTransactions: boolean;
  /** Of the stream that goes forward. */
  readonly lagSeconds?: number | null;
  readonly onOpening: () => void;
  readonly onStep: (told: StepTold) => void;
  readonly stop: AbortSignal;
}

export class Crew implements AsyncDisposable {
  readonly source: SourceNight;
  readonly target: TargetNight | null;
  readonly journal: FileJournal;
  readonly hooks: Hooks;
  readonly #options: CrewOptions;
  readonly #probes: { readonly source: Probe | null; readonly target: Probe | null };

  constructor(
    options: CrewOptions,
    parts: Pick<Crew, "source" | "target" | "journal" | "hooks"> & {
      readonly probes: { readonly source: Probe | null; readonly target: Probe | null };
    },
  ) {
    this.#options = options;
    this.source = parts.source;
    this.target = parts.target;
    this.journal = parts.journal;
    this.hooks = parts.hooks;
    this.#probes = parts.probes;
  }

  get journey(): ReturnType<typeof journeyOf> {
    return journeyOf(this.journal.entries);
  }

  get budgetMs(): number {
    return milliseconds(this.#options.migration.config.cutover.maxWritePause) ?? 0;
  }

  walk({
    cutover,
    forward,
    reverse,
    endTransactions,
    lagSeconds = null,
    onOpening,
    onStep,
    stop,
  }: WalkParts): Walk {
    const { context, migration, plan, ledger, log } = this.#options;
    const { services } = context;
    const cut = async (): Promise<void> => (await migration.target()).cut();
    const target =
      ledger === null || this.target === null ? null : { night: this.target, ledger: ledger.night(), cut };
    const open = nightOf({
      plan,
      source: this.source,
      target,
      roles: migration.config.cutover.open.roles,
      forward,
      reverse,
      hooks: this.hooks,
      endTransactions,
      onOpening,
      facts: {
        migration: migration.id,
        sourceDatabase: plan.database,
        targetDatabase: migration.targetDatabase,
      },
    });
    return {
      night: open(cutover),
      journal: this.journal,
      budgetMs: this.budgetMs,
      lagSeconds,
      probes: this.#probes,
      now: services.now,
      today: services.today,
      wait: services.wait,
      stop,
      onStep: (told) => {
        log.info(told, `step ${told.step}: ${told.phase}`);
        onStep(told);
      },
      onWord: (sentence) => {
        log.warn({}, sentence);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hooks[Symbol.asyncDispose]();
    await this.journal[Symbol.asyncDispose]();
    await this.#probes.source?.[Symbol.asyncDispose]();
    await this.#probes.target?.[Symbol.asyncDispose]();
    await this.target?.[Symbol.asyncDispose]();
    await this.source[Symbol.asyncDispose]();
  }
}

export async function openCrew(options: CrewOptions): Promise<Crew> {
  const { context, migration, plan, ledger, log } = options;
  const { services } = context;
  const { night, config } = migration;
  const { admin, sourceProbe, targetProbe } = night;
  if (admin === null)
    throw new Fault(
      "usage",
      "source.admin is not set: a cutover and its way back need the fence's account.",
      {
        next: "Set source.admin in headgate.yaml; headgate check --grants prints what it has to be allowed.",
      },
    );
  const hooks = openHooks(config, migration.folder, services, ({ hook, ok, how, seconds, output }) => {
    // It is run at each look, and its figures are the triggers' to tell.
    if (hook === "latency" && ok) return;
    log[ok ? "info" : "warn"]({ hook, how, seconds, output: context.output.scrub(output) }, `hook ${hook}`);
  });
  const probes = {
    source:
      sourceProbe === null ? null : await services.sourceProbe(sourceProbe.server, sourceProbe.tls, plan),
    target: targetProbe === null ? null : await services.targetProbe(targetProbe.url, targetProbe.tls, plan),
  };
  const facts = { migration: migration.id };
  const never = new AbortController().signal;
  const { method, accounts } = config.cutover.fence;
  const source = await services.openSourceNight({
    server: admin.server,
    tls: admin.tls,
    migration: migration.id,
    ours: migration.ours,
    trusted: overridden(config, "fence-accounts"),
    method,
    accounts,
    raise: async () => {
      await hooks.run("fence", facts, never);
    },
    lower: async () => {
      await hooks.run("unfence", facts, never);
    },
    probe: probes.source,
  });
  try {
    const elsewhere: readonly JournalEntry[] = ledger === null ? [] : await ledger.night().entries();
    const journal = await openJournal({
      path: journalPath(migration.stateDirectory),
      today: services.today,
      onTorn: (bytes) => {
        log.warn({ bytes }, "the journal's last line was torn and is cut off");
      },
      elsewhere,
    });
    const clock = { now: services.now, wait: services.wait };
    const target = ledger === null ? null : ledger.doors(config.cutover.open.roles, clock);
    return new Crew(options, { source, target, journal, hooks, probes });
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}
