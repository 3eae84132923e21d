/**
 * What a migration leaves at Kafka once it is over: the connector that it registered goes, known by its name and by the
 * settings that make it fill this migration's topics from this source. Topics stay: they are a log, and deleting one is a
 * person's word.
 */
import type { Trace } from "../../src/traces-port.js";
import type { Connect, ConnectorConfig } from "./connect.js";
import { generatedTopics } from "./connector-config.js";
import { removeConnector } from "./connector-watch.js";
import type { WatchTools } from "./connector-watch.js";
import { connectorName, plainConfig } from "./generated.js";
import type { GeneratedOptions } from "./generated.js";
import { historyTopic } from "./topic-names.js";

/** null where Headgate does not know of any Connect: then a person has registered the connector. */
export async function connectTraces(
  options: GeneratedOptions,
  connect: Connect | null,
): Promise<readonly Trace[]> {
  const { plan, endpoint } = options;
  const { rows, transactions, schemaChanges } = generatedTopics({ ...plan, prefix: endpoint.prefix });
  const topics = [
    ...rows.map(({ topic }) => topic),
    transactions,
    schemaChanges,
    historyTopic(endpoint.prefix),
  ];
  const log: Trace = {
    side: "connect",
    object: `topics ${topics.join(", ")}`,
    stays: "topics are never deleted by Headgate",
    sql: null,
  };
  const name = connectorName(plan);
  const object = `connector ${name}`;
  if (connect === null)
    return [
      { side: "connect", object, stays: "without feed.kafka.connect a person has registered it", sql: null },
      log,
    ];
  const there = await connect.config(name);
  if (there === null) return [log];
  const ours = isOurs(there, options);
  const stays = ours ? null : "it is not set as this migration has registered it";
  return [{ side: "connect", object, stays, sql: null }, log];
}

/** Removes the connector where it is ours. Nothing where it is gone. */
export async function endConnector(
  options: GeneratedOptions,
  connect: Connect | null,
  tools: Omit<WatchTools, "connect">,
): Promise<void> {
  if (connect === null) return;
  const name = connectorName(options.plan);
  const there = await connect.config(name);
  if (there !== null && isOurs(there, options)) await removeConnector(name, { ...tools, connect });
}

/** What makes it this migration's; passwords, converters and heartbeats may have changed since. */
const telling = [
  "connector.class",
  "topic.prefix",
  "database.server.id",
  "database.hostname",
  "database.port",
  "database.include.list",
] as const;

function isOurs(there: ConnectorConfig, options: GeneratedOptions): boolean {
  const wanted = plainConfig(options);
  return telling.every((key) => there[key] === wanted[key]);
}
