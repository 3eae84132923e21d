/**
 * The topic client over kafkajs. A reading is a consumer group of its own with one member, named anew each time: nobody
 * else takes partitions from it, and what it left behind after a crash is in nobody's way. Where it begins says the
 * ledger; the group's own offsets are never used.
 */
import kafkajs from "kafkajs";
import type { Admin, Kafka, KafkaConfig } from "kafkajs";
import { Fault } from "../../src/errors.js";
import type { KafkaEndpoint } from "../../src/port.js";
import { ClientLog } from "./client-log.js";
import { registerCodecs } from "./codecs.js";
import { Connections } from "./connections.js";
import { groupRights, kafkaFault, wasEnded } from "./kafka-fault.js";
import { listenerFault } from "./listener.js";
import { openReading } from "./reading.js";
import type { TopicFacts } from "./topic-check.js";
import { topicFacts } from "./topic-facts.js";
import type { TopicClient, TopicReading, TopicStart, TopicState } from "./topic.js";
import { demandMissing } from "./unseen-topics.js";

export interface KafkaClientOptions {
  readonly endpoint: KafkaEndpoint;
  /** Names its groups: `headgate.<migration>`. */
  readonly migration: string;
  /** What no other engine has: it ends the names of this one's groups. */
  readonly token: string;
  readonly now: () => number;
  /** Resolves after so many milliseconds, or when the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Bytes of one topic that wait here before no more is asked for. */
  readonly queueBytes?: number;
}

const queueBytes = 8 * 1024 * 1024;
/** How often it is asked of a topic that is not listed whether it is hidden. */
const askEveryMs = 5_000;

export function openKafkaClient(options: KafkaClientOptions): TopicClient {
  registerCodecs();
  return new KafkaClient(options);
}

/** How the topics are configured, by an admin of its own. Faults as those of a client. */
export async function configuredTopics(
  options: Pick<KafkaClientOptions, "endpoint" | "migration">,
  topics: readonly string[],
): Promise<readonly TopicFacts[]> {
  const connections = new Connections();
  const admin = new kafkajs.Kafka(configOf(options, new ClientLog(), connections)).admin();
  try {
    await admin.connect();
    return await topicFacts(admin, topics);
  } catch (error) {
    throw await faultOf(error, "Looking at how the topics are configured", options.endpoint);
  } finally {
    try {
      await admin.disconnect();
    } finally {
      connections.end();
    }
  }
}

/** An admin's connection, and all that it was made of. */
interface Asking {
  readonly admin: Promise<Admin>;
  readonly connections: Connections;
}

class KafkaClient implements TopicClient {
  readonly #options: KafkaClientOptions;
  readonly #log = new ClientLog();
  readonly #readings = new Set<TopicReading>();
  readonly #asked = new Map<string, number>();
  #asking: Asking | null = null;
  #groups = 0;

  constructor(options: KafkaClientOptions) {
    this.#options = options;
  }

  async lanes(topics: readonly string[]): Promise<readonly TopicState[]> {
    return await this.#ask("Looking at the topics", async (admin) => {
      const there = new Set(await admin.listTopics());
      const found = topics.filter((topic) => there.has(topic));
      await demandMissing(admin, this.#toAsk(topics.filter((topic) => !there.has(topic))));
      const { topics: described } =
        found.length === 0 ? { topics: [] } : await admin.fetchTopicMetadata({ topics: found });
      const partitions = new Map(described.map((one) => [one.name, one.partitions.length]));
      const states: TopicState[] = [];
      for (const topic of topics) {
        const count = partitions.get(topic) ?? 0;
        const offsets = count === 0 ? [] : await admin.fetchTopicOffsets(topic);
        const first = offsets.find(({ partition }) => partition === 0);
        states.push({
          topic,
          partitions: count,
          low: BigInt(first?.low ?? 0),
          high: BigInt(first?.high ?? 0),
        });
      }
      return states;
    });
  }

  /** Those of which it was not asked a moment ago. */
  #toAsk(missing: readonly string[]): readonly string[] {
    const now = this.#options.now();
    const due = missing.filter((topic) => now - (this.#asked.get(topic) ?? -askEveryMs) >= askEveryMs);
    for (const topic of due) this.#asked.set(topic, now);
    return due;
  }

  async ends(topics: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
    return new Map((await this.lanes(topics)).map(({ topic, high }) => [topic, high]));
  }

  async read(starts: readonly TopicStart[], signal: AbortSignal): Promise<TopicReading> {
    const states = await this.lanes(starts.map(({ topic }) => topic));
    for (const { topic, partitions, low, high } of states) {
      if (partitions !== 1) throw refused(topic, partitions);
      const start = starts.find((one) => one.topic === topic);
      if (start === undefined || (start.offset >= low && start.offset <= high)) continue;
      throw new Fault(
        "topic-gap",
        start.offset < low
          ? `The topic ${topic} begins at offset ${String(low)} now, and ${String(start.offset)} was to be read: Kafka has deleted what was not applied yet.`
          : `The topic ${topic} ends at offset ${String(high)}, and ${String(start.offset)} was applied already: it was deleted and made again.`,
      );
    }
    const { migration, token, now, wait } = this.#options;
    const group = `headgate.${migration}.${token}-${String(++this.#groups)}`;
    this.#log.takeGroupRefused();
    const connections = new Connections();
    const reading = await openReading({
      kafka: this.#kafka(connections),
      group,
      starts,
      states: async () => this.lanes(starts.map(({ topic }) => topic)),
      queueBytes: this.#options.queueBytes ?? queueBytes,
      signal,
      now,
      wait,
      closed: async (closed) => {
        this.#readings.delete(closed);
        connections.end();
        // Nobody reads by that name again. A broker that does not answer forgets it by itself.
        await Promise.allSettled([
          this.#ask("Removing the reader's group", (admin) => admin.deleteGroups([group])),
        ]);
      },
    }).catch((error: unknown) => {
      if (!this.#log.takeGroupRefused()) throw error;
      throw new Fault("grant-missing", `Kafka's ACLs do not let us read as the group ${group}.`, {
        next: groupRights,
        cause: error,
      });
    });
    this.#readings.add(reading);
    return reading;
  }

  async #ask<T>(doing: string, act: (admin: Admin) => Promise<T>): Promise<T> {
    const asking = (this.#asking ??= this.#connect());
    try {
      return await act(await asking.admin);
    } catch (error) {
      if (this.#asking === asking) this.#asking = null;
      await closed(asking);
      throw await faultOf(error, doing, this.#options.endpoint);
    }
  }

  #connect(): Asking {
    const connections = new Connections();
    const admin = this.#kafka(connections).admin();
    return { admin: admin.connect().then(() => admin), connections };
  }

  #kafka(connections: Connections): Kafka {
    return new kafkajs.Kafka(configOf(this.#options, this.#log, connections));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const reading of [...this.#readings]) await reading[Symbol.asyncDispose]();
    const asking = this.#asking;
    this.#asking = null;
    if (asking !== null) await closed(asking);
  }
}

/** Whatever is wrong with the brokers now, nobody asks them anything more. */
async function closed({ admin, connections }: Asking): Promise<void> {
  await Promise.allSettled([admin.then((connected) => connected.disconnect())]);
  connections.end();
}

/** A broker that ended the connection without a word is asked what it wants. */
async function faultOf(error: unknown, doing: string, endpoint: KafkaEndpoint): Promise<Fault> {
  return (wasEnded(error) ? await listenerFault(endpoint) : null) ?? kafkaFault(error, doing);
}

export function refused(topic: string, partitions: number): Fault {
  return new Fault(
    "topic-refused",
    partitions === 0
      ? `There is no topic ${topic}.`
      : `The topic ${topic} has ${String(partitions)} partitions: the order of changes across them is lost.`,
    partitions === 0
      ? {}
      : { next: "Route the lane's tables to a topic of one partition, and begin the copy anew." },
  );
}

function configOf(
  { endpoint, migration }: Pick<KafkaClientOptions, "endpoint" | "migration">,
  log: ClientLog,
  { socketFactory }: Connections,
): KafkaConfig {
  const { sasl, ca, encrypted, brokers } = endpoint;
  return {
    clientId: `headgate.${migration}`,
    brokers: [...brokers],
    connectionTimeout: 5_000,
    requestTimeout: 30_000,
    // The engine comes back by itself.
    retry: { retries: 2, initialRetryTime: 100, maxRetryTime: 1_000 },
    ...log.settings,
    socketFactory,
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    ...(encrypted ? { ssl: { rejectUnauthorized: true, ...(ca === null ? {} : { ca: [ca] }) } } : {}),
    ...(sasl === null ? {} : { sasl: saslOf(sasl) }),
  };
}

function saslOf({
  mechanism,
  username,
  password,
}: NonNullable<KafkaEndpoint["sasl"]>): NonNullable<KafkaConfig["sasl"]> {
  switch (mechanism) {
    case "plain":
      return { mechanism: "plain", username, password };
    case "scram-sha-256":
      return { mechanism: "scram-sha-256", username, password };
    case "scram-sha-512":
      return { mechanism: "scram-sha-512", username, password };
  }
}
