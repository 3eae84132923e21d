/**
 * One lane: the batch that is filled, those that wait for the target, and what is known for good. What is known for
 * good (checkpoint, join, counts, lag) outlives connections; everything else begins anew from the checkpoint when
 * the feed is opened again. One batch is in the target, two wait encoded, then the feed has to stop: so the target always
 * finds its next batch ready, and nobody decodes while it has nothing to do.
 */
import type { Fault } from "../errors.js";
import type { Position } from "../model.js";
import type { LaneStatus, SourceTransaction } from "../stream-port.js";
import type { Bell } from "./bell.js";
import { newCounters, pendingOf } from "./counts.js";
import type { Counters } from "./counts.js";
import type { OnStreamEvent } from "./event.js";
import { Filling } from "./filling.js";
import type { Change } from "./change.js";
import type { Origin, Part } from "./part.js";
import { Lag } from "./lag.js";
import { Outgoing } from "./outgoing.js";
import { Settled } from "./settled.js";
import type { SettledOptions } from "./settled.js";
import type { StreamTable } from "./table.js";
import { Trouble } from "./trouble.js";

export interface LaneOptions extends SettledOptions {
  readonly cascades: boolean;
  readonly batchRows: number;
  readonly batchBytes: number;
  readonly failedBatches: number | undefined;
  readonly now: () => number;
  readonly onEvent: OnStreamEvent;
}

/** A batch with changes is not kept open longer than this when the target has nothing to do. */
const flushMs = 150;
/** A lane without changes moves its checkpoint this often. */
const idleMs = 1000;
/** So much larger are batches while the target is the slower one. */
const behindFactor = 4;
const behindRows = 20_000;

/** A batch ends with a transaction, unless that makes it so much larger. */
const slack = 1.25;

export class Lane {
  readonly name: string;
  readonly counters: Counters = newCounters();
  readonly lag: Lag;
  batches = 0;
  stopped: string | null = null;
  readonly trouble: Trouble;
  readonly settled: Settled;
  readonly outgoing = new Outgoing();
  readonly #options: LaneOptions;
  #bell: Bell | null = null;
  #filling: Filling;
  #within = false;
  #touched = false;
  /** Parts of the present transaction have been closed. */
  #midway = false;
  /** Position of what the filling holds, where it was asked for. */
  #at: Position | null = null;
  /** When the filling is to be closed, null while it is empty. */
  #deadline: number | null = null;
  #closedAt = 0;
  /** Its join marker has been met: the join position is near. */
  #near = false;
  /** Changes still to be encoded one by one. */
  #singly = 0;
  /** What the checkpoint's number is once all batches that were closed are committed. */
  #closed = 0n;

  constructor(name: string, options: LaneOptions) {
    this.name = name;
    this.lag = new Lag(options.now);
    this.trouble = new Trouble(name, options.onEvent, options.failedBatches);
    this.#options = options;
    this.settled = new Settled(options);
    this.#filling = new Filling({ lane: name, cascades: options.cascades });
  }

  /** Rows of a batch while the target is behind. */
  get #limit(): number {
    const { batchRows } = this.#options;
    return Math.max(batchRows, Math.min(behindRows, batchRows * behindFactor));
  }

  /** Begins anew from a checkpoint. */
  open(seq: bigint, position: Position | null, bell: Bell): void {
    this.#drop();
    this.settled.open(seq, position);
    this.#bell = bell;
    this.#filling.strict = this.settled.joined;
    this.#filling.singly = this.trouble.replaying > 0;
    this.#singly = this.trouble.replaying;
    this.#closedAt = this.#options.now();
    this.#closed = seq;
    this.stopped = null;
  }

  /** It takes no part until it is opened again. */
  stand(reason: string): void {
    this.#drop();
    this.settled.met = this.settled.joined;
    this.#closed = this.settled.seq;
    this.stopped = reason;
  }

  get status(): LaneStatus {
    const { seq, position, joined } = this.settled;
    return {
      lane: this.name,
      seq,
      end: this.#closed + (this.#midway || !this.#filling.empty ? 1n : 0n),
      position,
      joined,
      lagSeconds: this.lag.seconds,
      eventsRead: this.counters.read,
      eventsApplied: this.counters.applied + this.counters.folded,
      batches: this.batches,
      failedInRow: this.trouble.failures,
      stopped: this.stopped,
    };
  }

  /** Before the join, old images still meet newer rows. */
  get loose(): boolean {
    return !this.#filling.strict;
  }

  /** The lane has the present transaction already. */
  get within(): boolean {
    return this.#within;
  }

  get deadline(): number | null {
    return this.#deadline;
  }

  /** It can hold no more until the target has taken something. */
  get full(): boolean {
    return this.outgoing.full(this.#filling.singly);
  }

  begin(transaction: SourceTransaction): void {
    this.#within = transaction.within(this.settled.base);
    this.#touched = false;
  }

  /** Faults: value-refused. */
  change(change: Change, origin: () => Origin): void {
    this.#touch();
    this.#filling.change(change, origin);
    if (this.#over(this.#limit, slack) && !this.full && !this.outgoing.held) this.#close(null);
  }

  truncate(table: StreamTable, origin: () => Origin): void {
    this.#touch();
    this.#filling.truncate(table, origin);
  }

  /** Faults: prepared-transactions. */
  endsUnseen(): void {
    if (!this.#within) this.settled.endsUnseen();
  }

  marker(id: string, note: string): void {
    this.settled.marker(id, note);
    if (this.#within) {
      this.lag.arrived([id], false);
      return;
    }
    this.#touch();
    this.#filling.markers.push(id);
    if (note === "join") this.#near = true;
  }

  /** The present transaction is whole. */
  commit(position: () => Position): void {
    if (this.#within) return;
    const filling = this.#filling;
    if (this.#touched) {
      filling.transactions++;
      this.#touched = false;
    }
    if (!this.settled.caughtUp(position)) return;
    const closes = this.#midway || filling.singly || (this.#near && !this.settled.met);
    if (filling.empty && !closes) this.#moveOn(position);
    // Positions are texts that somebody makes: only those are asked for that are used.
    else if (closes || this.outgoing.quiet || this.#over(this.#limit)) this.#settle(position);
  }

  /** The source has been silent for a while. */
  idle(position: () => Position): void {
    this.#within = false;
    if (!this.settled.caughtUp(position)) return;
    if (this.#filling.empty) this.#moveOn(position);
    else this.#settle(position);
  }

  /** Closes what is complete and due, or what the target could have now. */
  flush(): void {
    if (this.outgoing.held || this.#at === null || this.full) return;
    const enough = this.outgoing.quiet && (this.#isDue() || this.#over(this.#options.batchRows));
    if (enough || this.#over(this.#limit)) this.#close(this.#at);
  }

  /** Everything that is complete goes to the target, whatever waits there; what no position holds yet comes again. */
  closeAll(position: () => Position): void {
    if (this.#filling.empty && !this.#midway) return;
    if (this.settled.caughtUp(position)) this.#close(position());
  }

  /** All of a batch is committed. */
  committed(position: Position, parts: readonly Part[]): void {
    const sum = (of: (part: Part) => number): number => parts.reduce((total, part) => total + of(part), 0);
    const [events, applied] = [sum((part) => part.events), sum((part) => part.applied)];
    this.settled.committed(position);
    this.batches += 1;
    this.counters.applied += applied;
    this.counters.folded += events - applied;
    this.trouble.committed(events);
    if (parts.some((part) => part.joins)) {
      this.settled.joined = true;
      this.#options.onEvent({ kind: "joined", lane: this.name });
    }
  }

  /** A batch failed; where a change of it may be to blame, all from the checkpoint on are to be written singly. */
  failed(fault: Fault): void {
    this.trouble.failed(fault, pendingOf(this.counters));
  }

  /** Forgets what is not committed: it comes again. */
  #drop(): void {
    this.counters.discarded += pendingOf(this.counters);
    this.#filling.drop();
    this.#filling = new Filling({ lane: this.name, cascades: this.#options.cascades });
    this.outgoing.drop();
    this.#within = false;
    this.#midway = false;
    this.#at = null;
    this.#deadline = null;
    this.#near = false;
  }

  #touch(): void {
    this.#at = null;
    this.#touched = true;
    if (this.#deadline === null) {
      this.#deadline = this.#options.now() + flushMs;
      this.#bell?.ring();
    }
  }

  #over(rows: number, times = 1): boolean {
    return this.#filling.events >= rows * times || this.#filling.bytes >= this.#options.batchBytes * times;
  }

  #isDue(): boolean {
    return this.#deadline !== null && this.#options.now() >= this.#deadline;
  }

  /** Notes the position, and closes where something says so. */
  #settle(position: () => Position): void {
    const at = position();
    this.#at = at;
    const joins = this.settled.meets(at);
    if (joins || this.#midway || this.#filling.singly) {
      this.#close(at, joins);
    } else this.flush();
  }

  /** A lane without changes goes on with the log. */
  #moveOn(position: () => Position): void {
    if (this.outgoing.held || !this.outgoing.quiet || this.#options.now() - this.#closedAt < idleMs) return;
    const at = position();
    this.#closedAt = this.#options.now();
    if (!this.settled.holds(at)) this.#close(at, this.settled.meets(at));
  }

  #close(position: Position | null, joins = false): void {
    const filling = this.#filling;
    const part = filling.close(position === null ? null : { position, joins });
    this.outgoing.push(part);
    this.#midway = position === null;
    if (position !== null) this.#closed += 1n;
    this.#at = null;
    this.#deadline = null;
    this.#closedAt = this.#options.now();
    if (joins) {
      this.settled.met = true;
      filling.strict = true;
      this.#near = false;
    }
    if (this.#singly > 0) {
      this.#singly -= part.events;
      if (this.#singly <= 0 && position !== null) filling.singly = false;
    }
    this.#bell?.ring();
  }
}
