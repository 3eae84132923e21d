/**
 * What speaks against somebody's own connector: each setting that changes values or leaves changes out without a word,
 * transformations that are not known, tables that it does not take. Told as findings of `check`; an error where the
 * changes could not be exact.
 */
import type { Finding, PlanTable, Severity, SourceEngine } from "../../src/model.js";
import type { ConnectorConfig } from "./connect.js";
import { anew, connectorFinding } from "./connector-finding.js";
import { pluginFindings } from "./connector-plugins.js";
import { isJson, setting, transforms } from "./connector-settings.js";
import { listMatches } from "./regex.js";
import { markerDatabase, markerTableOf } from "./topic-names.js";

export interface CheckedPlan {
  readonly engine: SourceEngine;
  readonly database: string;
  readonly tables: readonly PlanTable[];
  readonly lanes: readonly string[];
}

/** Findings about a configuration as Connect has it. */
export function connectorFindings(config: ConnectorConfig, plan: CheckedPlan): readonly Finding[] {
  return [
    ...classFindings(config, plan),
    ...rules.flatMap((rule) => ruleFindings(rule, config, plan)),
    ...transformFindings(config),
    ...maskFindings(config),
    ...pluginFindings(config),
    ...tableFindings(config, plan),
  ];
}

interface Rule {
  readonly setting: string;
  /** Values that change and lose nothing. */
  readonly good: readonly string[];
  /** Only where the plan has such a column. */
  readonly of?: (type: string, unsigned: boolean) => boolean;
  readonly severity?: Severity;
  /** What is in the topics already does no harm: it is of before the copy. */
  readonly mended?: boolean;
  /** Completes "The connector has SETTING=VALUE: ". */
  readonly why: string;
}

const temporal = /^(?:time|datetime|timestamp)$/u;

const rules: readonly Rule[] = [
  {
    setting: "decimal.handling.mode",
    good: ["string", "precise"],
    of: (type) => type === "decimal",
    why: "a decimal as a double loses digits.",
  },
  {
    setting: "bigint.unsigned.handling.mode",
    good: ["precise"],
    of: (type, unsigned) => type === "bigint" && unsigned,
    why: "numbers past 2^63 arrive as negative ones.",
  },
  {
    setting: "time.precision.mode",
    good: ["microseconds", "adaptive_time_microseconds"],
    of: (type) => temporal.test(type),
    why: "times are cut to milliseconds, or stop the connector past 24 hours or before 1677.",
  },
  {
    setting: "binary.handling.mode",
    good: ["bytes", "base64", "base64-url-safe", "hex"],
    why: "this form of bytes is not known.",
  },
  {
    setting: "event.converting.failure.handling.mode",
    good: ["fail"],
    why: "a value that Debezium can't read arrives as NULL.",
  },
  {
    setting: "event.processing.failure.handling.mode",
    good: ["fail"],
    why: "an event that Debezium can't read is left out.",
  },
  {
    setting: "inconsistent.schema.handling.mode",
    good: ["fail"],
    why: "events of a table whose shape Debezium does not know are left out.",
  },
  { setting: "errors.tolerance", good: ["none"], why: "records that can't be converted are left out." },
  {
    setting: "skipped.operations",
    good: ["none"],
    why: "operations are left out (t is TRUNCATE, and left out by default).",
  },
  {
    setting: "event.deserialization.failure.handling.mode",
    good: ["fail"],
    why: "an event that Debezium can't read is left out.",
  },
  {
    setting: "skip.messages.without.change",
    good: ["false"],
    why: "updates are left out, and the source's log counts them.",
  },
  { setting: "include.schema.changes", good: ["true"], why: "an ALTER TABLE is not told." },
  {
    setting: "provide.transaction.metadata",
    good: ["true"],
    why: "what Debezium leaves out without a word (statements logged as text, partial JSON updates) leaves no trace but the counts in its topic of transactions.",
    mended: true,
  },
  {
    setting: "enable.time.adjuster",
    good: ["false"],
    of: (type) => /^(?:date|datetime|timestamp|year)$/u.test(type),
    severity: "warning",
    why: "years 0 to 99 arrive as 1970 to 2069; the next verification finds them.",
  },
  { setting: "topic.delimiter", good: ["."], why: "the topics have other names than the plan expects." },
];

function ruleFindings(rule: Rule, config: ConnectorConfig, plan: CheckedPlan): readonly Finding[] {
  const { of } = rule;
  const value = setting(config, rule.setting);
  if (rule.good.includes(value.toLowerCase())) return [];
  const concerned =
    of === undefined ||
    plan.tables.some(({ columns }) => columns.some(({ column }) => of(column.type, column.unsigned)));
  if (!concerned) return [];
  const said =
    config[rule.setting] === undefined ? `${rule.setting}=${value} by default` : `${rule.setting}=${value}`;
  return [
    connectorFinding(
      "connector-setting",
      rule.severity ?? "error",
      `connector.${rule.setting}`,
      `The connector has ${said}: ${rule.why}`,
      rule.mended === true
        ? `Set "${rule.setting}": "${rule.good[0] ?? ""}" in the connector's configuration (PUT /connectors/NAME/config).`
        : `Set ${rule.setting}=${rule.good[0] ?? ""}, ${anew}`,
    ),
  ];
}

const classes: Readonly<Record<SourceEngine, RegExp>> = {
  mysql: /\bMySqlConnector$/u,
  mariadb: /\bMariaDbConnector$/u,
};

const avro = [
  "io.confluent.connect.avro.AvroConverter",
  "io.apicurio.registry.utils.converter.AvroConverter",
];

function classFindings(config: ConnectorConfig, { engine }: CheckedPlan): readonly Finding[] {
  const found: Finding[] = [];
  const own = config["connector.class"] ?? "";
  if (!classes[engine].test(own))
    found.push(
      connectorFinding(
        "connector-class",
        "error",
        "connector.connector.class",
        `The connector is a ${own === "" ? "connector of no class" : own}, which does not read ${engine === "mysql" ? "MySQL" : "MariaDB"}.`,
        "Register Debezium's connector for the source, or let Headgate do it.",
      ),
    );
  const converter = config["value.converter"];
  if (converter !== undefined && !isJson(config) && !avro.includes(converter))
    found.push(
      connectorFinding(
        "connector-setting",
        "error",
        "connector.value.converter",
        `The connector writes values by ${converter}, a form that Headgate does not read.`,
        "Use Connect's JsonConverter or an AvroConverter with Confluent's wire form.",
      ),
    );
  return found;
}

function transformFindings(config: ConnectorConfig): readonly Finding[] {
  return transforms(config).flatMap(({ name, type, route }) => {
    if (route("a.b.c") !== null) return [];
    const sentence =
      type === "ExtractNewRecordState"
        ? `The connector's transformation ${name} (${type}, "unwrap") takes the row before a change and its place in the source's log away, by which changes are applied once.`
        : `The connector's transformation ${name} (${type}) is not one that Headgate knows, has a predicate, or an expression that only Java reads; what it makes of records can't be told.`;
    return [
      connectorFinding(
        "connector-transform",
        "error",
        `connector.transforms.${name}`,
        sentence,
        "Give Headgate topics of its own: a second connector without it. RegexRouter and ByLogicalTableRouter are fine.",
      ),
    ];
  });
}

function maskFindings(config: ConnectorConfig): readonly Finding[] {
  return Object.entries(config).flatMap(([name, value]) => {
    if (value === "" || !/^column\.(?:mask|truncate|exclude|include|blacklist|whitelist)\b/u.test(name))
      return [];
    return [
      connectorFinding(
        "connector-setting",
        "error",
        `connector.${name}`,
        `The connector has ${name}: columns are masked, cut or left out.`,
        `Take ${name} out, ${anew}`,
      ),
    ];
  });
}

function tableFindings(
  config: ConnectorConfig,
  { database, tables, lanes }: CheckedPlan,
): readonly Finding[] {
  const names = [
    ...tables.map(({ source }) => [database, source] as const),
    ...lanes.map((lane) => [markerDatabase, markerTableOf(lane)] as const),
  ];
  return names.flatMap(([home, table]) => {
    const taken = isTaken(config, home, table);
    if (taken === true) return [];
    const what =
      home === markerDatabase ? `${home}.${table}, by which Headgate knows where a lane is` : table;
    return [
      connectorFinding(
        "connector-tables",
        taken === null ? "warning" : "error",
        home === markerDatabase ? `${home}.${table}` : table,
        taken === null
          ? `Whether the connector takes the table ${what}, can't be told: a list of it has an expression that only Java reads.`
          : `The connector leaves out the table ${what}.`,
        "Add it to database.include.list and table.include.list of the connector.",
      ),
    ];
  });
}

/** Null where it can't be told. */
function isTaken(config: ConnectorConfig, database: string, table: string): boolean | null {
  const verdicts = [
    included(config["database.include.list"], config["database.exclude.list"], database),
    included(config["table.include.list"], config["table.exclude.list"], `${database}.${table}`),
  ];
  if (verdicts.includes(false)) return false;
  return verdicts.includes(null) ? null : true;
}

function included(include: string | undefined, exclude: string | undefined, name: string): boolean | null {
  if (include !== undefined && include !== "") return listMatches(include, name);
  if (exclude === undefined || exclude === "") return true;
  const out = listMatches(exclude, name);
  return out === null ? null : !out;
}
