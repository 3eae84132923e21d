/**
 * Whether the source's log still holds what is applied of it, asked before topics are read. GTIDs tell what was met already:
 * a log that was begun anew (RESET BINARY LOGS AND GTIDS, RESET MASTER) gives the same numbers to other transactions, and
 * those would be passed over as repeats. It is seen as long as the new log is shorter than what is applied, so it is looked
 * at all the time while topics are read: between two looks no log grows so long.
 */
import { Fault } from "../../src/errors.js";
import type { Position } from "../../src/model.js";
import type { Source } from "../../src/port.js";
import type { PositionBook } from "../../src/stream-port.js";

/** What is logged is executed a moment later, or once a replica has it. */
const looks = 40;
const lookMs = 500;
/** From one look to the next while topics are read. */
const everyMs = 2000;

export interface SameLog {
  readonly source: Pick<Source, "position">;
  readonly book: Pick<PositionBook, "holds">;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Where the source is by now. Fault position-unknown. */
export async function demandSameLog(
  { source, book, wait, signal }: SameLog,
  from: readonly Position[],
): Promise<Position> {
  let now = await source.position();
  const goesOn = (): boolean => from.every((position) => book.holds(now, position));
  for (let look = 1; !goesOn() && look < looks; look += 1) {
    await wait(lookMs, signal);
    now = await source.position();
  }
  if (goesOn()) return now;
  throw new Fault(
    "position-unknown",
    "The source's log does not hold what is applied of it: it was begun anew (RESET BINARY LOGS AND GTIDS, RESET MASTER), or another server answers that lacks its end.",
    { facts: { log: JSON.stringify(now), applied: JSON.stringify(from) } },
  );
}

export interface WatchedLog extends SameLog {
  readonly source: Pick<Source, "position" | "facts">;
}

/** Never resolves. `server` had all of `begin`. Fault position-unknown when it has less of its log than before. A source out of reach is told of by whoever needs it. */
export async function watchLog(log: WatchedLog, server: string, begin: Position): Promise<never> {
  const { wait, signal } = log;
  let known = { server, last: begin };
  for (;;) {
    await wait(everyMs, signal);
    try {
      known = await look(log, known);
    } catch (error) {
      if (!(error instanceof Fault) || !error.retriable) throw error;
    }
  }
}

async function look(
  log: WatchedLog,
  { server, last }: { readonly server: string; readonly last: Position },
): Promise<{ readonly server: string; readonly last: Position }> {
  const { source, book } = log;
  const now = await source.position();
  if (book.holds(now, last)) return { server, last: now };
  const { identity } = await source.facts();
  // One that took over may get the end a moment later.
  if (identity !== server) return { server: identity, last: await demandSameLog(log, [last]) };
  throw new Fault(
    "position-unknown",
    "The source's log has become shorter while it was read: it was begun anew (RESET BINARY LOGS AND GTIDS, RESET MASTER), or the server has lost its end.",
    { facts: { log: JSON.stringify(now), before: JSON.stringify(last) } },
  );
}

/** The fault of a record whose place belies its number: where another server answers than before, its files are simply others. */
export async function unlessTakenOver(
  error: unknown,
  server: string,
  source: Pick<Source, "facts">,
): Promise<unknown> {
  if (!(error instanceof Fault) || error.facts["misplaced"] === undefined) return error;
  const { identity } = await source.facts();
  if (identity === server) return error;
  return new Fault(
    "connection-lost",
    `${identity} has taken over from the source server ${server}, whose log's files are others: the topics are read anew.`,
    { facts: { was: server, is: identity }, cause: error },
  );
}
