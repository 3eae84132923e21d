/**
 * What the stream stands before may be passed, by somebody's word, which the ledger keeps. DDL is not: rows of a new shape
 * cannot be applied with the old plan.
 */
import { amending, Fault, recopying } from "../errors.js";
import type { Ledger, LedgerView, QuarantineRecord } from "../port.js";
import { additionReason, isSchemaChange } from "./schema-change.js";

export interface Decision {
  readonly who: string;
  readonly why: string;
}

/** The change of this id that waits. Fault usage where there is none that may be left out. */
export function waitingChange(view: LedgerView | null, event: string): QuarantineRecord {
  const waiting = view?.quarantine.find((known) => known.event === event && known.state === "kept");
  if (waiting === undefined)
    throw new Fault("usage", `Nothing with the id ${event} waits for a decision.`, {
      next: "headgate status",
    });
  if (isSchemaChange(waiting.reason))
    throw new Fault(
      "usage",
      `${event} is DDL (${waiting.sentence}); rows of the new shape cannot be applied with the old plan.`,
      { next: waiting.reason === additionReason ? amending : recopying(waiting.table) },
    );
  return waiting;
}

/** Resolves when it is on record. Fault usage. */
export async function leaveOut(ledger: Ledger, event: string, { who, why }: Decision): Promise<void> {
  waitingChange(await ledger.view(), event);
  if (!(await ledger.settle(event, { state: "skipped", who, why })))
    throw new Fault("usage", `${event} was settled meanwhile.`, { next: "headgate status" });
}
