/** What an engine of ours does for whoever asks, over its socket or as the verb that became it. */
import { Fault } from "../errors.js";
import type { Inspection } from "../migration.js";
import type { Verifier } from "../migration/verifier.js";
import type { Ledger, Source } from "../port.js";
import type { JobAct, Works } from "../serve/jobs.js";
import { eitherOf, throwIfStopped } from "../stop.js";
import type { Following } from "../verify/tools.js";
import type { CutoverWork } from "./cutover-job.js";
import type { OpenMigration } from "./open.js";
import { repairJob } from "./repair-job.js";
import type { Services } from "./services.js";
import { verifyJob } from "./verify-job.js";
import type { VerifyWatch } from "./verify-watch.js";

export interface WorkParts {
  readonly services: Services;
  readonly migration: OpenMigration;
  readonly found: Inspection;
  /** The source itself, whose own rows are repaired from. */
  readonly primary: Source;
  readonly ledger: Ledger;
  readonly verifier: Verifier;
  readonly watch: VerifyWatch;
  /** null where there is no night to come: an offline copy. */
  readonly night?: Pick<CutoverWork, "cutover" | "rollback">;
  /** null where nobody follows the source's log. */
  readonly following: Following | null;
  /** The engine's life. */
  readonly signal: AbortSignal;
}

export function worksOf(parts: WorkParts): Works {
  const { services, migration, found, primary, ledger, verifier, watch, following, night, signal } = parts;
  const ending = (act: JobAct): JobAct => endsWith(act, signal);
  return {
    ...(night === undefined ? {} : { cutover: ending(night.cutover), rollback: ending(night.rollback) }),
    verify: ending(
      verifyJob({
        verifier,
        ledger: ledger.verification(),
        engine: found.catalogue.engine,
        method: migration.config.verify.method,
        directory: migration.stateDirectory,
        watch,
        followed: following !== null,
        atReplica: migration.config.source.replica !== undefined,
        now: services.now,
      }),
    ),
    repair: ending(
      repairJob({
        verifier,
        mender: (lane) => ledger.mender(lane),
        primary,
        now: services.now,
      }),
    ),
  };
}

/** No work is left over from a life that has ended: what it was stopped in the middle of fails in its own way, and the life's end is what is told. */
export function endsWith(act: JobAct, life: AbortSignal): JobAct {
  return async (ask, onProgress, signal) => {
    const stop = eitherOf(signal, life);
    throwIfStopped(stop);
    try {
      return await act(ask, onProgress, stop);
    } catch (error) {
      // The life is over because of it.
      if (error instanceof Fault && error.code === "switch-unfinished") throw error;
      throwIfStopped(stop);
      throw error;
    }
  };
}
