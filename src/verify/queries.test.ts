/** Gates without a server: which results are equal, what is told of those that are not, and when one is red. */
import { expect, it } from "vitest";
import { Fault } from "../errors.js";
import type { Source } from "../port.js";
import type { LaneCheckpoint } from "../stream-port.js";
import { planColumn, planTable } from "../typemap/column.fixture.js";
import { examplePlan } from "./example-ledger.js";
import type { GateSettings } from "./gate.js";
import { runQueries } from "./queries.js";
import type { GateVerdict } from "./queries.js";
import type { StillTools } from "./still.js";

type Rows = readonly (readonly (string | null)[])[];
type Asking = Pick<Source, "ask">;

const table = planTable(
  [
    planColumn("int", "integer", {}, [], "id"),
    planColumn("decimal(9,2)", "numeric(9,2)", {}, [], "amount"),
    planColumn("varchar(9)", "character varying(9)", {}, [], "a.b"),
  ],
  ["id"],
);
const plan = examplePlan([{ ...table, source: "or.ders", target: "orders" }]);

function answering(rows: Rows, whole = true): Asking {
  return {
    ask: async (_sql, _limits, onRow) => {
      for (const row of rows) onRow(row);
      return await Promise.resolve({ whole });
    },
  };
}

async function run(
  gate: GateSettings,
  source: Asking,
  target: Asking,
  still: StillTools | null = null,
): Promise<GateVerdict> {
  const signal = new AbortController().signal;
  const [verdict] = await runQueries({ source, target, plan, gates: [gate], still, now: () => 0, signal });
  if (verdict === undefined) throw new Error("no verdict");
  return verdict;
}

const pair: GateSettings = { name: "sums", source: "SELECT 1", target: "SELECT 1" };

it("compares results as rows that may be there several times, in whatever order", async () => {
  const a: Rows = [
    ["1", "x"],
    ["2", null],
    ["2", null],
  ];
  expect(
    await run(
      pair,
      answering(a),
      answering([
        ["2", null],
        ["1", "x"],
        ["2", null],
      ]),
    ),
  ).toMatchObject({
    result: "holds",
    sentence: "sums: 3 rows equal on both sides.",
  });
  expect(
    await run(
      pair,
      answering(a),
      answering([
        ["1", "x"],
        ["1", "x"],
        ["2", null],
      ]),
    ),
  ).toMatchObject({
    result: "broken",
    sentence:
      "sums: the source gives 3 rows and the target 3; 1 row only the source has, and 1 row only the target has.",
  });
});

it("in order where the gate says so", async () => {
  const [a, b]: Rows[] = [
    [["1"], ["2"]],
    [["2"], ["1"]],
  ];
  expect((await run({ ...pair, ordered: true }, answering(a ?? []), answering(b ?? []))).sentence).toMatch(
    /part at row 1\.$/u,
  );
  expect((await run(pair, answering(a ?? []), answering(b ?? []))).result).toBe("holds");
  const shorter = await run({ ...pair, ordered: true }, answering(a ?? []), answering([["1"]]));
  expect(shorter.sentence).toMatch(/part at row 2\.$/u);
});

it.each([
  ["NULL and the empty text", [[null]], [[""]]],
  ["a cell's end", [["a", "bc"]], [["ab", "c"]]],
  ["case", [["a"]], [["A"]]],
  ["a blank at the end", [["a"]], [["a "]]],
  ["no rows and one", [], [[null]]],
] satisfies readonly (readonly [string, Rows, Rows])[])("tells %s apart", async (_what, a, b) => {
  expect((await run(pair, answering(a), answering(b))).result).toBe("broken");
});

it("says that the columns are not as many", async () => {
  expect((await run(pair, answering([["1", "2"]]), answering([["1"]]))).sentence).toMatch(
    /2 columns there are 1 here/u,
  );
});

it("no value of a row is in a sentence", async () => {
  const verdict = await run(pair, answering([["secret", "1"]]), answering([["hidden", "1"]]));
  expect(JSON.stringify(verdict)).not.toMatch(/secret|hidden/u);
});

it("results that are cut off are no results", async () => {
  expect(await run(pair, answering([["1"]], false), answering([["1"]]))).toMatchObject({
    result: "refused",
    sentence: /source gives more than 100000 rows/u,
  });
});

it("a server that refuses is told, a lost connection is thrown", async () => {
  const failing = (code: "target-refused" | "connection-lost"): Asking => ({
    ask: async () => await Promise.reject(new Fault(code, "no.")),
  });
  expect(await run(pair, answering([]), failing("target-refused"))).toMatchObject({
    result: "refused",
    sentence: "sums was not answered: no.",
  });
  await expect(run(pair, answering([]), failing("connection-lost"))).rejects.toThrow("no.");
});

it("rules are queries of the target", async () => {
  const asked: string[] = [];
  const target: Asking = {
    ask: async (sql, _limits, onRow) => {
      asked.push(sql);
      onRow(["2"]);
      return await Promise.resolve({ whole: true });
    },
  };
  const source: Asking = { ask: async () => await Promise.reject(new Error("not asked")) };
  const told = async (gate: GateSettings): Promise<string> => (await run(gate, source, target)).sentence;
  expect(await told({ notNull: "or.ders.a.b" })).toBe(
    "or.ders.a.b not null: 2 rows of or.ders have no a.b on the target.",
  );
  expect(await told({ unique: ["or.ders.id", "or.ders.a.b"] })).toMatch(
    /2 values of or.ders \(id, a\.b\) are there more than once/u,
  );
  expect(await told({ name: "sane", range: "or.ders.amount", min: 0.005, max: 10 })).toBe(
    "sane: 2 rows of or.ders have an amount below 0.005 or above 10 on the target.",
  );
  expect(asked).toEqual([
    'SELECT (count(*) OVER ())::text, "id"::text FROM "public"."orders" WHERE "a.b" IS NULL ORDER BY "id" LIMIT 100',
    'WITH twice AS MATERIALIZED (SELECT "id", "a.b" FROM "public"."orders" WHERE "id" IS NOT NULL AND "a.b" IS NOT NULL GROUP BY "id", "a.b" HAVING count(*) > 1) SELECT (SELECT count(*) FROM twice)::text, "id"::text FROM "public"."orders" WHERE ("id", "a.b") IN (SELECT "id", "a.b" FROM twice) ORDER BY "id" LIMIT 100',
    'SELECT (count(*) OVER ())::text, "id"::text FROM "public"."orders" WHERE "amount"::numeric < \'0.005\'::numeric OR "amount"::numeric > \'10\'::numeric ORDER BY "id" LIMIT 100',
  ]);
  await expect(run({ notNull: "orders.id" }, source, target)).rejects.toMatchObject({
    code: "config-invalid",
  });
});

/** A follower whose lane is touched during the first `moving` looks. */
function following(moving: number): StillTools & { readonly looks: () => number } {
  let looks = 0;
  const checkpoint: LaneCheckpoint = { seq: 7n, position: { kind: "file", file: "log", offset: "9" } };
  const refuse = async (): Promise<never> => await Promise.reject(new Error("not asked"));
  const nothing = async (): Promise<void> => await Promise.resolve();
  return {
    looks: () => looks,
    plan,
    slots: 1,
    wait: nothing,
    onEvent: () => undefined,
    following: { caughtUp: nothing },
    source: { seen: nothing },
    target: {
      look: async () =>
        await Promise.resolve({
          checkpoints: new Map([["one", checkpoint]]),
          read: refuse,
          count: refuse,
          [Symbol.asyncDispose]: nothing,
        }),
    },
    ledger: {
      touched: async (_table, after, _upTo, onBatch) => {
        expect(after).toBe(7n);
        looks += 1;
        if (looks <= moving) onBatch(8n, null);
        await Promise.resolve();
      },
    },
  };
}

it("is red by a look during which nothing moved, and pending where there is none", async () => {
  const [a, b] = [answering([["1"]]), answering([["2"]])];
  const soon = following(2);
  expect((await run(pair, a, b, soon)).result).toBe("broken");
  expect(soon.looks()).toBe(3);
  const never = following(Infinity);
  expect(await run(pair, a, b, never)).toMatchObject({ result: "pending", sentence: /changed each time/u });
  expect(never.looks()).toBe(5);
  // A rule asks of one side at one position: no event explains what is against it, however hot the table is.
  const hot = following(Infinity);
  expect(await run({ notNull: "or.ders.id" }, a, answering([["1", "7"]]), hot)).toMatchObject({
    result: "broken",
    keys: [["7"]],
  });
  expect(hot.looks()).toBe(0);
  const standing = {
    ...hot,
    following: { caughtUp: () => Promise.reject(new Fault("quarantined", "It stands.")) },
  };
  expect((await run({ notNull: "or.ders.id" }, a, answering([["1", "7"]]), standing)).result).toBe("pending");
});

it("is green by a look during which nothing moved; what held while rows moved says so, and one look at which it parted counts", async () => {
  const a = answering([["1"]]);
  const rest = following(0);
  const settled = await run(pair, a, a, rest);
  expect(settled).toMatchObject({ result: "holds" });
  expect(settled.moving).toBeUndefined();
  expect(rest.looks()).toBe(1);
  const hot = following(Infinity);
  expect(await run(pair, a, a, hot)).toMatchObject({ result: "holds", moving: true, sentence: /fence/u });
  expect(hot.looks()).toBe(2);
  // Equal by chance at first: what the target is missing had an event on its way beside it.
  const first = following(1);
  expect((await run(pair, a, inTurn([["1"]], [["2"]]), first)).result).toBe("broken");
  const never = following(Infinity);
  expect((await run(pair, a, inTurn([["2"]], [["1"]]), never)).result).toBe("pending");
});

/** Answers one after the other, the last one for good. */
function inTurn(...answers: readonly Rows[]): Asking {
  let asked = 0;
  return {
    ask: async (...given) => {
      const rows = answers[Math.min(asked, answers.length - 1)] ?? [];
      asked += 1;
      return await answering(rows).ask(...given);
    },
  };
}
