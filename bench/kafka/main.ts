/**
 * `npm run bench -- kafka [--scale 1]`: a backlog of mixed changes (6 updates, 3 inserts, 1 delete) that Debezium has put into
 * a lane's topic, into PostgreSQL, end to end as `run` does it, in JSON without schemas and in Avro; then Debezium's JDBC sink
 * from the same topic, with its best settings and as it comes. It needs schemas, so it reads Avro alone. Debezium's own time
 * to fill the topic is told beside it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { openConnect } from "../../connectors/kafka/connect.js";
import type { ConnectorConfig } from "../../connectors/kafka/connect.js";
import { openMysql } from "../../connectors/mysql/source.js";
import { planOf } from "../../test/conformance/feed-recorder.js";
import { kafkaWorld } from "../../test/world/kafka-world.js";
import type { KafkaPlace } from "../../test/world/kafka-world.js";
import { catchUp, level } from "../stream/measure.js";
import type { Run } from "../stream/measure.js";
import { createSql, fill, fillSql, steadySql } from "../stream/workload.js";
import { dropWorld, makeWorld, openWorld } from "../stream/world.js";
import type { BenchWorld } from "../stream/world.js";
import { proofSql, sinkRun, sinkTargets } from "./sink.js";
import type { SinkRun } from "./sink.js";

const name = "headgate_bench_kafka";
/** The form of the records, and the type of the document in them: Debezium writes JSON anew, so it is read again from the source. */
const worlds = [
  ["json", "text"],
  ["json", "json"],
  ["avro", "text"],
  ["avro", "json"],
] as const;
const never = new AbortController().signal;

export async function kafka({ scale }: { readonly scale: number }): Promise<void> {
  const changes = Math.round(500_000 * scale);
  const rows = Math.round(200_000 * scale);
  const lines: string[] = [];
  const tell = (line: string): void => {
    lines.push(line);
    process.stderr.write(`${line}\n`);
  };
  for (const [format, doc] of worlds) {
    await makeWorld(name);
    await using world = await openWorld(name);
    await world.source.sql(createSql("acc", doc));
    await fill(world.source, 0, rows);
    await using over = await kafkaWorld(name, { avro: format === "avro" });
    await level(world, "one", over.place);
    const began = performance.now();
    await mixed(world, rows, changes);
    const written = (performance.now() - began) / 1000;
    const filling = await filled(world, over);
    const run = await catchUp(world, "one", over.place);
    const [{ proof } = { proof: null }] = await world.target.sql(proofSql);
    await demandSame(world, proof ?? "");
    tell(
      `${lineOf(`engine, ${format}, ${doc}`, run)} ${percent(run.busy)} | ${written.toFixed(0)} | ${filling.toFixed(0)} |`,
    );
    if (format === "json") continue;
    for (const how of ["best", "as it comes"] as const) {
      const sink = await sinkRun(how, {
        broker: over.place.broker,
        topic: `${over.place.prefix}.lane-main`,
        converters: await convertersOf(world, over.place),
        events: run.events,
        last,
      });
      tell(`${lineOf(`JDBC sink, ${doc}, ${how}`, sink)} | | |`);
    }
  }
  await dropWorld(name, [name, ...sinkTargets]);
  const page = [
    "# bench: changes over Kafka, end to end",
    "",
    `${String(changes)} changes (6 updates, 3 inserts, 1 delete) of one table with a document and two secondary indexes, one lane, from a topic that has them all into PostgreSQL 18: the engine with ledger, touched keys and indexes, Debezium's JDBC sink from the same Avro topic into a table of its own making, which has no index but the key. Client is the engine's process, or the sink's worker. The document is in a text, or in a JSON, which the engine reads again from the source for each row, as Debezium writes it anew, and the sink takes as it comes. ${String(cpus().length)} cores shared by MySQL, Debezium, broker, PostgreSQL and Node ${process.version}; one run each. \`written\`: the source's own time for the changes; \`filled\`: from their end until Debezium had put the last one into the topic.`,
    "",
    "| who | k events/s | PostgreSQL us an event | client us an event | client's peak RSS MB | lane busy | written s | filled s |",
    "|---|---|---|---|---|---|---|---|",
    ...lines,
    "",
    `Run at ${new Date().toISOString().slice(0, 16)}Z.`,
    "",
  ].join("\n");
  process.stdout.write(page);
  mkdirSync("bench/results", { recursive: true });
  writeFileSync(`bench/results/kafka${scale === 1 ? "" : `-${String(scale)}`}.md`, page);
}

/** The topic's last change of the table. */
const last = "SELECT FROM acc WHERE id = 0 AND name = 'the last change'";

/** How the connector that fills the topic writes its records. */
async function convertersOf(
  { migration }: BenchWorld,
  { connect: url }: KafkaPlace,
): Promise<ConnectorConfig> {
  const connect = openConnect({ server: { url }, signal: never });
  const config = (await connect.config(`headgate-${migration}`)) ?? {};
  return Object.fromEntries(Object.entries(config).filter(([key]) => /^(?:key|value)\.converter/u.test(key)));
}

/** Whoever has other rows was not faster. */
async function demandSame({ source }: BenchWorld, engine: string): Promise<void> {
  const [[wanted = null] = []] = await source.sql("SELECT CONCAT(COUNT(*), ' rows, ', SUM(amount)) FROM acc");
  if (engine !== wanted) throw new Error(`the engine has ${engine}, the source ${String(wanted)}`);
}

/** In transactions of 500 rows: six of updates, three of new rows, one of deletes. */
async function mixed({ source }: BenchWorld, rows: number, changes: number): Promise<void> {
  await source.sql("SET SESSION cte_max_recursion_depth = 1000000");
  let next = rows;
  for (let turn = 0; turn < changes / 5000; turn += 1) {
    for (let step = 0; step < 6; step += 1) await source.sql(steadySql(turn * 6 + step, rows));
    for (let step = 0; step < 3; step += 1, next += 500) await source.sql(fillSql(next, 500));
    await source.sql(`DELETE FROM acc WHERE id >= ${String(next - 500)} AND id < ${String(next)}`);
  }
  await source.sql("UPDATE acc SET name = 'the last change' WHERE id = 0");
}

/** Seconds until a marker that is committed now has come out of the topic. */
async function filled(
  { source: { options } }: BenchWorld,
  { over }: Awaited<ReturnType<typeof kafkaWorld>>,
): Promise<number> {
  const began = performance.now();
  await using source = await openMysql(options);
  const plan = { ...(await planOf(options)), migration: `20261126_${name.replace("headgate_", "")}` };
  const prepare = over(source, options).prepareFeed;
  while (prepare !== undefined) {
    try {
      await prepare(plan, never);
      break;
    } catch (error) {
      // It believes in no connector that is two minutes behind; this one is, on a slow machine.
      if (!(error instanceof Error) || !error.message.includes("do not come out")) throw error;
      await sleep(1000);
    }
  }
  return (performance.now() - began) / 1000;
}

const micro = (seconds: number, events: number): string => ((seconds / events) * 1e6).toFixed(1);
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

function lineOf(who: string, { events, wall, backend, node, rssMb }: Run | SinkRun): string {
  return `| ${who} | ${(events / wall / 1000).toFixed(1)} | ${micro(backend, events)} | ${micro(node, events)} | ${rssMb.toFixed(0)} |`;
}
