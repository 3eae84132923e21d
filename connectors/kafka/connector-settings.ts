/**
 * What somebody's own connector writes, read from its configuration: in what form values arrive, and in which topics
 * the plan's tables and the marker tables are. Settings that are not there have Debezium's defaults.
 */
import type { PlanTable } from "../../src/model.js";
import type { ConnectorConfig } from "./connect.js";
import type { EventSettings } from "./event-settings.js";
import type { FeedTopics, RowTopic } from "./feed-options.js";
import { routed } from "./regex.js";
import { markerDatabase, markerTableOf, tableTopic } from "./topic-names.js";

/** Defaults of Debezium 3 where they are not what Headgate generates. */
const defaults: ConnectorConfig = {
  "decimal.handling.mode": "precise",
  "bigint.unsigned.handling.mode": "long",
  "time.precision.mode": "adaptive_time_microseconds",
  "binary.handling.mode": "bytes",
  "event.converting.failure.handling.mode": "warn",
  "event.processing.failure.handling.mode": "fail",
  "event.deserialization.failure.handling.mode": "fail",
  "inconsistent.schema.handling.mode": "fail",
  "skip.messages.without.change": "false",
  "enable.time.adjuster": "true",
  "skipped.operations": "t",
  "include.schema.changes": "true",
  "provide.transaction.metadata": "false",
  "errors.tolerance": "none",
  "topic.delimiter": ".",
  "topic.transaction": "transaction",
  "value.converter.replace.null.with.default": "true",
};

export function setting(config: ConnectorConfig, name: string): string {
  return config[name] ?? defaults[name] ?? "";
}

/** What `setting` says, for a setting that is on or off. */
export function isOn(config: ConnectorConfig, name: string): boolean {
  return setting(config, name).toLowerCase() === "true";
}

export function isJson(config: ConnectorConfig): boolean {
  return config["value.converter"] === "org.apache.kafka.connect.json.JsonConverter";
}

/** Null where one of them has a value that no version of Debezium is known to have. */
export function eventSettings(config: ConnectorConfig, zeroDates: boolean): EventSettings | null {
  const one = <T extends string>(name: string, known: readonly T[]): T | undefined =>
    known.find((value) => value === setting(config, name).toLowerCase());
  const time = one("time.precision.mode", [
    "microseconds",
    "adaptive_time_microseconds",
    "adaptive",
    "connect",
    "nanoseconds",
    "isostring",
  ]);
  const decimal = one("decimal.handling.mode", ["string", "precise", "double"]);
  const binary = one("binary.handling.mode", ["bytes", "base64", "base64-url-safe", "hex"]);
  if (time === undefined || decimal === undefined || binary === undefined) return null;
  // The worker's own converter has settings that no connector tells, and Avro's converters have no such switch.
  const nullsAsDefaults = !isJson(config) || isOn(config, "value.converter.replace.null.with.default");
  return { time, decimal, binary, nullsAsDefaults, zeroDates };
}

export interface Transform {
  readonly name: string;
  /** The class without its package. */
  readonly type: string;
  /** Where a record of this topic goes; null where that can't be told. */
  readonly route: (topic: string) => string | null;
}

/** The connector's transformations in their order. What is none that moves records whole to another topic has type "" and routes nowhere that can be told. */
export function transforms(config: ConnectorConfig): readonly Transform[] {
  const names = (config["transforms"] ?? "").split(",").flatMap((name) => name.trim() || []);
  return names.map((name): Transform => {
    const own = (key: string): string => config[`transforms.${name}.${key}`] ?? "";
    const type = own("type");
    const router = { name, type: type.slice(type.lastIndexOf(".") + 1) };
    if (own("predicate") === "") {
      if (type === "org.apache.kafka.connect.transforms.RegexRouter")
        return { ...router, route: (topic) => routed(own("regex"), own("replacement"), topic) };
      if (type === "io.debezium.transforms.ByLogicalTableRouter")
        return { ...router, route: (topic) => routed(own("topic.regex"), own("topic.replacement"), topic) };
    }
    return { ...router, route: () => null };
  });
}

export function routeOf(config: ConnectorConfig, topic: string): string | null {
  return transforms(config).reduce<string | null>((at, one) => (at === null ? null : one.route(at)), topic);
}

export interface Routing {
  readonly database: string;
  readonly tables: readonly Pick<PlanTable, "source">[];
  readonly lanes: readonly string[];
}

/** Whether it tells of each transaction how many changes it has: without that, what it drops leaves no trace. */
export function tellsTransactions(config: ConnectorConfig): boolean {
  return isOn(config, "provide.transaction.metadata");
}

/** The topics that the connector fills; null where a transformation that is not known takes part, or it tells of no transactions. */
export function existingTopics(config: ConnectorConfig, wanted: Routing): FeedTopics | null {
  const prefix = config["topic.prefix"] ?? "";
  const rows = new Map<string, { tables: string[]; markers: string[] }>();
  const home = (database: string, table: string): { tables: string[]; markers: string[] } | null => {
    const topic = routeOf(config, tableTopic(prefix, database, table));
    if (topic === null) return null;
    const found = rows.get(topic) ?? { tables: [], markers: [] };
    rows.set(topic, found);
    return found;
  };
  for (const { source } of wanted.tables) {
    const found = home(wanted.database, source);
    if (found === null) return null;
    found.tables.push(source);
  }
  for (const lane of wanted.lanes) {
    const found = home(markerDatabase, markerTableOf(lane));
    if (found === null) return null;
    found.markers.push(lane);
  }
  const transactions = routeOf(config, `${prefix}.${setting(config, "topic.transaction")}`);
  if (transactions === null || !tellsTransactions(config)) return null;
  return {
    rows: [...rows].map(([topic, found]): RowTopic => ({ topic, ...found })),
    transactions,
    schemaChanges: isOn(config, "include.schema.changes") ? routeOf(config, prefix) : null,
  };
}
