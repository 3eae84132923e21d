/**
 * Parts of a verification on real servers: samples are the same rows on both sides and hang on their seed; counts are of
 * one position however hot the table is. The stream is the test's own here, so that it moves exactly when it hurts.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openMysql } from "../../connectors/mysql/source.js";
import { openPostgres } from "../../connectors/postgres/target.js";
import type { Plan, PlanTable } from "../../src/model.js";
import type { Source, Target } from "../../src/port.js";
import { readPlan } from "../../src/plan/file.js";
import type { Suspect } from "../../src/verify-port.js";
import { streamed } from "../../src/verify/streamed.js";
import { countTable } from "../../src/verify/counts.js";
import type { CountTools } from "../../src/verify/counts.js";
import { sampleComparing } from "../../src/verify/sample.js";
import { journey, numbers } from "./journey.js";
import type { Journey } from "./journey.js";

const signal = new AbortController().signal;
const rows = 3000;

let trip: Journey;
let plan: Plan;
let source: Source;
let target: Target;

beforeAll(async () => {
  trip = await journey("hg_parts");
  await trip.source.sql("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(40))");
  await trip.source.sql(`INSERT INTO t SELECT n, CONCAT('row ', n) FROM (${numbers(rows)}) AS r`);
  await trip.source.sql("CREATE TABLE words (w VARCHAR(40) PRIMARY KEY, n INT)");
  await trip.source.sql(`INSERT INTO words SELECT CONCAT('Wörd ', n), n FROM (${numbers(rows)}) AS r`);
  await trip.source.sql("CREATE TABLE bag (a INT)");
  await trip.source.sql("INSERT INTO bag VALUES (1), (1), (2)");
  await trip.said(0, "run", "--until", "copied");
  plan = readPlan(readFileSync(join(trip.folder, ".headgate", trip.migration, "plan.json"), "utf8"));
  source = await openMysql(trip.source.options);
  target = await openPostgres(trip.target.options);
}, 120_000);
afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
  await trip[Symbol.asyncDispose]();
});

const tableOf = (name: string): PlanTable => {
  const table = plan.tables.find((each) => each.source === name);
  if (table === undefined) throw new Error(`no ${name}`);
  return table;
};

async function sampled(name: string, percent: number, seed: number) {
  await using look = await target.look(plan, 4);
  await using reader = await source.reader(4);
  if (look === null || reader === null) throw new Error("no slot");
  const found: Suspect[] = [];
  const take = async (suspects: readonly Suspect[]): Promise<void> => {
    found.push(...suspects);
    await Promise.resolve();
  };
  const comparing = sampleComparing(streamed, { percent, seed });
  const figures = await comparing.range({ look, reader, engine: "mysql" }, tableOf(name), null, take, signal);
  return { rows: [Number(figures.rowsSource), Number(figures.rowsTarget)], found, digest: figures.digest };
}

describe.each(["t", "words"])("a sample of %s", (name) => {
  it("is the same rows on both sides, about as many as were asked for, and others by another seed", async () => {
    const [a, again, b, all] = [
      await sampled(name, 10, 7),
      await sampled(name, 10, 7),
      await sampled(name, 10, 8),
      await sampled(name, 100, 7),
    ];
    expect(a.found).toEqual([]);
    expect(a.rows[0]).toBe(a.rows[1]);
    // Six standard deviations of 300.
    expect(Math.abs((a.rows[0] ?? 0) - 300)).toBeLessThan(100);
    expect(again).toEqual(a);
    if (name === "t") expect(b.digest).not.toBe(a.digest);
    expect(all.rows).toEqual([rows, rows]);
  });

  it("finds what is broken in it, and nothing of the others", async () => {
    const column = name === "t" ? "name" : "n";
    const before = await trip.target.sql(`SELECT ${column}::text AS v FROM ${name}`);
    expect(before).toHaveLength(rows);
    await trip.target.sql(`CREATE TABLE kept AS TABLE ${name}; UPDATE ${name} SET ${column} = NULL`);
    const { rows: looked, found } = await sampled(name, 10, 7);
    await trip.target.sql(`TRUNCATE ${name}; INSERT INTO ${name} SELECT * FROM kept; DROP TABLE kept`);
    expect(found).toHaveLength(looked[0] ?? -1);
    expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(["different"]));
    expect((await sampled(name, 10, 7)).found).toEqual([]);
  });
});

it("a table without a key is compared whole, whatever the sample", async () => {
  expect((await sampled("bag", 1, 7)).rows).toEqual([3, 3]);
});

let nextId = 100_000;

/** A stream of the test's own: what is written at the source is applied when somebody waits for it. */
class OwnStream {
  readonly #log: { readonly seq: bigint; readonly id: number }[] = [];
  readonly #open: number[] = [];
  #seq = 0n;
  /** A row is written before each look at the source. */
  hot = true;
  /** What becomes of a row on its way; a faulty stream loses some. */
  applies: (id: number) => boolean = () => true;

  async write(): Promise<void> {
    if (!this.hot) return;
    const id = nextId++;
    await trip.source.sql(`INSERT INTO t VALUES (${String(id)}, 'new')`);
    this.#open.push(id);
  }

  async apply(): Promise<void> {
    for (const id of this.#open.splice(0)) {
      this.#seq += 1n;
      this.#log.push({ seq: this.#seq, id });
      if (this.applies(id)) await trip.target.sql(`INSERT INTO t VALUES (${String(id)}, 'new')`);
      await trip.target.sql(`UPDATE headgate.lane SET seq = ${String(this.#seq)}`);
    }
  }

  async touched(after: bigint, onBatch: (seq: bigint, keys: Buffer | null) => boolean): Promise<void> {
    for (const { seq, id } of this.#log) {
      if (seq <= after) continue;
      const key = Buffer.alloc(10);
      key.writeInt16BE(1, 0);
      key.writeInt32BE(4, 2);
      key.writeInt32BE(id, 6);
      if (!onBatch(seq, key)) return;
    }
    await Promise.resolve();
  }
}

function countTools(stream: OwnStream): CountTools {
  const refuse = async (): Promise<never> => await Promise.reject(new Error("not asked"));
  return {
    source: {
      split: (table, rangeRows, stop) => source.split(table, rangeRows, stop),
      reader: async (slots) => {
        const reader = await source.reader(slots);
        if (reader === null) return null;
        return {
          read: async (query, sink, stop) => {
            await stream.write();
            const read = await reader.read(query, sink, stop);
            await stream.write();
            return read;
          },
          [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
        };
      },
      seen: async () => await Promise.resolve(),
      exactCut: async (tables, slots) => {
        await stream.write();
        const cut = await source.exactCut(tables, slots);
        // What is committed after the view is in no part of it; what the target shows by then is more.
        await stream.write();
        await stream.apply();
        await stream.write();
        return cut;
      },
    },
    target: { look: (planned, slots) => target.look(planned, slots) },
    ledger: {
      ...{
        begin: refuse,
        setRanges: refuse,
        ranges: refuse,
        prove: refuse,
        suspect: refuse,
        mismatches: refuse,
      },
      ...{
        mismatchCounts: refuse,
        settle: refuse,
        setClean: refuse,
        unprove: refuse,
        tables: refuse,
        prune: refuse,
        end: refuse,
      },
      ended: refuse,
      touched: async (_table, after, _upTo, onBatch) => stream.touched(after, onBatch),
    },
    plan,
    engine: "mysql",
    comparing: streamed,
    following: { caughtUp: async () => stream.apply() },
    workers: () => 1,
    slots: 4,
    slot: refuse,
    rangeRows: 1000,
    now: () => 0,
    wait: refuse,
    moment: () => undefined,
    onEvent: () => undefined,
  };
}

describe("counts of one position", () => {
  const counted = (stream: OwnStream, name = "t") => countTable(countTools(stream), tableOf(name), signal);

  it("of a table that stands still, by one look", async () => {
    const stream = new OwnStream();
    stream.hot = false;
    expect(await counted(stream)).toMatchObject({
      result: "equal",
      rowsSource: String(rows),
      rowsTarget: String(rows),
      apart: null,
      sentence: "t: 3000 rows on both sides.",
    });
    expect(await counted(stream, "bag")).toMatchObject({ result: "equal", rowsSource: "3" });
  });

  it("of a hot one, without what was touched meanwhile", async () => {
    const stream = new OwnStream();
    const verdict = await counted(stream);
    expect(verdict).toMatchObject({
      result: "equal",
      sentence: /rows on both sides that nothing touched; [3-9] keys/u,
    });
    expect(verdict.rowsSource).not.toBe(verdict.rowsTarget);
    expect((verdict.apart?.rowsTarget ?? 0) - (verdict.apart?.rowsSource ?? 0)).toBe(
      Number(verdict.rowsTarget) - Number(verdict.rowsSource),
    );
    stream.hot = false;
    await stream.apply();
    expect((await counted(stream)).result).toBe("equal");
  });

  it("tells one row more or less, still or hot", async () => {
    for (const hot of [false, true])
      for (const sql of ["DELETE FROM t WHERE id = 5", "INSERT INTO t VALUES (-5, 'more')"]) {
        const stream = new OwnStream();
        stream.hot = hot;
        await trip.target.sql("CREATE TABLE kept AS TABLE t");
        await trip.target.sql(sql);
        expect([hot, sql, (await counted(stream)).result]).toEqual([hot, sql, "different"]);
        stream.hot = false;
        await stream.apply();
        await trip.source.sql("DELETE FROM t WHERE id >= 100000");
        await trip.target.sql(
          "TRUNCATE t; INSERT INTO t SELECT * FROM kept WHERE id < 100000; DROP TABLE kept",
        );
        await trip.target.sql("UPDATE headgate.lane SET seq = 0");
      }
  });

  it("a row that the stream lost is seen once the table is still", async () => {
    const stream = new OwnStream();
    stream.applies = (id) => id % 2 === 0;
    await counted(stream);
    stream.hot = false;
    await stream.apply();
    expect((await counted(stream)).result).toBe("different");
  });
});
