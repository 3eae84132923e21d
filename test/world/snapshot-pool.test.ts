/**
 * The snapshot's pool on a real target, with a source made of arithmetic: every range once whatever fails on the
 * way, workers that stop together, lanes that start and join in order, slots that are respected.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openPostgres } from "../../connectors/postgres/target.js";
import { Fault } from "../../src/errors.js";
import type { Ledger, Target } from "../../src/port.js";
import { buildAfter, buildBefore } from "../../src/snapshot/build.js";
import type { SnapshotEvent } from "../../src/snapshot/event.js";
import type { MomentHook } from "../../src/snapshot/moments.js";
import { snapshot } from "../../src/snapshot/snapshot.js";
import { syntheticCoder, syntheticPlan, syntheticSource } from "./synthetic.js";
import type { SyntheticLog, SyntheticTable } from "./synthetic.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

const tables: readonly SyntheticTable[] = [
  { name: "tiny", rows: 3 },
  { name: "wide", rows: 2000, width: 2000 },
  { name: "long", rows: 50_000 },
  { name: "empty", rows: 0 },
  { name: "heap", rows: 500, keyless: true },
  { name: "apart", rows: 7000, lane: "two" },
];

let database: TargetDatabase;
let target: Target;

beforeAll(async () => {
  database = await targetDatabase("load_pool");
  target = await openPostgres(database.options);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await database.sql("DROP SCHEMA IF EXISTS headgate CASCADE");
  await database.sql(`DROP TABLE IF EXISTS ${tables.map((table) => table.name).join(", ")}`);
});

interface RunOptions {
  readonly tied?: readonly (readonly string[])[];
  readonly workers?: number;
  readonly slots?: number;
  readonly signal?: AbortSignal;
  readonly moment?: MomentHook;
  readonly onEvent?: (event: SnapshotEvent) => void;
  /** Before the first range. */
  readonly source?: (log: SyntheticLog) => void;
  readonly wait?: () => Promise<void>;
}

/** One engine's life, up to the last index. */
async function run(options: RunOptions = {}): Promise<{ log: SyntheticLog; events: SnapshotEvent[] }> {
  const { source, log } = syntheticSource(tables);
  options.source?.(log);
  const events: SnapshotEvent[] = [];
  const plan = syntheticPlan(tables);
  await using ledger = await target.claim(plan);
  const shared = {
    ledger,
    plan,
    workers: options.workers ?? 2,
    slots: options.slots ?? 2,
    wait: options.wait ?? (() => new Promise((resolve) => setImmediate(resolve))),
    signal: options.signal ?? new AbortController().signal,
    onEvent: (event: SnapshotEvent) => {
      events.push(event);
      options.onEvent?.(event);
    },
    ...(options.moment === undefined ? {} : { moment: options.moment }),
  };
  await buildBefore(shared);
  await snapshot({
    ...shared,
    source,
    ...(options.tied === undefined ? {} : { tied: options.tied }),
    rangeRows: 1000,
    coderOf: () => syntheticCoder(),
  });
  await buildAfter(shared);
  return { log, events };
}

async function expectAllThere(): Promise<void> {
  for (const table of tables) {
    const [row] = await database.sql(
      `SELECT count(*) AS n, count(DISTINCT id) AS ids, coalesce(min(id), 0) AS low, coalesce(max(id), 0) AS high,
              count(*) FILTER (WHERE note = left(repeat(id::text, ${table.width ?? 10}), ${table.width ?? 10})) AS good
         FROM ${table.name}`,
    );
    const n = String(table.rows);
    expect({ table: table.name, ...row }).toEqual({
      table: table.name,
      n,
      ids: n,
      low: table.rows === 0 ? "0" : "1",
      high: n,
      good: n,
    });
  }
  const ranges = await database.sql("SELECT state, sum(rows) AS rows FROM headgate.range GROUP BY state");
  expect(ranges).toEqual([
    { state: "done", rows: String(tables.reduce((sum, table) => sum + table.rows, 0)) },
  ]);
}

describe("a snapshot", () => {
  it("copies every table, each lane between its markers, and builds what comes after", async () => {
    const { log, events } = await run();
    await expectAllThere();
    expect(log.marks.slice(0, 2).sort()).toEqual(["one:start", "two:start"]);
    expect(log.marks.slice(2).sort()).toEqual(["one:join", "two:join"]);
    const indexes = await database.sql(
      "SELECT count(*) AS n FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY ($1)",
      [tables.map((table) => table.name)],
    );
    expect(indexes[0]?.["n"]).toBe(String(tables.length * 2));
    const sent = (table: string): number =>
      events.reduce(
        (sum, event) => sum + (event.kind === "sent" && event.table === table ? event.rows : 0),
        0,
      );
    for (const table of tables) expect([table.name, sent(table.name)]).toEqual([table.name, table.rows]);
    const heap = await database.sql("SELECT position FROM headgate.range WHERE table_name = 'heap'");
    expect(heap[0]?.["position"]).toContain('"kind":"file"');
  });

  it("copies tied tables at one position, and all of them again after one of them was cut short", async () => {
    const tied = [["long", "tiny"]];
    const cuts = (): Promise<readonly Record<string, string | null>[]> =>
      database.sql(
        "SELECT table_name, position::text FROM headgate.range WHERE table_name IN ('long', 'tiny') AND state = 'done'",
      );
    let committed = 0;
    const died = new Fault("source-refused", "the server went away for good");
    await expect(
      run({
        tied,
        onEvent: (event) => {
          if (event.kind !== "done" || !["long", "tiny"].includes(event.table)) return;
          committed += 1;
          if (committed === 1) throw died;
        },
      }),
    ).rejects.toThrow(died.message);
    const before = await cuts();
    expect(before).toHaveLength(1);
    await run({ tied });
    await expectAllThere();
    const after = await cuts();
    expect(after).toHaveLength(2);
    expect(new Set(after.map((row) => row["position"])).size).toBe(1);
    expect(after[0]?.["position"]).not.toBe(before[0]?.["position"]);
  });

  it("takes nothing from a tied set away from its cut: a hold of one of them is refused", async () => {
    await database.sql("SELECT 1");
    const { source } = syntheticSource(tables);
    const plan = syntheticPlan(tables);
    await using ledger = await target.claim(plan);
    const act = snapshot({
      source,
      ledger,
      plan,
      workers: 1,
      slots: 1,
      rangeRows: 1000,
      tied: [["long", "tiny"]],
      holds: [{ table: "long", first: 0, last: null }],
      coderOf: () => syntheticCoder(),
      signal: new AbortController().signal,
      onEvent: () => undefined,
      wait: () => new Promise((resolve) => setImmediate(resolve)),
    });
    await expect(act).rejects.toMatchObject({ code: "usage" });
  });

  it("is nothing to do the second time", async () => {
    await run();
    const again = await run();
    expect(again.log.reads).toEqual([]);
    expect(again.log.marks).toEqual([]);
    expect(again.events).toEqual([]);
    await expectAllThere();
  });

  it("keeps to the host's slots, more workers or not", async () => {
    const { log, events } = await run({ workers: 4, slots: 2 });
    expect(log.readersMost).toBe(2);
    expect(events.some((event) => event.kind === "no-slot")).toBe(true);
    await expectAllThere();
  });

  it("refuses to begin while a prepared transaction is open on the source", async () => {
    await expect(run({ source: (log) => log.prepared.push("X'61',X'',1") })).rejects.toMatchObject({
      code: "prepared-transactions",
    });
    expect(await database.sql("SELECT state FROM headgate.range")).toEqual([]);
    await run();
    await expectAllThere();
  });

  it("tries a passing fault of the source again, and tells the rows that it takes back", async () => {
    let failures = 0;
    const { events } = await run({
      source: (log) => {
        log.beforeRead = (query) => {
          if (query.range?.number === 7 && failures++ < 2) throw new Fault("connection-lost", "gone");
        };
      },
    });
    expect(failures).toBeGreaterThanOrEqual(2);
    expect(events.filter((event) => event.kind === "retry")).toHaveLength(2);
    expect(events.filter((event) => event.kind === "undone")).toHaveLength(2);
    await expectAllThere();
  });

  it("stops all workers at the first fault that does not pass, and goes on at the next run", async () => {
    await expect(
      run({
        source: (log) => {
          log.beforeRead = (query) => {
            if (query.table === "long" && query.range?.number === 20)
              throw new Fault("value-refused", "a value that no policy lets through");
          };
        },
      }),
    ).rejects.toMatchObject({ code: "value-refused" });
    const [before] = await database.sql("SELECT count(*) AS n FROM headgate.range WHERE state = 'done'");
    expect(Number(before?.["n"])).toBeGreaterThan(0);
    const again = await run();
    const [after] = await database.sql("SELECT count(*) AS n FROM headgate.range");
    expect(again.log.reads).toHaveLength(Number(after?.["n"]) - Number(before?.["n"]));
    await expectAllThere();
  });

  it("ends when it is told to, with the reason that it was given, and nothing half done", async () => {
    const stop = new AbortController();
    await expect(
      run({
        signal: stop.signal,
        onEvent: (event) => {
          if (event.kind === "sent" && event.table === "long") stop.abort(new Fault("interrupted", "Ctrl-C"));
        },
      }),
    ).rejects.toMatchObject({ code: "interrupted", message: "Ctrl-C" });
    const [counts] = await database.sql(
      "SELECT (SELECT count(*) FROM long) AS there, (SELECT coalesce(sum(rows), 0) FROM headgate.range WHERE table_name = 'long') AS marked",
    );
    expect(counts?.["there"]).toBe(counts?.["marked"]);
    await run();
    await expectAllThere();
  });

  it("outlives the loss of its loading sessions again and again", async () => {
    let rounds = 0;
    const { events } = await run({
      onEvent: (event) => {
        if (event.kind === "done" && event.table === "long" && event.range % 10 === 0) {
          rounds += 1;
          void database.sql(
            `SELECT pg_terminate_backend(a.pid, 5000) FROM pg_stat_activity a
              WHERE a.datname = current_database() AND a.application_name = 'headgate'
                AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'advisory')`,
          );
        }
      },
    });
    expect(rounds).toBeGreaterThan(3);
    expect(events.some((event) => event.kind === "retry")).toBe(true);
    await expectAllThere();
  });

  it("stops when the session of its claim is lost", async () => {
    let ledgers = 0;
    await expect(
      run({
        onEvent: (event) => {
          if (event.kind === "done" && ledgers++ === 5)
            void database.sql(
              "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            );
        },
      }),
    ).rejects.toMatchObject({
      code: "connection-lost",
      message: expect.stringContaining("holds the claim") as string,
    });
    await run();
    await expectAllThere();
  });
});

describe("a snapshot joined by others", () => {
  it("shares its ranges with a second engine's workers, each range once", async () => {
    // Two engines cannot hold one claim; two pools of one claim stand for two hosts of a later issue (decision 18).
    const plan = syntheticPlan(tables);
    await using ledger: Ledger = await target.claim(plan);
    const { source, log } = syntheticSource(tables);
    const shared = {
      ledger,
      plan,
      workers: 2,
      slots: 4,
      wait: () => new Promise<void>((resolve) => setImmediate(resolve)),
      signal: new AbortController().signal,
      onEvent: () => undefined,
    };
    await buildBefore(shared);
    const pool = (): Promise<void> =>
      snapshot({
        ...shared,
        source,
        rangeRows: 1000,
        coderOf: () => syntheticCoder(),
      });
    const results = await Promise.allSettled([pool(), pool()]);
    // Both find the lanes without a join; the ledger lets one of them record it.
    expect(results.filter((result) => result.status === "fulfilled").length).toBeGreaterThanOrEqual(1);
    expect(new Set(log.reads).size).toBe(log.reads.length);
    await expectAllThere();
  });
});
