/**
 * What a source must be like for its changes to come over Kafka, beside what its own log needs: Debezium tells of less than
 * the log does, and where that cannot be made good the feed is refused.
 */
import type { Finding, Plan, ReferentialAction, ServerFacts } from "../../src/model.js";

export function sourceFindings(facts: ServerFacts, plan: Plan): readonly Finding[] {
  return [...withoutGtids(facts), ...notStrict(facts), ...packed(facts), ...hiddenCascades(facts, plan)];
}

/** All changes of such a transaction stand at one place, by which repeats are known. */
function packed({ settings }: ServerFacts): readonly Finding[] {
  if (settings["binlog_transaction_compression"]?.toUpperCase() !== "ON") return [];
  return [
    {
      code: "kafka-packed",
      severity: "warning",
      object: "server.binlog_transaction_compression",
      sentence:
        "binlog_transaction_compression is ON: changes of one transaction all stand at one place, so where the connector is killed in the middle of it, or a change is like the first one, what came twice cannot be told, and the stream stops there.",
      fix: "SET GLOBAL binlog_transaction_compression = OFF while the migration runs, or feed.kind: binlog.",
      count: 1,
      sampleKeys: [],
    },
  ];
}

/** A transaction that never came leaves a hole in the numbers, and nothing else. */
function withoutGtids({ engine, settings }: ServerFacts): readonly Finding[] {
  const mode = settings["gtid_mode"] ?? "OFF";
  if (engine !== "mysql" || mode === "ON") return [];
  return [
    {
      code: "kafka-needs-gtids",
      severity: "error",
      object: "server.gtid_mode",
      sentence: `gtid_mode is ${mode}: without GTIDs nobody can tell that a transaction is missing in the topics.`,
      fix: "Set gtid_mode=ON at the source, or feed.kind: binlog.",
      count: 1,
      sampleKeys: [],
    },
  ];
}

/** Two servers may give one number away then, and what was applied is known by its number. */
function notStrict({ engine, settings }: ServerFacts): readonly Finding[] {
  const mode = settings["gtid_strict_mode"]?.toUpperCase() ?? "OFF";
  if (engine !== "mariadb" || mode === "ON") return [];
  return [
    {
      code: "kafka-not-strict",
      severity: "warning",
      object: "server.gtid_strict_mode",
      sentence: `gtid_strict_mode is ${mode}: after a failover, or with two servers that write, numbers of a domain may be given away again, and the stream stops where it is told of one by another server.`,
      fix: "SET GLOBAL gtid_strict_mode = ON at the source and its replicas.",
      count: 1,
      sampleKeys: [],
    },
  ];
}

/**
 * What a foreign key does below the log is done again by the engine, for sessions that have foreign_key_checks on. The log says
 * which they are; an event of Debezium does not.
 */
function hiddenCascades({ engine, settings }: ServerFacts, plan: Plan): readonly Finding[] {
  if (engine === "mysql" && settings["innodb_native_foreign_keys"]?.toUpperCase() === "OFF") return [];
  return plan.tables.flatMap(({ source, foreignKeys = [] }) =>
    foreignKeys.flatMap(({ name, onDelete, onUpdate }): readonly Finding[] => {
      if (!acts(onDelete) && !acts(onUpdate)) return [];
      return [
        {
          code: "kafka-cascade-not-told",
          severity: "error",
          object: `${source}.${name}`,
          sentence: `The foreign key ${name} of ${source} changes rows by itself (ON DELETE ${onDelete.toUpperCase()}, ON UPDATE ${onUpdate.toUpperCase()}) below the source's log, and Debezium does not tell whether a session had foreign_key_checks on.`,
          fix: "Use feed.kind: binlog for this database.",
          count: 1,
          sampleKeys: [],
        },
      ];
    }),
  );
}

function acts(action: ReferentialAction): boolean {
  return action === "cascade" || action === "set null" || action === "set default";
}
