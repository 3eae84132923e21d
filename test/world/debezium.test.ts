/**
 * A real connector as Headgate generates it, on MySQL and on MariaDB: it is registered with the rights of the engine's
 * account, its rows come out of its lanes' topics, its task's death is told, and its committed place gets past a marker.
 * What is done to its topics is found.
 */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  committedPlace,
  connectorFault,
  healthOf,
  untilRunning,
} from "../../connectors/kafka/connector-watch.js";
import { connectorFindings } from "../../connectors/kafka/connector-check.js";
import { topicFindings } from "../../connectors/kafka/topic-check.js";
import { topicFacts } from "../../connectors/kafka/topic-facts.js";
import { debezium } from "./debezium.js";
import type { Debezium } from "./debezium.js";
import { testSources } from "./matrix.js";
import { sourceDatabase } from "./source-database.js";
import type { SourceDatabase } from "./source-database.js";

describe.each(testSources.filter((server) => server !== "mysql56"))(
  "a generated connector on %s",
  (server) => {
    let database: SourceDatabase;
    let feed: Debezium;

    beforeAll(async () => {
      database = await sourceDatabase("debezium_world", server);
      await database.sql("CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(40), born DATE)");
      await database.sql("CREATE TABLE `order items` (id INT PRIMARY KEY, n BIGINT UNSIGNED)");
      feed = await debezium(database, server, {
        tables: [
          { source: "orders", lane: "main" },
          { source: "order items", lane: "items" },
        ],
        lanes: ["main", "items"],
      });
    });
    afterAll(async () => {
      await feed[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    });

    const lane = (name: string): string =>
      feed.topics.rows.find(({ markers }) => markers.includes(name))?.topic ?? "";
    const until = async (topic: string, part: string): Promise<string[]> => {
      const deadline = Date.now() + 30_000;
      for (;;) {
        const values = (await feed.records(topic)).map(({ value }) => value?.toString("utf8") ?? "");
        if (values.some((value) => value.includes(part))) return values;
        if (Date.now() > deadline) throw new Error(`${part} did not come to ${topic}`);
        await pause(50);
      }
    };

    it("fills each lane's topic with its tables and markers, and tells of transactions and statements", async () => {
      await database.sql("INSERT INTO orders VALUES (1, 'Grüße 😀', '2024-02-29')");
      await database.sql("INSERT INTO `order items` VALUES (1, 18446744073709551615)");
      await database.sql("ALTER TABLE orders ADD COLUMN added INT");
      await feed.mark("main", "after the rows");
      await feed.mark("items", "after the rows");
      const main = await until(lane("main"), '"after the rows"');
      const items = await until(lane("items"), '"after the rows"');
      expect(main.some((value) => value.includes('"id":1,"note":"Grüße'))).toBe(true);
      expect(main.some((value) => value.includes('"table":"order items"'))).toBe(false);
      expect(items.some((value) => value.includes('"n":"AP//////////"'))).toBe(true);
      await until(feed.topics.schemaChanges ?? "", "ADD COLUMN added");
      await until(feed.topics.transactions, '"event_count":1');
    });

    it("has topics and a configuration that nothing speaks against", async () => {
      const { rows, transactions, schemaChanges } = feed.topics;
      const all = [...rows.map(({ topic }) => topic), transactions, schemaChanges ?? ""];
      const facts = await topicFacts(feed.admin, all);
      expect(facts.map(({ partitions }) => partitions)).toEqual(all.map(() => 1));
      expect(topicFindings(feed.topics, facts, false)).toEqual([]);
      const asRegistered = await feed.connect.config(feed.name);
      expect(
        connectorFindings(asRegistered ?? {}, {
          engine: server === "mariadb" ? "mariadb" : "mysql",
          database: database.name,
          tables: [],
          lanes: ["main", "items"],
        }),
      ).toEqual([]);
      await feed.admin.createPartitions({ topicPartitions: [{ topic: lane("items"), count: 2 }] });
      const after = await topicFacts(feed.admin, [lane("items"), `${feed.name}.nowhere`]);
      expect(after.map(({ partitions }) => partitions)).toEqual([2, 0]);
      expect(topicFindings(feed.topics, after, false)).toMatchObject([
        { code: "topic-order", severity: "error" },
      ]);
    });

    it("gets past a marker for good, and goes on from there when it was stopped", async () => {
      const id = await feed.mark("main", "to be passed");
      await until(lane("main"), '"to be passed"');
      const start = committedPlace(await feed.connect.offsets(feed.name));
      const deadline = Date.now() + 30_000;
      for (;;) {
        const now = committedPlace(await feed.connect.offsets(feed.name));
        if (now !== null && JSON.stringify(now) !== JSON.stringify(start)) break;
        if (Date.now() > deadline) throw new Error(`marker ${id} was never passed`);
        await pause(100);
      }
      await feed.connect.stop(feed.name);
      await expect
        .poll(async () => healthOf(await feed.connect.status(feed.name)).kind, { timeout: 20_000 })
        .toBe("stopped");
      expect(connectorFault(feed.name, { kind: "stopped" })?.code).toBe("connector-failed");
      await feed.mark("main", "while it was stopped");
      await feed.connect.resume(feed.name);
      await untilRunning(feed.name, feed.watch);
      await until(lane("main"), '"while it was stopped"');
    });

    it("is told to have failed by its task, while Connect calls it RUNNING, in a sentence without the row", async () => {
      await database.sql("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'");
      await database.sql("INSERT INTO orders (id, note, born) VALUES (2, 's3cret', '2024-02-31')");
      await expect
        .poll(async () => healthOf(await feed.connect.status(feed.name)).kind, { timeout: 30_000 })
        .toBe("failed");
      const status = await feed.connect.status(feed.name);
      expect(status?.state).toBe("RUNNING");
      const fault = connectorFault(feed.name, healthOf(status));
      expect(fault?.message).toMatch(/has failed: .*date/iu);
      expect(fault?.message).not.toContain("s3cret");
      expect(await feed.connect.status(`${feed.name}-nobody`)).toBeNull();
      await expect(feed.connect.pause(`${feed.name}-nobody`)).rejects.toMatchObject({
        code: "connector-failed",
      });
    });
  },
);
