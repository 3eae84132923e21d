/**
 * What is handed to the sink, held back where values have to be read again from the source (decision 10): from the first
 * change with one on, calls are kept in their order until the source shows all of them; then the rows are read by their
 * keys, in one go a table, the values put into the images, and the calls made. Without such a change nothing is kept.
 */
import { Fault } from "../../../src/errors.js";
import type { PlanTable, Position, SourceEngine } from "../../../src/model.js";
import type { ChangeSink, RereadSource, SchemaChange, SourceTransaction } from "../../../src/stream-port.js";
import type { FeedCount } from "../feed-options.js";
import { Again } from "./again.js";
import type { Change } from "./change.js";

/** Calls, and bytes of images, that are held at most. */
const mostCalls = 5_000;
const mostBytes = 16 * 1024 * 1024;

type Call =
  | { readonly call: "begin"; readonly transaction: SourceTransaction }
  | { readonly call: "change"; readonly change: Change; readonly key: string | null }
  | { readonly call: "truncate"; readonly table: PlanTable }
  | { readonly call: "marker"; readonly lane: string; readonly id: string; readonly note: string }
  | { readonly call: "commit"; readonly position: Position };

export interface HeldParts {
  readonly sink: ChangeSink;
  readonly reread: RereadSource | null;
  readonly engine: SourceEngine;
  /** Holds the transaction at hand, which is committed at the source whether or not it is handed over. */
  readonly present: () => Position;
  readonly signal: AbortSignal;
  readonly onCount: (count: FeedCount) => void;
}

export class Held {
  readonly #parts: HeldParts;
  #calls: Call[] = [];
  #bytes = 0;
  #again: Again | null = null;

  constructor(parts: HeldParts) {
    this.#parts = parts;
  }

  begin(transaction: SourceTransaction): void {
    if (this.#again === null) this.#parts.sink.begin(transaction);
    else this.#calls.push({ call: "begin", transaction });
  }

  wants(table: PlanTable): boolean {
    // What is held is asked about when its turn comes.
    return this.#again !== null || this.#parts.sink.wants(table);
  }

  change(change: Change): void {
    const { images, value, before, beforeEnd, after, afterEnd } = change;
    let doubtful = false;
    if (images.doubtful.length > 0) {
      // Of an old image only what it is found by matters, and that is refused where it is in doubt.
      if (beforeEnd > before) images.demandFindable(value, before, beforeEnd);
      doubtful = afterEnd > after && images.again(value, after, afterEnd);
    }
    if (doubtful && this.#again === null) this.#again = this.#open();
    if (this.#again === null) {
      this.#hand(change);
      return;
    }
    const key = doubtful ? this.#again.wants(change) : null;
    this.#bytes += value.length;
    this.#calls.push({ call: "change", change, key });
  }

  truncate(table: PlanTable): void {
    if (this.#again === null) this.#parts.sink.truncate(table);
    else this.#calls.push({ call: "truncate", table });
  }

  marker(lane: string, id: string, note: string): void {
    if (this.#again === null) this.#parts.sink.marker(lane, id, note);
    else this.#calls.push({ call: "marker", lane, id, note });
  }

  commit(position: () => Position): void {
    if (this.#again === null) this.#parts.sink.commit(position);
    else this.#calls.push({ call: "commit", position: position() });
  }

  /** Nothing is held when this is called. */
  schemaChange(change: SchemaChange, position: () => Position): void {
    this.#parts.sink.schemaChange(change, position);
  }

  idle(position: () => Position): void {
    this.#parts.sink.idle(position);
  }

  /** Whether `settle` has something to do. */
  get full(): boolean {
    return this.#parts.sink.full() || this.#calls.length >= mostCalls || this.#bytes >= mostBytes;
  }

  /** Resolves when the sink takes more, and not too much is held. */
  async settle(): Promise<void> {
    if (this.#calls.length >= mostCalls || this.#bytes >= mostBytes) await this.flush();
    await this.#drained();
  }

  /** Makes all calls that are held. */
  async flush(): Promise<void> {
    const again = this.#again;
    if (again === null) return;
    const { sink, signal } = this.#parts;
    await again.read(this.#parts.present(), signal);
    const calls = this.#calls;
    [this.#calls, this.#bytes, this.#again] = [[], 0, null];
    for (const call of calls) {
      switch (call.call) {
        case "begin":
          sink.begin(call.transaction);
          break;
        case "change":
          if (!sink.wants(call.change.images.table)) break;
          if (call.key === null) this.#hand(call.change);
          else again.patched(call.change, call.key, sink);
          break;
        case "truncate":
          if (sink.wants(call.table)) sink.truncate(call.table);
          break;
        case "marker":
          sink.marker(call.lane, call.id, call.note);
          break;
        case "commit":
          sink.commit(() => call.position);
          break;
      }
      if (sink.full()) await this.#drained();
    }
  }

  async #drained(): Promise<void> {
    const { sink } = this.#parts;
    while (sink.full()) await sink.drained();
  }

  #hand({ images, operation, value, before, beforeEnd, after, afterEnd }: Change): void {
    this.#parts.sink.change(images, operation, value, before, beforeEnd, after, afterEnd);
  }

  #open(): Again {
    const { reread, engine, onCount } = this.#parts;
    if (reread === null)
      throw new Fault("bug", "A value was to be read again, and nobody was given to read it.");
    return new Again(reread, engine, onCount);
  }
}
