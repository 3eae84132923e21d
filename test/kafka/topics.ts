/**
 * Topics in memory, as Debezium fills them, and a feed that reads them with the real reader of JSON and the real book of
 * positions: for tests of what a feed hands over and where it stops.
 */
import { Fault } from "../../src/errors.js";
import type { Plan, PlanTable, Position, SourceEngine } from "../../src/model.js";
import type {
  ChangeSink,
  ExecutedLog,
  LoggedTransaction,
  LogWitness,
  SourceTransaction,
} from "../../src/stream-port.js";
import { positionBook } from "../../connectors/mysql/binlog/book.js";
import { generatedSettings } from "../../connectors/kafka/event-settings.js";
import { openKafkaFeed } from "../../connectors/kafka/feed.js";
import type { KafkaFeedOptions } from "../../connectors/kafka/feed-options.js";
import { recordReader } from "../../connectors/kafka/record-reader.js";
import { planColumn, planTable } from "../../src/typemap/column.fixture.js";
import { MemoryTopics } from "./memory-topics.js";

export const uuid = "11111111-2222-3333-4444-555555555555";

/** A table of an int key and another int. */
export function tableOf(source: string): PlanTable {
  const columns = ["id", "v"].map((name) => planColumn("int", "integer", {}, [], name));
  return { ...planTable(columns, ["id"]), source, target: source, lane: "main" };
}

export function planOf(...names: readonly string[]): Plan {
  const tables = names.map(tableOf);
  return {
    ...{ version: 1, migration: "20260101_m", database: "db", schema: "public", fingerprint: "", tables },
    ...{ lanes: ["main"], before: [], after: [], findings: [] },
  };
}

export const laneTopic = "p.lane-main";
export const transactions = "p.transaction";

export interface Placed {
  readonly id: string;
  /** Number of the event in its transaction. */
  readonly order: number;
  readonly pos?: number;
  readonly topic?: string;
  readonly db?: string;
  readonly file?: string;
}

export class Topics extends MemoryTopics {
  #pos = 1000;

  /** An insert. */
  row(table: string, row: object, placed: Placed): void {
    const { id, order, pos = (this.#pos += 10), topic = laneTopic, db = "db", file = "b.000001" } = placed;
    const transaction = { id, total_order: order, data_collection_order: order };
    const place = { server_id: 1, gtid: id, file, pos, row: 0 };
    const source = { ts_ms: 1, snapshot: "false", db, table, ...place };
    this.put(topic, { before: null, after: row, source, transaction, op: "c" });
  }

  begin(id: string): void {
    this.put(transactions, { status: "BEGIN", id, event_count: null, data_collections: null, ts_ms: 1 });
  }

  end(id: string, count: number, table = "db.a"): void {
    const data_collections = [{ data_collection: table, event_count: count }];
    this.put(transactions, { status: "END", id, event_count: count, data_collections, ts_ms: 1 });
  }

  /** A transaction that inserts one row. */
  insert(id: string, row: object, table = "a"): void {
    this.begin(id);
    this.row(table, row, { id, order: 1 });
    this.end(id, 1, `db.${table}`);
  }

  /** A statement that changes a table. */
  statement(id: string, ddl: string, table: string): void {
    const source = { snapshot: "false", db: "db", gtid: id, file: "b.000001", pos: 5, server_id: 1 };
    this.put("p", { source, databaseName: "db", ddl, tableChanges: [{ id: `"db"."${table}"` }] });
  }
}

/** Remembers what it is handed. */
export class Told implements ChangeSink {
  readonly log: string[] = [];
  position: Position;
  #name = "";
  #within = false;
  #present: string[] = [];

  constructor(position: Position) {
    this.position = position;
  }

  begin(transaction: SourceTransaction): void {
    this.#name = transaction.name.replace(`${uuid}:`, "");
    this.#within = transaction.within(this.position);
    this.#present = [];
  }

  wants(): boolean {
    return !this.#within;
  }

  change(...[images, operation, bytes, , , after, afterEnd]: Parameters<ChangeSink["change"]>): void {
    const row = bytes.toString("utf8", after, afterEnd);
    this.#present.push(`${this.#name} ${operation} ${images.table.source} ${row}`);
  }

  truncate(table: PlanTable): void {
    this.#present.push(`${this.#name} truncate ${table.source}`);
  }

  endsUnseen(): void {
    this.#present.push(`${this.#name} ends unseen`);
  }

  marker(lane: string, id: string, note: string): void {
    this.#present.push(`${this.#name} marker ${lane} ${id} ${note}`);
  }

  commit(position: () => Position): void {
    if (this.#within) return;
    this.log.push(...this.#present);
    this.#present = [];
    this.position = position();
  }

  schemaChange({ tables }: Parameters<ChangeSink["schemaChange"]>[0]): void {
    this.log.push(`schema ${tables.join(",")}`);
  }

  idle(position: () => Position): void {
    this.position = position();
  }

  full(): boolean {
    return false;
  }

  async drained(): Promise<void> {
    await Promise.resolve();
  }
}

/** The source's log knows of these alone; statements are judged by their last word, a table. */
export function witnessOf(log: readonly LoggedTransaction[] = []): LogWitness {
  return {
    look: async (unheard) =>
      Promise.resolve(log.filter(({ at }) => unheard.some(({ names }) => names === at.gtid))),
    before: async () => Promise.resolve([]),
    endOf: async () => Promise.resolve(null),
    named: ({ gtid }) => ({ names: gtid ?? "", count: "1" }),
    judge: (statement) => ({
      ...{ kind: "schema", tables: [statement.slice(-1)], statement, adds: false },
    }),
    [Symbol.asyncDispose]: async () => Promise.resolve(),
  };
}

export const everything: ExecutedLog = { has: () => true, refresh: async () => Promise.resolve() };

export function applied(set: string, topics?: Position["topics"]): Position {
  return { kind: "gtid", set, file: "b.000001", offset: "4", ...(topics === undefined ? {} : { topics }) };
}

export interface Run extends Partial<Omit<KafkaFeedOptions, "engine">> {
  readonly inMemory: Topics;
  readonly from: Position;
  readonly engine?: SourceEngine;
  readonly sink?: Told;
}

/** Reads to the topics' ends, and what that came to. */
export async function readAll(run: Run): Promise<{ readonly sink: Told; readonly fault: Fault | null }> {
  const { inMemory, from, engine = "mysql", sink = new Told(from), plan = planOf("a"), ...others } = run;
  let now = 0;
  const rows = [{ topic: laneTopic, tables: plan.tables.map(({ source }) => source), markers: [] }];
  await using feed = openKafkaFeed({
    ...{
      plan,
      engine,
      form: {},
      topics: { rows, transactions, schemaChanges: inMemory.all.has("p") ? "p" : null },
    },
    client: inMemory.client,
    records: recordReader({ engine, settings: generatedSettings, fetchSchema: null }),
    ...{ book: positionBook(engine), executed: everything, witness: witnessOf(), reread: null },
    now: () => (now += 1000),
    patienceMs: 60_000,
    ...others,
  });
  const { signal } = new AbortController();
  try {
    await feed.read([sink.position], sink, { untilEnd: true, signal });
  } catch (error) {
    if (error instanceof Fault) return { sink, fault: error };
    throw error;
  }
  return { sink, fault: null };
}
