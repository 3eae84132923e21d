/**
 * A claimed ledger whose writes take a turn of the governor, each for itself: a state, a bound, a statement, a journal entry. A
 * pause that is said to hold holds these too. Ranges and batches are not among them: whoever copies takes a turn for a whole
 * range, and a lane's writer one for a transaction (paced-writer.ts). Reading is free.
 */
import type { Ledger, RangeLoader } from "../port.js";
import type { Governor } from "./governor.js";

export interface PacedOptions {
  readonly governor: Pick<Governor, "turn" | "wrote">;
  /** Ranges, and statements, that are on their way at a time; `set` changes it. */
  readonly workers: () => number;
  /** The engine's: ends whatever waits for a turn. */
  readonly signal: AbortSignal;
}

export function pacedLedger(ledger: Ledger, options: PacedOptions): Ledger {
  const { governor, workers } = options;
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
    dropBuilt: () => ledger.dropBuilt(),
    addRanges: (table, ranges) => inTurn(() => ledger.addRanges(table, ranges)),
    hold: (holds) => inTurn(() => ledger.hold(holds)),
    reopen: (tables) => inTurn(() => ledger.reopen(tables)),
    amend: (plan, amending) => inTurn(() => ledger.amend(plan, amending)),
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
    loader: async (order) => countedLoader(await ledger.loader(order), governor),
    // Their sessions are recorded: a connection that is lost in a pause is opened again after it.
    lane: (lane) => inTurn(() => ledger.lane(lane)),
    mender: (lane) => inTurn(() => ledger.mender(lane)),
    // Their writes are small and follow reads, which take turns of their own.
    verification: () => ledger.verification(),
    // A pause of writes is no time for another pause: the night goes by itself.
    night: () => ledger.night(),
    doors: (roles, clock) => ledger.doors(roles, clock),
    [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
  };
}

/** Whoever copies took a turn for it; here its rows are told. */
function countedLoader(loader: RangeLoader, governor: PacedOptions["governor"]): RangeLoader {
  return {
    lease: (tables) => loader.lease(tables),
    open: (table, freeze) => loader.open(table, freeze),
    commit: async (result) => {
      await loader.commit(result);
      governor.wrote(result.rows);
    },
    abort: (cause) => loader.abort(cause),
    [Symbol.asyncDispose]: () => loader[Symbol.asyncDispose](),
  };
}
