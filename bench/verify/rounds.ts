/**
 * One run of one contestant, in a process of its own so that its CPU and memory are its own: both sides of every table
 * read range by range, by two workers. `floor`: through the codecs and in key order, nothing hashed or compared.
 * `streamed` and `digest`: as the verifier compares. Prints what was read as one line of JSON.
 */
import { openMysql } from "../../connectors/mysql/source.js";
import type { MysqlOptions } from "../../connectors/mysql/connection.js";
import { openPostgres } from "../../connectors/postgres/target.js";
import type { PlanTable, Range } from "../../src/model.js";
import { plan } from "../../src/plan/plan.js";
import { loadParser } from "../../src/translate/parser.js";
import { codecOf } from "../../src/typemap/compile.js";
import { rowEncoder } from "../../src/typemap/row.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { wayOf } from "../../src/verify/compare.js";
import type { Comparer } from "../../src/verify/comparer.js";
import { digestComparing } from "../../src/verify/digest.js";
import { streamed } from "../../src/verify/streamed.js";
import { peakMb } from "../bulk/peak.js";
import { account } from "../bulk/source.js";

const { signal } = new AbortController();
const rangeRows = 100_000;

interface Read {
  rows: number;
  bytes: number;
}
type Act = (comparer: Comparer, table: PlanTable, range: Range | null) => Promise<Read>;

const floor: Act = async ({ look, reader, engine }, table, range) => {
  const ordered = wayOf(table) === "stream";
  const encoder = rowEncoder(table, engine, {
    write: (_bytes, released) => {
      released();
      return true;
    },
    drained: () => Promise.resolve(),
  });
  const select = table.columns.map((column) => codecOf(column, engine).select(mysqlName(column.source)));
  const seen = { bytes: 0 };
  const sink = {
    tuple: (_bytes: Buffer, start: number, end: number): void => {
      seen.bytes += end - start;
    },
    full: () => false,
    drained: () => Promise.resolve(),
  };
  const wanted = range === null ? ({ kind: "all" } as const) : ({ kind: "range", range } as const);
  const columns = table.columns.map((_, place) => place);
  const [ours, theirs] = await Promise.all([
    reader.read({ table: table.source, select, key: table.key, range, ordered }, encoder, signal),
    look.read({ table, columns, wanted, ordered }, sink, signal),
  ]);
  encoder.finish();
  if (ours.rows !== theirs.rows)
    throw new Error(`${table.source}: ${String(ours.rows)} and ${String(theirs.rows)} rows`);
  return { rows: ours.rows, bytes: seen.bytes };
};

const comparings = {
  streamed,
  digest: digestComparing({
    stream: streamed,
    ordered: (table) => wayOf(table) === "stream",
    onRefused: () => {
      throw new Error("A value was refused.");
    },
  }),
};

const compared =
  (name: keyof typeof comparings): Act =>
  async (comparer, table, range) => {
    const found = await comparings[name].range(
      comparer,
      table,
      range,
      (suspects) => Promise.reject(new Error(`${table.source}: ${String(suspects.length)} suspects`)),
      signal,
    );
    return { rows: Number(found.rowsSource), bytes: Number(found.bytes) };
  };

const acts: Readonly<Record<string, Act>> = {
  floor,
  streamed: compared("streamed"),
  digest: compared("digest"),
};

async function run(name: string, sourceUrl: string, database: string, targetUrl: string): Promise<void> {
  const act = acts[name];
  if (act === undefined) throw new Error(`No contestant ${name}.`);
  await loadParser();
  const { hostname, port } = new URL(sourceUrl);
  const options: MysqlOptions = {
    host: hostname,
    port: Number(port),
    user: account.user,
    password: account.password,
    database,
    tls: { mode: "off" },
  };
  await using source = await openMysql(options);
  await using target = await openPostgres({
    url: targetUrl,
    tls: { mode: "off" },
    engine: { host: "bench", pid: process.pid },
  });
  const catalogue = await source.catalogue(signal);
  const made = plan(catalogue, {
    migration: "20261122_bulk",
    schema: "public",
    include: ["*"],
    exclude: [],
    rename: {},
    names: "keep",
    rules: [],
    policies: [],
    lanes: "one",
  });
  const total = { rows: 0, bytes: 0 };
  const started = performance.now();
  const before = process.cpuUsage();
  const pieces = piecesOf(made.tables);
  const worker = async (): Promise<void> => {
    await using reader = await source.reader(2);
    await using look = await target.look(made, 2);
    if (reader === null || look === null) throw new Error("No worker slot was free.");
    for (;;) {
      const next = await pieces.next();
      if (next.done === true) return;
      const { table, range } = next.value;
      const whole = range.lower === null && range.upper === null;
      const read = await act({ look, reader, engine: catalogue.engine }, table, whole ? null : range);
      total.rows += read.rows;
      total.bytes += read.bytes;
    }
  };
  async function* piecesOf(
    tables: readonly PlanTable[],
  ): AsyncGenerator<{ table: PlanTable; range: Range }, void> {
    for (const table of tables)
      for await (const range of source.split(table, rangeRows, signal)) yield { table, range };
  }
  await Promise.all([worker(), worker()]);
  const cpu = process.cpuUsage(before);
  process.stdout.write(
    `${JSON.stringify({
      ...total,
      wall: (performance.now() - started) / 1000,
      cpu: (cpu.user + cpu.system) / 1e6,
      rss: peakMb("self"),
    })}\n`,
  );
}

const [name = "", sourceUrl = "", database = "", targetUrl = ""] = process.argv.slice(2);
await run(name, sourceUrl, database, targetUrl);
