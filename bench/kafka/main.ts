/**
 * `npm run bench -- kafka [--scale 1]`: a backlog of mixed changes (6 updates, 3 inserts, 1 delete) that Debezium has put into
 * a lane's topic, into PostgreSQL, end to end as `run` does it, in JSON without schemas and in Avro. Debezium's own time to
 * fill the topic is told beside it. Debezium's JDBC sink, the peer, is not run yet.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { openMysql } from "../../connectors/mysql/source.js";
import { planOf } from "../../test/conformance/feed-recorder.js";
import { kafkaWorld } from "../../test/world/kafka-world.js";
import { catchUp, level } from "../stream/measure.js";
import type { Run } from "../stream/measure.js";
import { createSql, fill, fillSql, steadySql } from "../stream/workload.js";
import { dropWorld, makeWorld, openWorld } from "../stream/world.js";
import type { BenchWorld } from "../stream/world.js";

const name = "headgate_bench_kafka";
const never = new AbortController().signal;

export async function kafka({ scale }: { readonly scale: number }): Promise<void> {
  const changes = Math.round(500_000 * scale);
  const rows = Math.round(200_000 * scale);
  const lines: string[] = [];
  for (const format of ["json", "avro"] as const) {
    await makeWorld(name);
    await using world = await openWorld(name);
    await world.source.sql(createSql());
    await fill(world.source, 0, rows);
    await using over = await kafkaWorld(name, { avro: format === "avro" });
    await level(world, "one", over.place);
    const began = performance.now();
    await mixed(world, rows, changes);
    const written = performance.now();
    const filling = await filled(world, over);
    const run = await catchUp(world, "one", over.place);
    lines.push(lineOf(format, run, (written - began) / 1000, filling));
    process.stderr.write(`${lines.at(-1) ?? ""}\n`);
  }
  await dropWorld(name);
  const page = [
    "# bench: changes over Kafka, end to end",
    "",
    `${String(changes)} changes of one table with JSON and two secondary indexes, one lane, from a topic that has them all into PostgreSQL 18 with ledger and touched keys. ${String(cpus().length)} cores shared by MySQL, Debezium, broker, PostgreSQL and Node ${process.version}; one run each. \`written\`: the source's own time for the changes; \`filled\`: from their end until Debezium had put the last one into the topic.`,
    "",
    "| form | k events/s | PostgreSQL us an event | Node us an event | lane busy | peak RSS MB | written s | filled s |",
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

/** In transactions of 500 rows: six of updates, three of new rows, one of deletes. */
async function mixed({ source }: BenchWorld, rows: number, changes: number): Promise<void> {
  await source.sql("SET SESSION cte_max_recursion_depth = 1000000");
  let next = rows;
  for (let turn = 0; turn < changes / 5000; turn += 1) {
    for (let step = 0; step < 6; step += 1) await source.sql(steadySql(turn * 6 + step, rows));
    for (let step = 0; step < 3; step += 1, next += 500) await source.sql(fillSql(next, 500));
    await source.sql(`DELETE FROM acc WHERE id >= ${String(next - 500)} AND id < ${String(next)}`);
  }
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

function lineOf(format: string, run: Run, written: number, filling: number): string {
  const { events, wall, backend, node, busy, rssMb } = run;
  return `| ${format} | ${(events / wall / 1000).toFixed(1)} | ${micro(backend, events)} | ${micro(node, events)} | ${(busy * 100).toFixed(0)} % | ${rssMb.toFixed(0)} | ${written.toFixed(0)} | ${filling.toFixed(0)} |`;
}
