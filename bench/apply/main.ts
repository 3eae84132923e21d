/**
 * `npm run bench -- apply [dirty] [--scale 1] [--rounds 1]`: how a lane's writer gets batches into PostgreSQL, one lane,
 * tuples ready in memory: arrays against COPY at several sizes of batches, strictly and loosely, beside one prepared
 * statement a row. CPU is of the lane's backend and of this process, so that figures of a shared machine can be compared.
 * `dirty`: only what writing the touched keys down costs, with and without, on a page of its own.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { openMeter } from "./meter.js";
import type { Figures, Meter } from "./meter.js";
import { PostgresLane } from "../../connectors/postgres/apply/lane.js";
import type { TableChanges, Tuples } from "../../src/stream-port.js";
import { laneWorld, loose, place, strict } from "../../test/world/apply-lane.js";
import type { LaneWorld } from "../../test/world/apply-lane.js";
import { list as servers } from "../../test/world/stack/servers.js";
import { targetDatabase } from "../../test/world/target-database.js";
import type { TargetDatabase } from "../../test/world/target-database.js";
import { applySimply } from "./simple.js";
import { account, batches, eventsOf, fillSql, prepare } from "./workload.js";

export interface ApplyOptions {
  readonly only: "all" | "dirty";
  readonly scale: number;
  readonly rounds: number;
}

const nothing: Tuples = { rows: 0, bytes: 0, chunks: [] };

interface Contestant {
  readonly name: string;
  readonly size: number;
  readonly events: number;
  readonly sorted: boolean;
  /** The page that it stands on. */
  readonly about: "all" | "dirty" | "both";
  readonly run: (world: LaneWorld, list: readonly TableChanges[], meter: Meter) => Promise<void>;
}

export async function apply({ only, scale, rounds }: ApplyOptions): Promise<void> {
  await using database = await targetDatabase("headgate_bench_apply");
  const rows = Math.round(300_000 * scale);
  const seed = 7;
  await prepare(database, rows, seed);
  const contestants = contestantsOf(database, Math.round(100_000 * scale)).filter(
    ({ about }) => about === "both" || about === only,
  );
  const runs = new Map<string, Figures[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++)
    for (const contestant of contestants) {
      const figures = await runOne(database, contestant, rows);
      runs.get(contestant.name)?.push(figures);
      process.stderr.write(`round ${String(round)}: ${contestant.name}: ${lineOf(figures)}\n`);
    }
  const page = pageOf(runs, { rows, rounds, seed });
  process.stdout.write(page);
  mkdirSync("bench/results", { recursive: true });
  const name = only === "dirty" ? "apply-dirty" : "apply-writer";
  writeFileSync(`bench/results/${name}${scale === 1 ? "" : `-${String(scale)}`}.md`, page);
}

function contestantsOf(database: TargetDatabase, events: number): readonly Contestant[] {
  const byLane =
    (group: typeof strict, stagedRows: number): Contestant["run"] =>
    async (world, list, meter) => {
      const claim = { migration: world.plan.migration, epoch: world.ledger.epoch };
      await using writer = await PostgresLane.open(
        database.options,
        claim,
        world.plan,
        "one",
        world.ledger.lost,
        stagedRows,
      );
      const [backend] = await database.sql(
        "SELECT pid::text FROM headgate.backend ORDER BY started DESC LIMIT 1",
      );
      meter.begin(Number(backend?.["pid"]));
      for (const [i, changes] of list.entries()) {
        const batch = await writer.begin(BigInt(i));
        await batch.write(group(changes));
        await batch.commit(place(i + 1));
      }
      meter.end();
    };
  const found: Contestant[] = [];
  for (const size of [200, 1000, 2000, 4000, 8000, 20_000])
    for (const [kind, group] of [
      ["strict", strict],
      ["loose", loose],
    ] as const)
      for (const [how, stagedRows] of [
        ["arrays", 1e9],
        ["COPY", 1],
      ] as const)
        found.push({
          name: `${kind}, ${how}, ${String(size)}`,
          size,
          events: size < 1000 ? events / 5 : events,
          sorted: true,
          about: kind === "strict" && (how === "COPY" ? size === 20_000 : size === 1000) ? "both" : "all",
          run: byLane(group, stagedRows),
        });
  for (const [how, size, stagedRows] of [
    ["arrays", 1000, 1e9],
    ["COPY", 20_000, 1],
  ] as const)
    found.push({
      name: `strict, ${how}, ${String(size)}, touched keys not written`,
      size,
      events,
      sorted: true,
      about: "dirty",
      run: byLane((changes) => strict({ ...changes, touched: nothing }), stagedRows),
    });
  found.push({
    name: "strict, COPY, 20000, not sorted",
    size: 20_000,
    events,
    sorted: false,
    about: "all",
    run: byLane(strict, 1),
  });
  found.push({
    name: "row by row, 500 a transaction",
    size: 20_000,
    events: events / 5,
    sorted: false,
    about: "all",
    run: (_, list, meter) => applySimply(database.options.url, list, 500, meter),
  });
  return found;
}

async function runOne(database: TargetDatabase, one: Contestant, rows: number): Promise<Figures> {
  await using world = await laneWorld(database, [account], { sql: fillSql });
  const list = await batches(database, world.table("acc"), { ...one, rows });
  await database.sql("CHECKPOINT");
  const meter = openMeter();
  await one.run(world, list, meter);
  const figures = meter.figures(eventsOf(list));
  const [left] = await database.sql("SELECT count(*) AS n FROM acc");
  if (Number(left?.["n"]) !== rows)
    throw new Error(`${one.name}: ${left?.["n"] ?? ""} rows of ${String(rows)}`);
  return figures;
}

const each = (seconds: number, events: number): string => ((seconds / events) * 1e6).toFixed(1);

function lineOf({ events, wall, node, backend }: Figures): string {
  return `${(events / wall / 1000).toFixed(1)} k events/s, PostgreSQL ${each(backend, events)} us, Node ${each(node, events)} us`;
}

function pageOf(
  runs: ReadonlyMap<string, readonly Figures[]>,
  what: { readonly rows: number; readonly rounds: number; readonly seed: number },
): string {
  const best = (all: readonly Figures[], of: (one: Figures) => number): number => Math.min(...all.map(of));
  const version = servers().find(({ name }) => name === "postgres18")?.version ?? "";
  return [
    "# bench: apply, the writer alone",
    "",
    `One lane, tuples ready in memory, ${what.rows.toLocaleString("en-US")} rows of about 350 bytes with JSON and two secondary indexes; half updates that change an indexed column, a quarter each inserts and deletes; uniform keys, seed ${String(what.seed)}.`,
    `${new Date().toISOString().slice(0, 16)}Z; ${String(cpus().length)} cores, Node ${process.version}, PostgreSQL ${version} with 256 MB shared_buffers and default durability. The machine was shared with other work all the time: CPU compares, the rate does not.`,
    `Microseconds of CPU an event, of the lane's backend and of Node; the best of ${String(what.rounds)} runs each. Checkpoint and touched keys are written with every batch, where nothing else is said.`,
    "",
    "| rows of a batch | PostgreSQL us | Node us | k events/s |",
    "|---|---|---|---|",
    ...[...runs].map(
      ([name, all]) =>
        `| ${name} | ${best(all, ({ backend, events }) => (backend / events) * 1e6).toFixed(1)} | ${best(all, ({ node, events }) => (node / events) * 1e6).toFixed(1)} | ${Math.max(...all.map(({ events, wall }) => events / wall / 1000)).toFixed(1)} |`,
    ),
    "",
  ].join("\n");
}
