/**
 * How a target serves its applications, for the triggers of the night: transactions that ended, as pg_stat_database counts
 * them, and the time of a probe query. One session of its own, opened when first asked and again after it was lost.
 */
import type { TrafficCounts, Vitals } from "../../src/cutover-port.js";
import { Fault } from "../../src/errors.js";
import { throwIfStopped } from "../../src/stop.js";
import { Session } from "./connection.js";
import type { PostgresOptions } from "./connection.js";
import { PostgresPulse } from "./pulse.js";

/** A probe query that takes longer says enough. */
const patienceMs = 10_000;

export class PostgresVitals implements Vitals {
  readonly #options: PostgresOptions;
  readonly #pulse: PostgresPulse;
  readonly #now: () => number;
  #session: Session | null = null;
  #over = false;
  #last: Promise<unknown> = Promise.resolve();

  /** `now`: monotonic milliseconds. */
  constructor(options: PostgresOptions, now: () => number) {
    this.#options = options;
    this.#pulse = new PostgresPulse(options);
    this.#now = now;
  }

  async traffic(): Promise<TrafficCounts | null> {
    return await this.#alone(async (session) => {
      const { rows } = await session.query(
        `SELECT xact_commit::text AS committed, xact_rollback::text AS back
           FROM pg_catalog.pg_stat_database WHERE datname = current_database()`,
        [],
        "asking how many transactions ended",
      );
      const { committed, back } = rows[0] ?? {};
      if (typeof committed !== "string" || typeof back !== "string") return null;
      return { committed: BigInt(committed), rolledBack: BigInt(back) };
    });
  }

  async time(query: string, signal: AbortSignal): Promise<number> {
    return await this.#alone(async (session) => {
      throwIfStopped(signal);
      const doing = "timing a query of baseline.queries";
      await session.query("BEGIN READ ONLY", [], doing);
      try {
        await session.query(`SET LOCAL statement_timeout = ${String(patienceMs)}`, [], doing);
        const begun = this.#now();
        await session.cells(query, doing);
        return this.#now() - begun;
      } finally {
        // What is rolled back is counted as failed, and what failed is rolled back by COMMIT too.
        if (session.dead === null) await session.query("COMMIT", [], doing);
      }
    });
  }

  async diskUsed(): Promise<number | null> {
    return await this.#pulse.diskUsed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    const session = this.#session;
    this.#session = null;
    await session?.close();
    await this.#pulse[Symbol.asyncDispose]();
  }

  /** One that is open only after the end is nobody's to close, and would keep the process. */
  async #open(): Promise<Session> {
    const session = await Session.open(this.#options);
    if (!this.#over) return session;
    await session.close();
    throw new Fault("interrupted", "Nobody asks any more.");
  }

  /** One after another: a time beside another's statement would be both their times. */
  async #alone<T>(act: (session: Session) => Promise<T>): Promise<T> {
    const before = this.#last;
    const mine = (async () => {
      await before;
      if (this.#session !== null && this.#session.dead !== null) this.#session = null;
      this.#session ??= await this.#open();
      return await act(this.#session);
    })();
    this.#last = settled(mine);
    return await mine;
  }
}

/** Whoever asked is told of its fault; whoever waits behind it goes on. */
async function settled(act: Promise<unknown>): Promise<void> {
  try {
    await act;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
}
