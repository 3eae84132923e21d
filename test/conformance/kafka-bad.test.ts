/**
 * What can be wrong with topics, connector and registry, done for real: each stops the feed with a sentence that names the
 * place, and where somebody mends it the feed goes on from the position that it had told.
 */
import { once } from "node:events";
import kafkajs from "kafkajs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  connectorFault,
  healthOf,
  untilRunning,
  untilStopped,
} from "../../connectors/kafka/connector-watch.js";
import { positionBook } from "../../connectors/mysql/binlog/book.js";
import { openMysql } from "../../connectors/mysql/source.js";
import type { Plan, Position } from "../../src/model.js";
import type { Source } from "../../src/port.js";
import type { ChangeFeed } from "../../src/stream-port.js";
import { debezium, openKafka } from "../world/debezium.js";
import type { Debezium } from "../world/debezium.js";
import { sourceDatabase } from "../world/source-database.js";
import type { SourceDatabase } from "../world/source-database.js";
import { down, up } from "../world/stack/servers.js";
import { planOf } from "./feed-recorder.js";
import { feedOverKafka, told, UntilMarker } from "./kafka-told.js";

describe("over Kafka in Avro", () => {
  let database: SourceDatabase;
  let connector: Debezium;
  let source: Source;
  let plan: Plan;
  let from: Position;
  let rows = "";

  beforeAll(async () => {
    database = await sourceDatabase("kafka_bad", "mysql9");
    await database.sql("CREATE TABLE a (id int primary key, body longblob)");
    await database.sql("CREATE TABLE b (id int primary key)");
    connector = await debezium(database, "mysql9", {
      format: "avro",
      committed: true,
      tables: [
        { source: "a", lane: "main" },
        { source: "b", lane: "main" },
      ],
    });
    source = await openMysql(database.options);
    plan = await planOf(database.options);
    from = await source.position();
    rows = connector.topics.rows[0]?.topic ?? "";
  });
  afterAll(async () => {
    await source[Symbol.asyncDispose]();
    await connector[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  /** Reads by a reader that knows no schema yet; where it ends the next one begins. */
  const read = async (): Promise<UntilMarker> => {
    await using feed: ChangeFeed = await feedOverKafka({ source, plan, engine: "mysql", connector });
    const heard = await told(source, feed, from);
    from = heard.positions.at(-1) ?? from;
    return heard;
  };

  /** Writes a record of somebody's into the lane's topic; its offset. */
  const put = async (value: Buffer | null): Promise<string> => {
    const producer = openKafka(connector.brokers).producer({
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    const [put] = await producer.send({ topic: rows, messages: [{ key: null, value }] });
    await producer.disconnect();
    return put?.baseOffset ?? "";
  };

  /** The record is taken away with all before it, which was applied. */
  const cutAway = async (offset: string): Promise<void> => {
    await connector.admin.deleteTopicRecords({
      topic: rows,
      partitions: [{ partition: 0, offset: String(BigInt(offset) + 1n) }],
    });
  };

  it("waits for a registry that is down, as for any server", async () => {
    await database.sql("INSERT INTO a VALUES (1, 'x')");
    // The connector asks the registry too, for each table once; what it has written then needs no more of it.
    {
      await using feed = await feedOverKafka({ source, plan, engine: "mysql", connector });
      await told(source, feed, from);
    }
    await down(["registry"]);
    try {
      await expect(read()).rejects.toMatchObject({ code: "server-unreachable", retriable: true });
    } finally {
      await up(["registry"]);
    }
    // The connector may have died of it: an engine sets its own going again.
    await connector.connect.restart(connector.name);
    await untilRunning(connector.name, connector.watch);
    expect((await read()).story).toContain("a insert >1");
  });

  it.each([
    ["whose schema nobody knows", Buffer.from([0, 0x7f, 0xff, 0xff, 0xfe, 1, 2, 3]), /schema 2147483646/u],
    ["that is no JSON", Buffer.from('{"before":null,"after":{"id":'), /topic .*offset|offset/u],
  ])("stops at a record %s, and goes on when it is taken away", async (_, value, words) => {
    await read();
    const offset = await put(value);
    await database.sql("DELETE FROM a WHERE id = 2");
    await database.sql("INSERT INTO a VALUES (2, 'y')");
    await expect(read()).rejects.toMatchObject({
      code: "event-unreadable",
      message: expect.stringMatching(words) as string,
    });
    await cutAway(offset);
    expect((await read()).story).toContain("a insert >2");
  });

  it("traps 1, 15, 17: passes over tombstones and rows of a snapshot that somebody asks Debezium for, and believes none of its ends", async () => {
    const place = {
      gtid: from.kind === "gtid" ? from.set : "",
      file: from.file,
      pos: 4,
      row: 0,
      server_id: 1,
    };
    const row = { id: 9, body: null };
    const before = from;
    for (const snapshot of ["first", "true", "incremental", "last_in_data_collection", "last"])
      await put(
        Buffer.from(
          JSON.stringify({
            ...{ before: null, after: row, op: "r", transaction: null },
            source: { ...place, snapshot, db: database.name, table: "a", ts_ms: 1 },
          }),
        ),
      );
    await put(null);
    await database.sql("INSERT INTO b VALUES (9)");
    // It goes on past all of them, to a marker of our own; none has moved a position by itself.
    const heard = await read();
    expect(heard.story.filter((one) => one.endsWith(">9"))).toEqual(["b insert >9"]);
    expect(heard.positions.every((position) => positionBook("mysql").holds(position, before))).toBe(true);
  });

  it("carries a row of 45 MB, and tells of one of 70 MB, which no producer takes", async () => {
    await database.sql("INSERT INTO a VALUES (3, REPEAT('x', 45 * 1024 * 1024))");
    expect((await read()).story).toContain("a insert >3");
    await database.sql("INSERT INTO a VALUES (4, REPEAT('x', 70 * 1024 * 1024))");
    await expect
      .poll(async () => healthOf(await connector.connect.status(connector.name)).kind, { timeout: 60_000 })
      .toBe("failed");
    const fault = connectorFault(connector.name, healthOf(await connector.connect.status(connector.name)));
    expect(fault?.message).toMatch(/has failed: .*(?:larger|too large|max\.request\.size)/iu);
  });

  it("stops where the connector leaves a table out, by the source's own log", async () => {
    const { connect, name, watch, config } = connector;
    // The row that it died of is left behind: nobody wants it any more.
    await database.sql("DELETE FROM a WHERE id = 4");
    await connect.stop(name);
    await untilStopped(name, watch);
    await connect.put(name, {
      ...config,
      "table.include.list": (config["table.include.list"] ?? "").replace(/[^,]*\.b,/u, ""),
      "producer.override.max.request.size": String(128 << 20),
      "producer.override.buffer.memory": String(160 << 20),
    });
    await connect.resume(name);
    await untilRunning(name, watch);
    await database.sql("INSERT INTO b VALUES (1)");
    await expect(read()).rejects.toMatchObject({ code: "events-dropped" });
  });

  it("partition-count-changed: the reading that is under way ends, and none begins any more", async () => {
    from = await source.position();
    await using feed = await feedOverKafka({ source, plan, engine: "mysql", connector });
    const sink = new UntilMarker("it reads");
    const how = { untilEnd: false, signal: AbortSignal.timeout(60_000) };
    const ended = feed.read([from], sink, how).catch((error: unknown) => error);
    await source.mark("main", "it reads");
    await once(sink.met.signal, "abort");
    await connector.admin.createPartitions({ topicPartitions: [{ topic: rows, count: 2 }] });
    expect(await ended).toMatchObject({
      code: "topic-refused",
      message: expect.stringContaining("2 partitions now and had one") as string,
    });
    await expect(read()).rejects.toMatchObject({ code: "topic-refused" });
  });
});
