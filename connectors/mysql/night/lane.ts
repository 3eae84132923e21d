/**
 * One connection to the source, one act after another; a lost one is opened anew for the next. A session that has been silent
 * for a while is asked first whether it is there: behind a dead network it looks like a living one.
 */
import { Fault } from "../../../src/errors.js";
import type { Connection } from "../connection.js";

/** A session that has answered so recently is not asked again. */
const freshMs = 1000;
/** For the answer to nothing at all. A machine that is slower than that costs a new connection, and no more. */
const thereMs = 3000;

export class Lane implements AsyncDisposable {
  readonly #opens: () => Promise<Connection>;
  readonly #now: () => number;
  #connection: Connection | null = null;
  #answeredAt = -Infinity;
  #turn: Promise<unknown> = Promise.resolve();

  /** `now`: monotonic milliseconds. */
  constructor(opens: () => Promise<Connection>, now: () => number) {
    this.#opens = opens;
    this.#now = now;
  }

  async with<T>(act: (connection: Connection) => Promise<T>): Promise<T> {
    const turn = this.#turn.then(async () => {
      const connection = await this.#there();
      try {
        return await act(connection);
      } catch (error) {
        // Whatever was not told by the server itself leaves the session in doubt, and it may be in a transaction or hold a setting.
        const kept = error instanceof Fault && !(error.retriable && error.code !== "source-busy");
        if (!kept) this.#leave(connection);
        throw error;
      } finally {
        this.#answeredAt = this.#now();
      }
    });
    this.#turn = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  /** Ends what is under way on it as on a lost connection. */
  cut(): void {
    if (this.#connection !== null) this.#leave(this.#connection);
  }

  async #there(): Promise<Connection> {
    const known = this.#connection;
    if (known !== null && this.#now() - this.#answeredAt > freshMs && !(await known.answers(thereMs)))
      this.#leave(known);
    return (this.#connection ??= await this.#opens());
  }

  #leave(connection: Connection): void {
    connection.cut();
    if (this.#connection === connection) this.#connection = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    const connection = this.#connection;
    this.#connection = null;
    await connection?.[Symbol.asyncDispose]();
  }
}
