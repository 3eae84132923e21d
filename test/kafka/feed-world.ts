/**
 * A feed over topics that are written from a source's log as Debezium writes them, each transaction a row of one table: for
 * tests of what the feed makes of an order. The source's log itself answers what the feed asks of it.
 */
import type { Plan, Position, SourceEngine } from "../../src/model.js";
import type {
  ChangeFeed,
  ChangeSink,
  LoggedAct,
  LoggedTransaction,
  LogWitness,
} from "../../src/stream-port.js";
import { positionBook } from "../../connectors/mysql/binlog/book.js";
import { openKafkaFeed } from "../../connectors/kafka/feed.js";
import { plannedColumn, plannedTable } from "../../connectors/kafka/planned-table.fixture.js";
import { generatedSettings } from "../../connectors/kafka/event-settings.js";
import { recordReader } from "../../connectors/kafka/record-reader.js";
import { MemoryTopics } from "./memory-topics.js";
import { everything } from "./topics.js";
import type { WrittenForm } from "../../connectors/kafka/written-form.js";

const tables = ["a", "b"].map((name) => plannedTable(name, plannedColumn("int")));

const plan: Plan = {
  ...{ version: 1, migration: "20260101_fixture", database: "shop", schema: "public", fingerprint: "" },
  ...{ lanes: ["main"], tables, before: [], after: [], findings: [] },
};

/** One transaction of the source's log. */
export interface Logged {
  readonly gtid: string;
  /** `b` is a table with a topic of its own; `silent` is what no topic tells. */
  readonly act: `${"row" | "truncate" | "alter"} ${"a" | "b"}` | "other" | "silent";
  /** "binlog.000001:100" without it, and on from there. */
  readonly at?: string;
  /** No topic has it, as if it was lost on the way. */
  readonly lost?: boolean;
}

export interface FeedWorld {
  readonly feed: ChangeFeed;
  /** What the feed has handed over, in its order. */
  readonly story: string[];
  /** Of the last commit. */
  readonly position: () => Position | null;
  /** How often the source's log was asked. */
  readonly asked: () => number;
  /** Everything up to the end of the topics. */
  readonly read: (from: Position) => Promise<void>;
}

export interface FeedWorldOptions {
  readonly engine?: SourceEngine;
  readonly form?: WrittenForm;
  /** What the source's log itself has, where that is not what the topics are of. */
  readonly source?: readonly Logged[];
}

export function at(set: string, file = "binlog.000001", offset = "4"): Position {
  return { kind: "gtid", set, file, offset };
}

export function feedWorld(log: readonly Logged[], options: FeedWorldOptions = {}): FeedWorld {
  const { engine = "mysql", form = {}, source = log } = options;
  const inMemory = new MemoryTopics();
  for (const topic of ["p.lane-main", "p.b", "p.transaction", "p"]) inMemory.all.set(topic, []);
  log.forEach((one, index) => {
    if (one.lost !== true) write(inMemory, one, index);
  });
  const story: string[] = [];
  let last: Position | null = null;
  let asked = 0;
  const sink = recorder(story, (position) => {
    last = position;
  });
  const feed = openKafkaFeed({
    ...{ plan, engine, form, reread: null },
    topics: {
      rows: [
        { topic: "p.lane-main", tables: ["a"], markers: ["main"] },
        { topic: "p.b", tables: ["b"], markers: [] },
      ],
      transactions: "p.transaction",
      schemaChanges: "p",
    },
    client: inMemory.client,
    records: recordReader({ engine, settings: generatedSettings, fetchSchema: null }),
    ...{ book: positionBook(engine), executed: everything },
    witness: witnessOf(source, engine, () => {
      asked++;
    }),
    now: clock(),
    patienceMs: 60_000,
  });
  return {
    feed,
    story,
    position: () => last,
    asked: () => asked,
    read: (from) => feed.read([from], sink, { untilEnd: true, signal: new AbortController().signal }),
  };
}

function clock(): () => number {
  let now = 0;
  return () => (now += 1000);
}

function placeOf({ at: place }: Logged, index: number): { readonly file: string; readonly pos: number } {
  const [file = "", pos = "0"] = (place ?? `binlog.000001:${String(100 * (index + 1))}`).split(":");
  return { file, pos: Number(pos) };
}

function write(inMemory: MemoryTopics, one: Logged, index: number): void {
  const { gtid, act } = one;
  const put = (topic: string, value: unknown): void => {
    inMemory.put(topic, value);
  };
  const [kind = "", table = ""] = act.split(" ");
  const source = {
    ...{ gtid, ...placeOf(one, index), row: 0, server_id: 1, ts_ms: 1, snapshot: "false" },
    ...{ db: "shop", table },
  };
  const topic = table === "b" ? "p.b" : "p.lane-main";
  if (kind === "alter") put("p", { source, databaseName: "shop", ddl: statementOf(one), tableChanges: [] });
  if (kind === "truncate") put(topic, { before: null, after: null, source, transaction: null, op: "t" });
  if (kind !== "row" && kind !== "other") return;
  put("p.transaction", { status: "BEGIN", id: gtid, ts_ms: 1 });
  const count = kind === "row" ? 1 : 0;
  if (kind === "row")
    put(topic, {
      ...{ before: null, after: { int: index }, source, op: "c" },
      transaction: { id: gtid, total_order: 1, data_collection_order: 1 },
    });
  const collections = count === 0 ? [] : [{ data_collection: `shop.${table}`, event_count: 1 }];
  put("p.transaction", {
    ...{ status: "END", id: gtid, ts_ms: 1, event_count: count, data_collections: collections },
  });
}

function statementOf({ gtid, act }: Logged): string {
  return `ALTER TABLE ${act.split(" ")[1] ?? ""} ADD c INT /* ${gtid} */`;
}

function actOf(one: Logged): LoggedAct {
  const [kind, name = ""] = one.act.split(" ");
  switch (kind) {
    case "row":
      return { kind: "rows", tables: [name], why: "It has rows." };
    case "truncate":
      return { kind: "truncate", tables: tables.filter(({ source }) => source === name) };
    case "alter":
      return { kind: "schema", tables: [name], statement: statementOf(one), adds: false };
    default:
      return { kind: "nothing" };
  }
}

function witnessOf(log: readonly Logged[], engine: SourceEngine, asked: () => void): LogWitness {
  const book = positionBook(engine);
  const told = (one: Logged): LoggedTransaction => ({
    at: { gtid: one.gtid, file: "", offset: "" },
    act: actOf(one),
    counts: { tables: new Map(), markers: new Map() },
  });
  const number = (gtid: string): string => gtid.replace(/^(\d+)-\d+-(\d+)$/u, "$1:$2-$2");
  return {
    look: async (unheard) => {
      asked();
      const names = unheard.map(({ names: one }) => one).join();
      return log.filter(({ gtid }) => covers(names, number(gtid))).map(told);
    },
    before: async (place, held, known) => {
      asked();
      const end = log.findIndex(({ gtid }) => gtid === place.gtid);
      if (end < 0) throw new Error(`${place.gtid ?? ""} is not in the log`);
      return log
        .slice(0, end)
        .filter((one) => !book.within(held, { gtid: one.gtid, file: "", offset: "" }))
        .filter((one) => !known.some(({ gtid }) => gtid === one.gtid))
        .map(told);
    },
    // None of these logs has an XA transaction.
    endOf: async () => null,
    named: ({ gtid }) => ({ names: number(gtid ?? ""), count: "1" }),
    judge: (statement) => {
      const one = log.find((each) => statementOf(each) === statement);
      return one === undefined ? { kind: "nothing" } : actOf(one);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Whether names such as `UUID:3-5:7` or `0:3-5` have the number of `UUID:4`, `0:4-4`. */
function covers(names: string, gtid: string): boolean {
  const [, key = "", number = ""] = /^(.*):(\d+)(?:-\d+)?$/u.exec(gtid) ?? [];
  return names.split(",").some((name) => {
    if (!name.startsWith(`${key}:`)) return false;
    return name
      .slice(key.length + 1)
      .split(":")
      .some((part) => {
        const [first = 0, end = first] = part.split("-").map(Number);
        return first <= Number(number) && Number(number) <= end;
      });
  });
}

function recorder(story: string[], committed: (position: Position) => void): ChangeSink {
  let name = "";
  return {
    begin: (transaction) => {
      ({ name } = transaction);
    },
    wants: () => true,
    change: (images, operation) => {
      story.push(`${name} ${operation} ${images.table.source}`);
    },
    truncate: ({ source }) => {
      story.push(`${name} truncate ${source}`);
    },
    endsUnseen: () => undefined,
    marker: () => undefined,
    commit: (position) => {
      committed(position());
    },
    schemaChange: ({ at: place, tables: changed }) => {
      story.push(`${place} schema ${changed.join()}`);
    },
    idle: (position) => {
      committed(position());
    },
    full: () => false,
    drained: async () => undefined,
  };
}
