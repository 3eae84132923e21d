/**
 * A result's rows as the bytes that the server sends, one after the other out of the socket's own buffers: no object, no
 * string and no copy a row, but for one that lies across two reads. A DataRow in binary form is a tuple of binary COPY
 * to the byte (field count, then length and bytes of each field), and unlike COPY it takes parameters and needs no more
 * than a right to read. While rows come, the socket is ours; whatever else the server says is pg's again.
 */
import type { Duplex } from "node:stream";
import type { Connection, Submittable } from "pg";
import { Fault } from "../../src/errors.js";
import { stopReason, throwIfStopped } from "../../src/stop.js";
import type { TupleSink } from "../../src/verify-port.js";
import type { Session } from "./connection.js";
import { faultOf } from "./fault.js";
import { LendingSocket } from "./socket.js";

export interface TupleStatement {
  readonly sql: string;
  /** A Buffer goes as the binary form of its parameter's type, a text as text. */
  readonly values: readonly (Buffer | string)[];
  /** How many columns it selects. */
  readonly fields: number;
  /** For the sentence of a Fault: "reading orders". */
  readonly doing: string;
}

const [dataRow, parsed, bound, notice, setting, notification] = [0x44, 0x31, 0x32, 0x4e, 0x53, 0x41];
const passed = new Set<number | undefined>([parsed, bound, notice, setting, notification]);

const nothing = Buffer.alloc(0);

/** Code and length. */
const head = 5;
/** What is kept for a row across two reads; a larger one is let go of once its row is handed over. */
const usual = 65_536;
/** Such buffers of statements that have ended, for the next ones: tables are many. */
const spare: Buffer[] = [];
const mostSpare = 8;

/**
 * Hands every row to the sink; resolves with their number once the server has said that it was all of them. The session
 * is cut where the rows end by us: by the signal, or by what the sink threw.
 */
export async function streamTuples(
  session: Session,
  statement: TupleStatement,
  sink: TupleSink,
  signal: AbortSignal,
): Promise<number> {
  throwIfStopped(signal);
  if (session.dead !== null) throw session.dead;
  const query = new TupleRows(statement, sink);
  const stop = (): void => query.fail(stopReason(signal));
  const forget = session.onDeath((fault) => query.fail(fault));
  signal.addEventListener("abort", stop, { once: true });
  try {
    session.copy(query);
    return await query.done;
  } catch (error) {
    // Rows are still under way: nobody would take them off the socket.
    if (!query.answered) session.destroy();
    throw faultOf(error, statement.doing);
  } finally {
    signal.removeEventListener("abort", stop);
    forget();
  }
}

/** pg calls `submit` when it is our turn, and the handle… methods for what it reads itself. */
class TupleRows implements Submittable {
  readonly done: Promise<number>;
  readonly #statement: TupleStatement;
  readonly #sink: TupleSink;
  #stream: Duplex | null = null;
  /** pg's own. */
  #listeners: readonly ((bytes: Buffer) => void)[] = [];
  /** The beginning of a message whose end has not come yet. */
  #held: Buffer = nothing;
  #heldSize = 0;
  #rows = 0;
  /** The server's own count. */
  #said: number | null = null;
  #over = false;
  #answered = false;
  #resolve: (rows: number) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  readonly #take = (bytes: Buffer): void => {
    if (this.#over) return;
    try {
      this.#read(bytes);
      if (this.#stream !== null && this.#sink.full()) this.#rest(this.#stream);
    } catch (error) {
      this.fail(error);
    }
  };

  constructor(statement: TupleStatement, sink: TupleSink) {
    this.#statement = statement;
    this.#sink = sink;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** The server has answered to the end, or refused: the session is of use. */
  get answered(): boolean {
    return this.#answered;
  }

  submit(connection: Connection): void {
    // Given up before its turn came.
    if (this.#over) return;
    const { stream } = connection;
    this.#stream = stream;
    this.#listeners = stream.listeners("data").filter(takesBytes);
    stream.removeAllListeners("data");
    stream.on("data", this.#take);
    lend(stream, true);
    const { sql, values } = this.#statement;
    stream.cork();
    connection.parse({ name: "", text: sql, types: [] }, true);
    connection.bind({ portal: "", statement: "", values: [...values], binary: "all" }, true);
    connection.execute({ portal: "", rows: "" }, true);
    connection.sync();
    stream.uncork();
  }

  handleCommandComplete({ text }: { readonly text?: string }): void {
    this.#said = Number(/^SELECT (\d+)$/.exec(text ?? "")?.[1] ?? NaN);
  }

  handleReadyForQuery(): void {
    this.#answered = true;
    if (this.#said === this.#rows) this.#end(() => this.#resolve(this.#rows));
    else {
      const said = String(this.#said);
      const sentence = `${String(this.#rows)} rows came while ${this.#statement.doing}, and PostgreSQL counted ${said}.`;
      this.fail(new Fault("range-incomplete", sentence));
    }
  }

  /** Of the server, or of the socket. */
  handleError(error: unknown): void {
    this.#answered = true;
    this.fail(error);
  }

  fail(error: unknown): void {
    this.#end(() => this.#reject(error));
  }

  #end(settle: () => void): void {
    if (this.#over) return;
    this.#over = true;
    this.#letGo();
    settle();
  }

  #read(bytes: Buffer): void {
    const end = bytes.length;
    let at = this.#heldSize === 0 ? 0 : this.#complete(bytes);
    // Whole messages, where they lie.
    while (this.#stream !== null && at + head <= end) {
      const next = at + 1 + bytes.readUInt32BE(at + 1);
      if (next > end) break;
      if (bytes[at] === dataRow) this.#row(bytes, at + head, next);
      else if (!passed.has(bytes[at])) {
        this.#giveBack(bytes.subarray(at));
        return;
      }
      at = next;
    }
    if (this.#stream !== null && at < end) this.#hold(bytes, at, end);
  }

  /** Fills the held message up; where that makes it whole it is read, and what follows it begins at the offset returned. */
  #complete(bytes: Buffer): number {
    let at = 0;
    if (this.#heldSize < head) at = this.#hold(bytes, 0, Math.min(head - this.#heldSize, bytes.length));
    if (this.#heldSize < head) return at;
    const size = 1 + this.#held.readUInt32BE(1);
    at = this.#hold(bytes, at, Math.min(at + size - this.#heldSize, bytes.length));
    if (this.#heldSize < size) return at;
    const message = this.#held;
    this.#heldSize = 0;
    if (message.length > usual) this.#letGo();
    if (message[0] === dataRow) this.#row(message, head, size);
    else if (!passed.has(message[0]))
      this.#giveBack(Buffer.concat([message.subarray(0, size), bytes.subarray(at)]));
    return at;
  }

  /** Keeps bytes [at, end); room for the whole message is made once its length is known. */
  #hold(bytes: Buffer, at: number, end: number): number {
    const size = this.#heldSize + end - at;
    this.#makeRoom(size);
    bytes.copy(this.#held, this.#heldSize, at, end);
    this.#heldSize = size;
    if (size >= head) this.#makeRoom(1 + this.#held.readUInt32BE(1));
    return end;
  }

  #makeRoom(size: number): void {
    if (size <= this.#held.length) return;
    const larger = size > usual ? Buffer.allocUnsafe(size) : (spare.pop() ?? Buffer.allocUnsafeSlow(usual));
    this.#held.copy(larger, 0, 0, this.#heldSize);
    this.#letGo();
    this.#held = larger;
  }

  #letGo(): void {
    if (this.#held.length === usual && spare.length < mostSpare) spare.push(this.#held);
    this.#held = nothing;
  }

  #row(bytes: Buffer, start: number, end: number): void {
    if (((bytes[start] as number) << 8) + (bytes[start + 1] as number) !== this.#statement.fields)
      throw new Fault("bug", `A row had not the columns asked for while ${this.#statement.doing}.`);
    this.#rows += 1;
    this.#sink.tuple(bytes, start, end);
  }

  /** Whatever ends the rows is for pg, as is what follows it. */
  #giveBack(bytes: Buffer): void {
    const stream = this.#stream;
    if (stream === null) return;
    this.#stream = null;
    stream.off("data", this.#take);
    lend(stream, false);
    const kept = Buffer.from(bytes);
    for (const listener of this.#listeners) stream.on("data", listener);
    for (const listener of this.#listeners) listener(kept);
  }

  #rest(stream: Duplex): void {
    stream.pause();
    this.#sink.drained().then(
      () => stream.resume(),
      (error: unknown) => this.fail(error),
    );
  }
}

/** Under TLS the bytes have a buffer of their own in any case. */
function lend(stream: Duplex, lends: boolean): void {
  if (stream instanceof LendingSocket) stream.lends = lends;
}

function takesBytes(listener: unknown): listener is (bytes: Buffer) => void {
  return typeof listener === "function";
}
