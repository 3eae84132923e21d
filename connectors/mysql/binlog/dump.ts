/**
 * The answer to a dump: one packet an event, until the log's end or for ever. After each packet the sink is asked
 * whether it has enough; then nothing more is taken, not even what has come already, until it has drained.
 */
import { Fault } from "../../../src/errors.js";
import type { ChangeSink } from "../../../src/stream-port.js";
import { Answer } from "../wire/exchange.js";
import type { Following } from "../wire/exchange.js";
import { firstByte } from "../wire/packets.js";
import { dumpFault } from "./dump-fault.js";
import type { EventStream } from "./event-stream.js";

export class Dump implements Following {
  readonly answer = new Answer<undefined>();
  readonly #events: EventStream;
  readonly #sink: ChangeSink;
  /** Whether the server may end it: it was asked to do so at the log's end. */
  readonly #ends: boolean;
  #held = false;

  constructor(events: EventStream, sink: ChangeSink, ends: boolean) {
    this.#events = events;
    this.#sink = sink;
    this.#ends = ends;
  }

  packet(bytes: Buffer, start: number, end: number): boolean {
    if (bytes[start] === firstByte.ok) {
      this.#events.event(bytes, start + 1, end);
      return false;
    }
    if (bytes[start] !== firstByte.eof)
      throw new Fault("bug", "A packet that is neither an event nor the end came from the source's log.");
    if (!this.#ends)
      throw new Fault(
        "connection-lost",
        "The source ended its log's stream: it is shutting down, or somebody ended the session.",
      );
    this.answer.give(undefined);
    return true;
  }

  full(): boolean {
    // Once held, it stays so until it has drained, whatever the sink says in between.
    if (this.#events.group.takeChanged() || this.#events.broken || this.#sink.full()) this.#held = true;
    return this.#held;
  }

  rest(): void {
    this.#events.rest();
  }

  async drained(): Promise<void> {
    do {
      await this.#sink.drained();
      if (this.#events.broken) this.#events.goOn();
    } while (this.#events.group.takeChanged() || this.#events.broken || this.#sink.full());
    this.#held = false;
  }

  failed(fault: Fault): void {
    this.answer.fail(dumpFault(fault));
  }
}
