/**
 * What one transaction has in one topic: how many changes its end promises, which have come, and which of them come a
 * second time. A connector that starts again in the middle of a transaction goes on at some change that it has sent
 * already: it begins the transaction anew, and then numbers and counts from one, or it goes on with the numbers that it had
 * saved. One that has only lost its connection to the source sends the transaction from its first change again, and numbers
 * and counts all that on top. So where numbers or places in the source's log do not simply go on, the end's count says
 * nothing: the log's own count does, and what stands at or before the last place is a repeat.
 */
import { Fault } from "../../../src/errors.js";
import type { RowHead } from "./row-head.js";
import type { Ended } from "./marks.js";

/** Where a change stands inside of its transaction. `second`: the insert of a changed key, which stands where its delete does. */
export interface Place {
  readonly file: string;
  readonly pos: number;
  readonly row: number;
  readonly second: boolean;
}

/** Headers of the two records that a changed key comes as. */
export const newKey = "__debezium.newkey";
export const oldKey = "__debezium.oldkey";

export class Share {
  readonly #ended: Ended;
  readonly #promised: ReadonlyMap<string, number>;
  /** Rows that the source's log has, by table; null as long as nobody had to ask. */
  #logged: ReadonlyMap<string, number> | null = null;
  /** Events that were taken over, by table. */
  readonly #events = new Map<string, number>();
  /** Rows of the log that they are: a changed key is one row and comes as two events. */
  readonly #rows = new Map<string, number>();
  /** Last number within its table. */
  readonly #orders = new Map<string, number>();
  #total = 0;
  #last: Place | null = null;
  /** The first change that came. */
  #first: RowHead | null = null;
  /** Something was sent twice. */
  #again = false;
  /** Places that do not grow: changes of a packed transaction all stand at one. */
  #flat = false;
  /** A key's change has shown its delete, and its insert has to follow. */
  #halved: string | null = null;
  #missing = 0;

  constructor(ended: Ended, promised: ReadonlyMap<string, number>) {
    this.#ended = ended;
    this.#promised = promised;
    for (const count of promised.values()) this.#missing += count;
  }

  /** As many changes have come as there are. */
  get complete(): boolean {
    return this.#missing <= 0 && this.#halved === null;
  }

  /** Where the last change stands that was taken over; null before the first. */
  get last(): Place | null {
    return this.#last;
  }

  /** The source's log was asked. */
  get sure(): boolean {
    return this.#logged !== null;
  }

  /** Rows by table as the source's log has them; the end's count is forgotten. */
  recount(logged: ReadonlyMap<string, number>): void {
    this.#logged = logged;
    this.#missing = 0;
    for (const [table, count] of logged) this.#missing += count - (this.#rows.get(table) ?? 0);
  }

  /** Whether the row may come a second time, which only the source's log tells. */
  doubts(head: RowHead): boolean {
    return this.#jumps(head) || (this.#goesBack(head) && this.#startsOver(head));
  }

  /** Whether the row is to be handed over; false where it came already. Faults: events-dropped. */
  takes(head: RowHead): boolean {
    const { event, target, record } = head;
    const { transaction } = event;
    if (transaction === null) throw new Fault("bug", "A row without a transaction was counted in one.");
    const jumps = this.#jumps(head);
    const back = this.#goesBack(head);
    if (jumps) this.#again = true;
    else if (back && !this.#again) {
      if (this.#startsOver(head)) this.#again = true;
      else this.#flat = true;
    }
    this.#orders.set(target.name, transaction.tableOrder);
    this.#total = transaction.totalOrder;
    this.#first ??= head;
    if (this.#again && this.#flat) throw this.#unclear();
    if (this.#again && back) return false;
    const place = placeOf(head);
    this.#halves(halfOf(event.op, place.second, record.headers), target.name);
    this.#last = place;
    this.#count(head, place.second);
    return true;
  }

  /** What is missing, for people. */
  get lacks(): string {
    const [had, promised] =
      this.#logged === null ? [this.#events, this.#promised] : [this.#rows, this.#logged];
    return [...promised]
      .filter(([table, count]) => (had.get(table) ?? 0) < count)
      .map(([table, count]) => `${String(had.get(table) ?? 0)} of ${String(count)} of ${table}`)
      .join(", ");
  }

  /** Its number is not the next one: something is missing, or the connector has started again. */
  #jumps({ event, target }: RowHead): boolean {
    if (event.transaction === null) return false;
    const { tableOrder, totalOrder } = event.transaction;
    return totalOrder <= this.#total || tableOrder !== (this.#orders.get(target.name) ?? 0) + 1;
  }

  #goesBack(head: RowHead): boolean {
    return this.#last !== null && compare(placeOf(head), this.#last) <= 0;
  }

  /** Stands before what has come, or is the very change that came first. */
  #startsOver(head: RowHead): boolean {
    const [first, last] = [this.#first, this.#last];
    if (first === null || last === null) return false;
    if (compare({ ...placeOf(head), row: last.row, second: last.second }, last) < 0) return true;
    return (
      head.event.op === first.event.op &&
      head.event.row === first.event.row &&
      head.target === first.target &&
      imageOf(head).equals(imageOf(first))
    );
  }

  #count({ event, target }: RowHead, second: boolean): void {
    const { name, kind } = target;
    const events = (this.#events.get(name) ?? 0) + 1;
    this.#events.set(name, events);
    // Of a lane's marker table the log tells what was written, and not what a heartbeat touches.
    const isRow = !second && (kind === "table" || event.op === "c");
    const rows = (this.#rows.get(name) ?? 0) + (isRow ? 1 : 0);
    this.#rows.set(name, rows);
    if (this.#logged === null) {
      if (events <= (this.#promised.get(name) ?? 0)) this.#missing--;
    } else if (isRow) {
      if (rows > (this.#logged.get(name) ?? 0)) throw this.#unclear();
      this.#missing--;
    }
  }

  #halves(part: "delete" | "insert" | null, table: string): void {
    if (this.#halved !== null && (part !== "insert" || this.#halved !== table)) throw this.halved();
    this.#halved = part === "delete" ? table : null;
  }

  halved(): Fault {
    return halfOnly(this.#ended.id, this.#halved ?? "a table");
  }

  #unclear(): Fault {
    return new Fault(
      "events-dropped",
      `The connector started again in the middle of the transaction ${this.#ended.id}, whose changes do not stand in order, as in one that the source's log has packed (binlog_transaction_compression): which of them came twice cannot be told.`,
      {
        next: "SET GLOBAL binlog_transaction_compression = OFF; then headgate recopy the tables of the transaction, then headgate run.",
        facts: { transaction: this.#ended.id },
      },
    );
  }
}

/** Of a changed key only one of its two records is there. */
export function halfOnly(transaction: string, table: string): Fault {
  return new Fault(
    "events-dropped",
    `The transaction ${transaction} changes a key of ${table}, and the topic has only one half of it.`,
    { facts: { transaction } },
  );
}

export function placeOf({ event: { file, pos, row }, record }: RowHead): Place {
  return { file, pos, row, second: oldKey in record.headers };
}

function imageOf({ event, value }: RowHead): Buffer {
  return value.subarray(Math.min(event.before, event.after), Math.max(event.beforeEnd, event.afterEnd));
}

/** Which half of a changed key it is. */
function halfOf(
  op: string,
  second: boolean,
  headers: Readonly<Record<string, unknown>>,
): "delete" | "insert" | null {
  if (second) return "insert";
  return op === "d" && newKey in headers ? "delete" : null;
}

export function compare(one: Place, other: Place): number {
  if (one.file !== other.file)
    return one.file.length === other.file.length
      ? one.file < other.file
        ? -1
        : 1
      : one.file.length - other.file.length;
  if (one.pos !== other.pos) return one.pos - other.pos;
  if (one.row !== other.row) return one.row - other.row;
  return Number(one.second) - Number(other.second);
}
