/**
 * Debezium's JDBC sink on a topic that the engine has read too, into an empty database of the same PostgreSQL: with the best
 * settings that are known for it, and as it comes. Timed from its first row to the last change of the topic.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { connectorFault, healthOf, untilRunning } from "../../connectors/kafka/connector-watch.js";
import type { ConnectorConfig } from "../../connectors/kafka/connect.js";
import { openMeter } from "../apply/meter.js";
import type { Figures } from "../apply/meter.js";
import { peakMb } from "../bulk/peak.js";
import { targetDatabase } from "../../test/world/target-database.js";
import type { TargetDatabase } from "../../test/world/target-database.js";
import { sinkWorker } from "./sink-worker.js";

export interface SinkRun extends Figures {
  readonly rssMb: number;
}

export interface SinkRequest {
  readonly broker: string;
  readonly topic: string;
  /** How records are written, as the connector that fills the topic is set. */
  readonly converters: ConnectorConfig;
  readonly events: number;
  /** A query that has a row when the last change is there. */
  readonly last: string;
}

/** Batches, and what goes with them. */
const settings: Readonly<Record<"best" | "as it comes", ConnectorConfig>> = {
  best: {
    "batch.size": "5000",
    "use.reduction.buffer": "true",
    "consumer.override.max.poll.records": "5000",
    "consumer.override.fetch.min.bytes": "1048576",
    "consumer.override.max.partition.fetch.bytes": "16777216",
  },
  // With batched inserts and no reduction buffer it dies of two changes of one key.
  "as it comes": { "batch.size": "500" },
};
export type SinkSettings = keyof typeof settings;

const targetOf = (how: SinkSettings): string => `headgate_bench_sink_${how === "best" ? "best" : "plain"}`;
export const sinkTargets = [targetOf("best"), targetOf("as it comes")] as const;

/** Rows and amounts of the table, whoever wrote it. */
export const proofSql = "SELECT count(*)::text || ' rows, ' || sum(amount)::text AS proof FROM acc";

const lookMs = 100;
const patienceMs = 1_800_000;

export async function sinkRun(how: SinkSettings, request: SinkRequest): Promise<SinkRun> {
  const name = targetOf(how);
  await using target = await targetDatabase(name);
  await using worker = await sinkWorker(request.broker);
  const url = new URL(target.url);
  const query = how === "best" ? "?reWriteBatchedInserts=true" : "";
  const connector = `${name}-${Date.now().toString(36)}`;
  const watch = {
    connect: worker.connect,
    signal: new AbortController().signal,
    wait: (ms: number) => sleep(ms),
  };
  await worker.connect.put(connector, {
    "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
    "tasks.max": "1",
    topics: request.topic,
    "connection.url": `jdbc:postgresql://${url.host}/${name}${query}`,
    "connection.username": decodeURIComponent(url.username),
    "connection.password": url.password === "" ? "none" : decodeURIComponent(url.password),
    "insert.mode": "upsert",
    "delete.enabled": "true",
    "primary.key.mode": "record_key",
    "schema.evolution": "basic",
    "collection.name.format": "${source.table}",
    "consumer.override.auto.offset.reset": "earliest",
    ...settings[how],
    ...request.converters,
  });
  await untilRunning(connector, watch);
  const there = async (sql: string): Promise<void> => {
    const until = performance.now() + patienceMs;
    for (let look = 0; !(await found(target, sql)); look += 1) {
      if (look % 20 === 0) {
        const fault = connectorFault(connector, healthOf(await worker.connect.status(connector)));
        if (fault !== null) throw fault;
      }
      if (performance.now() > until) throw new Error(`the sink has not come to its end: ${sql}`);
      await sleep(lookMs);
    }
  };
  await there("SELECT FROM acc LIMIT 1");
  const meter = openMeter(worker.pid);
  const backends = await target.sql(
    "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
  );
  meter.begin(backends.map(({ pid }) => Number(pid)));
  await there(request.last);
  meter.end();
  const run = { ...meter.figures(request.events), rssMb: peakMb(worker.pid) };
  await worker.connect.remove(connector);
  return run;
}

async function found(target: TargetDatabase, sql: string): Promise<boolean> {
  const [made] = await target.sql("SELECT to_regclass('acc')::text AS acc");
  return made?.["acc"] !== null && (await target.sql(sql)).length > 0;
}
