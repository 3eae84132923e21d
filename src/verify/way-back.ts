/**
 * Comparing in the other direction: the application writes the target, the way back brings it to the source. The order is
 * turned round (design.md, decision 10): first the checkpoint of the way back, read at the source, then the target's view,
 * once it shows what that checkpoint holds; then both sides are read. Whoever differs and was touched by no batch after that
 * checkpoint, once the way back has come past everything that the target had committed when it was read, is different: the
 * source's row is what the checkpoint made of it, whenever it was read, and the target's view holds the same.
 */
import type { Plan, PlanTable } from "../model.js";
import type { Target } from "../port.js";
import type { LaneCheckpoint } from "../stream-port.js";
import type { TargetLook, VerifyLedger } from "../verify-port.js";
import type { Following } from "./tools.js";
import type { VerificationTools } from "./verification.js";

export interface WayBackSides {
  /** Where the way back stands, as the source shows it. */
  readonly checkpoint: () => Promise<LaneCheckpoint>;
  /** Where it stood at the switch. */
  readonly from: LaneCheckpoint;
  /** Whether the target shows all that it has logged by now; false where it was not to be waited for. */
  readonly shown: (signal: AbortSignal) => Promise<boolean>;
  readonly ledger: VerifyLedger;
  /** Resolves when everything that the target had committed by now is applied at the source. */
  readonly caughtUp: Following["caughtUp"];
}

/** What a verification works with, turned round: the lanes are all of them the way back. */
export function wayBackTools(given: VerificationTools, sides: WayBackSides): VerificationTools {
  const { source, target, plan, engine, comparings, workers, slots, slot, rangeRows } = given;
  const { now, wait, moment, onEvent, pacer, givesWay } = given;
  const never = new AbortController().signal;
  return {
    // Nothing of how tables were copied, and of where a replica stands: the source itself is asked.
    ...{ plan, engine, comparings, workers, slots, slot, rangeRows, now, wait, moment, onEvent },
    ...(pacer === undefined ? {} : { pacer }),
    ...(givesWay === undefined ? {} : { givesWay }),
    source: {
      split: (table, rows, signal) => source.split(table, rows, signal),
      reader: (slots) => source.reader(slots),
      // The checkpoint was read there: what it holds is in view.
      seen: () => Promise.resolve(),
      exactCut: (tables, slots) => source.exactCut(tables, slots),
    },
    target: { look: (plan, slots) => turnedLook(target, plan, slots, sides, never) },
    ledger: sides.ledger,
    following: { caughtUp: sides.caughtUp },
  };
}

async function turnedLook(
  target: Pick<Target, "look">,
  plan: Plan,
  slots: number,
  { checkpoint, from, shown }: WayBackSides,
  signal: AbortSignal,
): Promise<TargetLook | null> {
  const at = await checkpoint();
  // Logged, and sent on, is not yet seen: a view may be older than what the source has of it already. Where that is not known
  // whatever was touched since the switch may have been touched in between.
  const known = (await shown(signal)) ? at : from;
  const look = await target.look(plan, slots);
  if (look === null) return null;
  const lanes = new Set(plan.tables.map(({ lane }: PlanTable) => lane));
  const { digests } = look;
  return {
    checkpoints: new Map([...lanes].map((lane) => [lane, known])),
    read: (query, sink, stop) => look.read(query, sink, stop),
    count: (table, stop) => look.count(table, stop),
    asPlanned: async (table, stop) => look.asPlanned?.(table, stop),
    ...(digests === undefined ? {} : { digests }),
    [Symbol.asyncDispose]: () => look[Symbol.asyncDispose](),
  };
}

export interface ShownOptions {
  readonly target: Pick<Target, "ask">;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

const looks = 50;
const lookMs = 10;

/**
 * PostgreSQL logs a commit before others see it, and sends it on as soon as it is logged. A view shows all of it once no
 * transaction is left that was under way. One that goes on for long is not waited for.
 */
export function shownBy({ target, wait }: ShownOptions): WayBackSides["shown"] {
  return async (signal) => {
    const ask = async (sql: string): Promise<string> => {
      let answer = "";
      const take = ([cell]: readonly (string | null)[]): void => void (answer = cell ?? "");
      await target.ask(sql, { timeoutMs: 10_000, mostRows: 1 }, take, signal);
      return answer;
    };
    // A number of its own: whatever was logged before has a smaller one, also what has not been shown to anybody yet.
    const next = await ask("SELECT pg_current_xact_id()::text");
    if (!/^\d+$/u.test(next)) return false;
    for (let look = 1; look <= looks; look += 1) {
      const oldest = await ask("SELECT pg_snapshot_xmin(pg_current_snapshot())::text");
      if (/^\d+$/u.test(oldest) && BigInt(oldest) >= BigInt(next)) return true;
      await wait(lookMs, signal);
    }
    return false;
  };
}
