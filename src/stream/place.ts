/**
 * Where in the log a change stands: its transaction, and how many changes of its table came before it there. That names
 * it, the same whenever the log is read again, whatever else is left out.
 */
import { Fault } from "../errors.js";
import type { PlanTable, Position } from "../model.js";
import type { SourceTransaction } from "../stream-port.js";
import type { Change } from "./change.js";
import type { Origin } from "./part.js";

/** One a table, whatever shapes it has. */
export interface Place {
  /** The number of the transaction, since a feed may use one object for all of them. */
  transaction: number;
  /** Row changes of the table in the transaction so far. */
  ordinal: number;
  /** The table's exact cut holds the present transaction. */
  cut: boolean;
}

export class Places {
  readonly #cuts: ReadonlyMap<string, Position>;
  readonly #places = new Map<string, Place>();
  #transaction: SourceTransaction | null = null;
  #number = 0;

  constructor(cuts: ReadonlyMap<string, Position>) {
    this.#cuts = cuts;
  }

  begin(transaction: SourceTransaction): void {
    this.#transaction = transaction;
    this.#number += 1;
  }

  end(): void {
    this.#transaction = null;
  }

  /** The table's place in the present transaction, begun anew with each. */
  of(name: string): Place {
    let place = this.#places.get(name);
    if (place === undefined) {
      place = { transaction: -1, ordinal: 0, cut: false };
      this.#places.set(name, place);
    }
    this.enter(place, name);
    return place;
  }

  enter(place: Place, name: string): void {
    if (place.transaction === this.#number) return;
    const cut = this.#cuts.get(name);
    place.transaction = this.#number;
    place.ordinal = 0;
    place.cut = cut !== undefined && this.#transaction?.within(cut) === true;
  }

  id(table: PlanTable, place: Place): string {
    return changeId(this.#name, table.source, place.ordinal);
  }

  /** A change as it may have to be kept. */
  origin(change: Change, lane: string, place: Place): Origin {
    const { shape, operation, bytes, before, beforeEnd, after, afterEnd } = change;
    const hex = (start: number, end: number): string | null =>
      start === end ? null : bytes.subarray(start, end).toString("hex");
    return {
      ...this.#bare(shape.table.plan, lane, place),
      operation,
      ...keysOf(change),
      before: hex(before, beforeEnd),
      after: hex(after, afterEnd),
    };
  }

  /** A TRUNCATE as it may have to be kept. */
  emptied(table: PlanTable, lane: string, place: Place): Origin {
    return {
      ...this.#bare(table, lane, place),
      operation: "truncate",
      ...{ key: null, newKey: null },
      before: null,
      after: null,
    };
  }

  #bare(
    table: PlanTable,
    lane: string,
    place: Place,
  ): Pick<Origin, "id" | "lane" | "table" | "transaction" | "ordinal"> {
    return {
      id: this.id(table, place),
      lane,
      table: table.source,
      transaction: this.#name,
      ordinal: place.ordinal,
    };
  }

  get #name(): string {
    return this.#transaction?.name ?? "?";
  }
}

/** Equal whenever the log is read again, whatever else is left out. */
export function changeId(transaction: string, table: string, ordinal: number): string {
  return `${transaction}#${encodeURIComponent(table)}.${ordinal}`;
}

/** Of the row as it was, or came, and as it is. */
function keysOf(change: Change): Pick<Origin, "key" | "newKey"> {
  const { before, beforeEnd, after, afterEnd } = change;
  const was = before === beforeEnd ? null : keyOf(change, before, beforeEnd);
  const is = after === afterEnd ? null : keyOf(change, after, afterEnd);
  return { key: was ?? is, newKey: was === null || is === was ? null : is };
}

/** The key's tuple, hexadecimal; null where there is none, or it cannot be read. */
function keyOf({ shape, bytes }: Change, start: number, end: number): string | null {
  const { key } = shape.table;
  if (key === null) return null;
  try {
    key.read(shape.key, bytes, start, end);
  } catch (error) {
    if (error instanceof Fault) return null;
    throw error;
  }
  return key.out.bytes.subarray(0, key.out.at).toString("hex");
}
