/** What `--hold` takes, and what it refuses instead of guessing. */
import { describe, expect, it } from "vitest";
import type { PlanTable } from "../model.js";
import { heldOf, holdText } from "../snapshot/holds.js";
import { readHolds } from "./hold.js";

const tables = ["big", "odd:7", "small"].map((source): PlanTable => ({
  source,
  target: source,
  lane: "main",
  key: null,
  columns: [],
  estimatedRows: 1,
  estimatedBytes: 1,
  exactCut: false,
}));
const read = (...flags: string[]): string[] => readHolds(flags, tables).map(holdText);

describe("--hold", () => {
  it("takes tables, ranges and stretches of ranges; what touches becomes one", () => {
    expect(read()).toEqual([]);
    expect(read("small", "big:4", "odd:7", "big:9-12", "big:2-3", "big:10")).toEqual([
      "big:2-4",
      "big:9-12",
      "odd:7",
      "small",
    ]);
    expect(read("big:3-5", "big", "big:9")).toEqual(["big"]);
    expect(read("odd:7:7", "odd:7:8-8")).toEqual(["odd:7:7-8"]);
  });

  it.each(["nothing", "nothing:3", "big:5-2", "big:x", "big:", "big:-1", "big:1-", "big:12345678901", ""])(
    "refuses %j",
    (flag) => {
      expect(() => readHolds([flag], tables)).toThrow(expect.objectContaining({ code: "usage" }));
    },
  );

  it("counts what is held of the ranges that there are", () => {
    const holds = readHolds(["big:2-4", "big:9", "small"], tables);
    expect([heldOf(holds, "big", 20), heldOf(holds, "big", 4), heldOf(holds, "small", 3)]).toEqual([4, 2, 3]);
    expect(heldOf(holds, "odd:7", 3)).toBe(0);
  });
});
