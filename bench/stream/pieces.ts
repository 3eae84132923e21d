/**
 * The pieces of the stream's bench, in their order. Each leaves the databases level and its figures on record, so that
 * a machine that is free for minutes only can run them one by one; whatever was run is on the page with its time.
 */
import { setTimeout as pause } from "node:timers/promises";
import { planOf } from "../../test/conformance/feed-recorder.js";
import type { Position } from "../../src/model.js";
import { catchUp, engine, level } from "./measure.js";
import type { LanesRequest, Run } from "./measure.js";
import type { Figures } from "../apply/meter.js";
import { consumeSimply } from "./simple.js";
import { changeHot, changeMany, changeSingly, createSql, fill, steadySql } from "./workload.js";
import { makeWorld, openWorld, dropWorld } from "./world.js";
import type { BenchWorld } from "./world.js";

/** A line of the page's table, or lags. */
export type Outcome =
  | { readonly kind: "run"; readonly what: string; readonly run: Run }
  | { readonly kind: "simple"; readonly what: string; readonly run: Figures }
  | { readonly kind: "lags"; readonly what: string; readonly seconds: readonly number[] };

export interface Piece {
  readonly name: string;
  readonly run: (scale: number) => Promise<readonly Outcome[]>;
}

const name = "headgate_bench_stream";
const split = "headgate_bench_lanes";
const [splitOne, splitTwo] = [`${split}_one`, `${split}_two`];
const tables = ["acc", "acc_too"];
const each: LanesRequest = [["acc"], ["acc_too"]];

const thousands = (scale: number, count: number): number => Math.round(count * scale) * 1000;

export const pieces: readonly Piece[] = [
  {
    name: "prepare",
    run: async (scale) => {
      await makeWorld(name);
      await using world = await openWorld(name);
      await world.source.sql(createSql());
      await fill(world.source, 0, thousands(scale, 1000));
      await level(world);
      return [];
    },
  },
  {
    name: "many",
    run: (scale) =>
      compared("500 rows a transaction, uniform keys", async ({ source }, rows) =>
        changeMany(source, rows, thousands(scale, 1000)),
      ),
  },
  {
    name: "single",
    run: (scale) =>
      compared("one row a transaction, uniform keys", async ({ source }, rows) =>
        changeSingly(source, rows, thousands(scale, 500)),
      ),
  },
  {
    name: "hot",
    run: async (scale) => {
      await using world = await openWorld(name);
      await changeHot(world.source, await rowsOf(world), thousands(scale, 1000));
      return [{ kind: "run", what: "80 % of the changes on 1 % of the rows", run: await catchUp(world) }];
    },
  },
  {
    name: "steady",
    run: async () => {
      await using world = await openWorld(name);
      return [{ kind: "lags", what: "5,000 changed rows a second", seconds: await steady(world) }];
    },
  },
  ...[1, 2, 3, 4].map((turn) => ({
    name: `grow:${String(turn)}`,
    run: async (scale: number): Promise<readonly Outcome[]> => {
      await using world = await openWorld(name);
      const [before, more] = [await rowsOf(world), thousands(scale, 1000)];
      await fill(world.source, before, more);
      const added = await catchUp(world);
      await changeMany(world.source, before + more, thousands(scale, 300));
      const mixed = await catchUp(world);
      const size = `${((before + more) / 1e6).toFixed(1)} M rows`;
      return [
        { kind: "run", what: `inserts that make the table ${size}`, run: added },
        { kind: "run", what: `500 rows a transaction, at ${size}`, run: mixed },
      ];
    },
  })),
  {
    name: "lanes:prepare",
    run: async (scale) => {
      await makeWorld(split, [splitOne, splitTwo]);
      await using one = await openWorld(split, splitOne);
      for (const table of tables) {
        await one.source.sql(createSql(table));
        await fill(one.source, 0, thousands(scale, 300), table);
      }
      await using two = await openWorld(split, splitTwo);
      await level(one);
      await level(two, each);
      return [];
    },
  },
  {
    name: "lanes",
    run: async (scale) => {
      await using one = await openWorld(split, splitOne);
      await using two = await openWorld(split, splitTwo);
      await changeMany(one.source, await rowsOf(one), thousands(scale, 600), tables);
      return [
        { kind: "run", what: "two tables in one lane", run: await catchUp(one) },
        { kind: "run", what: "the same log in two lanes", run: await catchUp(two, each) },
      ];
    },
  },
  {
    name: "drop",
    run: async () => {
      await dropWorld(name);
      await dropWorld(split, [splitOne, splitTwo]);
      return [];
    },
  },
];

/** The engine, and then a simple consumer on a copy of the target as it was, over the same log. */
async function compared(
  what: string,
  make: (world: BenchWorld, rows: number) => Promise<void>,
): Promise<readonly Outcome[]> {
  await using world = await openWorld(name);
  const copy = `${name}_simple`;
  const rows = await rowsOf(world);
  const [lane] = await world.target.sql("SELECT position::text FROM headgate.lane");
  const from = JSON.parse(lane?.["position"] ?? "null") as Position;
  await make(world, rows);
  await using postgres = await openWorld(name, "postgres");
  await postgres.target.sql(`DROP DATABASE IF EXISTS ${copy} WITH (FORCE)`);
  await postgres.target.sql(`CREATE DATABASE ${copy} TEMPLATE ${name}`);
  try {
    await using beside = await openWorld(name, copy);
    const run = await catchUp(world);
    const plan = await planOf(world.source.options);
    const simple = await consumeSimply(world, beside.target.url, plan, from, 20_000);
    return [
      { kind: "run", what, run },
      { kind: "simple", what: `${what}: row by row, 500 a transaction`, run: simple },
    ];
  } finally {
    await postgres.target.sql(`DROP DATABASE IF EXISTS ${copy} WITH (FORCE)`);
  }
}

async function rowsOf({ source }: BenchWorld): Promise<number> {
  const [[rows] = []] = await source.sql("SELECT MAX(id) + 1 FROM acc");
  return Number(rows);
}

/** Lag as the engine measures it, from a marker's commit at the source to its commit on the target. */
async function steady(world: BenchWorld): Promise<readonly number[]> {
  const lags: number[] = [];
  await using live = engine(world, (said) => {
    if (said.kind === "lag") lags.push(said.seconds);
  });
  await live.goingOn();
  const rows = await rowsOf(world);
  const begun = performance.now();
  for (let turn = 0; turn < 600; turn += 1) {
    await world.source.sql(steadySql(turn, rows));
    const early = (turn + 1) * 100 - (performance.now() - begun);
    if (early > 0) await pause(early);
  }
  await live.level();
  await live.stop();
  return lags.slice(2).sort((a, b) => a - b);
}
