/**
 * The Debezium configuration that Headgate generates: each setting is there because its default loses or changes
 * something without a word, or is slow. The rows of a lane, its marker table among them, are routed to one topic of one
 * partition, so that a lane is one log in commit order.
 */
import { createHash } from "node:crypto";
import { Fault } from "../../src/errors.js";
import type { PlanTable, SourceEngine } from "../../src/model.js";
import type { ConnectorConfig } from "./connect.js";
import type { FeedTopics } from "./feed-options.js";
import { literal } from "./regex.js";
import {
  historyTopic,
  laneTopic,
  markerDatabase,
  markerTableOf,
  schemaChangeTopic,
  tableTopic,
  transactionTopic,
} from "./topic-names.js";

/** How values are written: by Connect's own JSON, or by one of the two converters that write Avro in Confluent's form. */
export type ConverterChoice =
  | { readonly kind: "json"; readonly schemas: boolean }
  | { readonly kind: "apicurio"; readonly registry: string }
  | { readonly kind: "confluent"; readonly registry: string };

/** What the worker's own clients need to reach the brokers, where the brokers want a login. */
export interface BrokerSecurity {
  readonly tls: boolean;
  /** PEM of the authority, where it is none of those that the worker's Java knows. */
  readonly ca: string | null;
  readonly sasl: {
    readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
    readonly username: string;
    readonly password: string;
  } | null;
}

export interface ConnectorRequest {
  readonly engine: SourceEngine;
  readonly prefix: string;
  /** The source as Connect reaches it, and the account that reads its log there. */
  readonly source: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
    readonly tls: boolean;
    readonly database: string;
  };
  /** Tables that travel, with their lanes. */
  readonly tables: readonly Pick<PlanTable, "source" | "lane">[];
  readonly lanes: readonly string[];
  readonly brokers: readonly string[];
  readonly security: BrokerSecurity;
  readonly converter: ConverterChoice;
  /** The worker takes part in Kafka's transactions (exactly.once.source.support). */
  readonly exactlyOnce: boolean;
  /** A row of each lane's marker table that the connector touches at each heartbeat; empty for none. */
  readonly heartbeats: readonly { readonly lane: string; readonly id: string }[];
}

const classes: Readonly<Record<SourceEngine, string>> = {
  mysql: "io.debezium.connector.mysql.MySqlConnector",
  mariadb: "io.debezium.connector.mariadb.MariaDbConnector",
};

/** 64 MB: a row of that size is one record. */
const largestRecord = "67108864";

/** Throws topic-refused where tables of two lanes would arrive in one topic. */
export function connectorConfig(request: ConnectorRequest): ConnectorConfig {
  const { source, prefix, lanes } = request;
  const tables = [
    ...request.tables.map(({ source: table }) => `${source.database}.${table}`),
    ...lanes.map((lane) => `${markerDatabase}.${markerTableOf(lane)}`),
  ];
  return {
    "connector.class": classes[request.engine],
    "tasks.max": "1",
    "topic.prefix": prefix,
    "database.hostname": source.host,
    "database.port": String(source.port),
    "database.user": source.user,
    "database.password": source.password,
    "database.server.id": String(serverIdOf(prefix)),
    "database.ssl.mode": sslMode(request),
    "database.include.list": [source.database, markerDatabase].map(literal).join(","),
    "table.include.list": tables.map(literal).join(","),

    // Where its stream begins is its own now; the copy begins after that. Shapes are read without a lock: a statement that
    // changes one meanwhile is of before the copy's plan was looked at again.
    "snapshot.mode": "no_data",
    "snapshot.locking.mode": "none",
    "include.schema.changes": "true",
    ...history(request),

    // A row that can't be read stops the connector; the defaults leave a NULL or a hole.
    "event.converting.failure.handling.mode": "fail",
    "event.processing.failure.handling.mode": "fail",
    "inconsistent.schema.handling.mode": "fail",
    "errors.tolerance": "none",
    "enable.time.adjuster": "false",
    "time.precision.mode": "microseconds",
    "decimal.handling.mode": "string",
    "bigint.unsigned.handling.mode": "precise",
    "binary.handling.mode": "bytes",
    "skipped.operations": "none",
    "tombstones.on.delete": "false",
    "provide.transaction.metadata": "true",

    ...heartbeat(request),
    ...routers(request),
    ...converters(request),

    "topic.creation.default.partitions": "1",
    // The broker's own default.
    "topic.creation.default.replication.factor": "-1",
    "topic.creation.default.cleanup.policy": "delete",
    // The topic is the buffer of the whole copy.
    "topic.creation.default.retention.ms": "-1",
    "topic.creation.default.retention.bytes": "-1",
    "topic.creation.default.max.message.bytes": largestRecord,

    "max.batch.size": "8192",
    "max.queue.size": "65536",
    "poll.interval.ms": "20",
    "producer.override.linger.ms": "5",
    "producer.override.batch.size": "524288",
    "producer.override.compression.type": "lz4",
    "producer.override.max.request.size": largestRecord,
    ...(request.exactlyOnce ? { "exactly.once.support": "required" } : {}),
  };
}

/** The topics that a connector of this configuration fills. */
export function generatedTopics({
  prefix,
  tables,
  lanes,
}: Pick<ConnectorRequest, "prefix" | "tables" | "lanes">): FeedTopics {
  return {
    rows: lanes.map((lane) => ({
      topic: laneTopic(prefix, lane),
      tables: tables.filter((table) => table.lane === lane).map(({ source }) => source),
      markers: [lane],
    })),
    transactions: transactionTopic(prefix),
    schemaChanges: schemaChangeTopic(prefix),
  };
}

/** The configuration as a person may see it: passwords are names of a secret for Connect to fill in. */
export function withoutSecrets(config: ConnectorConfig): ConnectorConfig {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) =>
      /password|jaas/iu.test(key) ? [key, "${file:/path/to/secrets.properties:" + key + "}"] : [key, value],
    ),
  );
}

/** The same each time, so that a connector that is changed keeps it, and between those of other prefixes. */
function serverIdOf(prefix: string): number {
  return 1_000_000_000 + (createHash("sha256").update(prefix).digest().readUInt32BE(0) % 1_000_000_000);
}

function sslMode({ engine, source }: ConnectorRequest): string {
  if (!source.tls) return engine === "mysql" ? "preferred" : "disable";
  return engine === "mysql" ? "verify_identity" : "verify-full";
}

function history({ prefix, brokers, security }: ConnectorRequest): ConnectorConfig {
  const login = securityOf(security);
  return {
    "schema.history.internal.kafka.bootstrap.servers": brokers.join(","),
    "schema.history.internal.kafka.topic": historyTopic(prefix),
    ...Object.fromEntries(
      Object.entries(login).flatMap(([key, value]) => [
        [`schema.history.internal.producer.${key}`, value],
        [`schema.history.internal.consumer.${key}`, value],
      ]),
    ),
  };
}

function securityOf({ tls, ca, sasl }: BrokerSecurity): Readonly<Record<string, string>> {
  const trust =
    tls && ca !== null ? { "ssl.truststore.type": "PEM", "ssl.truststore.certificates": ca.trim() } : {};
  if (sasl === null) return tls ? { "security.protocol": "SSL", ...trust } : {};
  const quoted = (text: string): string => `"${text.replaceAll(/["\\]/gu, "\\$&")}"`;
  const module = sasl.mechanism === "plain" ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
  return {
    ...trust,
    "security.protocol": tls ? "SASL_SSL" : "SASL_PLAINTEXT",
    "sasl.mechanism": sasl.mechanism.toUpperCase(),
    "sasl.jaas.config": `org.apache.kafka.common.security.${module} required username=${quoted(sasl.username)} password=${quoted(sasl.password)};`,
  };
}

/**
 * On a source that nobody writes to, the connector's offsets stand still and its log may be purged under it. A heartbeat
 * comes only as often as the reader of the log wakes up, so that is set too. One statement, because one is all it takes:
 * an UPDATE of several tables.
 */
function heartbeat({ heartbeats }: ConnectorRequest): ConnectorConfig {
  const beat = { "heartbeat.interval.ms": "2000", "connect.keep.alive.interval.ms": "2500" };
  if (heartbeats.length === 0) return beat;
  const quoted = (name: string): string => `\`${name.replaceAll("`", "``")}\``;
  const tables = heartbeats.map(
    ({ lane }, at) => `${quoted(markerDatabase)}.${quoted(markerTableOf(lane))} AS m${at}`,
  );
  const sets = heartbeats.map((_, at) => `m${at}.at = CURRENT_TIMESTAMP`);
  const rows = heartbeats.map(({ id }, at) => {
    if (!/^\d{1,20}$/u.test(id)) throw new Fault("bug", "The id of a marker is no number.");
    return `m${at}.id = ${id}`;
  });
  return {
    ...beat,
    "heartbeat.action.query": `UPDATE ${tables.join(", ")} SET ${sets.join(", ")} WHERE ${rows.join(" AND ")}`,
  };
}

function routers({ prefix, source, tables, lanes }: ConnectorRequest): ConnectorConfig {
  const homes = new Map<string, string>();
  const topicsOf = (lane: string): readonly string[] => {
    const own = [
      ...tables
        .filter((table) => table.lane === lane)
        .map((table) => tableTopic(prefix, source.database, table.source)),
      tableTopic(prefix, markerDatabase, markerTableOf(lane)),
    ];
    for (const topic of own) {
      const other = homes.get(topic) ?? lane;
      if (other !== lane)
        throw new Fault(
          "topic-refused",
          `Tables of the lanes ${other} and ${lane} have one name as a topic, ${topic}, so Debezium can't tell them apart.`,
          { next: "List both tables in one lane (lanes: in headgate.yaml)." },
        );
      homes.set(topic, lane);
    }
    return [...new Set(own)];
  };
  const router = (lane: string): string => `lane_${lane}`;
  const settings = lanes.flatMap((lane): [string, string][] => [
    [`transforms.${router(lane)}.type`, "org.apache.kafka.connect.transforms.RegexRouter"],
    // The router replaces what it finds first, which without anchors may be a shorter table's name in this one's.
    [`transforms.${router(lane)}.regex`, `^(?:${topicsOf(lane).map(literal).join("|")})$`],
    [`transforms.${router(lane)}.replacement`, laneTopic(prefix, lane)],
  ]);
  return { transforms: lanes.map(router).join(","), ...Object.fromEntries(settings) };
}

function converters({ converter }: ConnectorRequest): ConnectorConfig {
  if (converter.kind === "json") {
    const both = (side: "key" | "value"): ConnectorConfig => ({
      [`${side}.converter`]: "org.apache.kafka.connect.json.JsonConverter",
      [`${side}.converter.schemas.enable`]: String(converter.schemas),
      // Else a NULL in a column with a default arrives as the default.
      [`${side}.converter.replace.null.with.default`]: "false",
    });
    return { ...both("key"), ...both("value") };
  }
  const { kind, registry } = converter;
  const both = (side: "key" | "value"): ConnectorConfig =>
    kind === "confluent"
      ? {
          [`${side}.converter`]: "io.confluent.connect.avro.AvroConverter",
          [`${side}.converter.schema.registry.url`]: registry,
        }
      : {
          [`${side}.converter`]: "io.apicurio.registry.utils.converter.AvroConverter",
          [`${side}.converter.apicurio.registry.url`]: `${registry.replace(/\/+$/u, "")}/apis/registry/v2`,
          [`${side}.converter.apicurio.registry.auto-register`]: "true",
          [`${side}.converter.apicurio.registry.as-confluent`]: "true",
          [`${side}.converter.apicurio.registry.use-id`]: "contentId",
          [`${side}.converter.apicurio.registry.headers.enabled`]: "false",
          // By the name of the record and not of the topic: a lane's topic has the schemas of many tables.
          [`${side}.converter.apicurio.registry.artifact-resolver-strategy`]:
            "io.apicurio.registry.serde.avro.strategy.RecordIdStrategy",
        };
  return {
    ...both("key"),
    ...both("value"),
    // Names that Avro can't have: of schemas, and of columns.
    "schema.name.adjustment.mode": "avro",
    "field.name.adjustment.mode": "avro",
  };
}
