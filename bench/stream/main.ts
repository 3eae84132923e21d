/**
 * `npm run bench -- stream [--scale 1]`: a backlog of row changes from the binary log into PostgreSQL, end to end with ledger
 * and touched keys, as `run` does it: half updates that change an indexed column, a quarter each inserts and deletes, in
 * transactions of 500 rows and of one. Then the lag at a steady rate. CPU is of the lane's backend and of this
 * process; `busy` is the time in which the backend had a batch, over the whole.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { openMeter } from "../apply/meter.js";
import type { Figures } from "../apply/meter.js";
import { startLive } from "../../test/world/live.js";
import type { LiveEvent } from "../../test/world/live.js";
import { sourceDatabase } from "../../test/world/source-database.js";
import type { SourceDatabase } from "../../test/world/source-database.js";
import { targetDatabase } from "../../test/world/target-database.js";
import type { TargetDatabase } from "../../test/world/target-database.js";
import { changeMany, changeSingly, createSql, fillSql, steadySql } from "./workload.js";

export interface StreamOptions {
  readonly scale: number;
}

interface World {
  readonly source: SourceDatabase;
  readonly target: TargetDatabase;
  readonly migration: string;
  readonly rows: number;
}

interface Run extends Figures {
  readonly busy: number;
  readonly rssMb: number;
}

export async function stream({ scale }: StreamOptions): Promise<void> {
  const lines: string[] = [];
  const rows = Math.round(1_000_000 * scale);
  await using source = await sourceDatabase("headgate_bench_stream", "mysql9");
  await using target = await targetDatabase("headgate_bench_stream");
  const world: World = { source, target, migration: "20261126_bench_stream", rows };
  await source.sql("SET SESSION cte_max_recursion_depth = 1000000");
  await source.sql(createSql);
  for (let id = 0; id < rows; id += 10_000) await source.sql(fillSql(id, Math.min(10_000, rows - id)));
  await target.sql("SELECT 1");
  await level(world, () => undefined);
  for (const [name, batchRows, changes, make] of [
    ["500 a transaction", 5000, Math.round(1_000_000 * scale), changeMany],
    ["one a transaction", 5000, Math.round(300_000 * scale), changeSingly],
  ] as const) {
    await make(source, rows, changes);
    await target.sql("CHECKPOINT");
    const run = await catchUp(world, batchRows);
    lines.push(lineOf(name, run));
    process.stderr.write(`${lines.at(-1) ?? ""}\n`);
  }
  const lag = await steady(world);
  const page = pageOf(lines, lag, world);
  process.stdout.write(page);
  mkdirSync("bench/results", { recursive: true });
  writeFileSync(`bench/results/stream${scale === 1 ? "" : `-${String(scale)}`}.md`, page);
}

/** An engine until it has applied all that is committed now. */
async function level(world: World, onEvent: (event: LiveEvent) => void, batchRows = 5000): Promise<void> {
  await using live = startLive({
    source: world.source.options,
    target: world.target.options,
    migration: world.migration,
    rangeRows: 100_000,
    batchRows,
    onEvent,
  });
  await live.level();
  await live.stop();
}

async function catchUp(world: World, batchRows: number): Promise<Run> {
  const meter = openMeter();
  let [events, milliseconds, begun, rss] = [0, 0, 0, 0];
  await using live = startLive({
    source: world.source.options,
    target: world.target.options,
    migration: world.migration,
    batchRows,
    onEvent: (event) => {
      if (event.kind !== "batch") return;
      events += event.events;
      milliseconds += event.milliseconds;
      rss = Math.max(rss, process.memoryUsage.rss());
    },
  });
  await live.event("going-on");
  const [backend] = await world.target.sql(
    "SELECT pid::text FROM headgate.backend ORDER BY started DESC LIMIT 1",
  );
  begun = events;
  const before = milliseconds;
  meter.begin(Number(backend?.["pid"]));
  await live.level();
  meter.end();
  await live.stop();
  const figures = meter.figures(events - begun);
  return { ...figures, busy: (milliseconds - before) / 1000 / figures.wall, rssMb: rss / 1e6 };
}

/** Lag as the engine measures it, from a marker's commit at the source to its commit on the target, while 5,000 rows a second change. */
async function steady(world: World): Promise<readonly number[]> {
  const lags: number[] = [];
  await using live = startLive({
    source: world.source.options,
    target: world.target.options,
    migration: world.migration,
    onEvent: (event) => {
      if (event.kind === "lag") lags.push(event.seconds);
    },
  });
  await live.event("going-on");
  const begun = performance.now();
  for (let turn = 0; turn < 300; turn += 1) {
    await world.source.sql(steadySql(turn, world.rows));
    const early = (turn + 1) * 100 - (performance.now() - begun);
    if (early > 0) await pause(early);
  }
  await live.level();
  await live.stop();
  return lags.slice(2).sort((a, b) => a - b);
}

const micro = (seconds: number, events: number): string => ((seconds / events) * 1e6).toFixed(1);

function lineOf(name: string, { events, wall, node, backend, busy, rssMb }: Run): string {
  return `| ${name} | ${String(events)} | ${(events / wall / 1000).toFixed(1)} | ${micro(backend, events)} | ${micro(node, events)} | ${(busy * 100).toFixed(0)} % | ${rssMb.toFixed(0)} |`;
}

function pageOf(lines: readonly string[], lags: readonly number[], { rows }: World): string {
  const at = (share: number): string => (lags[Math.floor((lags.length - 1) * share)] ?? NaN).toFixed(2);
  return [
    "# bench: stream, end to end",
    "",
    `From MySQL 9.7's binary log into PostgreSQL 18, one lane, ledger and touched keys written; ${rows.toLocaleString("en-US")} rows of about 350 bytes with JSON and two secondary indexes. ${new Date().toISOString().slice(0, 16)}Z; ${String(cpus().length)} cores shared by all three, Node ${process.version}, one run. Node's memory is that of the test's process, with the engine in it.`,
    "",
    "| changes | events | k events/s | PostgreSQL us an event | Node us an event | backend busy | peak RSS MB |",
    "|---|---|---|---|---|---|---|",
    ...lines,
    "",
    `Lag at about 5,000 changed rows a second, transactions of 500, over ${String(lags.length)} markers: p50 ${at(0.5)} s, p95 ${at(0.95)} s, most ${at(1)} s.`,
    "",
  ].join("\n");
}
