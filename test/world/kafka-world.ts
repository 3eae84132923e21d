/**
 * Kafka and Connect for a test: a prefix of topics of its own, the way of a source's changes through them, and all of it
 * gone again at the end.
 */
import { setTimeout as sleep } from "node:timers/promises";
import kafkajs from "kafkajs";
import type { MysqlOptions } from "../../connectors/mysql/connection.js";
import { openConnect } from "../../connectors/kafka/connect.js";
import { connectorConfig } from "../../connectors/kafka/connector-config.js";
import { untilRunning } from "../../connectors/kafka/connector-watch.js";
import { overKafka } from "../../connectors/kafka/over-kafka.js";
import type { SourceEngine } from "../../src/model.js";
import type { KafkaEndpoint, Source } from "../../src/port.js";
import { stopReason } from "../../src/stop.js";
import { up } from "./stack/servers.js";

/** What `startLive` lays over a source. */
type Over = (source: Source, options: MysqlOptions) => Partial<Source>;

export interface KafkaPlace {
  readonly broker: string;
  readonly connect: string;
  readonly prefix: string;
  /** Events are Avro, and their schemas are there; JSON without one. */
  readonly registry?: string;
}

export interface KafkaOptions {
  readonly avro?: boolean;
}

/** A connector that is not of Headgate's making: what it reads, and in what form it writes. */
export interface OtherConnector {
  readonly engine: SourceEngine;
  readonly database: MysqlOptions;
  readonly tables: readonly string[];
  readonly lanes: readonly string[];
  readonly format: "json" | "json with schemas" | "avro";
  /** Its rows are in a topic a lane, as in what `check` prints for whoever registers it by hand. */
  readonly byHand?: boolean;
}

export interface KafkaWorld extends AsyncDisposable {
  readonly place: KafkaPlace;
  readonly over: Over;
  /** Registers a connector with the prefix, whose tables each have a topic of their own, as Debezium makes them; resolves when it runs. */
  other(connector: OtherConnector): Promise<void>;
}

/** Topics begin with `name` and a text of this call's own: what an earlier run left there is nobody's. */
export async function kafkaWorld(name: string, { avro = false }: KafkaOptions = {}): Promise<KafkaWorld> {
  const { kafka, connect } = await up(["kafka", "connect"]);
  const prefix = `${name}_${Date.now().toString(36)}`;
  const place = { broker: kafka.url, connect: connect.url, prefix };
  return kafkaAt(avro ? { ...place, registry: (await up(["registry"])).registry.url } : place);
}

function kafkaAt(place: KafkaPlace): KafkaWorld {
  return {
    place,
    over: overOf(place),
    other: (connector) => registered(place, connector),
    [Symbol.asyncDispose]: () => swept(place),
  };
}

/** The line of a headgate.yaml that has its changes come from there. */
export function feedLine({ broker, connect, prefix, registry }: Partial<KafkaPlace>): string {
  const avro = registry === undefined ? "" : `, format: avro, registry: "${registry}"`;
  const asked = connect === undefined ? "" : `connect: "${connect}", `;
  return `feed: { kind: kafka, kafka: { brokers: ["${broker ?? ""}"], ${asked}prefix: ${prefix ?? ""}${avro} } }`;
}

async function registered(place: KafkaPlace, other: OtherConnector): Promise<void> {
  const signal = AbortSignal.timeout(60_000);
  const connect = openConnect({ server: { url: place.connect }, signal });
  const { host, port, user, password, database } = other.database;
  const config = connectorConfig({
    engine: other.engine,
    prefix: place.prefix,
    source: { host, port, user, password, tls: false, database },
    tables: other.tables.map((source) => ({ source, lane: other.lanes[0] ?? "" })),
    lanes: other.lanes,
    brokers: [place.broker],
    security: { tls: false, ca: null, sasl: null },
    converter:
      other.format === "avro"
        ? { kind: "apicurio", registry: place.registry ?? "" }
        : { kind: "json", schemas: other.format === "json with schemas" },
    exactlyOnce: false,
    heartbeats: [],
  });
  // Without routers each table has its own topic.
  const own = Object.entries(config).filter(
    ([key]) => other.byHand === true || !key.startsWith("transforms"),
  );
  const name = `${place.prefix}-by-somebody`;
  await connect.put(name, Object.fromEntries(own));
  await untilRunning(name, { connect, signal, wait });
}

export function overOf({ broker, connect, prefix, registry }: KafkaPlace): Over {
  const endpoint: KafkaEndpoint = {
    brokers: [broker],
    encrypted: false,
    ca: null,
    sasl: null,
    connect,
    registry: registry ?? null,
    format: registry === undefined ? "json" : "avro",
    prefix,
  };
  return (source, { host, port, user, password }) =>
    overKafka({
      source,
      login: { host, port, user, password, tls: false },
      endpoint,
      now: () => performance.now(),
      wait,
    });
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    throw signal.aborted ? stopReason(signal) : error;
  }
}

/** Removes the connectors that fill these topics, and the topics. */
async function swept({ broker, connect: url, prefix }: KafkaPlace): Promise<void> {
  const signal = AbortSignal.timeout(60_000);
  const connect = openConnect({ server: { url }, signal });
  for (const name of await connect.names())
    if ((await connect.config(name))?.["topic.prefix"] === prefix) await connect.remove(name);
  const admin = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter(
      (topic) => topic === prefix || topic.startsWith(`${prefix}.`),
    );
    if (topics.length > 0) await admin.deleteTopics({ topics });
  } finally {
    await admin.disconnect();
  }
}
