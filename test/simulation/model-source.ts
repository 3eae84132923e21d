/**
 * The model's source: states by transaction, a log, and what it takes to read both. A transaction is in the log before
 * a SELECT sees it. The log does not carry what foreign keys do. Positions are counts of transactions, less those that are
 * prepared and not ended: whoever reads on from one gets these again.
 */
import { Fault } from "../../src/errors.js";
import { stopReason, throwIfStopped } from "../../src/stop.js";
import type { Plan, PlanTable, Position, Range } from "../../src/model.js";
import type { ExactCut, RowReader, Source } from "../../src/port.js";
import { keyOf, packetImages, packetOf } from "../../src/stream/example-rows.js";
import type { Row } from "../../src/stream/example-rows.js";
import type { ChangeFeed, ChangeSink, RowImages, SourceTransaction } from "../../src/stream-port.js";
import { inOrder, inRange } from "./model-look.js";
import type { Random } from "./random.js";
import type { Actor, Scheduler } from "./scheduler.js";

export interface LoggedChange {
  readonly table: string;
  readonly before: Row | null;
  readonly after: Row | null;
}

export interface LoggedTransaction {
  readonly changes: readonly LoggedChange[];
  readonly truncates: string | null;
  /** A statement that changes this table's shape, by its name; the model's tables stay as they are. */
  readonly alters?: string;
  /** It prepares an XA transaction, whose rows stand here and are true from its end on. */
  readonly prepares?: true;
  /** It ends the one that was prepared there; its changes are those of a commit. */
  readonly ends?: number;
  readonly marker: { readonly lane: string; readonly id: string; readonly note: string } | null;
}

const none = Buffer.alloc(0);

export type TableState = ReadonlyMap<string, Row>;
export type State = ReadonlyMap<string, TableState>;

/** `left`: transactions before it that it leaves out. */
export const positionAt = (count: number, left = ""): Position => ({
  kind: "file",
  file: "log",
  offset: left === "" ? String(count) : `${count}!${left}`,
});
export const countOf = ({ offset }: Position): number => Number.parseInt(offset, 10);
const leftOf = ({ offset }: Position): readonly number[] =>
  offset.includes("!")
    ? offset
        .slice(offset.indexOf("!") + 1)
        .split(",")
        .map(Number)
    : [];

function holds(later: Position, earlier: Position): boolean {
  const count = countOf(earlier);
  const left = leftOf(later);
  return countOf(later) >= count && left.every((one) => one > count || leftOf(earlier).includes(one));
}

/** What may go wrong on purpose, to see that the simulation finds it. */
export interface SourceFlaws {
  /** A marker's commit returns before a SELECT sees it. */
  readonly earlyAnswer?: boolean;
  /** The feed says of no transaction that a position holds it. */
  readonly neverWithin?: boolean;
  /** An exact cut tells the position that the log has, not that of its view. */
  readonly bareCut?: boolean;
  /** Nobody waits until a SELECT shows what the log has (semi-synchronous delivery). */
  readonly unseen?: boolean;
  /** Nobody is told of transactions that are prepared as the copy begins. */
  readonly unasked?: boolean;
  /** Positions leave nothing out. */
  readonly passing?: boolean;
}

export class ModelSource {
  readonly log: LoggedTransaction[] = [];
  /** states[n] is what the first n transactions have made. */
  readonly states: State[];
  visible = 0;
  /** Transactions that were not markers, and the number of the last of them. */
  lastData = 0;
  readonly plan: Plan;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly flaws: SourceFlaws;
  /** How often a connection breaks. */
  trouble = 0;
  /** Changes that each engine's feed has handed over. */
  readonly handed = new Map<Actor, number>();
  readonly #images = new Map<string, RowImages>();
  /** Transactions that are prepared; and after each transaction, those that were then. */
  readonly #prepared = new Set<number>();
  readonly #left: string[] = [""];
  readonly #packets = new WeakMap<Row, Buffer>();
  #feeds: (() => void)[] = [];
  #waiting: (() => void)[] = [];

  constructor(plan: Plan, scheduler: Scheduler, random: Random, flaws: SourceFlaws) {
    this.plan = plan;
    this.scheduler = scheduler;
    this.random = random;
    this.flaws = flaws;
    this.states = [new Map(plan.tables.map((table) => [table.source, new Map<string, Row>()]))];
    for (const table of plan.tables) this.#images.set(table.source, packetImages(table));
  }

  get state(): State {
    const state = this.states[this.log.length];
    if (state === undefined) throw new Error("no state");
    return state;
  }

  commit(transaction: LoggedTransaction, state: State): number {
    this.log.push(transaction);
    this.states.push(state);
    if (transaction.ends !== undefined) this.#prepared.delete(transaction.ends);
    this.#left.push(this.flaws.passing === true ? "" : [...this.#prepared].join(","));
    if (transaction.marker === null && transaction.alters === undefined) this.lastData = this.log.length;
    for (const wake of this.#feeds.splice(0)) wake();
    return this.log.length;
  }

  /** Prepares a transaction; its place in the log. */
  prepare(): number {
    this.#prepared.add(this.log.length + 1);
    return this.commit({ changes: [], truncates: null, marker: null, prepares: true }, this.state);
  }

  #at(count: number): Position {
    return positionAt(count, this.#left[count]);
  }

  #hand(actor: Actor): void {
    this.handed.set(actor, (this.handed.get(actor) ?? 0) + 1);
  }

  /** One more transaction becomes visible to SELECT. */
  show(): void {
    if (this.visible >= this.log.length) return;
    this.visible++;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async seen(actor: Actor, count: number): Promise<void> {
    while (this.visible < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    await this.scheduler.step(actor, "visible");
  }

  #packet(table: PlanTable, row: Row): Buffer {
    const known = this.#packets.get(row);
    if (known !== undefined) return known;
    const packet = packetOf(table, row);
    this.#packets.set(row, packet);
    return packet;
  }

  async ask(actor: Actor, what: string): Promise<void> {
    await this.scheduler.step(actor, `source ${what}`);
    if (this.random.chance(this.trouble)) throw new Fault("connection-lost", `source: ${what}`);
  }

  rows(table: string, at: number): Row[] {
    return [...(this.table(table, at)?.values() ?? [])];
  }

  table(name: string, at: number): TableState | undefined {
    return this.states[at]?.get(name);
  }

  /** As an engine sees it. */
  connect(actor: Actor): Source {
    const refuse = (): never => {
      throw new Error("not part of the model");
    };
    const mark = async (lane: string, note: string): Promise<string> => {
      await this.ask(actor, `mark ${lane}`);
      const id = String(this.log.length + 1);
      const count = this.commit({ changes: [], truncates: null, marker: { lane, id, note } }, this.state);
      if (this.flaws.earlyAnswer === true) await this.scheduler.step(actor, "marked");
      else await this.seen(actor, count);
      return id;
    };
    return {
      facts: refuse,
      load: refuse,
      measure: refuse,
      catalogue: refuse,
      preflight: refuse,
      grants: refuse,
      follows: refuse,
      profiler: refuse,
      inOrder: refuse,
      texts: refuse,
      ask: refuse,
      seen: async (_, position) => {
        await this.ask(actor, "seen");
        if (this.flaws.unseen !== true) await this.seen(actor, countOf(position));
      },
      split: (table, rangeRows) => this.#split(actor, table, rangeRows),
      reader: async () => {
        await this.ask(actor, "connect");
        return this.#reader(actor, null);
      },
      position: async () => {
        await this.ask(actor, "position");
        return positionAt(this.log.length);
      },
      prepareMarkers: async () => this.ask(actor, "prepare markers"),
      mark,
      token: async () => "token",
      marked: async (_, id) => {
        await this.ask(actor, "marked");
        return this.log[Number(id) - 1]?.marker?.note ?? null;
      },
      preparedTransactions: async () => {
        await this.ask(actor, "XA RECOVER");
        return this.flaws.unasked === true ? [] : [...this.#prepared].map((number) => `xa ${number}`);
      },
      exactCut: async (tables) => this.#cut(actor, tables),
      feed: async () => this.feed(actor),
      prepareFeed: async () => [],
      feedFindings: async () => [],
      feedTraces: async () => [],
      endFeed: async () => undefined,
      secondHand: refuse,
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  feed(actor: Actor): ChangeFeed {
    return {
      read: async (from, sink, { signal }) => {
        await this.ask(actor, "dump");
        // What a lane has is handed over again, from anywhere before.
        const lowest = Math.min(...from.flatMap((one) => [countOf(one), ...leftOf(one).map((n) => n - 1)]));
        let next = Math.max(0, lowest - (this.random.chance(0.3) ? this.random.below(6) : 0));
        const begun = next;
        for (;;) {
          throwIfStopped(signal);
          if (sink.full()) await sink.drained();
          const transaction = this.log[next];
          if (transaction === undefined) {
            if (this.random.chance(0.3)) sink.idle(() => this.#at(next));
            await this.#more(actor, next, signal);
            continue;
          }
          next++;
          // Rows that were prepared before this reading began are not in what it reads.
          const { ends = Infinity } = transaction;
          const unseen = ends <= begun;
          const whole = unseen ? { ...transaction, changes: [], truncates: null } : transaction;
          // A rollback has no rows that anybody could miss.
          await this.#deliver(actor, whole, unseen && transaction.changes.length > 0, next, sink, signal);
          if (this.random.chance(0.5)) await this.ask(actor, "read the log");
        }
      },
      holds,
      retention: async () => null,
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  async #deliver(
    actor: Actor,
    { changes, truncates, marker, alters }: LoggedTransaction,
    unseen: boolean,
    number: number,
    sink: ChangeSink,
    signal: AbortSignal,
  ): Promise<void> {
    if (alters !== undefined) {
      const within = (position: Position): boolean => number <= countOf(position);
      const statement = `ALTER TABLE ${alters}`;
      sink.schemaChange({ tables: [alters], statement, adds: true, at: `log:${number}`, within }, () =>
        this.#at(number - 1),
      );
      if (sink.full()) await sink.drained();
      return;
    }
    const source: SourceTransaction = {
      name: `log:${number}`,
      committedAt: null,
      within: (position) => this.flaws.neverWithin !== true && number <= countOf(position),
    };
    sink.begin(source);
    if (unseen) sink.endsUnseen();
    if (marker !== null) sink.marker(marker.lane, marker.id, marker.note);
    for (const { table, before, after } of changes) {
      const images = this.#images.get(table);
      if (images === undefined) throw new Error(`no ${table}`);
      if (!sink.wants(images.table)) continue;
      const old = before === null ? none : this.#packet(images.table, before);
      const now = after === null ? none : this.#packet(images.table, after);
      // The buffer is the feed's own: what the sink wants to keep it has to copy.
      const bytes = Buffer.allocUnsafe(3 + old.length + now.length).fill(1, 0, 3);
      const middle = 3 + old.copy(bytes, 3);
      now.copy(bytes, middle);
      const operation = before === null ? "insert" : after === null ? "delete" : "update";
      this.#hand(actor);
      sink.change(images, operation, bytes, 3, middle, middle, bytes.length);
      bytes.fill(0xee);
      if (this.random.chance(0.1)) await this.ask(actor, "read on in a transaction");
      throwIfStopped(signal);
      if (sink.full()) await sink.drained();
    }
    const truncated = truncates === null ? undefined : this.#images.get(truncates)?.table;
    if (truncated !== undefined && sink.wants(truncated)) {
      this.#hand(actor);
      sink.truncate(truncated);
    }
    sink.commit(() => this.#at(number));
  }

  async #more(actor: Actor, next: number, signal: AbortSignal): Promise<void> {
    while (this.log.length <= next) {
      throwIfStopped(signal);
      await new Promise<void>((resolve, reject) => {
        const stopped = (): void => reject(stopReason(signal));
        signal.addEventListener("abort", stopped, { once: true });
        this.#feeds.push(() => {
          signal.removeEventListener("abort", stopped);
          resolve();
        });
      });
      await this.ask(actor, "more of the log");
    }
  }

  async *#split(actor: Actor, table: PlanTable, rangeRows: number): AsyncIterable<Range> {
    await this.ask(actor, `split ${table.source}`);
    const keys = this.rows(table.source, this.visible)
      .map((row) => keyOf(table, row))
      .sort();
    let number = 0;
    let lower: string[] | null = null;
    for (let at = rangeRows; at < keys.length; at += rangeRows) {
      const upper = [keys[at] ?? ""];
      yield { table: table.source, number: number++, lower, upper };
      lower = upper;
    }
    yield { table: table.source, number, lower, upper: null };
  }

  async #cut(actor: Actor, tables: readonly string[]): Promise<ExactCut> {
    await this.ask(actor, `lock ${tables.join(" ")}`);
    // The lock waits for commits under way and holds the next ones back.
    if (this.flaws.bareCut !== true) while (this.visible < this.log.length) this.show();
    const view = this.visible;
    const position = positionAt(this.log.length);
    return {
      position,
      reader: this.#reader(actor, view),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  #reader(actor: Actor, view: number | null): RowReader {
    return {
      read: async (query, sink) => {
        await this.ask(actor, `read ${query.table}`);
        const table = this.plan.tables.find(({ source }) => source === query.table);
        if (table === undefined) throw new Error(`no ${query.table}`);
        const { range, keys } = query;
        const wanted = keys === undefined ? null : new Set(keys.texts.map((key) => JSON.stringify(key)));
        const places = query.select.map((sql) => placeOf(table, sql));
        const found = this.rows(query.table, view ?? this.visible).filter(
          (row) =>
            (range === null || inRange(table, row, range)) &&
            (wanted === null || wanted.has(JSON.stringify(keyTexts(table, row)))),
        );
        const rows = query.ordered ? inOrder(table, found) : found;
        for (const row of rows) {
          if (this.random.chance(0.2)) await this.ask(actor, `read on ${query.table}`);
          const packet = places.every((place, at) => place === at && places.length === table.columns.length)
            ? this.#packet(table, row)
            : someOf(table, row, places);
          sink.row(packet, 0, packet.length);
          if (sink.full()) await sink.drained();
        }
        return { rows: rows.length };
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
}

/** Which column an expression gives. */
function placeOf(table: PlanTable, sql: string): number {
  return table.columns.findIndex(({ source }) => sql === source || sql.includes(`\`${source}\``));
}

function keyTexts(table: PlanTable, row: Row): string[] {
  return (table.key?.columns ?? []).map((name) => String(row[placeOf(table, name)]));
}

/** A packet of some columns. */
function someOf(table: PlanTable, row: Row, places: readonly number[]): Buffer {
  const columns = places.flatMap((place) => table.columns[place] ?? []);
  return packetOf(
    { ...table, columns },
    places.map((place) => row[place] ?? null),
  );
}
