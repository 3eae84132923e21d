/** What the way back stands before, and what was left out of it, as `status` shows them: the source has them on record. */
import type { RefusedRecord } from "../cutover-port.js";
import { Fault, skipping } from "../errors.js";
import type { LedgerView } from "../port.js";
import type { OpenMigration } from "./open.js";
import type { NextStep } from "./output.js";
import { isSwitched } from "./status-night.js";
import type { VerbContext } from "./verb.js";
import { wayBackLedger } from "./way-back-ledger.js";

/** `unread`: why the source could not be asked. */
export interface WayBackRefusals {
  readonly records: readonly RefusedRecord[];
  readonly unread: string | null;
}

export const noRefusals: WayBackRefusals = { records: [], unread: null };

/** Of the cutover that soaks. The source may be down, and the rest of the status is told all the same. */
export async function wayBackRefusals(
  context: VerbContext,
  migration: OpenMigration,
  view: LedgerView,
): Promise<WayBackRefusals> {
  if (!isSwitched(view)) return noRefusals;
  const ledger = await wayBackLedger(context, migration);
  if (ledger === null) return noRefusals;
  try {
    const records = await ledger.quarantined(migration.id);
    const cutover = view.night?.cutover ?? null;
    return { records: records.filter((each) => each.cutover === cutover), unread: null };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { records: [], unread: error.message };
  }
}

export function refusalsBody({ records }: WayBackRefusals): readonly Readonly<Record<string, unknown>>[] {
  return records.map(({ event, table, operation, about: rows, reason, sentence, state, ...times }) => {
    const { keptAt, who, why, settledAt } = times;
    return {
      ...{ direction: "back", event, lane: "reverse", table, operation, rows, reason, sentence, state },
      ...{ keptAt, who, why, settledAt },
    };
  });
}

export function refusalLines({ records, unread }: WayBackRefusals): readonly string[] {
  return [
    ...(unread === null ? [] : [`back     what waits on the way back is not known: ${unread}`]),
    ...records.flatMap(({ event, table, about, sentence, state, who, why }) =>
      state === "kept"
        ? [`waits    on the way back, ${event}: ${table} ${about}: ${sentence}`]
        : state === "skipped"
          ? [`left out of the way back, ${event}: ${table} ${about}, by ${who ?? "?"}: ${why ?? "?"}`]
          : [],
    ),
  ];
}

/** Whether a person has to decide before anything else. */
export function waitsOnWayBack({ records }: WayBackRefusals): RefusedRecord | undefined {
  return records.find(({ state }) => state === "kept");
}

export function wayBackDecision({ event, table, about, reason }: RefusedRecord): NextStep {
  return reason === "schema-changed"
    ? {
        why: `the way back stands before a row of ${table}, which is not as it was planned any more: change it back on the target, then leave it out, and a rollback compares it whole`,
        command: skipping(event),
      }
    : {
        why: `the way back stands before a change of ${table} ${about} that the source does not hold; where that was mended, headgate resume tries it again, or leave it out`,
        command: skipping(event),
      };
}
