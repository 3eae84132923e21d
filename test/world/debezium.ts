/**
 * Debezium on one test database in one call: Kafka and Connect (and the registry) of the stack are brought up, a connector
 * as Headgate generates it is registered for the given tables, and its first records are waited for: what is written to
 * the source afterwards comes. The connector and its topics are removed at the end.
 */
import { setTimeout as pause } from "node:timers/promises";
import { Kafka, logLevel } from "kafkajs";
import type { Admin } from "kafkajs";
import { registerCodecs } from "../../connectors/kafka/codecs.js";
import { openConnect } from "../../connectors/kafka/connect.js";
import type { Connect, ConnectorConfig } from "../../connectors/kafka/connect.js";
import { connectorConfig, generatedTopics } from "../../connectors/kafka/connector-config.js";
import type { ConnectorRequest } from "../../connectors/kafka/connector-config.js";
import { removeConnector, untilCommitted, untilRunning } from "../../connectors/kafka/connector-watch.js";
import type { WatchTools } from "../../connectors/kafka/connector-watch.js";
import { existingTopics } from "../../connectors/kafka/connector-settings.js";
import type { FeedTopics } from "../../connectors/kafka/feed-options.js";
import { openMysql } from "../../connectors/mysql/source.js";
import type { SourceDatabase, SourceName } from "./source-database.js";
import type { Name } from "./stack/names.js";
import { up } from "./stack/servers.js";

export interface DebeziumOptions {
  /** Tables that travel, with their lanes; source names. */
  readonly tables: readonly { readonly source: string; readonly lane: string }[];
  /** `main` without them. */
  readonly lanes?: readonly string[];
  /** JSON without schemas when not said. */
  readonly format?: "json" | "json with schemas" | "avro";
  /** It has committed where it is, and goes on from there when its worker is killed. */
  readonly committed?: boolean;
  /** On top of what is generated; an empty text takes a setting away. */
  readonly overrides?: ConnectorConfig;
}

export interface Debezium extends AsyncDisposable {
  /** The connector's name, and the prefix of its topics. */
  readonly name: string;
  readonly brokers: readonly string[];
  readonly connect: Connect;
  readonly connectUrl: string;
  /** Confluent's API of the schema registry; null where the format is not Avro. */
  readonly registry: string | null;
  readonly config: ConnectorConfig;
  /** What the connector fills, as the feed wants it. */
  readonly topics: FeedTopics;
  readonly admin: Admin;
  readonly watch: WatchTools;
  /** Commits a marker in the lane's table. */
  mark(lane: string, note: string): Promise<string>;
  /** All records that a topic has now, whatever came before; none where there is no such topic. */
  records(topic: string): Promise<readonly RawRecord[]>;
}

export interface RawRecord {
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** What a run that was killed left behind is removed. */
export async function debezium(
  database: SourceDatabase,
  server: SourceName,
  options: DebeziumOptions,
): Promise<Debezium> {
  const { format = "json", lanes = ["main"], tables } = options;
  const wanted: Name[] = ["kafka", "connect", ...(format === "avro" ? (["registry"] as const) : [])];
  const servers: Partial<Record<Name, { readonly url: string }>> = await up(wanted);
  const brokers = [servers.kafka?.url ?? ""];
  const connectUrl = servers.connect?.url ?? "";
  const registry = servers.registry?.url;
  const family = `test-${database.name}`;
  // Anew each time: a topic that was removed a moment ago may not be wholly gone.
  const name = `${family}-${Date.now().toString(36)}`;
  const controller = new AbortController();
  const { signal } = controller;
  const connect = openConnect({ server: { url: connectUrl }, signal });
  const watch: WatchTools = { connect, signal, wait: async (ms) => pause(ms, undefined, { signal }) };
  const request: ConnectorRequest = {
    engine: server === "mariadb" ? "mariadb" : "mysql",
    prefix: name,
    source: { ...database.options, tls: false, database: database.name },
    tables,
    lanes,
    brokers,
    security: { tls: false, ca: null, sasl: null },
    converter:
      registry === undefined
        ? { kind: "json", schemas: format === "json with schemas" }
        : { kind: "apicurio", registry },
    exactlyOnce: false,
    heartbeats: [],
  };
  const kafka = openKafka(brokers);
  const admin = kafka.admin();
  await admin.connect();
  await removeAll(watch, admin, family);

  const source = await openMysql(database.options);
  await source.prepareMarkers(lanes);
  const config = changed(connectorConfig(request), options.overrides ?? {});
  const topics =
    options.overrides === undefined
      ? generatedTopics(request)
      : existingTopics(config, { database: database.name, tables, lanes });
  if (topics === null) throw new Error("the overrides route topics in a way that nobody can tell");
  await connect.put(name, config);
  await untilRunning(name, watch);
  const records = (topic: string): Promise<readonly RawRecord[]> => allRecords(kafka, admin, topic);
  await untilMet(topics, lanes, (lane, note) => source.mark(lane, note), records);
  if (options.committed === true) await untilCommitted(name, watch, true);
  return {
    name,
    brokers,
    connect,
    connectUrl,
    registry: registry === undefined ? null : `${registry}/apis/ccompat/v7`,
    config,
    topics,
    admin,
    watch,
    mark: (lane, note) => source.mark(lane, note),
    records,
    [Symbol.asyncDispose]: async () => {
      await removeAll(watch, admin, name);
      await admin.disconnect();
      await source[Symbol.asyncDispose]();
      controller.abort();
    },
  };
}

/** A plain client for tests: it retries nothing for long, and says nothing. */
export function openKafka(brokers: readonly string[]): Kafka {
  registerCodecs();
  return new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, retry: { retries: 3 } });
}

function changed(config: ConnectorConfig, overrides: ConnectorConfig): ConnectorConfig {
  return Object.fromEntries(Object.entries({ ...config, ...overrides }).filter(([, value]) => value !== ""));
}

/** Connectors and topics of this prefix; a topic that is gone is gone when the brokers list it no more. */
async function removeAll(watch: WatchTools, admin: Admin, prefix: string): Promise<void> {
  for (const name of await watch.connect.names())
    if (name.startsWith(prefix)) await removeConnector(name, watch);
  const own = async (): Promise<string[]> =>
    (await admin.listTopics()).filter(
      (topic) => topic.startsWith(prefix) || topic.startsWith(`__debezium-heartbeat.${prefix}`),
    );
  const found = await own();
  if (found.length === 0) return;
  await admin.deleteTopics({ topics: found });
  while ((await own()).length > 0) await pause(50);
}

/** Debezium begins at a now of its own: a marker that comes out of each lane's topic is the first proof that it has begun. */
async function untilMet(
  topics: FeedTopics,
  lanes: readonly string[],
  mark: (lane: string, note: string) => Promise<string>,
  records: (topic: string) => Promise<readonly RawRecord[]>,
): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (const lane of lanes) {
    const topic = topics.rows.find(({ markers }) => markers.includes(lane))?.topic ?? "";
    for (;;) {
      await mark(lane, "first");
      await pause(200);
      if ((await records(topic)).length > 0) break;
      if (Date.now() > deadline) throw new Error(`no marker of ${lane} came out of ${topic}`);
    }
  }
}

async function allRecords(kafka: Kafka, admin: Admin, topic: string): Promise<readonly RawRecord[]> {
  if (!(await admin.listTopics()).includes(topic)) return [];
  const [{ high, low } = { high: "0", low: "0" }] = await admin.fetchTopicOffsets(topic);
  if (BigInt(high) <= BigInt(low)) return [];
  const found: RawRecord[] = [];
  const consumer = kafka.consumer({
    groupId: `headgate-test-${process.pid}-${Date.now()}`,
    maxWaitTimeInMs: 100,
    maxBytes: 64 << 20,
    maxBytesPerPartition: 64 << 20,
  });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      // A batch's last offset, and not its last record's: marks of transactions take offsets and are never seen.
      consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
        if (BigInt(payload.lastOffset) + 1n >= BigInt(high)) resolve();
      });
      consumer
        .run({
          autoCommit: false,
          eachBatch: async (payload) => {
            for (const { offset, key, value, headers } of payload.batch.messages)
              found.push({ offset: BigInt(offset), key, value, headers: headers ?? {} });
            await payload.heartbeat();
          },
        })
        .catch((error: unknown) => reject(error instanceof Error ? error : new Error(String(error))));
    });
  } finally {
    await consumer.disconnect();
  }
  return found.filter(({ offset }) => offset < BigInt(high));
}
