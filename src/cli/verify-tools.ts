/** What a verification works with in an engine of ours. */
import type { Inspection } from "../migration.js";
import type { Position } from "../model.js";
import type { Ledger, Source, Target } from "../port.js";
import type { Pacer } from "../safety/turns.js";
import { wayOf } from "../verify/compare.js";
import { digestComparing } from "../verify/digest.js";
import { streamed } from "../verify/streamed.js";
import type { Following } from "../verify/tools.js";
import type { VerificationTools } from "../verify/verification.js";
import type { OpenMigration } from "./open.js";
import type { Services } from "./services.js";
import type { VerifyWatch } from "./verify-watch.js";

export interface VerifyParts {
  readonly services: Services;
  readonly migration: OpenMigration;
  readonly found: Inspection;
  readonly source: Source;
  readonly target: Target;
  readonly ledger: Ledger;
  readonly following: Following | null;
  readonly workers: () => number;
  readonly pacer: () => Pacer;
  readonly watch: VerifyWatch;
}

export function verifyTools(parts: VerifyParts): VerificationTools {
  const { services, migration, found, source, target, ledger, following, workers, pacer, watch } = parts;
  return {
    source,
    atReplica: migration.config.source.replica !== undefined,
    target,
    ledger: ledger.verification(),
    plan: found.plan,
    cuts: cutsOf(ledger),
    engine: found.catalogue.engine,
    comparings: {
      stream: streamed,
      digest: digestComparing({
        stream: streamed,
        ordered: (table) => wayOf(table) === "stream",
        onRefused: watch.refused,
      }),
    },
    following,
    workers,
    slots: migration.slots,
    slot: (host, slots) => (host === "target" ? ledger.slot(slots) : source.reader(slots)),
    rangeRows: migration.config.snapshot.rangeRows,
    pacer,
    now: services.now,
    wait: services.wait,
    moment: services.verifyMoment,
    onEvent: watch.event,
  };
}

/** Asked once: a table is copied again by an engine of its own, never beside a verification. */
function cutsOf(ledger: Ledger): () => Promise<ReadonlyMap<string, Position>> {
  let known: Promise<ReadonlyMap<string, Position>> | null = null;
  const ask = async (): Promise<ReadonlyMap<string, Position>> =>
    new Map((await ledger.view()).tables.flatMap(({ table, cut }) => (cut === null ? [] : [[table, cut]])));
  return async () => {
    const asked = (known ??= ask());
    try {
      return await asked;
    } catch (error) {
      // The next one asks again.
      if (known === asked) known = null;
      throw error;
    }
  };
}
