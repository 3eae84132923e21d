/**
 * The target's log as a ChangeFeed. Each reading first proves that the slot has everything from there on: a server hands
 * over what it still has and says nothing of what it left out. Nothing is remembered from one reading to the next but
 * what the ledger has committed, which the server may throw away.
 */
import { Fault } from "../../../src/errors.js";
import type { Plan, Position } from "../../../src/model.js";
import type { ChangeFeed, ChangeSink, FeedOptions } from "../../../src/stream-port.js";
import { throwIfStopped } from "../../../src/stop.js";
import { Session } from "../connection.js";
import type { PostgresOptions } from "../connection.js";
import { logEnd } from "./log-end.js";
import { lsnIn, lsnText } from "./lsn.js";
import { originPrefix } from "./names.js";
import { Reading } from "./reading.js";
import { Relations } from "./relations.js";
import { readSlot, slotGone, slotLost, slotMoved } from "./slot.js";
import { Transactions } from "./transactions.js";

export interface LogicalFeedOptions {
  readonly server: PostgresOptions;
  readonly migration: string;
  readonly name: string;
  readonly plan: Plan;
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

export class LogicalFeed implements ChangeFeed {
  readonly #options: LogicalFeedOptions;
  readonly #closed = new AbortController();
  readonly #readings = new Set<Promise<void>>();
  #confirmed = 0n;

  constructor(options: LogicalFeedOptions) {
    this.#options = options;
  }

  async read(from: readonly Position[], sink: ChangeSink, options: FeedOptions): Promise<void> {
    const signal = AbortSignal.any([options.signal, this.#closed.signal]);
    const reading = this.#read(from, sink, { ...options, signal });
    this.#readings.add(reading);
    try {
      await reading;
    } finally {
      this.#readings.delete(reading);
    }
  }

  holds(later: Position, earlier: Position): boolean {
    if (later.file !== earlier.file) throw otherTimeline(earlier.file, later.file);
    return lsnIn(later) >= lsnIn(earlier);
  }

  /** Age is no reason for this log to go; a limit of its size is, and `slot` tells how near that is. */
  async retention(): Promise<number | null> {
    return null;
  }

  confirm(position: Position): void {
    const lsn = lsnIn(position);
    if (lsn > this.#confirmed) this.#confirmed = lsn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new Fault("interrupted", "The target's log was closed."));
    await Promise.allSettled(this.#readings);
  }

  async #read(from: readonly Position[], sink: ChangeSink, { untilEnd, signal }: FeedOptions): Promise<void> {
    const { server, name, plan, migration } = this.#options;
    throwIfStopped(signal);
    const [first] = from;
    if (first === undefined) throw new Fault("bug", "The target's log is read from nowhere.");
    const lowest = from.reduce((one, other) => (this.holds(other, one) ? one : other));
    await using session = await Session.open(server);
    const { position: now, flushed } = await logEnd(session);
    if (now.file !== lowest.file) throw otherTimeline(lowest.file, now.file);
    const start = lsnIn(lowest);
    if (start > lsnIn(now))
      throw new Fault(
        "position-unknown",
        "The target's log ends before what was applied of it: the target was restored to an earlier state, or is another server.",
      );
    await demandSlot(session, name, start);
    this.confirm(lowest);
    const transactions = new Transactions({
      sink,
      relations: new Relations(session, plan),
      migration,
      origins: originPrefix(server, migration),
      timeline: now.file,
      from: start,
    });
    await new Reading({
      server,
      name,
      from: start,
      end: untilEnd ? flushed : null,
      withoutOrigins: await areAllOurs(session, originPrefix(server, migration)),
      transactions,
      confirmed: () => this.#confirmed,
      // Again, now that nobody else can move it.
      onStart: () => demandSlot(session, name, start),
      now: this.#options.now,
      wait: this.#options.wait,
      signal,
    }).run();
  }
}

/** Fault log-purged where the slot is not there, or does not have everything from `start` on. */
async function demandSlot(session: Session, name: string, start: bigint): Promise<void> {
  const slot = await readSlot(session, name);
  if (slot === null) throw slotGone(name);
  if (slot.lost !== null) throw slotLost(name, slot.lost);
  if (slot.confirmed > start) throw slotMoved(name, lsnText(slot.confirmed), lsnText(start));
}

/**
 * Whether the server may leave out what carries an origin. It knows the option from 16 on; and it would leave out what
 * other replication writes on the target too, which has an origin as well and is to be seen.
 */
async function areAllOurs(session: Session, prefix: string): Promise<boolean> {
  const [row] = (
    await session.query(
      `SELECT (pg_catalog.current_setting('server_version_num')::int >= 160000
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_replication_origin
                                WHERE pg_catalog.left(roname, pg_catalog.length($1::text)) <> $1))::text AS ours`,
      [prefix],
      "asking whose replication origins there are",
    )
  ).rows;
  return row?.["ours"] === "true";
}

function otherTimeline(applied: string, found: string): Fault {
  return new Fault(
    "position-unknown",
    `The target's log was applied in timeline ${applied} and goes on in ${found}: it was restored or has failed over to a standby, and the way back cannot go on from there.`,
    {
      next: "Before the switch: headgate abandon, then begin a new migration. After it: headgate verify shows what the source lacks.",
    },
  );
}
