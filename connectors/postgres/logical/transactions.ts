/**
 * The messages of the target's log, one after the other, as transactions for the stream's sink. What carries an origin of
 * ours is an echo of what was applied forward, and is passed over; a transaction of which nothing is wanted only moves the
 * position. Nothing here waits for a socket: a promise is what the log is to stand still for.
 */
import type { Pgoutput } from "pg-logical-replication";
import { Fault } from "../../../src/errors.js";
import type { Position } from "../../../src/model.js";
import type { ChangeSink, SourceTransaction } from "../../../src/stream-port.js";
import { ImageBuffer } from "./images.js";
import { lsnIn, lsnOf, lsnText, positionAt } from "./lsn.js";
import { asText } from "./plugin.js";
import type { Announced, Relations } from "./relations.js";

/** All marks of the way back are of this lane. */
const lane = "reverse";
/** What our messages in the log begin with. */
const ourPrefix = "headgate";

export interface TransactionsOptions {
  readonly sink: ChangeSink;
  readonly relations: Relations;
  readonly migration: string;
  /** Names of our own origins begin so. */
  readonly origins: string;
  readonly timeline: string;
  /** What was committed before is not handed over. */
  readonly from: bigint;
}

interface Open {
  readonly transaction: SourceTransaction;
  /** The sink knows of it. */
  begun: boolean;
  /** An echo of ours, or applied before. */
  readonly passed: boolean;
}

export class Transactions {
  /** Everything committed before is handed over. */
  at: bigint;
  readonly #options: TransactionsOptions;
  readonly #images = new ImageBuffer();
  #open: Open | null = null;

  constructor(options: TransactionsOptions) {
    this.#options = options;
    this.at = options.from;
  }

  get inside(): boolean {
    return this.#open !== null;
  }

  /** Resolves when the sink takes more; undefined where it does at once. */
  take(message: Pgoutput.Message): Promise<void> | undefined {
    const { relations } = this.#options;
    switch (message.tag) {
      case "begin":
        this.#begin(message);
        return undefined;
      case "origin":
        this.#origin(message.originName);
        return undefined;
      case "relation":
        return relations.announce(message);
      case "type":
        return undefined;
      case "insert":
      case "update":
      case "delete":
        this.#row(message);
        return this.#room();
      case "truncate":
        this.#truncate(message.relations);
        return this.#room();
      case "message":
        this.#message(message);
        return undefined;
      case "commit":
        this.#commit(message);
        return this.#room();
    }
  }

  /** The server has read so far, and there was nothing between. */
  reached(lsn: bigint): void {
    if (this.#open !== null) return;
    if (lsn > this.at) this.at = lsn;
    this.#options.sink.idle(this.#position);
  }

  readonly #position = (): Position => positionAt(this.#options.timeline, this.at);

  #room(): Promise<void> | undefined {
    return this.#options.sink.full() ? this.#options.sink.drained() : undefined;
  }

  #begin({ commitLsn, commitTime }: Pgoutput.MessageBegin): void {
    if (this.#open !== null) throw broken("A transaction begins within another one");
    const at = lsnOf(commitLsn ?? "0/0");
    this.#open = {
      transaction: {
        name: lsnText(at),
        // For lag only.
        committedAt: Math.floor(Number(commitTime) / 1000),
        // A position is where records end: it is behind the whole commit, or not behind its beginning.
        within: (position) => at < lsnIn(position),
      },
      begun: false,
      passed: at < this.#options.from,
    };
  }

  #origin(name: string): void {
    const open = this.#demandOpen();
    if (open.begun) throw broken("A transaction tells its origin behind its rows");
    if (name.startsWith(this.#options.origins)) this.#open = { ...open, passed: true };
  }

  /** null where nothing of the transaction is wanted. */
  #wanted(): Open | null {
    const open = this.#demandOpen();
    if (open.passed) return null;
    if (!open.begun) {
      open.begun = true;
      this.#options.sink.begin(open.transaction);
    }
    return open;
  }

  #row(message: Pgoutput.MessageInsert | Pgoutput.MessageUpdate | Pgoutput.MessageDelete): void {
    const announced = this.#options.relations.of(message.relation);
    if (announced === null || this.#wanted() === null) return;
    const { sink } = this.#options;
    if (!sink.wants(announced.table)) return;
    if (announced.fault !== null) throw this.#named(announced.table.source, announced.fault);
    const images = this.#images;
    images.clear();
    if (message.tag !== "insert") this.#image(announced, message.old);
    const middle = images.at;
    if (message.tag !== "delete") this.#image(announced, message.new);
    sink.change(announced.images, message.tag, images.bytes, 0, middle, middle, images.at);
  }

  /** The same Fault, with the place of the row that it is met at. */
  #named(table: string, fault: Fault): Fault {
    const { transaction } = this.#demandOpen();
    const id = `${transaction.name}#${encodeURIComponent(table)}.form`;
    const { message, next } = fault;
    return new Fault(fault.code, message, { next, facts: { ...fault.facts, id, table }, cause: fault });
  }

  #image({ table, columns }: Announced, tuple: Readonly<Record<string, unknown>> | null): void {
    if (tuple === null)
      throw unreadable(`${table.target} on the target has a change without the row as it was before`);
    for (const column of columns) {
      const value = tuple[column];
      if (value === null || Buffer.isBuffer(value)) this.#images.field(value);
      else if (value === asText)
        throw unreadable(`The column ${column} of ${table.target} comes as text and not in its binary form`);
      // Left out as unchanged, and the row before does not have it.
      else throw unreadable(`The log does not have the column ${column} of a changed row of ${table.target}`);
    }
  }

  #truncate(relations: readonly (Pgoutput.MessageRelation | undefined)[]): void {
    for (const relation of relations) {
      const announced = this.#options.relations.of(relation);
      if (announced === null || this.#wanted() === null) continue;
      if (this.#options.sink.wants(announced.table)) this.#options.sink.truncate(announced.table);
    }
  }

  #message({ transactional, prefix, content }: Pgoutput.MessageMessage): void {
    if (prefix !== ourPrefix || !transactional) return;
    const mark = markOf(Buffer.from(content).toString("utf8"));
    if (mark === null || mark.migration !== this.#options.migration || this.#wanted() === null) return;
    this.#options.sink.marker(lane, mark.id, mark.note);
  }

  #commit({ commitEndLsn }: Pgoutput.MessageCommit): void {
    const open = this.#demandOpen();
    const end = lsnOf(commitEndLsn ?? "0/0");
    this.#open = null;
    if (end > this.at) this.at = end;
    if (open.begun) this.#options.sink.commit(this.#position);
    else this.#options.sink.idle(this.#position);
  }

  #demandOpen(): Open {
    if (this.#open === null) throw broken("A change stands outside of every transaction");
    return this.#open;
  }
}

interface Mark {
  readonly migration: string;
  readonly id: string;
  readonly note: string;
}

/** null for what somebody else has written under our prefix. */
function markOf(text: string): Mark | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (typeof value !== "object" || value === null) return null;
  const { migration, id, note } = { migration: null, id: null, note: null, ...value };
  return typeof migration === "string" && typeof id === "string" && typeof note === "string"
    ? { migration, id, note }
    : null;
}

function broken(what: string): Fault {
  return new Fault("bug", `${what} in the target's log.`);
}

function unreadable(what: string): Fault {
  return new Fault("log-refused", `${what}, so it cannot go back exactly.`, {
    next: "Set REPLICA IDENTITY FULL on the table again; headgate verify shows what the source lacks.",
  });
}
