/**
 * The connector that this migration makes for itself: its name, and the configuration that it is to have, as far as that
 * depends on what Connect says and on what is registered already.
 */
import type { Plan, SourceEngine } from "../../src/model.js";
import type { KafkaEndpoint } from "../../src/port.js";
import type { Connect, ConnectorConfig } from "./connect.js";
import { connectorConfig } from "./connector-config.js";
import type { ConnectorRequest, ConverterChoice } from "./connector-config.js";

export interface GeneratedOptions {
  readonly plan: Plan;
  readonly engine: SourceEngine;
  readonly endpoint: KafkaEndpoint;
  /** As the connector is to log in at the source. */
  readonly login: Omit<ConnectorRequest["source"], "database">;
}

export function connectorName({ migration }: Pick<Plan, "migration">): string {
  return `headgate-${migration}`;
}

/** What whoever registers it by hand registers: nothing is asked of Connect, and no row is touched at each heartbeat. */
export function plainConfig(options: GeneratedOptions): ConnectorConfig {
  return connectorConfig({ ...requestOf(options), exactlyOnce: false, heartbeats: [] });
}

/** `mark`: commits a marker and gives its id: the row that heartbeats touch, the same for as long as the connector lives. */
export async function wantedConfig(
  options: GeneratedOptions,
  connect: Connect,
  mark: (lane: string, note: string) => Promise<string>,
): Promise<ConnectorConfig> {
  const name = connectorName(options.plan);
  const { lanes } = options.plan;
  const there = await connect.config(name);
  const known = there === null ? [] : heartbeatRows(there);
  const heartbeats: { lane: string; id: string }[] = [];
  for (const [at, lane] of lanes.entries()) {
    const id = known.length === lanes.length ? known[at] : undefined;
    heartbeats.push({ lane, id: id ?? (await mark(lane, "heartbeats of the connector")) });
  }
  let last: ConnectorConfig | null = null;
  for (const converter of convertersOf(options.endpoint)) {
    const request = { ...requestOf(options), heartbeats, converter };
    const once = connectorConfig({ ...request, exactlyOnce: true });
    const refused = (await connect.validate({ ...once, name })).map(({ setting }) => setting);
    // Only the worker knows whether it takes part in Kafka's transactions, and which converters it has.
    const exactlyOnce = !refused.includes("exactly.once.support");
    last = exactlyOnce ? once : connectorConfig({ ...request, exactlyOnce });
    if (!refused.some((setting) => setting.endsWith(".converter"))) return last;
  }
  return last ?? plainConfig(options);
}

/** Ways to write the format, one of which the worker has. */
function convertersOf({ format, registry }: KafkaEndpoint): readonly [ConverterChoice, ...ConverterChoice[]] {
  if (format === "json" || registry === null) return [{ kind: "json", schemas: false }];
  return [
    { kind: "apicurio", registry },
    { kind: "confluent", registry },
  ];
}

function requestOf({
  plan,
  engine,
  endpoint,
  login,
}: GeneratedOptions): Omit<ConnectorRequest, "heartbeats" | "exactlyOnce"> {
  return {
    engine,
    prefix: endpoint.prefix,
    source: { ...login, database: plan.database },
    tables: plan.tables,
    lanes: plan.lanes,
    brokers: endpoint.brokers,
    security: { tls: endpoint.encrypted, ca: endpoint.ca, sasl: endpoint.sasl },
    converter: convertersOf(endpoint)[0],
  };
}

/** The rows that a registered connector touches, in its lanes' order. */
function heartbeatRows(config: ConnectorConfig): readonly string[] {
  const query = config["heartbeat.action.query"] ?? "";
  return [...query.matchAll(/\bm\d+\.id = (\d+)/gu)].map(([, id = ""]) => id);
}
