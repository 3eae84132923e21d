/**
 * XA over topics: rows that were prepared stand in a topic, or in none, and of their end no topic tells. The source's log says
 * where it stands, and by that place alone a copy has them or not.
 */
import { expect, it } from "vitest";
import { positionBook } from "../../connectors/mysql/binlog/book.js";
import type { Position, SourceEngine } from "../../src/model.js";
import type {
  LogPlace,
  LoggedAct,
  LoggedTransaction,
  LogWitness,
  PreparedEnd,
  SourceTransaction,
} from "../../src/stream-port.js";
import { Settled } from "../../src/stream/settled.js";
import { applied, laneTopic, readAll, Told, Topics, transactions, uuid } from "./topics.js";

/** A lane whose table was copied at a place of its own. */
class Copied extends Told {
  readonly #cut: Position;
  readonly #engine: SourceEngine;
  #copied = false;

  constructor(position: Position, cut: Position, engine: SourceEngine) {
    super(position);
    this.#cut = cut;
    this.#engine = engine;
  }

  override begin(transaction: SourceTransaction): void {
    super.begin(transaction);
    this.#copied = transaction.within(this.#cut);
  }

  override wants(): boolean {
    return super.wants() && !this.#copied;
  }

  holds(at: LogPlace): boolean {
    return positionBook(this.#engine).within(this.position, at);
  }
}

const place = (gtid: string): LogPlace => ({ gtid, file: "", offset: "" });

const told = ([gtid, act]: readonly [string, LoggedAct]): LoggedTransaction => ({
  ...{ at: place(gtid), act, counts: null },
});

/** The source's log as a list; `ends` are those of prepared transactions. */
function logOf(
  engine: SourceEngine,
  log: readonly (readonly [gtid: string, act: LoggedAct])[],
  ends: Readonly<Record<string, PreparedEnd>> = {},
): LogWitness {
  const book = positionBook(engine);
  const named = (gtid: string): string => gtid.replace(/^(\d+)-\d+-(\d+)$/u, "$1:$2-$2");
  return {
    look: async (unheard) =>
      log.filter(([gtid]) => unheard.some(({ names }) => names.split(",").includes(named(gtid)))).map(told),
    before: async (at, held, known) =>
      log
        .slice(
          0,
          log.findIndex(([gtid]) => gtid === at.gtid),
        )
        .filter(([gtid]) => !book.within(held, place(gtid)) && !known.some((one) => one.gtid === gtid))
        .map(told),
    endOf: async ({ gtid }) => ends[gtid ?? ""] ?? null,
    named: ({ gtid }) => ({ names: named(gtid ?? ""), count: "1" }),
    judge: () => ({ kind: "nothing" }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

const nothing: LoggedAct = { kind: "nothing" };
const prepared: LoggedAct = { kind: "prepared", tables: ["a"] };
const unseen: LoggedAct = { kind: "unseen" };

function empty(topics: Topics, id: string): void {
  topics.begin(id);
  topics.put(transactions, { status: "END", id, event_count: 0, data_collections: [], ts_ms: 1 });
}

/** As the connectors write it: MySQL's into no transaction, MariaDB's into one without an end. */
function preparedRow(topics: Topics, gtid: string, engine: SourceEngine): void {
  const transaction = engine === "mariadb" ? { id: gtid, total_order: 1, data_collection_order: 1 } : null;
  if (engine === "mariadb") topics.begin(gtid);
  const at = { server_id: 1, gtid, file: "b.000001", pos: 1015, row: 0 };
  const source = { ts_ms: 1, snapshot: "false", db: "db", table: "a", ...at };
  topics.put(laneTopic, { before: null, after: { id: 2, v: 2 }, op: "c", transaction, source });
}

interface Case {
  readonly engine: SourceEngine;
  /** What the copy of the table has. */
  readonly cut: number;
  readonly end: "commits" | "rolls back" | "is open";
}

const names = {
  mysql: (number: number) => `${uuid}:${String(number)}`,
  mariadb: (number: number) => `0-1-${String(number)}`,
};
const upTo = { mysql: (number: number) => `${uuid}:1-${String(number)}`, mariadb: names.mariadb };

/** 5 is prepared, 6 is of others, 7 ends it, 8 and 9 are told. */
async function heard({ engine: of, cut, end }: Case): Promise<{
  readonly code: string | null;
  readonly log: readonly string[];
  readonly holds: boolean;
}> {
  const engine = of === "mariadb" ? "mariadb" : "mysql";
  const [n, to] = [names[engine], upTo[engine]];
  const topics = new Topics();
  topics.insert(n(4), { id: 1, v: 1 });
  preparedRow(topics, n(5), engine);
  empty(topics, n(6));
  empty(topics, n(8));
  topics.insert(n(9), { id: 9, v: 9 });
  const sink = new Copied(applied(to(3)), applied(to(cut)), engine);
  const witness = logOf(
    engine,
    [
      [n(5), prepared],
      [n(6), nothing],
      [n(7), end === "commits" ? unseen : nothing],
      [n(8), nothing],
    ],
    end === "is open" ? {} : { [n(5)]: { at: place(n(7)), committed: end === "commits" } },
  );
  const { fault } = await readAll({ inMemory: topics, from: applied(to(3)), engine, sink, witness });
  return {
    code: fault?.code ?? null,
    log: sink.log.filter((line) => line.includes("insert")).map((line) => line.split(" ").at(-1) ?? ""),
    holds: sink.holds(place(n(9))),
  };
}

const row = (id: number): string => JSON.stringify({ id, v: id });

it.each(["mysql", "mariadb"] as const)("%s: rows are in a copy if their end is", async (engine) => {
  // Prepared in the cut, and committed behind it: no copy has them, and no topic tells of that.
  expect(await heard({ engine, cut: 5, end: "commits" })).toMatchObject({ code: "xa-event", holds: false });
  expect(await heard({ engine, cut: 4, end: "commits" })).toMatchObject({ code: "xa-event", holds: false });
  expect(await heard({ engine, cut: 7, end: "commits" })).toEqual({ code: null, log: [row(9)], holds: true });
});

it.each(["mysql", "mariadb"] as const)("%s: what was rolled back is nowhere", async (engine) => {
  const rows = [row(1), row(9)];
  expect(await heard({ engine, cut: 3, end: "rolls back" })).toEqual({ code: null, log: rows, holds: true });
});

it.each(["mysql", "mariadb"] as const)("%s: what has not ended stops it, copied or not", async (engine) => {
  expect(await heard({ engine, cut: 3, end: "is open" })).toMatchObject({ code: "xa-event", holds: false });
  expect(await heard({ engine, cut: 8, end: "is open" })).toMatchObject({ code: "xa-event", holds: false });
});

it("goes on behind both where the next change stands in the same topic", async () => {
  const topics = new Topics();
  preparedRow(topics, `${uuid}:4`, "mysql");
  topics.insert(`${uuid}:6`, { id: 9, v: 9 });
  const from = applied(`${uuid}:1-3`);
  const sink = new Copied(from, applied(`${uuid}:1-5`), "mysql");
  const ends = { [`${uuid}:4`]: { at: place(`${uuid}:5`), committed: true } };
  const log = logOf(
    "mysql",
    [
      [`${uuid}:4`, prepared],
      [`${uuid}:5`, unseen],
    ],
    ends,
  );
  // Asked for together, as one stretch.
  const witness: LogWitness = {
    ...log,
    look: async () => [told([`${uuid}:4`, prepared]), told([`${uuid}:5`, unseen])],
  };
  const { fault } = await readAll({ inMemory: topics, from, sink, witness });
  expect([fault, sink.log]).toEqual([null, ["5 ends unseen", `6 insert a ${row(9)}`]]);
});

it("meets nothing of a domain that stands behind what is still to come of it", async () => {
  const topics = new Topics();
  empty(topics, "1-1-1");
  topics.insert("0-1-11", { id: 1, v: 1 });
  topics.insert("0-1-13", { id: 3, v: 3 });
  const rows: LoggedAct = { kind: "rows", tables: ["a"], why: "It has rows." };
  const witness = logOf("mariadb", [
    ...([
      ["0-1-11", rows],
      ["0-1-12", nothing],
      ["1-1-1", nothing],
      ["0-1-13", rows],
    ] as const),
  ]);
  const { sink, fault } = await readAll({
    ...{ inMemory: topics, from: applied("0-1-10"), engine: "mariadb", witness },
  });
  expect([fault, sink.log]).toEqual([null, [`0-1-11 insert a ${row(1)}`, `0-1-13 insert a ${row(3)}`]]);
});

it("hears of an end in another domain before the start's marker, where the log has it before", async () => {
  const topics = new Topics();
  const marker = { id: 1, note: "start x", at: 1 };
  topics.begin("0-1-11");
  topics.row("marker_main", marker, { id: "0-1-11", order: 1, db: "headgate" });
  topics.end("0-1-11", 1, "headgate.marker_main");
  empty(topics, "1-1-6");
  const from = applied("0-1-10,1-1-4");
  const book = positionBook("mariadb");
  const feed = {
    read: async () => undefined,
    retention: async () => null,
    holds: (later: Position, earlier: Position) => book.holds(later, earlier),
    [Symbol.asyncDispose]: async () => undefined,
  };
  const settled = new Settled({ feed, start: from, join: null, startMarker: { id: "1", note: "start x" } });
  settled.open(0n, null);
  class Starting extends Told {
    awaits(): boolean {
      return settled.awaits;
    }
    override endsUnseen(): void {
      settled.endsUnseen();
    }
    override marker(lane: string, markerId: string, note: string): void {
      super.marker(lane, markerId, note);
      settled.marker(markerId, note);
    }
  }
  const { fault } = await readAll({
    ...{ inMemory: topics, from, sink: new Starting(from), engine: "mariadb" },
    witness: logOf("mariadb", [
      ["1-1-5", unseen],
      ["0-1-11", nothing],
      ["1-1-6", nothing],
    ]),
    topics: {
      rows: [{ topic: laneTopic, tables: ["a"], markers: ["main"] }],
      ...{ transactions, schemaChanges: null },
    },
  });
  expect(fault).toMatchObject({ code: "prepared-transactions" });
});
