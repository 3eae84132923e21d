/**
 * How a source serves its applications, for the baseline of the night's triggers: transactions that ended, as the server's
 * counters have them, and the time of a probe query. What commits by itself is not counted there. How full its disk is no
 * statement tells. One session of its own, opened when first asked and again after it was lost.
 */
import type { TrafficCounts, Vitals } from "../../src/cutover-port.js";
import { Fault } from "../../src/errors.js";
import { throwIfStopped } from "../../src/stop.js";
import { Connection } from "./connection.js";
import type { MysqlOptions } from "./connection.js";

export class MysqlVitals implements Vitals {
  readonly #options: MysqlOptions;
  readonly #now: () => number;
  #connection: Connection | null = null;
  #last: Promise<unknown> = Promise.resolve();

  /** `now`: monotonic milliseconds. */
  constructor(options: MysqlOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
  }

  async traffic(): Promise<TrafficCounts | null> {
    return await this.#alone(async (connection) => {
      const rows = await connection.query(
        // Com_commit counts the statement alone: an application that commits each by itself would have none but failures.
        "SHOW GLOBAL STATUS WHERE Variable_name IN ('Handler_commit', 'Handler_rollback')",
      );
      const counts = new Map(rows.map(([name, count]) => [(name ?? "").toLowerCase(), count]));
      const [committed, back] = [counts.get("handler_commit"), counts.get("handler_rollback")];
      if (typeof committed !== "string" || typeof back !== "string") return null;
      return { committed: BigInt(committed), rolledBack: BigInt(back) };
    });
  }

  async time(query: string, signal: AbortSignal): Promise<number> {
    return await this.#alone(async (connection) => {
      throwIfStopped(signal);
      await connection.query("START TRANSACTION READ ONLY");
      try {
        const begun = this.#now();
        await connection.query(query);
        return this.#now() - begun;
      } catch (error) {
        // Nothing but a query ran in it; a session that is gone has ended it by itself.
        if (error instanceof Fault && error.retriable) this.#connection = null;
        throw error;
      } finally {
        // What is rolled back is counted as failed.
        if (this.#connection === connection) await connection.query("COMMIT");
      }
    });
  }

  async diskUsed(): Promise<number | null> {
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const connection = this.#connection;
    this.#connection = null;
    await connection?.[Symbol.asyncDispose]();
  }

  /** One after another: MySQL answers one statement at a time. */
  async #alone<T>(act: (connection: Connection) => Promise<T>): Promise<T> {
    const before = this.#last;
    const mine = (async () => {
      await before;
      this.#connection ??= await Connection.open(this.#options);
      try {
        return await act(this.#connection);
      } catch (error) {
        if (error instanceof Fault && error.retriable) this.#connection = null;
        throw error;
      }
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
