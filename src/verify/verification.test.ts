/** Who goes on with whose verification, and what is told of all its ranges and tables at once. */
import { expect, it } from "vitest";
import { Fault } from "../errors.js";
import type { Position } from "../model.js";
import { planColumn, planTable } from "../typemap/column.fixture.js";
import { exampleComparing, exampleLedger, exampleTools } from "./example-ledger.js";
import { verifySample } from "./sampled.js";
import type { VerifyEvent } from "./event.js";
import { verify } from "./verification.js";
import type { VerifyRequest } from "./verification.js";

const tables = ["a", "b"].map((name) => ({
  ...planTable([planColumn("int", "integer", {}, [], "id")], ["id"]),
  ...{ source: name, target: name, lane: "one" },
}));
const { signal } = new AbortController();

/** Compares until `b` is refused, and then again as `next` asks; what the second one compared. */
async function after(first: VerifyRequest["full"], next: VerifyRequest["full"]): Promise<readonly string[]> {
  const ledger = exampleLedger(["a", "b"]);
  let compared: string[] = [];
  let refuses = true;
  const tools = exampleTools(tables, 1, {
    ledger,
    comparing: exampleComparing({
      range: async (comparer, table, range, onSuspects, stop) => {
        if (table.source === "b" && refuses) throw new Fault("source-refused", "not now");
        compared.push(table.source);
        return await exampleComparing().range(comparer, table, range, onSuspects, stop);
      },
    }),
  });
  const run = (full: VerifyRequest["full"]) =>
    verify(tools, { method: "stream", full, tables: null }, signal);
  await expect(run(first)).rejects.toMatchObject({ code: "source-refused" });
  expect(compared).toEqual(["a"]);
  compared = [];
  refuses = false;
  await run(next);
  return compared.sort();
}

it("one that was stopped goes on where it was", async () => {
  expect(await after(true, true)).toEqual(["b"]);
  expect(await after("round", "round")).toEqual(["b"]);
});

it("whoever asks for everything gets everything, whatever a round of the engine's has compared", async () => {
  expect(await after("round", true)).toEqual(["a", "b"]);
  expect(await after(true, "round")).toEqual(["a", "b"]);
});

it("a table is one that was digested where any of its ranges was", async () => {
  const ledger = exampleLedger(["a"]);
  const figures = { rowsSource: "1", rowsTarget: "1", bytes: "1", digest: null };
  const tools = exampleTools(tables.slice(0, 1), 3, {
    ledger,
    comparing: exampleComparing({
      // A server refuses a range, the first one: it is streamed.
      range: (_comparer, _table, range) =>
        Promise.resolve({ ...figures, method: range?.number === 0 ? "stream" : "digest" }),
    }),
  });
  const { tables: outcomes } = await verify(tools, { method: "digest", full: true, tables: null }, signal);
  expect(outcomes.map(({ proof }) => [proof.method, proof.ranges])).toEqual([["digest", 3]]);
});

it("one position is told only where all tables are of one lane, whose batches have an order", async () => {
  const at = (offset: string): Position => ({ kind: "file", file: "log", offset });
  const positionOf = async (lanes: readonly [string, string]): Promise<Position | null> => {
    const own = tables.map((table, i) => ({ ...table, lane: lanes[i] ?? "" }));
    const base = exampleTools(own, 1);
    let looks = 0;
    const tools = exampleTools(own, 1, {
      target: {
        look: async (plan, slots) => {
          const look = await base.target.look(plan, slots);
          if (look === null) throw new Error("no slot");
          looks += 1;
          // The second table is looked at later.
          const checkpoints = new Map([
            ["one", { seq: BigInt(50 + looks), position: at(String(500 + looks)) }],
            ["two", { seq: 3n, position: at("900") }],
          ]);
          return { ...look, checkpoints };
        },
      },
    });
    return (await verify(tools, { method: "stream", full: true, tables: null }, signal)).position;
  };
  expect(await positionOf(["one", "one"])).toEqual(at("501"));
  expect(await positionOf(["one", "two"])).toBeNull();
});

it("a table counts from the oldest of its looks, whichever range had it", async () => {
  const own = tables.slice(0, 1);
  const base = exampleTools(own, 3);
  let seq = 60n;
  const tools = exampleTools(own, 3, {
    target: {
      look: async (plan, slots) => {
        const look = await base.target.look(plan, slots);
        if (look === null) throw new Error("no slot");
        seq -= 1n;
        return { ...look, checkpoints: new Map([["one", { seq, position: null }]]) };
      },
    },
  });
  const { tables: outcomes } = await verify(tools, { method: "stream", full: true, tables: null }, signal);
  expect(outcomes.map(({ proof }) => proof.whole?.seq)).toEqual([57n]);
});

it("ranges that leave rows out between them prove nothing of the table", async () => {
  const bounds = (...each: readonly (readonly [string | null, string | null])[]) =>
    each.map(([lower, upper], number) => ({
      ...{ table: "a", number },
      lower: lower === null ? null : [lower],
      upper: upper === null ? null : [upper],
    }));
  const run = (ranges: ReturnType<typeof bounds>): Promise<unknown> => {
    const base = exampleTools(tables.slice(0, 1), 1);
    const split = async function* () {
      for (const range of ranges) yield await Promise.resolve(range);
    };
    const tools = { ...base, source: { ...base.source, split } };
    return verify(tools, { method: "stream", full: true, tables: null }, signal);
  };
  await run(bounds([null, "5"], ["5", null]));
  await run(bounds([null, null]));
  for (const gap of [
    bounds([null, "5"], ["6", null]),
    bounds(["1", "5"], ["5", null]),
    bounds([null, "5"], ["5", "9"]),
    bounds([null, "5"]),
    bounds([null, null], [null, null]),
  ])
    await expect(run(gap)).rejects.toMatchObject({ code: "bug", message: /leave rows out/u });
});

it("of touched keys those are compared that the source had changed when it was asked", async () => {
  const base = exampleLedger(["a", "b"]);
  let applied = false;
  const tools = exampleTools(tables, 1, {
    following: {
      caughtUp: () => {
        applied = true;
        return Promise.resolve();
      },
    },
    ledger: {
      ...base,
      tables: async () => {
        expect(applied).toBe(true);
        return await base.tables();
      },
    },
  });
  await verify(tools, { method: "stream", full: false, tables: null }, signal);
  expect(applied).toBe(true);
});

it("a sample in several ranges looks for rows that only the target has, and tells what had been compared before", async () => {
  const key = Buffer.from("00010000000400000007", "hex");
  const extra = { table: "a", key, kind: "extra" as const, columns: [], copies: 1 };
  const own = tables.slice(0, 1);
  let refuses = true;
  const comparing = exampleComparing({
    range: async (comparer, table, range, onSuspects, stop) => {
      if (range?.number === 2 && refuses) throw new Fault("source-refused", "not now");
      return await exampleComparing().range(comparer, table, range, onSuspects, stop);
    },
    extras: (_comparer, _table, onSuspects) => onSuspects([extra]).then(() => 1),
    keys: () => Promise.resolve({ suspects: [extra], rowsSource: 0, rowsTarget: 1 }),
  });
  const base = exampleTools(own, 3);
  const tools = exampleTools(own, 3, {
    comparing,
    target: {
      look: async (plan, slots) => {
        const look = await base.target.look(plan, slots);
        if (look === null) throw new Error("no slot");
        return { ...look, count: () => Promise.resolve("300") };
      },
    },
  });
  const sample = (): ReturnType<typeof verifySample> =>
    verifySample(tools, null, { percent: 1, seed: 7 }, signal);
  await expect(sample()).rejects.toMatchObject({ code: "source-refused" });
  refuses = false;
  const { resumed, tables: sampled } = await sample();
  expect([resumed, sampled.map(({ differences, mismatches }) => [differences, mismatches[0]?.kind])]).toEqual(
    [2, [[1n, "extra"]]],
  );
});

it("whoever goes on is told at once what was compared before, and of all tables that will be", async () => {
  const told: VerifyEvent[] = [];
  const ledger = exampleLedger(["a", "b"]);
  let refuses = true;
  const tools = exampleTools(tables, 3, {
    ledger,
    onEvent: (event) => told.push(event),
    comparing: exampleComparing({
      range: async (comparer, table, range, onSuspects, stop) => {
        if (range?.number === 2 && refuses) throw new Fault("source-refused", "not now");
        return await exampleComparing().range(comparer, table, range, onSuspects, stop);
      },
    }),
  });
  const run = () => verify(tools, { method: "stream", full: true, tables: null }, signal);
  const of = (kind: VerifyEvent["kind"]): readonly VerifyEvent[] =>
    told.filter((event) => event.kind === kind);
  await expect(run()).rejects.toMatchObject({ code: "source-refused" });
  expect(of("whole")).toEqual([{ kind: "whole", tables: ["a", "b"] }]);
  expect(of("split")).toEqual([{ kind: "split", table: "a", ranges: 3, done: 0, rows: 0 }]);
  told.length = 0;
  refuses = false;
  await run();
  expect(of("whole")).toHaveLength(1);
  expect(of("split")).toEqual([
    { kind: "split", table: "a", ranges: 3, done: 2, rows: 2 },
    { kind: "split", table: "b", ranges: 3, done: 0, rows: 0 },
  ]);
});

it("rows that only the target has are among its rows, also where no range of the source's holds them", async () => {
  const rowsOf = async (ranges: number): Promise<readonly string[]> => {
    const tools = exampleTools(tables.slice(0, 1), ranges, {
      comparing: exampleComparing({ extras: () => Promise.resolve(4) }),
    });
    const { tables: told } = await verify(tools, { method: "stream", full: true, tables: null }, signal);
    return told.flatMap(({ proof }) => [proof.rowsSource, proof.rowsTarget]);
  };
  expect(await rowsOf(3)).toEqual(["3", "7"]);
  expect(await rowsOf(1)).toEqual(["1", "1"]);
});
