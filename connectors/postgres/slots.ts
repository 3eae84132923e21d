/**
 * Worker slots of one target host, counted across processes: a slot is an advisory lock. Those are counted in one
 * database, so engines that load into different databases of a server meet in `postgres`, or in the target's own
 * where that one lets nobody in (`check` says so). A host's session that dies gives its slots back early: until
 * the ranges under way end, another engine may then load beside them. That costs speed, never a row.
 */
import { Fault } from "../../src/errors.js";
import { Session } from "./connection.js";
import type { PostgresOptions } from "./connection.js";

/** Where engines meet: initdb makes it, and everybody may connect to it unless told otherwise. */
export const meetingDatabase = "postgres";

/** First key of our advisory locks; the second is the slot's number. ASCII of `hgat`. */
const lockClass = 0x68676174;

/** Why the meeting database may be closed to us while the target's own is open. */
const closed = new Set<string>(["login-refused", "database-missing", "grant-missing", "target-refused"]);

export class HostSlots implements AsyncDisposable {
  readonly #options: PostgresOptions;
  /** Numbers that this process holds: an advisory lock can be taken twice by one session. */
  readonly #held = new Set<number>();
  #session: Promise<Session> | null = null;

  constructor(options: PostgresOptions) {
    this.#options = options;
  }

  /** Takes the first free of `slots` slots until it is disposed of; null when all are taken. */
  async take(slots: number): Promise<AsyncDisposable | null> {
    const session = await this.#connected();
    for (let number = 1; number <= slots; number++) {
      if (this.#held.has(number)) continue;
      this.#held.add(number);
      try {
        const [row] = (
          await session.query(
            "SELECT pg_try_advisory_lock($1::int, $2::int) AS got",
            [lockClass, number],
            "taking a worker slot of the target's host",
          )
        ).rows;
        if (row?.["got"] === "t")
          return { [Symbol.asyncDispose]: async () => this.#release(session, number) };
      } catch (error) {
        this.#held.delete(number);
        throw error;
      }
      this.#held.delete(number);
    }
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const session = await this.#session;
    this.#session = null;
    await session?.close();
  }

  async #release(session: Session, number: number): Promise<void> {
    try {
      // A session that ended has given its locks back.
      if (session.dead === null)
        await session.query(
          "SELECT pg_advisory_unlock($1::int, $2::int)",
          [lockClass, number],
          "giving back a worker slot of the target's host",
        );
    } catch (error) {
      if (!(error instanceof Fault) || session.dead === null) throw error;
    } finally {
      this.#held.delete(number);
    }
  }

  /** One session, whoever asks first and however many ask while it is being opened. */
  async #connected(): Promise<Session> {
    for (;;) {
      const opening = (this.#session ??= this.#open());
      let session: Session | null = null;
      try {
        session = await opening;
        if (session.dead === null) return session;
      } finally {
        if (session?.dead !== null && this.#session === opening) this.#session = null;
      }
    }
  }

  async #open(): Promise<Session> {
    const url = new URL(this.#options.url);
    url.pathname = `/${meetingDatabase}`;
    try {
      const { expect } = this.#options;
      // The same cluster, another database of it.
      const there = expect === undefined ? {} : { expect: { ...expect, database: meetingDatabase } };
      return await Session.open({ ...this.#options, ...there, url: url.href });
    } catch (error) {
      if (!(error instanceof Fault) || !closed.has(error.code)) throw error;
      return await Session.open(this.#options);
    }
  }
}
