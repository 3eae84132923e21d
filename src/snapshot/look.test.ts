/** What is told while values are looked at: which large table has its turn, and of small ones nothing. */
import { expect, it } from "vitest";
import { planColumn, planTable } from "../typemap/column.fixture.js";
import { lookAtValues } from "./look.js";

it("names a table of many rows as its turn comes, once", async () => {
  const told: string[] = [];
  const table = (source: string, estimatedRows: number) => ({
    ...planTable([planColumn("int", "integer")]),
    ...{ source, estimatedRows },
  });
  const tables = [table("small", 999_999), table("large", 1_000_000)];
  const source = {
    profiler: () =>
      Promise.resolve({
        profile: () => Promise.resolve([]),
        load: () => Promise.reject(new Error("not asked")),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
  };
  const options = {
    ...{ workers: 2, slots: 2, sample: null, showValues: false, throttle: null },
    wait: () => Promise.reject(new Error("not asked")),
    onWait: (sentence: string) => void told.push(sentence),
  };
  expect(await lookAtValues(source, tables, options, new AbortController().signal)).toEqual([]);
  expect(told).toEqual(["Looking at the values of large, about 1,000,000 rows."]);
});
