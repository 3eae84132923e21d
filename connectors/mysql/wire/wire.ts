/**
 * One connection to MySQL or MariaDB that we speak ourselves: small statements as text, and the rows of a prepared
 * statement handed over as the packets they came in. Back-pressure reaches the server through TCP: once
 * everything that landed has been handed over, a full sink stops the socket, so nothing waits here but the buffer.
 * A connection that failed in any way is over; nobody can tell what of an answer is still on its way.
 */
import { Fault } from "../../../src/errors.js";
import type { RowSink } from "../../../src/port.js";
import { stopReason, throwIfStopped } from "../../../src/stop.js";
import type { MysqlOptions } from "../connection.js";
import { sourceFault } from "../server-error.js";
import type { Cell } from "./cells.js";
import { Execute, Prepare, Select, TextQuery } from "./exchange.js";
import type { Ended, Exchange, Following } from "./exchange.js";
import { Frames } from "./frames.js";
import type { PacketTaker } from "./frames.js";
import {
  closePacket,
  executePacket,
  firstByte,
  preparePacket,
  queryPacket,
  quitPacket,
  refusal,
} from "./packets.js";
import { openLink } from "./socket.js";
import type { Link, Receiver } from "./socket.js";
import { Turn } from "./turn.js";

/** A statement with `?` for its parameters, each bound as text. */
export interface Statement {
  readonly sql: string;
  readonly params: readonly string[];
}

/** Not for concurrent use: MySQL answers one statement at a time. */
export class Wire implements PacketTaker, Receiver, AsyncDisposable {
  readonly #place: string;
  readonly #frames: Frames;
  readonly #turn = new Turn();
  #link: Link | undefined;
  #exchange: Exchange | undefined;
  #sink: RowSink | undefined;
  #following: Following | undefined;
  #silence = 0;
  #paused = false;
  #doing = "Reading";
  #fault: Fault | undefined;

  private constructor(place: string, bufferSize: number | undefined) {
    this.#place = place;
    this.#frames = new Frames(bufferSize);
  }

  /** Connects and logs in; the session is as the server makes it. `bufferSize` is for tests. */
  static async open(options: MysqlOptions, bufferSize?: number): Promise<Wire> {
    const wire = new Wire(`${options.host}:${options.port}`, bufferSize);
    wire.#link = await openLink(options, wire);
    return wire;
  }

  /** CONNECTION_ID() in decimal. */
  get id(): string {
    return this.#link?.id ?? "";
  }

  /** True once the connection cannot be used any more. */
  get over(): boolean {
    return this.#fault !== undefined;
  }

  /** Bytes that the read buffer holds now. */
  get bufferSize(): number {
    return this.#frames.size;
  }

  /** Runs one statement without parameters; its rows as text. */
  async query(sql: string, signal?: AbortSignal): Promise<readonly (readonly Cell[])[]> {
    const exchange = new TextQuery(this.#deprecateEof);
    return this.#ask(exchange, queryPacket(sql), "A statement failed", signal).then(
      () => exchange.answer.promise,
    );
  }

  /** Runs one prepared statement that returns few rows; its rows as text. */
  async select(statement: Statement, signal?: AbortSignal): Promise<readonly (readonly Cell[])[]> {
    const exchange = new Select(this.#deprecateEof);
    await this.#execute(statement, exchange, undefined, signal);
    return exchange.rows;
  }

  /**
   * Runs one prepared statement and hands every row to the sink. Resolves when the server said "end of result".
   * What the sink throws, a lost connection and an abort end the connection.
   */
  async stream(statement: Statement, sink: RowSink, signal?: AbortSignal): Promise<Ended> {
    return this.#execute(statement, new Execute(sink, this.#deprecateEof), sink, signal);
  }

  /**
   * Sends a command whose answer may go on for days; `silence` milliseconds without a byte count as a lost connection.
   * An answer that was not followed to its end ends the connection.
   */
  async follow(
    command: Buffer,
    exchange: Following,
    doing: string,
    signal?: AbortSignal,
    silence = 0,
  ): Promise<void> {
    const socket = this.#link?.socket;
    // While we hold back ourselves, silence says nothing.
    const silent = (): void => {
      if (!this.#paused)
        this.lost(new Error(`Connection lost: silent for ${String(silence / 1000)} seconds`));
    };
    this.#following = exchange;
    this.#silence = silence;
    socket?.setTimeout(silence).on("timeout", silent);
    try {
      await this.#ask(exchange, command, doing, signal);
    } finally {
      this.#following = undefined;
      socket?.setTimeout(0).off("timeout", silent);
    }
  }

  async #execute(
    statement: Statement,
    exchange: Execute,
    sink: RowSink | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Ended> {
    const prepare = new Prepare(this.#deprecateEof);
    await this.#ask(prepare, preparePacket(statement.sql), "A statement could not be prepared", signal);
    const prepared = await prepare.answer.promise;
    if (prepared.params !== statement.params.length)
      throw this.#end(
        new Fault("bug", `${statement.params.length} values for the ${prepared.params} of a statement.`),
      );
    this.#sink = sink;
    try {
      await this.#ask(exchange, executePacket(prepared.id, statement.params), "Reading rows failed", signal);
    } finally {
      this.#sink = undefined;
      if (this.#fault === undefined) this.#link?.socket.write(closePacket(prepared.id));
    }
    return exchange.answer.promise;
  }

  /** Sends a packet and waits until the exchange has its answer. */
  async #ask(
    exchange: Exchange & { readonly answer: { readonly promise: Promise<unknown> } },
    packet: Buffer,
    doing: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault;
    const link = this.#link;
    if (link === undefined || this.#exchange !== undefined)
      throw new Fault("bug", "Two statements at once on one connection.");
    if (signal !== undefined) throwIfStopped(signal);
    const onAbort = (): void => {
      if (signal !== undefined) this.#end(stopReason(signal));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#exchange = exchange;
    this.#doing = doing;
    this.#frames.expect(1);
    link.socket.write(packet);
    try {
      await exchange.answer.promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  get #deprecateEof(): boolean {
    return this.#link?.deprecateEof === true;
  }

  packet(buf: Buffer, start: number, end: number): void {
    const exchange = this.#exchange;
    if (buf[start] === firstByte.err) {
      const fault = refusal(buf, start, end, this.#place, this.#doing);
      // Unasked words end the connection: the server says goodbye (shutdown, wait_timeout, KILL).
      if (exchange === undefined || fault.code === "connection-lost") this.#end(fault);
      else {
        this.#done();
        exchange.failed(fault);
      }
      return;
    }
    if (exchange === undefined) throw new Fault("bug", "The source sent a packet that nobody asked for.");
    if (exchange.packet(buf, start, end)) this.#done();
    else if (this.#following?.full() === true) this.#frames.hold();
  }

  #done(): void {
    this.#exchange = undefined;
    this.#frames.expect(-1);
    this.#frames.settle();
  }

  space(): Buffer {
    return this.#following === undefined ? this.#frames.space() : this.#turn.space(this.#frames.space());
  }

  landed(count: number): void {
    this.#take(() => this.#frames.landed(count, this), count);
  }

  copied(bytes: Uint8Array): void {
    this.#take(() => this.#frames.copied(bytes, this), bytes.length);
  }

  #take(cut: () => void, count = 0): void {
    if (this.#fault !== undefined) return;
    if (this.#following !== undefined) this.#frames.settle();
    try {
      cut();
      if (!this.#frames.holding) this.#following?.rest();
    } catch (error) {
      this.#end(faultOf(error));
    }
    this.#holdBack();
    if (this.#following !== undefined) this.#turn.took(count, this.#link?.socket, () => this.#isStopped());
  }

  lost(cause: Error): void {
    this.#end(sourceFault(cause, this.#place, this.#doing));
  }

  /** Of rows every whole packet has been handed over here; of what is followed, the rest is held and comes before the socket goes on. */
  #holdBack(): void {
    const sink = this.#following ?? this.#sink;
    const socket = this.#link?.socket;
    if (sink === undefined || socket === undefined || this.#exchange === undefined || this.#paused) return;
    if (!sink.full()) return;
    this.#paused = true;
    socket.pause();
    sink.drained().then(
      () => {
        this.#paused = false;
        if (this.#fault !== undefined) return;
        if (this.#following !== undefined) this.#take(() => this.#frames.release(this));
        if (this.#isStopped()) return;
        if (this.#following !== undefined) socket.setTimeout(this.#silence);
        socket.resume();
      },
      (error: unknown) => void this.#end(faultOf(error)),
    );
  }

  #isStopped(): boolean {
    return this.#paused || this.#fault !== undefined;
  }

  /** Ends the connection at once; the first fault is what everybody gets. */
  #end(fault: Fault): Fault {
    if (this.#fault !== undefined) return this.#fault;
    this.#fault = fault;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#link?.socket.destroy();
    exchange?.failed(fault);
    return fault;
  }

  /** Says goodbye and closes. What this session holds is the server's to let go of; who must know that it did asks before. */
  async [Symbol.asyncDispose](): Promise<void> {
    const socket = this.#link?.socket;
    if (socket === undefined || socket.closed) {
      this.#frames.letGo();
      return;
    }
    if (this.#exchange !== undefined) this.#end(new Fault("bug", "Closed in the middle of an answer."));
    const closed = new Promise<void>((resolve) => {
      socket.once("close", () => resolve());
    });
    if (this.#fault === undefined) {
      this.#fault = new Fault("bug", "A closed connection was used.");
      socket.write(quitPacket());
      socket.destroySoon();
    } else socket.destroy();
    await closed;
    this.#frames.letGo();
  }
}

function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault(
    "bug",
    `Taking rows failed: ${error instanceof Error ? error.message : "no error was thrown"}.`,
    {
      cause: error,
    },
  );
}
