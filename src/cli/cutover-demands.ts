/**
 * What a cutover demands before anything is fenced: that nothing is in the way of ready, that nobody could write through the
 * fence, and that the write pause fits its budget. A dry run tells the same.
 */
import { steps } from "../cutover/steps.js";
import { Fault } from "../errors.js";
import type { Inspection } from "../migration.js";
import { forecastFence } from "../migration/fence-forecast.js";
import { fenceOpen, mostHeldSeconds, secondsOf } from "../migration/fence-open.js";
import type { Verifier } from "../migration/verifier.js";
import type { Finding, Position } from "../model.js";
import type { Ledger, Source, Target } from "../port.js";
import type { Stream } from "../stream/options.js";
import { wayBackFindings } from "../typemap/way-back-findings.js";
import type { Log } from "../watch/log.js";
import { adviceOn } from "./blocking-advice.js";
import type { Crew } from "./crew.js";
import type { Body, CutoverAsk } from "./cutover-ask.js";
import type { OpenMigration } from "./open.js";
import type { Services } from "./services.js";
import type { WayBackStart } from "./way-back-start.js";

export interface CutoverParts {
  readonly services: Services;
  readonly migration: OpenMigration;
  readonly found: Inspection;
  readonly log: Log;
  readonly source: Source;
  /** The source itself: inside the fence its own rows are read, whatever a replica has. */
  readonly primary: Source;
  readonly target: Target;
  readonly ledger: Ledger;
  readonly verifier: Verifier;
  readonly stream: () => Stream;
  readonly holds: (later: Position, earlier: Position) => boolean;
  readonly crew: () => Promise<Crew>;
  /** null where there is none. */
  readonly wayBack: WayBackStart | null;
  readonly blocking: () => readonly string[];
  /** The target is about to open: the ledger is the night's from here on. */
  readonly opening: () => void;
  /** The target is open: this life is over. */
  readonly turned: () => void;
}

const lookMs = 200;

export class CutoverDemands {
  readonly #parts: CutoverParts;

  constructor(parts: CutoverParts) {
    this.#parts = parts;
  }

  /** What a cutover would do, and what speaks against it. */
  async dryRun(crew: Crew, signal: AbortSignal): Promise<Body> {
    const { blocking } = this.#parts;
    const forecast = await this.#forecast(signal);
    return {
      state: blocking().length === 0 ? "ready" : "streaming",
      dryRun: true,
      blocking: blocking(),
      findings: await this.#findings(crew),
      steps: steps.map(({ name, describe }) => ({ step: name, does: describe })),
      expectedWritePauseSeconds: forecast,
      maxWritePauseSeconds: crew.budgetMs / 1000,
    };
  }

  async #findings(crew: Crew): Promise<readonly Finding[]> {
    const { plan, catalogue } = this.#parts.found;
    return [
      ...(this.#parts.wayBack === null ? [] : wayBackFindings(plan, catalogue.engine, catalogue.tables)),
      ...(await crew.source.fence.findings()),
      ...(await crew.source.findings(plan)),
      ...((await crew.target?.fence.findings()) ?? []),
      ...((await crew.target?.findings(plan)) ?? []),
      ...(this.#parts.wayBack === null ? [] : ((await crew.target?.wayBack.findings(plan)) ?? [])),
    ];
  }

  async #forecast(signal: AbortSignal): Promise<number> {
    const { ledger: all, found, migration } = this.#parts;
    const { plan } = found;
    const ledger = all.verification();
    const { seconds } = await forecastFence({ ledger, plan, lagSeconds: this.lag() ?? 0, signal });
    const { held } = await fenceOpen(ledger, plan, migration.config.verify.queries);
    const again = secondsOf(held);
    return seconds + (again <= mostHeldSeconds ? again : 0);
  }

  /** Of the lane that is furthest behind; null where none of them knows. */
  lag(): number | null {
    const lags = this.#parts.stream().lanes.flatMap(({ lagSeconds }) => lagSeconds ?? []);
    return lags.length === 0 ? null : Math.max(0, ...lags);
  }

  /** Nothing is in the way, or not for longer than somebody waits. */
  async ready({ patienceMs }: CutoverAsk, signal: AbortSignal): Promise<void> {
    const { services, blocking, verifier, migration } = this.#parts;
    const until = services.now() + patienceMs;
    for (;;) {
      const codes = blocking();
      if (codes.length === 0) return;
      const [never] = adviceOn(codes);
      if (never !== undefined || services.now() > until)
        throw new Fault(
          "not-ready",
          [`The target is not ready: ${codes.join(", ")}.`, never?.sentence ?? ""].join(" ").trimEnd(),
          {
            facts: { blocking: codes.join(", ") },
            ...(never === undefined ? {} : { next: `${never.todo}, then ${never.command}` }),
          },
        );
      if (codes.includes("not-verified") || codes.includes("pending"))
        await verifier.request(
          { method: migration.config.verify.method, full: false, tables: null },
          () => Promise.resolve(),
          signal,
        );
      await services.wait(lookMs, signal);
    }
  }

  /** Nothing speaks against it that can be asked before anything is fenced. Faults: check-failed, not-ready. */
  async free(crew: Crew, signal: AbortSignal): Promise<void> {
    const { ledger, found } = this.#parts;
    const errors = (await this.#findings(crew)).filter(({ severity }) => severity === "error");
    if (errors.length > 0)
      throw new Fault(
        "check-failed",
        `Nothing was fenced: ${errors
          .slice(0, 5)
          .map(({ sentence }) => sentence)
          .join(" ")}`,
        { next: errors[0]?.fix ?? "headgate cutover --dry-run" },
      );
    await using vitals = await this.#parts.migration.targetVitals();
    const used = await vitals.diskUsed();
    const { diskUsed } = this.#parts.migration.config.triggers;
    if (used !== null && used >= diskUsed)
      throw new Fault(
        "not-ready",
        `The target's disk is ${(used * 100).toFixed(1)} % full, and triggers.diskUsed is ${String(diskUsed)}.`,
        { next: "Make room on the target's disk, then headgate cutover" },
      );
    const unknown = await ledger.night().neverAnalyzed(found.plan);
    if (unknown.length > 0)
      throw new Fault(
        "not-ready",
        `The target's planner knows nothing of ${unknown.slice(0, 5).join(", ")}: it would choose bad plans once applications come.`,
        { next: "ANALYZE these tables on the target, then headgate cutover" },
      );
    const seconds = await this.#forecast(signal);
    if (seconds * 1000 > crew.budgetMs)
      throw new Fault(
        "not-ready",
        `Writes would be stopped for about ${seconds.toFixed(1)} s, and cutover.maxWritePause allows ${String(crew.budgetMs / 1000)} s.`,
        { next: "headgate verify, so that less is left to the fence; or raise cutover.maxWritePause" },
      );
  }
}
