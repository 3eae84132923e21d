/**
 * Bytes into one binary COPY, with back-pressure and an honest `released`. pg-copy-streams calls a write done when
 * the socket's write returned true, or drained to nothing afterwards. True means that less than the high-water mark
 * is queued: a buffer of at least that size cannot be among it, so its memory is free. A smaller one might be, so what
 * is sent then is a copy. The encoder's buffers hold 256 KB: only a range's tail is ever copied.
 */
import { getDefaultHighWaterMark } from "node:stream";
import { from } from "pg-copy-streams";
import type { CopyStreamQuery } from "pg-copy-streams";
import type { Fault } from "../../src/errors.js";
import type { ByteSink } from "../../src/port.js";
import type { Session } from "./connection.js";
import { faultOf } from "./fault.js";

/** The socket's: Node gives every socket its default. */
const highWaterMark = getDefaultHighWaterMark(false);

/** Bytes that may wait in Node before the sink says that it has enough: two or three of the encoder's buffers. */
const enoughBytes = 524_288;

export class CopySink implements ByteSink {
  readonly #stream: CopyStreamQuery;
  readonly #session: Session;
  readonly #forget: () => void;
  #failure: Fault | null = null;
  #ended = false;
  #waiters: ((fault: Fault | null) => void)[] = [];

  constructor(session: Session, sql: string, doing: string) {
    this.#session = session;
    this.#stream = session.copy(from(sql, { highWaterMark: enoughBytes }));
    this.#stream.on("error", (error) => {
      // The library lets go of its connection now and would still write what waits in its queue, into nothing.
      this.#stream.destroy();
      this.#fail(faultOf(error, doing));
    });
    this.#stream.on("drain", () => this.#wake(null));
    // A socket that dies while the library waits for a drain is reported to the session only.
    this.#forget = session.onDeath((fault) => this.#fail(fault));
  }

  /** Why the COPY ended before its end, null while it goes on. */
  get failure(): Fault | null {
    return this.#failure;
  }

  write(bytes: Buffer, released: () => void): boolean {
    if (this.#failure !== null) throw this.#failure;
    const own = bytes.length < highWaterMark ? Buffer.from(bytes) : bytes;
    let held = true;
    const release = (): void => {
      if (held) released();
      held = false;
    };
    const more = this.#stream.write(own, release);
    // The kernel took it all at once: the report would come a turn later, and a row loop would fill new buffers.
    if (this.#stream.writableLength === 0) release();
    return more;
  }

  async drained(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    if (!this.#stream.writableNeedDrain) return;
    await this.#wait();
  }

  /** Ends the COPY; resolves with the server's own count of rows once it is ready for the next statement. */
  async finish(): Promise<number> {
    if (this.#failure !== null) throw this.#failure;
    this.#stream.once("finish", () => {
      this.#ended = true;
      this.#wake(null);
    });
    this.#stream.end();
    while (!this.#ended) await this.#wait();
    this.#forget();
    return this.#stream.rowCount;
  }

  /** Has the server forget the COPY (CopyFail). Resolves when the session can take ROLLBACK, or is dead. */
  async cancel(): Promise<void> {
    if (this.#ended || this.#failure !== null || this.#session.dead !== null) return;
    const closed = new Promise<void>((resolve) => {
      this.#stream.once("close", resolve);
      this.#session.onDeath(() => resolve());
    });
    // The text goes into the server's log, so it says no more than this.
    this.#stream.destroy(new Error("the range is rolled back"));
    await closed;
    this.#forget();
  }

  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push((fault) => {
        if (fault === null) resolve();
        else reject(fault);
      });
      if (this.#failure !== null) this.#wake(this.#failure);
    });
  }

  #fail(fault: Fault): void {
    this.#failure ??= fault;
    this.#wake(this.#failure);
  }

  #wake(fault: Fault | null): void {
    for (const waiter of this.#waiters.splice(0)) waiter(fault);
  }
}
