/** What a copy is given, the same for every verb that copies: settings, the governor's turns, the clock, who is told. */
import type { Inspection, CopyOptions } from "../migration.js";
import { planOf } from "../migration.js";
import type { Ledger, Target } from "../port.js";
import type { SnapshotEvent } from "../snapshot/event.js";
import type { Log } from "../watch/log.js";
import type { OpenMigration } from "./open.js";
import type { Steering } from "./steering.js";
import type { Ticker } from "./ticker.js";
import type { VerbContext } from "./verb.js";

export interface Copying {
  readonly context: VerbContext;
  readonly migration: OpenMigration;
  readonly found: Inspection;
  readonly steering: Steering;
  readonly target: Target;
  readonly ledger: Ledger;
  readonly ticker: Ticker;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export function copyOptions(copying: Copying): CopyOptions {
  const { context, migration, found, steering, target, ledger, ticker, log, signal } = copying;
  const { services } = context;
  const { source } = steering;
  return {
    source,
    target,
    ledger,
    plan: found.plan,
    engine: found.catalogue.engine,
    workers: migration.workers,
    slots: migration.slots,
    rangeRows: migration.config.snapshot.rangeRows,
    order: migration.config.snapshot.order,
    workersNow: () => steering.settings.workers,
    pacer: () => steering.pacer(),
    replan: async () =>
      planOf(
        await source.catalogue(signal),
        migration.request,
        found.plan.tables.map((table) => table.source),
      ),
    signal,
    wait: services.wait,
    moment: services.moment,
    onState: (state) => {
      log.info({ state }, "state");
      ticker.state(state);
    },
    onEvent: (event) => {
      tell(log, event);
      ticker.event(event);
    },
    onGenerated: (verdict) => {
      log.info(verdict, "generated column");
    },
    onView: (verdict) => {
      log.info(verdict, "view");
    },
  };
}

/** What is worth a line in the log; rows on their way and single statements are not. */
function tell(log: Log, event: SnapshotEvent): void {
  if (event.kind === "retry")
    log.warn(
      { code: event.fault.code, attempt: event.attempt },
      `${event.what} again: ${event.fault.message}`,
    );
  else if (event.kind === "started" || event.kind === "joined" || event.kind === "no-slot")
    log.info(event, event.kind);
  else if (event.kind !== "sent" && event.kind !== "leased" && event.kind !== "done")
    log.debug(event, event.kind);
}
