/**
 * What Debezium calls the topics of a connector, and what Headgate calls those of its lanes. Characters that no topic
 * may have become `_`, so two tables can fall together: whoever routes by these names has to look.
 */

/** The database that holds the marker tables at the source. */
export const markerDatabase = "headgate";

export function markerTableOf(lane: string): string {
  return `marker_${lane}`;
}

/** Where rows of a table arrive, before anything routes them. */
export function tableTopic(prefix: string, database: string, table: string): string {
  return `${prefix}.${database}.${table}`.replaceAll(/[^a-zA-Z0-9._-]/gu, "_");
}

/**
 * The one topic of a lane. Two parts where a table's topic has three, so that no router meets a topic twice, and a
 * hyphen, which no lane has: Kafka refuses names that differ only by `.` and `_`.
 */
export function laneTopic(prefix: string, lane: string): string {
  return `${prefix}.lane-${lane}`;
}

export function transactionTopic(prefix: string): string {
  return `${prefix}.transaction`;
}

/** Statements that change tables. */
export function schemaChangeTopic(prefix: string): string {
  return prefix;
}

export function historyTopic(prefix: string): string {
  return `${prefix}.schema-history`;
}
