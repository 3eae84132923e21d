/**
 * Kafka and Connect for a test: a prefix of topics of its own, the way of a source's changes through them, and all of it
 * gone again at the end.
 */
import { setTimeout as sleep } from "node:timers/promises";
import kafkajs from "kafkajs";
import type { MysqlOptions } from "../../connectors/mysql/connection.js";
import { openConnect } from "../../connectors/kafka/connect.js";
import { overKafka } from "../../connectors/kafka/over-kafka.js";
import { stopReason } from "../../src/stop.js";
import type { KafkaEndpoint, Source } from "../../src/port.js";
import { up } from "./stack/servers.js";

/** What `startLive` lays over a source. */
type Over = (source: Source, options: MysqlOptions) => Partial<Source>;

export interface KafkaPlace {
  readonly broker: string;
  readonly connect: string;
  readonly prefix: string;
}

export interface KafkaWorld extends AsyncDisposable {
  readonly place: KafkaPlace;
  readonly over: Over;
}

/** Topics begin with `name` and a text of this call's own: what an earlier run left there is nobody's. */
export async function kafkaWorld(name: string): Promise<KafkaWorld> {
  const { kafka, connect } = await up(["kafka", "connect"]);
  return kafkaAt({ broker: kafka.url, connect: connect.url, prefix: `${name}_${Date.now().toString(36)}` });
}

function kafkaAt(place: KafkaPlace): KafkaWorld {
  return { place, over: overOf(place), [Symbol.asyncDispose]: () => swept(place) };
}

export function overOf({ broker, connect, prefix }: KafkaPlace): Over {
  const endpoint: KafkaEndpoint = {
    brokers: [broker],
    encrypted: false,
    ca: null,
    sasl: null,
    connect,
    registry: null,
    format: "json",
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
