/**
 * Whether the source's log still holds what is applied of it, asked before topics are read. GTIDs tell what was met already:
 * a log that was begun anew (RESET BINARY LOGS AND GTIDS, RESET MASTER) gives the same numbers to other transactions, and
 * those would be passed over as repeats. It is seen as long as the new log is shorter than what is applied: Debezium, which
 * cannot go on in such a log, ends first, and with it the reading.
 */
import { Fault } from "../../src/errors.js";
import type { Position } from "../../src/model.js";
import type { Source } from "../../src/port.js";
import type { PositionBook } from "../../src/stream-port.js";

/** What is logged is executed a moment later, or once a replica has it. */
const looks = 40;
const lookMs = 500;

export interface SameLog {
  readonly source: Pick<Source, "position">;
  readonly book: Pick<PositionBook, "holds">;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Fault position-unknown. */
export async function demandSameLog(
  { source, book, wait, signal }: SameLog,
  from: readonly Position[],
): Promise<void> {
  let now = await source.position();
  const goesOn = (): boolean => from.every((position) => book.holds(now, position));
  for (let look = 1; !goesOn() && look < looks; look += 1) {
    await wait(lookMs, signal);
    now = await source.position();
  }
  if (goesOn()) return;
  throw new Fault(
    "position-unknown",
    "The source's log does not hold what is applied of it: it was begun anew (RESET BINARY LOGS AND GTIDS, RESET MASTER), or another server answers that lacks its end.",
    { facts: { log: JSON.stringify(now), applied: JSON.stringify(from) } },
  );
}
