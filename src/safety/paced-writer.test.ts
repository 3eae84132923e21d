/** A lane's writer under the governor: no transaction begins while it is held, and every one that began gives its turn back. */
import { expect, it } from "vitest";
import { Fault } from "../errors.js";
import type { PlanTable } from "../model.js";
import type {
  FollowedRows,
  LaneTransaction,
  LaneWriter,
  PolicyCount,
  StatementGroup,
  Tuples,
} from "../stream-port.js";
import { pacedWriter } from "./paced-writer.js";
import type { WrittenRows } from "./paced-writer.js";
import { Turns } from "./turns.js";

const refuse = new Fault("target-busy", "a deadlock");

function scene(broken?: "begin" | "write" | "commit"): {
  turns: Turns;
  writer: LaneWriter;
  log: string[];
  written: WrittenRows[];
  policies: PolicyCount[];
  stop: AbortController;
  /** What foreign keys' actions have written, as the transaction tells it. */
  followed: FollowedRows[];
} {
  const log: string[] = [];
  const policies: PolicyCount[] = [];
  const written: WrittenRows[] = [];
  const act = async (name: string): Promise<void> => {
    log.push(name);
    if (name === broken) throw refuse;
  };
  const followed: FollowedRows[] = [];
  const transaction: LaneTransaction = {
    write: () => act("write"),
    commit: async (_, counts = []) => {
      await act("commit");
      policies.push(...counts);
    },
    abort: () => act("abort"),
    followed,
  };
  const turns = new Turns({
    now: () => 0,
    wait: async () => undefined,
    settings: () => ({ sleepMs: 0, sleepRatio: 0, maxRowsPerSecond: null }),
    share: () => 1,
  });
  const stop = new AbortController();
  const writer = pacedWriter(
    {
      lane: "main",
      checkpoint: async () => ({ seq: 4n, position: null }),
      begin: async () => {
        await act("begin");
        return transaction;
      },
      [Symbol.asyncDispose]: () => act("closed"),
    },
    { pacer: turns.pacer(), signal: stop.signal, onWritten: (rows) => written.push(rows) },
  );
  return { turns, writer, log, written, policies, stop, followed };
}

const none: Tuples = { rows: 0, bytes: 0, chunks: [] };
const some = (rows: number): Tuples => ({ rows, bytes: rows, chunks: [] });
const position = { kind: "file", file: "f", offset: "4" } as const;

const named = (source: string): PlanTable => JSON.parse(JSON.stringify({ source })) as PlanTable;

function group(source: string): StatementGroup {
  const table = named(source);
  return {
    kind: "rows",
    strict: true,
    changes: [{ table, deletes: some(1), updates: some(2), inserts: some(3), touched: none }],
  };
}

it("holds the next transaction, never the open one, and counts what was committed", async () => {
  const { turns, writer, log, written, followed } = scene();
  const open = await writer.begin(4n);
  turns.pause();
  expect(turns.held).toBe("pausing");
  await open.write(group("a"));
  await open.write({ kind: "cascade", cascades: [] });
  followed.push(
    { table: named("b"), operation: "delete", rows: 4 },
    { table: named("c"), operation: "update", rows: 5 },
  );
  await open.write({ kind: "truncate", table: named("d") });
  expect(written).toEqual([]);
  await open.commit(position);
  const nothing = { inserts: 0, updates: 0, deletes: 0, truncates: 0 };
  expect([turns.held, written]).toEqual([
    "paused",
    [
      { table: "a", inserts: 3, updates: 2, deletes: 1, truncates: 0 },
      { table: "d", ...nothing, truncates: 1 },
      { table: "b", ...nothing, deletes: 4 },
      { table: "c", ...nothing, updates: 5 },
    ],
  ]);
  const next = writer.begin(5n);
  expect(await writer.checkpoint()).toEqual({ seq: 4n, position: null });
  expect(log).toEqual(["begin", "write", "write", "write", "commit"]);
  turns.resume();
  await (await next).abort();
  expect(log.slice(5)).toEqual(["begin", "abort"]);
});

it.each(["begin", "write", "commit"] as const)(
  "gives its turn back when %s fails, and counts nothing",
  async (broken) => {
    const { turns, writer, written } = scene(broken);
    const fails = async (): Promise<void> => {
      const open = await writer.begin(4n);
      try {
        await open.write(group("a"));
        await open.commit(position);
      } catch (error) {
        await open.abort();
        throw error;
      }
    };
    await expect(fails()).rejects.toBe(refuse);
    turns.pause();
    expect([turns.held, written]).toEqual(["paused", []]);
  },
);

it("hands on what policies changed, so that it is counted with the rows (trap 30)", async () => {
  const { writer, policies } = scene();
  const counts: readonly PolicyCount[] = [{ object: "a.at", policy: "zeroDate", count: 40_000 }];
  await (await writer.begin(4n)).commit(position, counts);
  expect(policies).toEqual(counts);
});

it("gives its turn back when it is closed in the middle, and ends a wait with the engine", async () => {
  const { turns, writer, log, stop } = scene();
  await writer.begin(4n);
  turns.pause();
  expect(turns.held).toBe("pausing");
  await writer[Symbol.asyncDispose]();
  expect([turns.held, log.at(-1)]).toEqual(["paused", "closed"]);
  const waiting = writer.begin(5n);
  stop.abort(new Fault("terminated", "SIGTERM"));
  await expect(waiting).rejects.toMatchObject({ code: "terminated" });
});
