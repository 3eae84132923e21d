/**
 * A claimed ledger whose every write takes a turn of the governor: a range waits for calm, sleeps and rate, a state, a bound
 * or a statement only for the end of a pause. All that copy and stream write to a target goes through here, so a
 * pause that is said to hold holds whatever they are about to do. Reading is free.
 */
import type { Ledger, RangeLoader } from "../port.js";
import type { Governor } from "./governor.js";
import { pacedWriter } from "./paced-writer.js";
import type { WrittenRows } from "./paced-writer.js";

export interface PacedOptions {
  readonly governor: Pick<Governor, "pacer" | "turn" | "wrote">;
  /** Ranges, and statements, that are on their way at a time; `set` changes it. */
  readonly workers: () => number;
  /** Rows that the stream wrote into one table, told after their commit. */
  readonly onWritten: (rows: WrittenRows) => void;
  /** The engine's: ends whatever waits for a turn. */
  readonly signal: AbortSignal;
}

export function pacedLedger(ledger: Ledger, options: PacedOptions): Ledger {
  const { governor, workers, onWritten } = options;
  const signal = AbortSignal.any([options.signal, ledger.lost]);
  const inTurn = async <T>(act: () => Promise<T>, stop = signal): Promise<T> => {
    const turn = await governor.turn(AbortSignal.any([signal, stop]));
    try {
      return await act();
    } finally {
      turn[Symbol.dispose]();
    }
  };
  /** Slots of the target's host that are held here. */
  let held = 0;
  return {
    epoch: ledger.epoch,
    lost: ledger.lost,
    view: () => ledger.view(),
    setState: (state) => inTurn(() => ledger.setState(state)),
    build: (statement, stop) => inTurn(() => ledger.build(statement, stop), stop),
    unbuild: (statement, stop) => inTurn(() => ledger.unbuild(statement, stop), stop),
    addRanges: (table, ranges) => inTurn(() => ledger.addRanges(table, ranges)),
    hold: (holds) => inTurn(() => ledger.hold(holds)),
    reopen: (tables) => inTurn(() => ledger.reopen(tables)),
    amend: (fingerprint) => inTurn(() => ledger.amend(fingerprint)),
    recordStart: (lane, position, marker, note) =>
      inTurn(() => ledger.recordStart(lane, position, marker, note)),
    recordJoin: (lane, position, marker) => inTurn(() => ledger.recordJoin(lane, position, marker)),
    phase: (phase, facts, ended) => inTurn(() => ledger.phase(phase, facts, ended)),
    quarantine: (event) => inTurn(() => ledger.quarantine(event)),
    settle: (event, how) => inTurn(() => ledger.settle(event, how)),
    slot: async (slots) => {
      if (held >= workers()) return null;
      held += 1;
      let open = true;
      const back = (): void => {
        if (open) held -= 1;
        open = false;
      };
      try {
        const slot = await ledger.slot(slots);
        if (slot === null) {
          back();
          return null;
        }
        return {
          [Symbol.asyncDispose]: async () => {
            back();
            await slot[Symbol.asyncDispose]();
          },
        };
      } catch (error) {
        back();
        throw error;
      }
    },
    loader: async (order) => pacedLoader(await ledger.loader(order), governor, signal),
    lane: async (lane) =>
      pacedWriter(await ledger.lane(lane), {
        pacer: governor.pacer(),
        signal,
        onWritten: (rows) => {
          governor.wrote(rows.inserts + rows.updates + rows.deletes);
          onWritten(rows);
        },
      }),
    [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
  };
}

function pacedLoader(
  loader: RangeLoader,
  governor: PacedOptions["governor"],
  ended: AbortSignal,
): RangeLoader {
  const pacer = governor.pacer();
  return {
    lease: async (tables, signal) => {
      await pacer.pace(signal === undefined ? ended : AbortSignal.any([signal, ended]));
      try {
        const leased = await loader.lease(tables, signal);
        if (leased === null) pacer.rest("idle");
        return leased;
      } catch (error) {
        pacer.rest("idle");
        throw error;
      }
    },
    open: (table, freeze) => loader.open(table, freeze),
    commit: async (result) => {
      await loader.commit(result);
      governor.wrote(result.rows);
      pacer.rest();
    },
    abort: async (cause) => {
      await loader.abort(cause);
      pacer.rest();
    },
    [Symbol.asyncDispose]: async () => {
      pacer[Symbol.dispose]();
      await loader[Symbol.asyncDispose]();
    },
  };
}
