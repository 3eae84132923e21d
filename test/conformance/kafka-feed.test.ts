/**
 * The feed over Kafka on real servers, held against the binlog feed: from the same position both hand over the same. What
 * Debezium leaves out or tells wrongly stops it, each with its own code.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openMysql } from "../../connectors/mysql/source.js";
import type { Plan, Position } from "../../src/model.js";
import type { Source } from "../../src/port.js";
import type { ChangeFeed, RowImages } from "../../src/stream-port.js";
import { debezium } from "../world/debezium.js";
import type { Debezium } from "../world/debezium.js";
import { testSources } from "../world/matrix.js";
import { sourceDatabase } from "../world/source-database.js";
import type { SourceDatabase } from "../world/source-database.js";
import { planOf } from "./feed-recorder.js";
import type { Recorder } from "./feed-recorder.js";
import { feedOverKafka, told as toldBy, UntilMarker } from "./kafka-told.js";

describe.each(testSources.filter((server) => server !== "mysql56"))("%s", (server) => {
  let database: SourceDatabase;
  let connector: Debezium;
  let source: Source;
  let made: Plan;
  let from: Position;

  beforeAll(async () => {
    database = await sourceDatabase("kafka_feed", server);
    await database.sql("CREATE TABLE a (id int primary key, n int)");
    await database.sql("CREATE TABLE b (id int primary key, n int)");
    await database.sql(
      "CREATE TABLE d (id int primary key, doc json, day date, label enum('', 'b,c', 'é😀'))",
    );
    await database.sql("CREATE TABLE unplanned_c (id int)");
    connector = await debezium(database, server, {
      tables: [
        { source: "a", lane: "main" },
        { source: "b", lane: "main" },
        { source: "d", lane: "main" },
      ],
    });
    source = await openMysql(database.options);
    made = await planOf(database.options);
  });
  beforeEach(async () => {
    for (const table of ["a", "b", "d"]) await database.sql(`DELETE FROM ${table}`);
    from = await source.position();
  });
  afterAll(async () => {
    await source[Symbol.asyncDispose]();
    await connector[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  const overKafka = (): Promise<ChangeFeed> =>
    feedOverKafka({ source, plan: made, engine: server === "mariadb" ? "mariadb" : "mysql", connector });
  const told = (feed: ChangeFeed, at = from, tell?: Recorder["tell"]): ReturnType<typeof toldBy> =>
    toldBy(source, feed, at, tell);

  async function bothTell(): Promise<readonly string[]> {
    await using binlog = await source.feed(made);
    await using kafka = await overKafka();
    const wanted = await told(binlog);
    const heard = await told(kafka);
    expect(heard.story).toEqual(wanted.story);
    return heard.story;
  }

  it("hands over what the log holds: transactions whole, changed keys, TRUNCATE, markers, statements that change tables", async () => {
    await database.sql("INSERT INTO a VALUES (1, 10), (2, 20)");
    await database.sql("UPDATE a SET n = n + 1");
    await source.mark("main", "between");
    await database.sql("UPDATE a SET id = 7 WHERE id = 2");
    await database.sql("CREATE OR REPLACE VIEW v AS SELECT 1 AS one");
    await database.sql("INSERT INTO unplanned_c VALUES (1)");
    await database.sql("TRUNCATE TABLE a");
    await database.sql("INSERT INTO b VALUES (1, 1)");
    expect(await bothTell()).toContain("a truncate");
    await database.sql("ALTER TABLE b ADD COLUMN m int");
    await database.sql("ALTER TABLE b DROP COLUMN m");
    await database.sql("DROP VIEW v");
    await using kafka = await overKafka();
    expect((await told(kafka)).story.filter((one) => one.startsWith("schema"))).toEqual([
      "schema b",
      "schema b",
    ]);
  });

  it("puts statements of another server's sequence, or domain, where they stand", async () => {
    const [[other = ""] = []] = await database.sql("SELECT UUID()");
    let number = 0;
    const beside = async (statement: string): Promise<void> => {
      const mariadb = server === "mariadb";
      await database.sql(
        mariadb
          ? "SET SESSION gtid_domain_id = 7"
          : `SET SESSION gtid_next = '${other ?? ""}:${String(++number)}'`,
      );
      await database.sql(statement);
      await database.sql(
        mariadb ? "SET SESSION gtid_domain_id = DEFAULT" : "SET SESSION gtid_next = 'AUTOMATIC'",
      );
    };
    const { schemaChanges } = connector.topics;
    const statements = async (): Promise<number> =>
      Number((await connector.admin.fetchTopicOffsets(schemaChanges ?? ""))[0]?.high);
    const before = await statements();
    await database.sql("INSERT INTO b VALUES (1, 1)");
    await database.sql("INSERT INTO a VALUES (1, 1)");
    await beside("TRUNCATE TABLE b");
    await database.sql("INSERT INTO a VALUES (2, 2)");
    await beside("ALTER TABLE b ADD COLUMN m int");
    await database.sql("INSERT INTO a VALUES (3, 3)");
    await beside("ALTER TABLE b DROP COLUMN m");
    await database.sql("INSERT INTO a VALUES (4, 4)");
    // They have a topic of their own: one that has not come yet is not known to wait.
    await expect.poll(statements, { timeout: 30_000 }).toBeGreaterThanOrEqual(before + 2);
    expect((await bothTell()).filter((one) => !/^(?:marker|;)/u.test(one)).slice(-8)).toEqual([
      ...["b insert >1/1", "a insert >1/1", "b truncate", "a insert >2/2"],
      ...["schema b", "a insert >3/3", "schema b", "a insert >4/4"],
    ]);
  });

  it("goes on from each position that it told, with what comes after it and nothing else", async () => {
    for (let n = 1; n < 6; n++) await database.sql("INSERT INTO a VALUES (?, ?)", [n, n]);
    await using kafka = await overKafka();
    const whole = await told(kafka);
    const lines = whole.story.filter((one) => one.startsWith("a "));
    expect(lines).toHaveLength(5);
    const middle = whole.all
      .slice(
        0,
        whole.all.findIndex((one) => one.kind === "change" && one.text.includes("3/3")),
      )
      .findLast((one) => one.kind === "commit");
    if (middle?.kind !== "commit") throw new Error("nothing was committed before");
    expect(middle.position.topics?.map(({ topic }) => topic)).toContain(connector.topics.transactions);
    const rest = await told(kafka, middle.position);
    const wanted = rest.transactions.filter((one) => !one.within(middle.position));
    expect(wanted.length).toBeLessThan(whole.transactions.length);
    expect(rest.story.filter((one) => one.startsWith("a "))).toEqual(
      lines.filter((one) => !/[12]\/[12]$/u.test(one)),
    );
  });

  it("stops at a change that was logged as a statement, of which Debezium leaves an empty transaction", async () => {
    await database.sql("INSERT INTO a VALUES (1, 1)");
    await database.sql("SET SESSION binlog_format = 'STATEMENT'");
    await database.sql("UPDATE a SET n = 2");
    await database.sql("SET SESSION binlog_format = 'ROW'");
    await using kafka = await overKafka();
    await expect(told(kafka)).rejects.toMatchObject({ code: "events-dropped" });
  });

  async function prepares(table: string, end: string): Promise<Position> {
    const branch = `branch ${table} ${end}`;
    await database.sql(`XA START '${branch}'`);
    await database.sql(`INSERT INTO ${table} VALUES (7, 7)`);
    await database.sql(`XA END '${branch}'`);
    await database.sql(`XA PREPARE '${branch}'`);
    // MariaDB's session that has prepared does nothing else.
    await source.mark("main", "debezium beside");
    await database.sql(`XA ${end} '${branch}'`);
    await database.sql("INSERT INTO a VALUES (1, 1)");
    return await source.position();
  }

  it("stops at rows of an XA transaction that commits, and not where a copy has its end", async () => {
    const end = await prepares("b", "COMMIT");
    await using kafka = await overKafka();
    await expect(told(kafka)).rejects.toMatchObject({ code: "xa-event" });
    const copied = new UntilMarker("copied");
    copied.unwanted.add("b");
    await source.mark("main", "copied");
    await expect(
      kafka.read([from], copied, { untilEnd: false, signal: copied.met.signal }),
    ).rejects.toMatchObject({ code: "interrupted" });
    expect(copied.story).toEqual(["unseen", ";", "a insert >1/1", ";"]);
    expect(kafka.holds(copied.positions.at(-1) ?? from, end)).toBe(true);
  });

  it("goes on past rows of an XA transaction that was rolled back, and applies none of them", async () => {
    const end = await prepares("b", "ROLLBACK");
    await using kafka = await overKafka();
    const heard = await told(kafka);
    expect(heard.story).toEqual(["a insert >1/1", ";"]);
    expect(kafka.holds(heard.positions.at(-1) ?? from, end)).toBe(true);
  });

  it.each([
    ["commits", "one reading", false],
    ["rolls back", "one reading", false],
    ["commits", "another reading than its beginning", true],
    ["rolls back", "another reading than its beginning", true],
  ])("follows a source where XA of others %s, in %s", async (how, _, apart) => {
    const branch = `beside${String(apart)}`;
    await database.sql(`XA START '${branch}'`);
    await database.sql("INSERT INTO unplanned_c VALUES (1)");
    await database.sql(`XA END '${branch}'`);
    await database.sql(`XA PREPARE '${branch}'`);
    let at = from;
    if (apart) {
      await using kafka = await overKafka();
      at = (await told(kafka)).positions.at(-1) ?? from;
    }
    await database.sql(`XA ${how === "commits" ? "COMMIT" : "ROLLBACK"} '${branch}'`);
    await database.sql("INSERT INTO a VALUES (1, 1)");
    const end = await source.position();
    await using kafka = await overKafka();
    const heard = await told(kafka, at);
    expect(heard.story).toContain("a insert >1/1");
    // Nothing is left out: a lane that had a hole would never be level.
    expect(kafka.holds(heard.positions.at(-1) ?? from, end)).toBe(true);
  });

  it("reads again from the source what change events do not carry exactly", async () => {
    await database.sql(
      `INSERT INTO d VALUES (1, '{"a": 1.10, "b": [1e22, true], "c": "x"}', '0000-00-00', 'é😀'), (2, NULL, NULL, '')`,
    );
    await database.sql(
      "UPDATE d SET doc = JSON_OBJECT('t', CAST('-01:02:03.5' AS TIME(6)), 'n', CAST(1.10 AS DECIMAL(10, 2))), day = '2024-02-29' WHERE id = 2",
    );
    await database.sql("UPDATE d SET doc = '[0.0000001]', day = '0000-00-00' WHERE id = 2");
    await database.sql("INSERT INTO d VALUES (3, '{}', '2024-01-01', 'b,c')");
    await database.sql("DELETE FROM d WHERE id = 3");
    await using binlog = await source.feed(made);
    await using kafka = await overKafka();
    const wanted = lastImages(await told(binlog, from, bytesOf));
    const heard = lastImages(await told(kafka, from, bytesOf));
    expect(heard).toEqual(wanted);
    expect([...wanted.keys()]).toHaveLength(2);
  });

  it("stops where a topic has lost what is not applied, and where it was made anew", async () => {
    const { admin, topics } = connector;
    const [rows] = topics.rows;
    const transactions = topics.transactions;
    for (let n = 1; n < 5; n++) await database.sql("INSERT INTO a VALUES (?, ?)", [n, n]);
    await using kafka = await overKafka();
    const whole = await told(kafka);
    const [early] = whole.positions;
    const late = whole.positions.at(-1);
    if (early === undefined || late === undefined || rows === undefined) throw new Error("nothing came");
    const beyond = { ...late, topics: [{ topic: rows.topic, offset: "1000000" }] };
    await expect(told(kafka, beyond)).rejects.toMatchObject({ code: "topic-gap" });
    const offset = late.topics?.find(({ topic }) => topic === rows.topic)?.offset ?? "0";
    const elsewhere = { ...early, topics: [{ topic: rows.topic, offset }] };
    await expect(told(kafka, elsewhere)).rejects.toMatchObject({
      code: "topic-gap",
      message: expect.stringContaining("made again") as string,
    });
    await admin.deleteTopicRecords({ topic: rows.topic, partitions: [{ partition: 0, offset }] });
    const after = await told(kafka, late);
    expect(after.story).toEqual([]);
    await expect(told(kafka, early)).rejects.toMatchObject({ code: "topic-gap" });
    const ends = await admin.fetchTopicOffsets(transactions);
    await admin.deleteTopicRecords({
      topic: transactions,
      partitions: [{ partition: 0, offset: ends[0]?.high ?? "0" }],
    });
    await database.sql("INSERT INTO a VALUES (99, 99)");
    // What is in no topic any more the source's log still has: it is a loss, and not a hole in its numbers.
    await expect(told(kafka, early)).rejects.toMatchObject({ code: "topic-gap" });
  });

  it.each(server === "mysql9" ? ["PARTIAL_JSON"] : [])(
    "stops at an update of a part of a document (%s), which Debezium does not know",
    async (option) => {
      await database.sql(
        `INSERT INTO d VALUES (10, '{"a": 1, "b": "long enough to be worth a part"}', NULL, '')`,
      );
      await database.sql(`SET SESSION binlog_row_value_options = '${option}'`);
      await database.sql("UPDATE d SET doc = JSON_SET(doc, '$.a', 2) WHERE id = 10");
      await database.sql("SET SESSION binlog_row_value_options = ''");
      await using kafka = await overKafka();
      await expect(told(kafka)).rejects.toMatchObject({ code: "events-dropped" });
    },
  );
});

/** Number, document, day and label of a row of `d`; a length may be written in several ways. */
function bytesOf(images: RowImages, bytes: Buffer, start: number, end: number): string {
  let told = "";
  images.reader(images.table.columns.map((_, i) => i)).read(bytes, start, end, (packet, from) => {
    let at = from + 6;
    const texts = [1, 2, 3].map((column) => {
      if (((packet[from + 1] ?? 0) & (4 << column)) !== 0) return "NULL";
      const wide = packet[at] === 0xfc;
      const begin = at + (wide ? 3 : 1);
      at = begin + (wide ? packet.readUInt16LE(at + 1) : (packet[at] ?? 0));
      return packet.toString("hex", begin, at);
    });
    told = [String(packet.readInt32LE(from + 2)), ...texts].join("/");
  });
  return told;
}

/** What each row of `d` looks like after all of it, by its number. */
function lastImages(recorder: Recorder): ReadonlyMap<string, string> {
  const last = new Map<string, string>();
  for (const one of recorder.all) {
    if (one.kind !== "change") continue;
    const [table = "", operation = "", images = ""] = one.text.split(" ");
    const [old = "", now = ""] = images.split(">");
    if (table !== "d") continue;
    if (operation === "delete") last.delete(old.split("/")[0] ?? "");
    else last.set(now.split("/")[0] ?? "", now);
  }
  return last;
}
