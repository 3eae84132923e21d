/**
 * When what the log holds can be read. With semi-synchronous replication a commit is in the log before a SELECT sees it
 * (design.md, decision 10): MySQL says when by its GTIDs. Elsewhere transactions become visible in the log's order, so a
 * commit of our own that has returned has everything before it in view.
 */
import { Fault } from "../../src/errors.js";
import type { Position } from "../../src/model.js";
import { Connection } from "./connection.js";
import type { MysqlOptions } from "./connection.js";
import { mark } from "./marker.js";

/** Seconds that one question waits; asked again until the signal ends it. */
const patience = 1;

/** Asks on a connection of its own, which is kept from one question to the next: a feed that reads rows again asks all the time. */
export class Visible implements AsyncDisposable {
  readonly #options: MysqlOptions;
  /** None while it is asked. */
  #kept: Connection | null = null;
  #closed = false;

  constructor(options: MysqlOptions) {
    this.#options = options;
  }

  /** Resolves when whatever is read from now on shows all of `position`. */
  async seen(lane: string, position: Position, signal: AbortSignal): Promise<void> {
    const kept = this.#kept;
    this.#kept = null;
    try {
      if (kept !== null) {
        await this.#ask(kept, lane, position, signal);
        return;
      }
    } catch (error) {
      // The server may have ended a session that was idle.
      if (!(error instanceof Fault) || error.code !== "connection-lost" || signal.aborted) throw error;
    }
    await this.#ask(await Connection.open(this.#options), lane, position, signal);
  }

  async #ask(connection: Connection, lane: string, position: Position, signal: AbortSignal): Promise<void> {
    try {
      if (!(await shows(connection, position, signal))) await mark(connection, lane, "seen");
    } catch (error) {
      await connection[Symbol.asyncDispose]();
      throw error;
    }
    const other = this.#closed ? connection : this.#kept;
    if (other !== connection) this.#kept = connection;
    await other?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#kept?.[Symbol.asyncDispose]();
    this.#kept = null;
  }
}

/** Resolves with true once reads show `position`; false at once where the server has no such question and a commit has to answer it. */
async function shows(connection: Connection, position: Position, signal: AbortSignal): Promise<boolean> {
  if (position.kind !== "gtid" || connection.engine !== "mysql" || !canTell(connection.version)) return false;
  for (;;) {
    const [row] = await connection.query(
      "SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)",
      [position.set, patience],
      signal,
    );
    if (row?.[0] === "0") return true;
    if (row?.[0] !== "1")
      throw new Fault("source-refused", "The source did not say whether a position can be read already.");
    signal.throwIfAborted();
  }
}

/** 5.6 has no such function, and shows a commit before it asks its replicas about it. */
function canTell(version: string): boolean {
  return !/^5\.[0-6]\./u.test(version);
}
