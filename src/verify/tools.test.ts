/** How both sides are looked at: what is waited for first, and that nobody's turn is held meanwhile. */
import { expect, it } from "vitest";
import { Fault } from "../errors.js";
import type { Position } from "../model.js";
import type { Target } from "../port.js";
import { Turns } from "../safety/turns.js";
import { planColumn, planTable } from "../typemap/column.fixture.js";
import { exampleTools } from "./example-ledger.js";
import { inTurns, looking, untilAnswered } from "./tools.js";
import type { VerifyTools } from "./tools.js";

const table = {
  ...planTable([planColumn("int", "integer", {}, [], "id")], ["id"]),
  source: "a",
  target: "a",
  lane: "one",
};
const never = new AbortController().signal;
const at = (offset: string): Position => ({ kind: "file", file: "log", offset });

function toolsOf(over: Partial<VerifyTools>): VerifyTools {
  const { comparings, ...tools } = exampleTools([table], 1);
  return { ...tools, comparing: comparings.stream, ...over };
}

const turnsOf = (): Turns =>
  new Turns({
    now: () => 0,
    wait: () => Promise.resolve(),
    settings: () => ({ sleepMs: 0, sleepRatio: 0, maxRowsPerSecond: null }),
    share: () => 1,
  });

it("the source has to show what the lane has applied, and what the table was copied at beyond that", async () => {
  const seen: string[] = [];
  const base = toolsOf({});
  const source = {
    ...base.source,
    seen: (_lane: string, position: Position) => {
      seen.push(position.offset);
      return Promise.resolve();
    },
  };
  const target = {
    look: async () => {
      const look = await base.target.look(base.plan, 4);
      if (look === null) throw new Error("no slot");
      return { ...look, checkpoints: new Map([["one", { seq: 1n, position: at("5") }]]) };
    },
  };
  const cuts = (): Promise<ReadonlyMap<string, Position>> =>
    Promise.resolve(new Map([["a", at("9")], ["b", at("99")]])); // prettier-ignore
  await looking(toolsOf({ source, target }), table, () => Promise.resolve(), never);
  expect(seen.splice(0)).toEqual(["5"]);
  await looking(toolsOf({ source, target, cuts }), table, () => Promise.resolve(), never);
  expect(seen).toEqual(["5", "9"]);
});

it("a pause has come as soon as nobody works: who waits for a slot or a position has no turn", async () => {
  const turns = turnsOf();
  using pacer = turns.pacer();
  const held: string[] = [];
  const open = { views: 0, slots: 0 };
  let waited = 0;
  const base = toolsOf({});
  const tools = toolsOf({
    source: {
      ...base.source,
      reader: async (slots) => {
        // No slot is free at first.
        if (waited === 0) {
          turns.pause();
          return null;
        }
        open.slots += 1;
        const reader = await base.source.reader(slots);
        if (reader === null) throw new Error("no slot");
        return { ...reader, [Symbol.asyncDispose]: () => Promise.resolve(void (open.slots -= 1)) };
      },
    },
    target: {
      look: async (plan, slots) => {
        open.views += 1;
        const look = await base.target.look(plan, slots);
        if (look === null) throw new Error("no slot");
        return { ...look, [Symbol.asyncDispose]: () => Promise.resolve(void (open.views -= 1)) };
      },
    },
    cuts: () => {
      turns.pause();
      held.push(turns.held);
      return Promise.resolve(new Map());
    },
    wait: async (ms) => {
      waited += 1;
      // The second look's turn comes at once.
      if (ms !== 1000 && turns.held === "no") return;
      held.push(turns.held);
      // A wait for a slot; after it the one for a turn, which is over without having come.
      if (ms === 1000) {
        turns.resume();
        return;
      }
      await Promise.resolve();
      // Once the views are closed, and not before, the pause may last.
      setImmediate(() => {
        held.push(`${turns.held} with ${String(open.views)} views and ${String(open.slots)} slots`);
        turns.resume();
      });
    },
  });
  await pacer.pace(never);
  const done = looking(
    { ...tools, cuts: once(tools.cuts) },
    table,
    () => Promise.resolve(turns.held),
    never,
    pacer,
  );
  expect(await done).toBe("no");
  expect(held).toEqual(["paused", "paused", "paused", "paused with 0 views and 0 slots"]);
  expect(open).toEqual({ views: 0, slots: 0 });
  turns.pause();
  // The turn is held by whoever was given it back.
  expect(turns.held).toBe("pausing");
});

/** The first time as given, then nothing. */
function once(cuts: VerifyTools["cuts"]): () => Promise<ReadonlyMap<string, Position>> {
  let asked = false;
  return async () => {
    if (asked || cuts === undefined) return new Map();
    asked = true;
    return await cuts();
  };
}

it("a signal ends the waiting with its own fault", async () => {
  const control = new AbortController();
  const turns = turnsOf();
  using pacer = turns.pacer();
  const over = new Fault("terminated", "over");
  const tools = toolsOf({
    cuts: () => {
      turns.pause();
      queueMicrotask(() => control.abort(over));
      return Promise.resolve(new Map());
    },
  });
  await pacer.pace(control.signal);
  await expect(looking(tools, table, () => Promise.resolve(), control.signal, pacer)).rejects.toBe(over);
});

it("a query waits for a turn and for a worker slot of its host, and gives both back", async () => {
  const turns = turnsOf();
  let [held, waited] = [0, 0];
  const order: string[] = [];
  const tools = toolsOf({
    pacer: () => turns.pacer(),
    // Taken by others at first: who waits has no turn, so that a pause has come.
    slot: (host, slots) => {
      if (waited === 0) {
        turns.pause();
        return Promise.resolve(null);
      }
      held += 1;
      order.push(`${host} ${String(slots)}`);
      return Promise.resolve({
        [Symbol.asyncDispose]: () => {
          held -= 1;
          return Promise.resolve();
        },
      });
    },
    wait: () => {
      waited += 1;
      order.push(turns.held);
      turns.resume();
      return Promise.resolve();
    },
  });
  const side = {
    ask: () => {
      order.push(`asked with ${String(held)}`);
      return Promise.resolve({ whole: true });
    },
  };
  await inTurns(side, "target", tools).ask("SELECT 1", { timeoutMs: 0, mostRows: 1 }, () => undefined, never);
  expect(order).toEqual(["paused", "target 4", "asked with 1"]);
  turns.pause();
  expect([held, turns.held]).toEqual([0, "paused"]);
  const broken = { ask: () => Promise.reject(new Error("refused")) };
  turns.resume();
  await expect(
    inTurns(broken, "source", tools).ask("SELECT 1", { timeoutMs: 0, mostRows: 1 }, () => undefined, never),
  ).rejects.toThrow("refused");
  expect(held).toBe(0);
});

it("a pause does not wait for a statement that runs: it is ended, and its look taken anew at the end of the pause", async () => {
  const turns = turnsOf();
  const tools = toolsOf({
    pacer: () => turns.pacer(),
    slot: () => Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() }),
  });
  let asked = 0;
  const ended: string[] = [];
  const side: Pick<Target, "ask"> = {
    ask: async (_sql, _limits, onRow, signal) => {
      asked += 1;
      onRow([String(asked)]);
      if (asked === 3) return { whole: true };
      const stopped = new Promise<never>((_, reject) =>
        signal.addEventListener("abort", () => reject(new Error("the connection was cut"))),
      );
      turns.pause();
      try {
        return await stopped;
      } finally {
        setImmediate(() => {
          ended.push(turns.held);
          turns.resume();
        });
      }
    },
  };
  const { ask } = inTurns(side, "target", tools);
  const answer = await untilAnswered(async () => {
    const rows: string[] = [];
    const take = ([cell]: readonly (string | null)[]): void => void rows.push(cell ?? "");
    await ask("SELECT 1", { timeoutMs: 0, mostRows: 1 }, take, never);
    return rows;
  });
  expect({ answer, ended, held: turns.held }).toEqual({
    answer: ["3"],
    ended: ["paused", "paused"],
    held: "no",
  });
});
