/**
 * What is handed to the sink, held back where values have to be read again from the source (decision 10): from the first
 * change with one on, calls are kept in their order until the source shows all of them; then the rows are read by their
 * keys, in one go a table, the values put into the images, and the calls made. While the source is asked about some calls
 * the next ones are collected. Without such a change nothing is kept.
 */
import { Fault } from "../../../src/errors.js";
import { eitherOf } from "../../../src/stop.js";
import type { PlanTable, Position, SourceEngine } from "../../../src/model.js";
import type { ChangeSink, RereadSource, SchemaChange, SourceTransaction } from "../../../src/stream-port.js";
import type { FeedCount } from "../feed-options.js";
import { Again } from "./again.js";
import type { Change } from "./change.js";

/** Calls, and bytes of images, that are held at most. */
const mostCalls = 5_000;
const mostBytes = 16 * 1024 * 1024;
/** So many calls are collected until the source's answer is let in, which no record waits for. */
const callsATurn = 1_000;

type Call =
  | { readonly call: "begin"; readonly transaction: SourceTransaction }
  | { readonly call: "change"; readonly change: Change; readonly key: string | null }
  | { readonly call: "truncate"; readonly table: PlanTable }
  | { readonly call: "marker"; readonly lane: string; readonly id: string; readonly note: string }
  | { readonly call: "commit"; readonly position: Position };

/** Calls whose rows are being read again. */
interface Asked {
  readonly calls: readonly Call[];
  readonly again: Again;
  readonly read: Promise<void>;
}

export interface HeldParts {
  readonly sink: ChangeSink;
  readonly reread: RereadSource | null;
  readonly engine: SourceEngine;
  /** Holds the transaction at hand, which is committed at the source whether or not it is handed over. */
  readonly present: () => Position;
  readonly signal: AbortSignal;
  readonly onCount: (count: FeedCount) => void;
  /** Resolves when what has come through sockets meanwhile was looked at. */
  readonly turn: () => Promise<void>;
}

export class Held implements AsyncDisposable {
  readonly #parts: HeldParts;
  readonly #over = new AbortController();
  #calls: Call[] = [];
  #bytes = 0;
  /** Collects what is to be read again for `#calls`. */
  #again: Again | null = null;
  #asked: Asked | null = null;
  /** Calls that there were when the answer was let in last. */
  #turned = 0;

  constructor(parts: HeldParts) {
    this.#parts = parts;
  }

  begin(transaction: SourceTransaction): void {
    if (this.#isFree()) this.#parts.sink.begin(transaction);
    else this.#calls.push({ call: "begin", transaction });
  }

  wants(table: PlanTable): boolean {
    // What is held is asked about when its turn comes.
    return !this.#isFree() || this.#parts.sink.wants(table);
  }

  change(change: Change): void {
    const { images, value, before, beforeEnd, after, afterEnd } = change;
    let doubtful = false;
    if (images.doubtful.length > 0) {
      // Of an old image only what it is found by matters, and that is refused where it is in doubt.
      if (beforeEnd > before) images.demandFindable(value, before, beforeEnd);
      doubtful = afterEnd > after && images.again(value, after, afterEnd);
    }
    if (doubtful) this.#again ??= this.#open();
    if (this.#isFree()) {
      this.#hand(change);
      return;
    }
    const key = doubtful && this.#again !== null ? this.#again.wants(change) : null;
    this.#bytes += value.length;
    this.#calls.push({ call: "change", change, key });
  }

  truncate(table: PlanTable): void {
    if (this.#isFree()) this.#parts.sink.truncate(table);
    else this.#calls.push({ call: "truncate", table });
  }

  marker(lane: string, id: string, note: string): void {
    if (this.#isFree()) this.#parts.sink.marker(lane, id, note);
    else this.#calls.push({ call: "marker", lane, id, note });
  }

  /** Whether a lane still refuses an end whose beginning nobody has seen; true a little longer where calls are held. */
  get awaits(): boolean {
    return this.#parts.sink.awaits?.() ?? false;
  }

  /** Nothing is held when this is called. */
  endsUnseen(): void {
    this.#parts.sink.endsUnseen();
  }

  commit(position: () => Position): void {
    if (this.#isFree()) this.#parts.sink.commit(position);
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
    return this.#parts.sink.full() || this.#isMuch() || this.#isTurn();
  }

  /** Resolves when the sink takes more, and not too much is held. */
  async settle(): Promise<void> {
    if (this.#isMuch()) {
      await this.#answered();
      await this.#ask();
    }
    if (this.#isTurn()) {
      this.#turned = this.#calls.length;
      await this.#parts.turn();
    }
    await this.#drained();
  }

  /** Makes all calls that are held. */
  async flush(): Promise<void> {
    await this.#answered();
    await this.#ask();
    await this.#answered();
  }

  /** Nobody reads any more for what was held; what is held is forgotten. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort(new Fault("interrupted", "The topics are not read any more."));
    await Promise.allSettled([this.#asked?.read]);
  }

  /** Calls go to the sink as they come. */
  #isFree(): boolean {
    return this.#again === null && this.#calls.length === 0 && this.#asked === null;
  }

  #isMuch(): boolean {
    return this.#calls.length >= mostCalls || this.#bytes >= mostBytes;
  }

  #isTurn(): boolean {
    return this.#asked !== null && this.#calls.length >= this.#turned + callsATurn;
  }

  /** Begins to read what the calls that are held want; makes them where they want nothing. */
  async #ask(): Promise<void> {
    const [calls, again] = [this.#calls, this.#again];
    [this.#calls, this.#bytes, this.#again] = [[], 0, null];
    this.#turned = 0;
    if (again === null) {
      await this.#make(calls, null);
      return;
    }
    const read = again.read(this.#parts.present(), eitherOf(this.#parts.signal, this.#over.signal));
    this.#asked = { calls, again, read };
    // What it fails with is told when its answer is waited for, which may be later.
    void Promise.allSettled([read]);
  }

  /** Makes the calls whose rows are being read, when they are. */
  async #answered(): Promise<void> {
    const asked = this.#asked;
    if (asked === null) return;
    await asked.read;
    await this.#make(asked.calls, asked.again);
    this.#asked = null;
  }

  async #make(calls: readonly Call[], again: Again | null): Promise<void> {
    const { sink } = this.#parts;
    for (const call of calls) {
      switch (call.call) {
        case "begin":
          sink.begin(call.transaction);
          break;
        case "change":
          if (!sink.wants(call.change.images.table)) break;
          if (call.key === null || again === null) this.#hand(call.change);
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
