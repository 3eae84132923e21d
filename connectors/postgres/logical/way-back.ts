/**
 * The target's own log as the way back (design.md, decision 13): what it needs there, the slot that keeps it, the feed
 * that reads it, and the marks that are found in it again.
 */
import { Fault } from "../../../src/errors.js";
import type { Finding, Plan, Position } from "../../../src/model.js";
import type { SlotState, WayBack } from "../../../src/cutover-port.js";
import type { ChangeFeed } from "../../../src/stream-port.js";
import { Session } from "../connection.js";
import type { PostgresOptions } from "../connection.js";
import { LogicalFeed } from "./feed.js";
import { wayBackFindings } from "./findings.js";
import { logEnd } from "./log-end.js";
import { wayBackName } from "./names.js";
import { dropWayBack, prepareWayBack } from "./prepare.js";
import { readSlot } from "./slot.js";

export interface WayBackOptions {
  readonly server: PostgresOptions;
  readonly migration: string;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  /** Resolves after so many milliseconds; rejects with the signal's reason. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Opens nothing yet. */
export function openWayBack(options: WayBackOptions): WayBack {
  return new TargetLog(options);
}

class TargetLog implements WayBack {
  readonly #options: WayBackOptions;
  readonly #name: string;
  readonly #feeds = new Set<LogicalFeed>();
  /** For what is asked again and again: marks once a second. */
  #session: Promise<Session> | null = null;

  constructor(options: WayBackOptions) {
    this.#options = options;
    this.#name = wayBackName(options.server, options.migration);
  }

  async findings(plan: Plan): Promise<readonly Finding[]> {
    return await this.#within((session) => wayBackFindings(session, this.#options.server, plan));
  }

  async prepare(plan: Plan, beforeNew?: () => Promise<void>): Promise<Position> {
    return await this.#within((session) =>
      prepareWayBack(session, { ...this.#options, name: this.#name, plan, beforeNew }),
    );
  }

  async feed(plan: Plan): Promise<ChangeFeed> {
    const feed = new LogicalFeed({ ...this.#options, name: this.#name, plan });
    this.#feeds.add(feed);
    return feed;
  }

  async position(): Promise<Position> {
    return await this.#asked(async (session) => (await logEnd(session)).position);
  }

  async mark(note: string): Promise<string> {
    return await this.#asked(async (session) => {
      const { rows } = await session.query(
        `WITH made AS MATERIALIZED (SELECT pg_catalog.gen_random_uuid()::text AS id)
         SELECT id, pg_catalog.pg_logical_emit_message(true, 'headgate',
                  pg_catalog.json_build_object('migration', $1::text, 'id', id, 'note', $2::text)::text)
           FROM made`,
        [this.#options.migration, note],
        "committing a marker into the target's log",
      );
      const id = rows[0]?.["id"] ?? "";
      if (id === "") throw new Fault("bug", "PostgreSQL made no marker.");
      return id;
    });
  }

  async slot(): Promise<SlotState | null> {
    return await this.#asked(async (session) => {
      const slot = await readSlot(session, this.#name);
      return slot === null
        ? null
        : { name: slot.name, retainedBytes: slot.retainedBytes, lost: slot.lost !== null };
    });
  }

  async drop(plan: Plan): Promise<void> {
    await this.#within((session) => dropWayBack(session, { ...this.#options, name: this.#name, plan }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const feed of this.#feeds) await feed[Symbol.asyncDispose]();
    const session = this.#session;
    this.#session = null;
    await (await session)?.close();
  }

  async #asked<T>(act: (session: Session) => Promise<T>): Promise<T> {
    const known = (this.#session ??= Session.open(this.#options.server));
    let session: Session | null = null;
    try {
      session = await known;
      return await act(session);
    } finally {
      if (session?.dead !== null && this.#session === known) this.#session = null;
    }
  }

  async #within<T>(act: (session: Session) => Promise<T>): Promise<T> {
    const session = await Session.open(this.#options.server);
    try {
      return await act(session);
    } finally {
      await session.close();
    }
  }
}
