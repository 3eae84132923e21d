/**
 * `npm run bench -- stream [piece ...] [--scale 1]`: a backlog of row changes from the binary log into PostgreSQL, end to
 * end with ledger and touched keys, as `run` does it: half updates that change an indexed column, a quarter each inserts
 * and deletes. Without a piece, all of them; the page tells what was run and when.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { dataFolder } from "../../test/world/stack/place.js";
import { growTarget, sharedBuffers } from "./memory.js";
import { pieces } from "./pieces.js";
import type { Outcome } from "./pieces.js";

interface Record {
  readonly date: string;
  readonly scale: number;
  readonly outcomes: readonly Outcome[];
}

export async function stream(wanted: readonly string[], scale: number): Promise<void> {
  const asked = pieces.filter(
    ({ name }) => wanted.length === 0 || wanted.some((word) => name === word || name.startsWith(`${word}:`)),
  );
  if (asked.length === 0) throw new Error(`pieces are ${pieces.map(({ name }) => name).join(", ")}`);
  mkdirSync(folder, { recursive: true });
  const shrink = await growTarget();
  try {
    for (const piece of asked) {
      const date = new Date().toISOString();
      const outcomes = await piece.run(scale);
      for (const outcome of outcomes) process.stderr.write(`${lineOf(outcome)}\n`);
      const record: Record = { date, scale, outcomes };
      if (outcomes.length > 0) writeFileSync(fileOf(piece.name), JSON.stringify(record));
    }
  } finally {
    await shrink();
  }
  const page = pageOf();
  process.stdout.write(page);
  mkdirSync("bench/results", { recursive: true });
  writeFileSync(`bench/results/stream${scale === 1 ? "" : `-${String(scale)}`}.md`, page);
}

const folder = join(dataFolder(), "bench-stream-apart");
const fileOf = (piece: string): string => join(folder, `${piece.replace(":", ".")}.json`);

function recorded(piece: string): Record | null {
  const file = fileOf(piece);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record) : null;
}

const micro = (seconds: number, events: number): string => ((seconds / events) * 1e6).toFixed(1);

function lineOf(outcome: Outcome): string {
  const { what } = outcome;
  if (outcome.kind === "lags") {
    const { seconds } = outcome;
    const at = (share: number): string =>
      (seconds[Math.floor((seconds.length - 1) * share)] ?? NaN).toFixed(2);
    return `Lag at ${what}, over ${String(seconds.length)} markers: p50 ${at(0.5)} s, p95 ${at(0.95)} s, most ${at(1)} s.`;
  }
  const { events, wall, node, backend } = outcome.run;
  return `| ${what} | ${String(events)} | ${(events / wall / 1000).toFixed(1)} | ${micro(backend, events)} | ${micro(node, events)} | ${restOf(outcome)} |`;
}

function restOf(outcome: Outcome): string {
  if (outcome.kind !== "run") return " | | | | ";
  const { open, busy, batches, rssMb, heapMb, buffersMb } = outcome.run;
  const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
  return `${percent(open)} | ${percent(busy)} | ${String(batches)} | ${rssMb.toFixed(0)} | ${heapMb.toFixed(0)} and ${buffersMb.toFixed(0)}`;
}

function pageOf(): string {
  const known = pieces.flatMap(({ name }) => {
    const record = recorded(name);
    return record === null ? [] : [{ name, ...record }];
  });
  const outcomes = known.flatMap(({ outcomes: all }) => all);
  const missing = pieces
    .filter(({ name }) => !["prepare", "lanes:prepare", "drop"].includes(name))
    .filter(({ name }) => recorded(name) === null)
    .map(({ name }) => name);
  return [
    "# bench: stream, end to end",
    "",
    `From MySQL 9.7's binary log into PostgreSQL 18, ledger and touched keys written, synchronous_commit on, ${sharedBuffers} of shared_buffers; rows of about 350 bytes with JSON and two secondary indexes, of which every update changes one. ${String(cpus().length)} cores shared by both servers and Node ${process.version}; one run each. Node is the engine's process; its memory is the most that the kernel ever counted, and the most of V8's heap and of buffers beside it that was seen at a batch's end.`,
    "`open` is the time in which a lane had a batch at the target, over the whole; `busy` the time in which its backend did not wait for the engine, looked at every 5 ms. Two lanes can have 200 %.",
    "",
    "| changes | events | k events/s | PostgreSQL us an event | Node us an event | open | busy | batches | peak RSS MB | heap and buffers MB |",
    "|---|---|---|---|---|---|---|---|---|---|",
    ...outcomes.filter(({ kind }) => kind !== "lags").map(lineOf),
    "",
    ...outcomes.filter(({ kind }) => kind === "lags").map(lineOf),
    "",
    `Run: ${known.map(({ name, date, scale }) => `${name} at ${date.slice(0, 16)}Z${scale === 1 ? "" : `, scale ${String(scale)}`}`).join("; ")}.`,
    ...(missing.length === 0 ? [] : [`Not run: ${missing.join(", ")}.`]),
    "",
  ].join("\n");
}
