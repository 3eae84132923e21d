/** What every end of `run` tells: the contract's figures, from the ledger's last word. */
import { Fault } from "../errors.js";
import type { Ledger, LedgerView } from "../port.js";
import type { Log } from "../watch/log.js";
import { policyCounts } from "./kept.js";
import type { VerbResult } from "./output.js";
import type { VerbContext } from "./verb.js";

/** How long a run that was told to stop asks the ledger for its last figures. */
const LAST_WORD_MS = 2000;

/** What the ledger says of a run that was told to stop; null when it says nothing in time, as a stop must not hang. */
export async function lastView(
  ledger: Ledger,
  { services }: VerbContext,
  log: Log,
): Promise<LedgerView | null> {
  const answered = new AbortController();
  const inTime = async (): Promise<null> => {
    await services.wait(LAST_WORD_MS, answered.signal).catch((error: unknown) => {
      if (!answered.signal.aborted) throw error;
    });
    return null;
  };
  try {
    return await Promise.race([ledger.view(), inTime()]);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    log.warn({ code: error.code }, `no last figures: ${error.message}`);
    return null;
  } finally {
    answered.abort(new Fault("interrupted", "The ledger has answered."));
  }
}

export function stopped(fault: Fault, view: LedgerView | null, seconds: number): VerbResult {
  return {
    exit: fault.exit,
    nextSteps: [],
    body: { state: "stopped", ...(view === null ? {} : figures(view, seconds)) },
    human: [],
    fault,
  };
}

/** The figures of the contract's final object. */
export function figures(view: LedgerView | null, seconds: number): Record<string, unknown> {
  const all = view === null ? { rows: 0, bytes: 0 } : totals(view);
  return { ...all, seconds: Math.round(seconds * 10) / 10, policies: policyCounts(view) };
}

export function totals(view: LedgerView): { rows: number; bytes: number } {
  return {
    rows: view.tables.reduce((sum, table) => sum + table.rows, 0),
    bytes: view.tables.reduce((sum, table) => sum + table.bytes, 0),
  };
}
