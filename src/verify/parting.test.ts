/**
 * What a single look can meet, case by case: refused values, keys that are equal and not the same, keys that are NULL
 * or there twice; and how a comparison ends and waits.
 */
import { describe, expect, it } from "vitest";
import { Fault } from "../errors.js";
import type { Suspect } from "../verify-port.js";
import { compareKeys, compareRange, wayOf } from "./compare.js";
import type { KindName, Row } from "./example-kinds.js";
import { exampleTable, keyPlaces, sidesOf, tupleOf } from "./example-sides.js";
import type { Sides } from "./example-sides.js";
import { tuplesOf } from "./tuples.js";

const signal = new AbortController().signal;
type Table = ReturnType<typeof exampleTable>;

async function look(table: Table, { comparer }: Sides): Promise<Suspect[]> {
  const found: Suspect[] = [];
  await compareRange(
    comparer,
    table,
    null,
    (suspects) => {
      found.push(...suspects);
      return Promise.resolve();
    },
    signal,
  );
  return found;
}

function brief(table: Table, suspects: readonly Suspect[]): string[] {
  return suspects
    .map(({ key, kind, columns, copies }) =>
      [key.toString("hex").slice(table.key === null ? 64 : 0), kind, copies, ...columns].join(" "),
    )
    .sort();
}

const keyHex = (table: Table, row: Row): string => tupleOf(table, row, keyPlaces(table)).toString("hex");

/** Ranged, by keys and without a key. */
const shapes: readonly (readonly [string, readonly KindName[], readonly number[] | null])[] = [
  ["stream", ["int", "tinyint(1)", "longtext"], [0]],
  ["keys", ["longtext", "tinyint(1)", "longtext"], [0]],
  ["multiset", ["int", "tinyint(1)", "longtext"], null],
];

describe.each(shapes)("a value that the codec refuses, compared as %s", (way, columns, key) => {
  const table = exampleTable(columns, key);
  const source: Row[] = [
    ["1", "1", "a"],
    ["2", "2", "\0"],
    ["3", "0", "c"],
  ];

  it.each([
    ["where the target has another value", ["2", "1", "b"]],
    ["where the target has NULL", ["2", null, "b"]],
    ["where the target has no such row", null],
  ])("makes its row a suspect %s", async (_, there) => {
    expect(wayOf(table)).toBe(way);
    const target = [source[0]!, ...(there === null ? [] : [there as Row]), source[2]!];
    const found = brief(table, await look(table, sidesOf(table, source, target)));
    if (key !== null) expect(found).toEqual([`${keyHex(table, source[1]!)} different 1 c1 c2`]);
    else expect(found).toEqual([" different 1 c1 c2", ...(there === null ? [] : [" extra 1"])]);
  });
});

describe("a key that the codec refuses", () => {
  it("ends the comparison with a sentence that names the column", async () => {
    const table = exampleTable(["int", "tinyint(1)"], [0, 1]);
    const sides = sidesOf(table, [["1", "2"]], [["1", "1"]]);
    const sentence = "t.c1 is part of the key and holds a number that is neither 0 nor 1";
    await expect(look(table, sides)).rejects.toThrow(sentence);
    await expect(look(table, sides)).rejects.toMatchObject({ code: "value-refused" });
  });
});

describe("keys that a server holds equal and that are not the same", () => {
  const table = exampleTable(["double", "int"], [0]);
  const zero = keyHex(table, ["0"]);
  const minus = keyHex(table, ["-0"]);

  it("are two keys, one on each side", async () => {
    const source: Row[] = [["-1", "1"], ["0", "1"], ["1", "1"]]; // prettier-ignore
    const target: Row[] = [["-1", "1"], ["-0", "1"], ["1", "1"], ["NaN", "1"]]; // prettier-ignore
    const found = brief(table, await look(table, sidesOf(table, source, target)));
    const nan = "00010000" + "00087ff8000000000000";
    expect(found).toEqual([`${zero} missing 1`, `${minus} extra 1`, `${nan} extra 1`].sort());
  });

  it("are looked at as two keys, whatever a server finds for one of them", async () => {
    const sides = sidesOf(table, [["0", "1"]], [["-0", "1"]]);
    const { look: target, reader } = sides.comparer;
    // As servers do: the zero of one sign finds that of the other.
    const comparer: Sides["comparer"] = {
      ...sides.comparer,
      look: {
        ...target,
        read: (query, sink, stop) => target.read({ ...query, wanted: { kind: "all" } }, sink, stop),
      },
      reader: {
        ...reader,
        read: ({ table: name, select, key, range, ordered }, sink, stop) =>
          reader.read({ table: name, select, key, range, ordered }, sink, stop),
      },
    };
    for (const [key, suspects] of [
      [zero, [`${zero} missing 1`]],
      [minus, [`${minus} extra 1`]],
    ] as const) {
      const one = await compareKeys(comparer, table, tuplesOf([Buffer.from(key, "hex")]), signal);
      expect(brief(table, one.suspects)).toEqual(suspects);
    }
  });

  it("are a day and 24 hours too", async () => {
    const durations = exampleTable(["time(6)"], [0]);
    const sides = sidesOf(durations, [["24:00:00.000000"], ["48:00:00.000000"]], []);
    const day = Buffer.from("0001" + "00000010" + "0000000000000000" + "00000001" + "00000000", "hex");
    const later = tupleOf(durations, ["48:00:00.000000"], [0]);
    const comparer: Sides["comparer"] = {
      ...sides.comparer,
      look: {
        ...sides.comparer.look,
        read: (_query, sink) => {
          for (const tuple of [day, later]) sink.tuple(tuple, 0, tuple.length);
          return Promise.resolve({ rows: 2 });
        },
      },
    };
    const found = brief(durations, await look(durations, { ...sides, comparer }));
    expect(found).toEqual(
      [`${day.toString("hex")} extra 1`, `${keyHex(durations, ["24:00:00.000000"])} missing 1`].sort(),
    );
  });
});

describe.each([
  ["stream", ["int", "longtext"]],
  ["keys", ["longtext", "longtext"]],
] as const)("keys of the target that no source has, compared as %s", (way, columns) => {
  const table = exampleTable(columns, [0]);

  it("are extra when they are NULL, also when they are looked at again", async () => {
    const sides = sidesOf(table, [["1", "a"]], [["1", "a"], [null, "b"], [null, "c"]]); // prettier-ignore
    const found = await look(table, sides);
    expect(wayOf(table)).toBe(way);
    expect(brief(table, found)).toEqual(["0001ffffffff extra 2"]);
    const again = await compareKeys(sides.comparer, table, tuplesOf([found[0]!.key]), signal);
    expect(brief(table, again.suspects)).toEqual(["0001ffffffff extra 2"]);
  });

  it("are extra once for each copy too many", async () => {
    const target: Row[] = [["1", "x"], ["1", "a"], ["1", "a"], ["2", "b"], ["2", "b"]]; // prettier-ignore
    const found = await look(table, sidesOf(table, [["1", "a"]], target));
    expect(brief(table, found)).toEqual([
      `${keyHex(table, ["1"])} extra 2`,
      `${keyHex(table, ["2"])} extra 2`,
    ]);
  });
});

describe("rows in no order", () => {
  it("end the comparison as a bug of ours, and not as rows that differ", async () => {
    const table = exampleTable(["int"], [0]);
    const rows: Row[] = [["1"], ["2"], ["3"], ["4"]];
    const sides = sidesOf(table, rows, [["4"], ["3"], ["2"], ["1"]], { unsorted: true });
    await expect(look(table, sides)).rejects.toThrow("The target gave rows of t in another order");
  });
});

describe("how a comparison ends and waits", () => {
  const table = exampleTable(["int", "longtext"], [0]);
  const text = "x".repeat(200);
  const rows = (count: number, from = 0): Row[] =>
    Array.from({ length: count }, (_, k) => [String(from + k), text]);

  it("holds both sides back while its suspects are not taken", async () => {
    const given = { source: 0, target: 0 };
    const counted = (side: "source" | "target", all: Row[]): Iterable<Row> => ({
      *[Symbol.iterator]() {
        for (const row of all) {
          given[side]++;
          yield row;
        }
      },
    });
    // Everything is missing, and everything else extra.
    const total = 20_000;
    const sides = sidesOf(table, counted("source", rows(total)), counted("target", rows(total, total)), {
      burst: 50,
      inOrder: true,
    });
    let taken = 0;
    let most = 0;
    const take = async (suspects: readonly Suspect[]): Promise<void> => {
      expect(suspects.length).toBeLessThanOrEqual(1000);
      // Until both sides rest: nothing moves any more but us.
      for (let before = -1; before !== given.source + given.target;) {
        before = given.source + given.target;
        for (let turn = 0; turn < 50; turn++) await Promise.resolve();
      }
      most = Math.max(most, given.source - taken, given.target - taken);
      taken += suspects.length;
    };
    const { rowsSource, rowsTarget } = await compareRange(sides.comparer, table, null, take, signal);
    expect([taken, rowsSource, rowsTarget]).toEqual([2 * total, String(total), String(total)]);
    expect(sides.asked.waits).toBeGreaterThan(2);
    // Five chunks of 192 KB of such rows, and a burst.
    expect(most).toBeLessThan(6000);
  });

  it("ends both readers when nobody takes its suspects", async () => {
    const sides = sidesOf(table, rows(50_000), rows(50_000, 50_000), { burst: 50 });
    const fault = new Fault("ledger-mismatch", "no more");
    await expect(compareRange(sides.comparer, table, null, () => Promise.reject(fault), signal)).rejects.toBe(
      fault,
    );
  });

  it("ends with the fault of either side", async () => {
    for (const side of ["reader", "look"] as const) {
      const sides = sidesOf(table, rows(50_000), rows(50_000), { burst: 50 });
      const fault = new Fault("connection-lost", "gone");
      const comparer = {
        ...sides.comparer,
        [side]: { ...sides.comparer[side], read: () => Promise.reject(fault) },
      };
      await expect(look(table, { ...sides, comparer })).rejects.toBe(fault);
    }
  });

  it("ends with the reason of the signal", async () => {
    const stop = new AbortController();
    const sides = sidesOf(table, rows(50_000), rows(50_000, 50_000), { burst: 50 });
    const fault = new Fault("interrupted", "stop");
    const take = (): Promise<void> => {
      stop.abort(fault);
      return Promise.resolve();
    };
    await expect(compareRange(sides.comparer, table, null, take, stop.signal)).rejects.toBe(fault);
  });

  it("does not believe a side that gave fewer rows than it says", async () => {
    const sides = sidesOf(table, rows(5), rows(5));
    const { look: target } = sides.comparer;
    const comparer = {
      ...sides.comparer,
      look: {
        ...target,
        read: async (...asked: Parameters<typeof target.read>) => ({
          rows: (await target.read(...asked)).rows + 1,
        }),
      },
    };
    await expect(look(table, { ...sides, comparer })).rejects.toMatchObject({ code: "range-incomplete" });
  });

  it("finds one byte in rows larger than any buffer", async () => {
    for (const columns of [
      ["int", "longtext"],
      ["longtext", "longtext"],
    ] as const) {
      const large = exampleTable(columns, [0]);
      const huge = "y".repeat(3_000_000);
      const all: Row[] = [["1", "a"], ["2", huge], ["3", huge], ["4", "b"]]; // prettier-ignore
      const target = all.map((row) => (row[0] === "3" ? ["3", huge.slice(0, -1) + "z"] : row));
      const found = await look(large, sidesOf(large, all, target));
      expect(brief(large, found)).toEqual([`${keyHex(large, ["3"])} different 1 c1`]);
    }
  });

  it("hashes the source's tuples in the order of their keys", async () => {
    const digest = async (all: Row[]): Promise<string | null> =>
      (await compareRange(sidesOf(table, all, all).comparer, table, null, () => Promise.resolve(), signal))
        .digest;
    const [first, second] = [await digest(rows(3000)), await digest(rows(3000).reverse())];
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(second).toBe(first);
    expect(await digest([...rows(2999), ["2999", text + "y"]])).not.toBe(first);
  });
});

it("a second copy of a key is told apart from a row that is nobody's", async () => {
  for (const [, columns] of shapes.slice(0, 2)) {
    const table = exampleTable(columns, [0]);
    const one: Row = ["1", "1", "a"];
    const target: Row[] = [one, ["1", "0", "b"], ["7", "1", "x"], ["7", "1", "x"]];
    const keys = [one, ["7", null, null]].map((row) => tupleOf(table, row, keyPlaces(table)));
    const { comparer } = sidesOf(table, [one], target);
    const { suspects } = await compareKeys(comparer, table, tuplesOf(keys), signal);
    expect(suspects.map(({ kind, copies, duplicate = false }) => [kind, copies, duplicate])).toEqual([
      ["extra", 1, true],
      ["extra", 2, false],
    ]);
  }
});
