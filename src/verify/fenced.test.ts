/**
 * One row is broken, in any way, on either side, touched or not: the comparison at the fence finds it, or it lies where
 * nothing was touched since the last comparison, and then the full comparison finds it. It never finds anything else.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { PlanTable } from "../model.js";
import type { TargetLook } from "../verify-port.js";
import type { Row } from "./example-kinds.js";
import { exampleLedger, exampleTools } from "./example-ledger.js";
import { exampleTable, keyPlaces, sidesOf, tupleOf } from "./example-sides.js";
import { compareFenced } from "./fenced.js";
import type { Fenced, FencedTools } from "./fenced.js";
import { streamed } from "./streamed.js";

const named = (name: string, table: PlanTable): PlanTable => ({ ...table, source: name, target: name });
const tables = [
  named("numbers", exampleTable(["bigint", "longtext"], [0])),
  named("words", exampleTable(["longtext", "bigint"], [0])),
  named("bag", exampleTable(["bigint", "longtext"], null)),
] as const;
const rowsOf = (n: number): Row[][] => [
  Array.from({ length: n }, (_, i): Row => [String(i - 3), `v${String(i)}`]),
  Array.from({ length: n }, (_, i): Row => [`w${String(i)}`, String(i)]),
  Array.from({ length: n }, (_, i): Row => [String(i % 4), "x"]),
];
const never = new AbortController().signal;

interface World {
  readonly source: Row[][];
  readonly target: Row[][];
  readonly ledger: ReturnType<typeof exampleLedger>;
  readonly tools: FencedTools;
}

async function world(n: number): Promise<World> {
  const [source, target] = [rowsOf(n), rowsOf(n)];
  const ledger = exampleLedger(tables.map(({ source: name }) => name));
  const figures = {
    run: "0",
    rowsSource: String(n),
    rowsTarget: String(n),
    ranges: 1,
    method: "stream",
  } as const;
  for (const { source: name } of tables) await ledger.setClean(name, 5n, null, figures);
  const sideOf = (name: string) => {
    const place = tables.findIndex((each) => each.source === name);
    const table = tables[place];
    if (table === undefined) throw new Error(`no table ${name}`);
    return sidesOf(table, source[place] ?? [], target[place] ?? [], {
      within: (range, row) =>
        (range.lower === null || Number(row[0]) >= Number(range.lower[0])) &&
        (range.upper === null || Number(row[0]) < Number(range.upper[0])),
    }).comparer;
  };
  const look: TargetLook = {
    checkpoints: new Map([["one", { seq: 9n, position: null }]]),
    read: (query, sink, signal) => sideOf(query.table.source).look.read(query, sink, signal),
    count: (table, signal) => sideOf(table.source).look.count(table, signal),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const given = exampleTools([...tables], 1, {
    comparing: streamed,
    ledger,
    target: { look: () => Promise.resolve(look) },
  });
  const reader = {
    read: (...[query, sink, signal]: Parameters<ReturnType<typeof sideOf>["reader"]["read"]>) =>
      sideOf(query.table).reader.read(query, sink, signal),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const source_ = { ...given.source, reader: () => Promise.resolve(reader) };
  return {
    source,
    target,
    ledger,
    tools: { ...given, source: source_, comparing: streamed, workers: () => 2 },
  };
}

const compared = ({ tools }: World, full: boolean): Promise<Fenced> =>
  compareFenced(tools, { full, children: null, caughtUp: () => Promise.resolve() }, never);

const keyOf = (table: PlanTable, row: Row): Buffer => tupleOf(table, row, keyPlaces(table));

const plan = fc.record({
  rows: fc.integer({ min: 1, max: 12 }),
  table: fc.integer({ min: 0, max: 2 }),
  row: fc.nat(),
  how: fc.constantFrom("value", "lost", "extra", "twin", "key"),
  side: fc.constantFrom("source", "target"),
  /** How the row's key is known: by a batch's keys, by a batch without keys, by an open record, or not at all. */
  touch: fc.constantFrom("keys", "whole", "record", "never", "none"),
  state: fc.constantFrom("suspect", "different", "pending"),
  /** Other keys that were touched. */
  others: fc.array(fc.nat(), { maxLength: 6 }),
});

it("finds every broken row that was touched or left open, and by the full comparison every other", async () => {
  await fc.assert(
    fc.asyncProperty(plan, async ({ rows, table: place, row: nth, how, side, touch, state, others }) => {
      const there = await world(rows);
      const table = tables[place] ?? tables[0];
      const mine = there[side][place] ?? [];
      const at = nth % mine.length;
      const row = mine[at] ?? [];
      const keyless = table.key === null;
      const another: Row = place === 1 ? [row[0] ?? null, "77"] : [row[0] ?? null, "broken"];
      const unknown: Row = place === 1 ? ["w-new", "1"] : ["99", "new"];
      if (how === "value") mine[at] = another;
      else if (how === "lost") mine.splice(at, 1);
      else if (how === "extra") mine.push(unknown);
      else if (how === "key") mine[at] = place === 1 ? ["w-new", row[1] ?? null] : ["99", row[1] ?? null];
      else if (keyless) mine.push(row);
      else mine.splice(at, 1);
      // Of a key that became another one the log would name both.
      const keys = how === "extra" ? [unknown] : how === "key" ? [row, unknown] : [row];
      const tuples = keyless ? [] : keys.map((each) => keyOf(table, each));
      const touched = there.ledger.touches;
      for (const n of others) {
        const other = n % 3;
        const its = tables[other] ?? tables[0];
        const all = there.target[other] ?? [];
        const one = all[n % Math.max(1, all.length)];
        if (other === place || its.key === null || one === undefined) continue;
        touched.push({ table: its.source, seq: 6n, keys: keyOf(its, one) });
      }
      if (touch === "keys")
        touched.push({ table: table.source, seq: 7n, keys: keyless ? null : Buffer.concat(tuples) });
      else if (touch === "whole") touched.push({ table: table.source, seq: 8n, keys: null });
      else if (touch === "record") {
        const run = await there.ledger.begin({ method: "stream", kind: "dirty", tables: [], sample: null });
        const names = keyless ? [Buffer.alloc(32, 1)] : tuples;
        for (const key of names)
          await there.ledger.settle(run.id, table.source, [
            { key, state, suspect: { table: table.source, key, kind: "missing", columns: [], copies: 1 } },
          ]);
      } else if (touch === "none")
        touched.push({ table: table.source, seq: 5n, keys: Buffer.concat(tuples) });
      const seen = touch === "keys" || touch === "whole" || touch === "record";
      const found = await compared(there, false);
      const full = await compared(there, true);
      expect(found.found.length > 0).toBe(seen);
      expect(full.found.length).toBeGreaterThan(0);
      for (const { found: all } of [found, full])
        for (const suspect of all) {
          expect(suspect.table).toBe(table.source);
          if (!keyless) expect(tuples.some((key) => key.equals(suspect.key))).toBe(true);
        }
    }),
    { numRuns: 400 },
  );
});

it("tells whose tables were written to meanwhile, and that nothing was looked at where all is clean", async () => {
  const there = await world(3);
  expect(await compared(there, false)).toMatchObject({
    keys: 0,
    found: [],
    clean: ["numbers", "words", "bag"],
  });
  const first = there.tools.target.look;
  let looks = 0;
  const moving = {
    look: async (...asked: Parameters<typeof first>) => {
      const look = await first(...asked);
      looks += 1;
      if (looks === 1 || look === null) return look;
      there.ledger.touches.push({ table: "bag", seq: 10n, keys: null });
      return { ...look, checkpoints: new Map([["one", { seq: 10n, position: null }]]) };
    },
  };
  there.ledger.touches.push({ table: "words", seq: 6n, keys: keyOf(tables[1], ["w1", "1"]) });
  const moved = await compared(
    { ...there, tools: { ...there.tools, workers: () => 1, target: moving } },
    false,
  );
  expect(moved).toMatchObject({ keys: 1, found: [], moved: ["bag"] });
});

it("tells of a write to a clean table, and of one that came while it was listed what is to be looked at", async () => {
  for (const when of ["once it was listed", "while it was listed"] as const) {
    const there = await world(3);
    const first = there.tools.target.look;
    let seq = 9n;
    const write = (): void => {
      seq = 10n;
      there.ledger.touches.push({ table: "bag", seq, keys: null });
    };
    const target = {
      look: async (...asked: Parameters<typeof first>) => {
        const look = await first(...asked);
        return look === null ? null : { ...look, checkpoints: new Map([["one", { seq, position: null }]]) };
      },
    };
    const ledger = {
      ...there.ledger,
      mismatchCounts: async () => {
        if (when === "while it was listed") write();
        return await there.ledger.mismatchCounts();
      },
    };
    const caughtUp = (): Promise<void> => {
      if (when === "once it was listed") write();
      return Promise.resolve();
    };
    const tools = { ...there.tools, target, ledger };
    const found = await compareFenced(tools, { full: false, children: null, caughtUp }, never);
    expect(found.moved).toEqual(["bag"]);
  }
});
