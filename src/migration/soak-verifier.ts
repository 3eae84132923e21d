/**
 * The verification of the soak: the application writes the target, the way back brings it to the source, and both are
 * compared all the while, what was touched often and everything slowly. What it accuses is divergence: it fires the
 * trigger, is told by status and report, and stands in the way of `complete`. A failure of its own accuses nobody.
 */
import { Fault } from "../errors.js";
import type { Source, Target } from "../port.js";
import { throwIfStopped } from "../stop.js";
import type { Position } from "../model.js";
import type { LaneStatus } from "../stream-port.js";
import type { ReverseLedger, WayBack } from "../cutover-port.js";
import { wayBackLane } from "../stream/way-back.js";
import { keptLedger } from "../verify/kept-ledger.js";
import type { KeptText } from "../verify/kept-ledger.js";
import { verify } from "../verify/verification.js";
import type { VerificationTools, VerifyOutcome } from "../verify/verification.js";
import { shownBy, wayBackTools } from "../verify/way-back.js";
import type { LaneCheckpoint } from "../stream-port.js";
import { followingOf } from "./following.js";
import { unexplained } from "./left-out.js";
import type { Explains } from "./left-out.js";

export interface SoakParts {
  /** As the verifier of the way forward has them. */
  readonly tools: VerificationTools;
  readonly target: Pick<Target, "ask">;
  readonly wayBack: Pick<WayBack, "mark" | "position">;
  readonly reverse: Pick<ReverseLedger, "checkpoint" | "touched">;
  /** The reverse stream's lanes, why they stand, and what its positions mean. */
  readonly lanes: () => readonly LaneStatus[];
  readonly standing: () => readonly Fault[];
  readonly holds: (later: Position, earlier: Position) => boolean;
  readonly cutover: string;
  /** The checkpoint of the way back at the switch; the journal has it. */
  readonly from: LaneCheckpoint;
  readonly text: KeptText;
  readonly clock: () => string;
}

/** What both the soak and the rollback compare with: the ledger of the way forward turned round. */
export async function wayBackVerification(parts: SoakParts): Promise<VerificationTools> {
  const { tools, target, wayBack, reverse, lanes, standing, holds, from, cutover, text, clock } = parts;
  const { migration } = tools.plan;
  const source: Pick<Source, "mark" | "position" | "preparedTransactions"> = {
    mark: (_lane, note) => wayBack.mark(note),
    position: () => wayBack.position(),
    // Prepared transactions of the target are not visible, and are not logged as committed.
    preparedTransactions: () => Promise.resolve([]),
  };
  const following = followingOf({ source, lanes, standing, holds, wait: tools.wait });
  const ledger = await keptLedger({
    ...{ cutover, from, text, clock },
    tables: await tools.ledger.tables(),
    touched: (table, after, upTo, onBatch, signal) => reverse.touched(table, after, upTo, onBatch, signal),
  });
  return wayBackTools(tools, {
    ledger,
    from,
    checkpoint: async () => (await reverse.checkpoint(migration)) ?? from,
    shown: shownBy({ target, wait: tools.wait }),
    caughtUp: (_lane, signal) => following.caughtUp(wayBackLane, signal),
  });
}

export interface SoakStatus {
  readonly running: boolean;
  readonly last: VerifyOutcome | null;
  /** Rows that are accused, a table each. */
  readonly diverged: readonly { readonly table: string; readonly rows: string }[];
  /** Everything was compared since the switch, beside what was touched. */
  readonly wholes: number;
  readonly failure: Fault | null;
}

export interface SoakOptions {
  readonly tools: VerificationTools;
  readonly touchedEveryMs?: number;
  readonly wholeEveryMs?: number;
  /** Rows that differ by somebody's word, and tables of which nothing comes back any more. */
  readonly leftOut?: { readonly explains: Explains; readonly closed: () => ReadonlySet<string> };
  readonly onVerified: (outcome: VerifyOutcome) => void;
  readonly onFailure: (fault: Fault) => void;
}

const touchedEveryMs = 5_000;
const wholeEveryMs = 600_000;
const pendingEveryMs = 1_000;

export class SoakVerifier {
  readonly #options: SoakOptions;
  #running = false;
  #last: VerifyOutcome | null = null;
  #failure: Fault | null = null;
  #wholes = 0;

  constructor(options: SoakOptions) {
    this.#options = options;
  }

  get status(): SoakStatus {
    return {
      running: this.#running,
      last: this.#last,
      diverged: (this.#last?.tables ?? []).flatMap(({ table, differences }) =>
        differences === 0n ? [] : [{ table: table.source, rows: String(differences) }],
      ),
      wholes: this.#wholes,
      failure: this.#failure,
    };
  }

  /** Throws while rows are accused, or were before this life and were not looked at again. Fault cutover-refused. */
  async demandClean(): Promise<void> {
    const { tools, leftOut } = this.#options;
    const counts = await tools.ledger.mismatchCounts();
    const rows = new Map<string, number>();
    for (const { table } of counts.filter(({ state }) => state === "different"))
      for (const { key } of await tools.ledger.mismatches(
        table,
        ["different"],
        null,
        Number.MAX_SAFE_INTEGER,
      ))
        if (leftOut?.explains(table, key) !== true) rows.set(table, (rows.get(table) ?? 0) + 1);
    if (rows.size === 0) return;
    const named = [...rows].map(([table, many]) => `${String(many)} row(s) of ${table}`).join(", ");
    throw new Fault("cutover-refused", `The soak cannot end: ${named} differ.`, {
      next: "headgate rollback",
    });
  }

  /** One round, for whoever waits for it. */
  async round(full: boolean, signal: AbortSignal): Promise<VerifyOutcome> {
    this.#running = true;
    try {
      const { tools, onVerified, leftOut } = this.#options;
      const closed = leftOut?.closed() ?? new Set<string>();
      const open = tools.plan.tables.map(({ source }) => source).filter((name) => !closed.has(name));
      const tables = closed.size === 0 ? null : open;
      const request = { method: "stream", full: full ? "round" : false, tables } as const;
      const found = await verify(tools, request, signal);
      const outcome =
        leftOut === undefined ? found : await unexplained(found, tools.ledger, leftOut.explains);
      this.#last = outcome;
      this.#failure = null;
      if (full) this.#wholes += 1;
      onVerified(outcome);
      return outcome;
    } finally {
      this.#running = false;
    }
  }

  /** Goes on until the signal ends it. */
  async run(signal: AbortSignal): Promise<never> {
    const { tools, onFailure } = this.#options;
    let whole = tools.now();
    for (;;) {
      throwIfStopped(signal);
      const full = tools.now() - whole >= (this.#options.wholeEveryMs ?? wholeEveryMs);
      try {
        await this.round(full, signal);
        if (full) whole = tools.now();
      } catch (error) {
        throwIfStopped(signal);
        const failure =
          error instanceof Fault
            ? error
            : new Fault("bug", "The verification of the way back failed in a way nobody foresaw.", {
                cause: error,
              });
        // A way back that stands before a change says so at each round.
        const known = this.#failure?.message === failure.message;
        this.#failure = failure;
        if (!known) onFailure(failure);
      }
      const waits = this.#last !== null && this.#last.pending > 0n;
      await tools.wait(waits ? pendingEveryMs : (this.#options.touchedEveryMs ?? touchedEveryMs), signal);
    }
  }
}
