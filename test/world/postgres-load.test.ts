/**
 * The loader against a real server: a range and its mark are one transaction (I7), whatever ends it. Sessions are
 * ended by the administrator at lease, in the middle of COPY and at COMMIT, and the ledger must say what is there.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PostgresLoader } from "../../connectors/postgres/load.js";
import { openPostgres } from "../../connectors/postgres/target.js";
import { Fault } from "../../src/errors.js";
import type { Plan, PlanTable, Range } from "../../src/model.js";
import type { Ledger, RangeLoader, RangeResult } from "../../src/port.js";
import type { RowEncoder } from "../../src/snapshot/copy.js";
import { faultProxy } from "./fault-proxy.js";
import type { FaultProxy } from "./fault-proxy.js";
import { header, noteOf, syntheticCoder, syntheticPlan, tuple } from "./synthetic.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

const endLoaders = `
  SELECT pg_terminate_backend(a.pid, 5000) FROM pg_stat_activity a
   WHERE a.datname = current_database() AND a.application_name = 'headgate' AND a.pid <> pg_backend_pid()
     AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'advisory')`;

let database: TargetDatabase;
let plan: Plan;
let ledger: Ledger;
let loader: RangeLoader;
let moment: (name: string) => void | Promise<void> = () => undefined;

const bounds = (table: string, ...cuts: number[]): Range[] =>
  [...cuts, null].map((cut, number) => ({
    table,
    number,
    lower: number === 0 ? null : [String(cuts[number - 1])],
    upper: cut === null ? null : [String(cut)],
  }));

beforeAll(async () => {
  database = await targetDatabase("load_loader");
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  moment = () => undefined;
  await database.sql("DROP SCHEMA IF EXISTS headgate CASCADE");
  await database.sql("DROP TABLE IF EXISTS small, big");
  plan = syntheticPlan([
    { name: "big", rows: 1_000_000 },
    { name: "small", rows: 10 },
  ]);
  const target = await openPostgres({ ...database.options, moment: (name) => moment(name) });
  ledger = await target.claim(plan);
  for (const statement of plan.before) await ledger.build(statement, new AbortController().signal);
  await ledger.addRanges("small", bounds("small"));
  await ledger.addRanges("big", bounds("big", 1001, 2001));
  loader = await ledger.loader();
  return async () => {
    await loader[Symbol.asyncDispose]();
    await ledger[Symbol.asyncDispose]();
  };
});

const tableOf = (name: string): PlanTable => plan.tables.find((table) => table.source === name)!;
const both = ["big", "small"];

/** Leases the next range and fills it with `rows` rows from `first`; the caller commits. */
async function load(first: number, rows: number, width = 10): Promise<RangeResult> {
  const leased = (await loader.lease(both))!;
  const encoder = await begun(leased.table, leased.whole);
  for (let id = first; id < first + rows; id += 1) {
    const packet = tuple(id, "x".repeat(width));
    encoder.row(packet, 0, packet.length);
    if (encoder.full()) await encoder.drained();
  }
  return { ...encoder.finish(), position: null };
}

async function begun(table: string, whole: boolean): Promise<RowEncoder> {
  return syntheticCoder().encode(await loader.open(tableOf(table), whole));
}

async function faultOf(act: Promise<unknown>): Promise<Fault> {
  try {
    await act;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const done = async (): Promise<string[]> =>
  (
    await database.sql(
      "SELECT table_name || '/' || number AS r FROM headgate.range WHERE state = 'done' ORDER BY 1",
    )
  ).map((row) => row["r"]!);
const rows = async (table: string): Promise<number> =>
  Number((await database.sql(`SELECT count(*) AS n FROM ${table}`))[0]!["n"]);

describe("a range", () => {
  it("is leased biggest table first, in key order, and marked with its rows in the same transaction", async () => {
    const leased = await loader.lease(both);
    expect(leased).toEqual({ table: "big", range: bounds("big", 1001, 2001)[0], whole: false });
    await loader.abort(new Error("enough"));
    const result = await load(1, 1000);
    expect(await rows("big")).toBe(0);
    await loader.commit({ ...result, policies: [{ object: "big.note", policy: "nul", count: 7 }] });
    expect(await rows("big")).toBe(1000);
    const view = await ledger.view();
    expect(view.tables).toEqual([
      {
        table: "big",
        split: true,
        ranges: 3,
        rangesDone: 1,
        rangesHeld: 0,
        rows: 1000,
        bytes: result.bytes,
        cut: null,
        reopened: false,
      },
      {
        table: "small",
        split: true,
        ranges: 1,
        rangesDone: 0,
        rangesHeld: 0,
        rows: 0,
        bytes: 0,
        cut: null,
        reopened: false,
      },
    ]);
    expect(view.policies).toEqual([{ object: "big.note", policy: "nul", count: 7 }]);
  });

  it("is never leased twice: a second loader gets the next one, and null when all are held", async () => {
    const others = await Promise.all([1, 2, 3, 4].map(() => ledger.loader()));
    const got = [];
    for (const other of others) got.push(await other.lease(both));
    expect(got.map((leased) => leased && `${leased.table}/${leased.range.number}`)).toEqual([
      "big/0",
      "big/1",
      "big/2",
      "small/0",
    ]);
    expect(await loader.lease(both)).toBeNull();
    await Promise.all(others.map((other) => other[Symbol.asyncDispose]()));
    expect((await loader.lease(["small"]))?.whole).toBe(true);
  });

  it("that is a whole table starts from an empty one, however often it is begun", async () => {
    await database.sql("INSERT INTO small SELECT 1, 'left over'");
    const leased = await loader.lease(["small"]);
    expect(leased?.whole).toBe(true);
    const encoder = await begun("small", true);
    for (let id = 1; id <= 10; id += 1) encoder.row(tuple(id, "x"), 0, tuple(id, "x").length);
    await loader.commit({ ...encoder.finish(), position: { kind: "file", file: "f", offset: "9" } });
    expect(await rows("small")).toBe(10);
    await database.sql("CREATE EXTENSION IF NOT EXISTS pageinspect");
    expect(
      await database.sql(
        "SELECT DISTINCT t_infomask & 768 AS frozen FROM heap_page_items(get_raw_page('small', 0))",
      ),
    ).toEqual([{ frozen: "768" }]);
    expect(await database.sql("SELECT position FROM headgate.range WHERE table_name = 'small'")).toEqual([
      { position: '{"kind":"file","file":"f","offset":"9"}' },
    ]);
  });

  it("whose rows the server counts otherwise is rolled back", async () => {
    const result = await load(1, 1000);
    const fault = await faultOf(loader.commit({ ...result, rows: 1001 }));
    expect(fault.code).toBe("range-incomplete");
    expect(fault.message).toContain("1001 rows were sent and PostgreSQL counted 1000");
    await loader.abort(fault);
    expect([await done(), await rows("big")]).toEqual([[], 0]);
    await loader.commit(await load(1, 1000));
    expect([await done(), await rows("big")]).toEqual([["big/0"], 1000]);
  });

  it("that the server refuses tells the row's place and none of its values", async () => {
    const leased = (await loader.lease(["big"]))!;
    const encoder = await begun(leased.table, false);
    encoder.row(tuple(1, "fine"), 0, tuple(1, "fine").length);
    const secret = Buffer.from(tuple(2, "secret\0canary"));
    encoder.row(secret, 0, secret.length);
    const fault = await faultOf(loader.commit({ ...encoder.finish(), position: null }));
    expect(fault.code).toBe("target-refused");
    expect(fault.message).toContain("big, row 2 of the range, column note");
    expect(JSON.stringify([fault.message, fault.facts, String(fault.cause)])).not.toMatch(/canary|secret/);
    await loader.abort(fault);
    await loader.commit(await load(1, 10));
    expect(await rows("big")).toBe(10);
  });
});

describe("a COPY that the server refuses", () => {
  it("while many buffers still wait ends in its fault, and the next range loads", async () => {
    await loader.lease(["big"]);
    const sink = await loader.open(tableOf("big"), false);
    const bad = tuple(1, "not\0text");
    let released = 0;
    const free = (): void => void (released += 1);
    sink.write(Buffer.concat([header, bad, Buffer.alloc(1_000_000)]), free);
    // Against the sink's advice, so that buffers lie in its queue when the refusal comes.
    for (let n = 0; n < 40; n += 1) sink.write(Buffer.alloc(1_000_000), free);
    const fault = await faultOf(loader.commit({ rows: 1, bytes: 1, policies: [], position: null }));
    expect([fault.code, fault.facts["sqlState"]]).toEqual(["target-refused", "22021"]);
    expect(await faultOf(Promise.resolve().then(() => sink.write(bad, free)))).toBe(fault);
    await loader.abort(fault);
    await loader.commit(await load(1, 1000));
    expect([await done(), await rows("big"), released]).toEqual([["big/0"], 1000, 41]);
  });
});

describe("a connection that dies", () => {
  it("while a range is leased leaves it open, and the loader goes on with a new one", async () => {
    await loader.lease(both);
    await database.sql(endLoaders);
    const fault = await faultOf(loader.open(tableOf("big"), false).then(() => loader.lease(both)));
    expect([fault.retriable, fault.code]).toEqual([true, "connection-lost"]);
    await loader.abort(fault);
    await loader.commit(await load(1, 1000));
    expect([await done(), await rows("big")]).toEqual([["big/0"], 1000]);
  });

  it("in the middle of COPY leaves nothing of it", async () => {
    const leased = (await loader.lease(both))!;
    const encoder = await begun(leased.table, false);
    const fault = await faultOf(
      (async () => {
        for (let id = 1; id < 1_000_000; id += 1) {
          const packet = tuple(id, "x".repeat(500));
          encoder.row(packet, 0, packet.length);
          if (encoder.full()) await encoder.drained();
          if (id === 5000) await database.sql(endLoaders);
        }
      })(),
    );
    expect(fault.code).toBe("connection-lost");
    await loader.abort(fault);
    expect([await done(), await rows("big")]).toEqual([[], 0]);
    await loader.commit(await load(1, 1000));
    expect([await done(), await rows("big")]).toEqual([["big/0"], 1000]);
  });

  it("before COMMIT is sent leaves the range open", async () => {
    const result = await load(1, 1000);
    moment = async (name) => {
      if (name === "range:marked-not-committed") await database.sql(endLoaders);
    };
    const fault = await faultOf(loader.commit(result));
    expect(fault.code).toBe("connection-lost");
    await loader.abort(fault);
    expect([await done(), await rows("big")]).toEqual([[], 0]);
    moment = () => undefined;
    expect((await loader.lease(both))?.range.number).toBe(0);
  });

  it("after COMMIT was carried out is settled by asking: the range counts as done", async () => {
    await using proxy = await proxied();
    const result = await load(1, 1000);
    moment = async (name) => {
      if (name === "range:marked-not-committed") proxy.holdAnswers = true;
      if (name !== "range:commit-sent") return;
      while ((await done()).length === 0);
      proxy.cutClients();
    };
    await loader.commit(result);
    moment = () => undefined;
    expect([await done(), await rows("big")]).toEqual([["big/0"], 1000]);
    await loader.commit(await load(1001, 1000));
    expect([await done(), await rows("big")]).toEqual([["big/0", "big/1"], 2000]);
  });

  it("before COMMIT reached the server is settled by asking: the range is open, its old session ended", async () => {
    await using proxy = await proxied();
    const result = await load(1, 1000);
    moment = (name) => {
      if (name === "range:marked-not-committed") proxy.holdRequests = true;
      if (name === "range:commit-sent") proxy.cutClients();
    };
    const fault = await faultOf(loader.commit(result));
    expect([fault.code, fault.retriable]).toEqual(["connection-lost", true]);
    await loader.abort(fault);
    moment = () => undefined;
    expect([await done(), await rows("big")]).toEqual([[], 0]);
    await loader.commit(await load(1, 1000));
    expect([await done(), await rows("big")]).toEqual([["big/0"], 1000]);
  });
});

describe("bytes on their way", () => {
  it("wait at the sender when the server takes no more: what is held stays under a megabyte", async () => {
    await using proxy = await proxied();
    await loader.lease(["big"]);
    const sink = await loader.open(tableOf("big"), false);
    const free: Buffer[] = [];
    let [held, most, sent, rows] = [0, 0, 0, 0];
    const next = (): Buffer => {
      const bytes = free.pop() ?? Buffer.alloc(262_144);
      let at = rows === 0 ? header.copy(bytes) : 0;
      for (; at + 518 <= bytes.length; rows += 1)
        at += tuple(rows + 1, noteOf(rows + 1, 500)).copy(bytes, at);
      return bytes.subarray(0, at);
    };
    const send = (): boolean => {
      const bytes = next();
      held += bytes.length;
      sent += bytes.length;
      most = Math.max(most, held);
      return sink.write(bytes, () => {
        held -= bytes.length;
        free.push(Buffer.from(bytes.buffer, bytes.byteOffset, 262_144));
      });
    };
    // Once the first buffer is gone, the COPY has begun.
    send();
    while (held > 0) await new Promise((resolve) => setImmediate(resolve));
    proxy.stall();
    let stalled = false;
    while (!stalled && sent < 64e6) {
      if (send()) continue;
      // The kernel takes some megabytes more; after a thousand turns without a drain it has enough.
      const wait = { over: false };
      void sink.drained().then(() => (wait.over = true));
      for (let turn = 0; turn < 1000 && !wait.over; turn += 1)
        await new Promise((resolve) => setImmediate(resolve));
      stalled = !wait.over;
    }
    expect([stalled, sent < 64e6]).toEqual([true, true]);
    expect(held).toBeGreaterThan(0);
    proxy.flow();
    await sink.drained();
    while (sent < 64e6) if (!send()) await sink.drained();
    expect(most).toBeLessThan(1_048_576);
    sink.write(Buffer.from([0xff, 0xff]), () => undefined);
    await loader.commit({ rows, bytes: sent, policies: [], position: null });
    expect(
      await database.sql(
        "SELECT count(*) AS n, count(*) FILTER (WHERE note = left(repeat(id::text, 500), 500)) AS good FROM big",
      ),
    ).toEqual([{ n: String(rows), good: String(rows) }]);
  });

  it("may be one value of 64 MB", async () => {
    const leased = (await loader.lease(["small"]))!;
    const encoder = syntheticCoder(67_200_000).encode(await loader.open(tableOf("small"), leased.whole));
    const packet = tuple(1, "y".repeat(67_108_864));
    encoder.row(packet, 0, packet.length);
    await loader.commit({ ...encoder.finish(), position: null });
    expect(await database.sql("SELECT id, length(note) AS n FROM small")).toEqual([
      { id: "1", n: "67108864" },
    ]);
  });
});

/** The loader's connections, and only they, go through a proxy from here on. */
async function proxied(): Promise<FaultProxy> {
  const url = new URL(database.options.url);
  const proxy = await faultProxy({ host: url.hostname, port: Number(url.port) });
  url.port = String(proxy.port);
  await loader[Symbol.asyncDispose]();
  loader = new PostgresLoader(
    { ...database.options, url: url.href, moment: (name) => moment(name) },
    { migration: plan.migration, epoch: ledger.epoch },
    "public",
    ledger.lost,
    "oldest",
  );
  return proxy;
}
