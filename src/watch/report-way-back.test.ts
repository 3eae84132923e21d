import { expect, it } from "vitest";
import { wayBackReport } from "./report-way-back.js";
import type { SoakRecords } from "./report-way-back.js";

const records: SoakRecords = {
  cutover: "m-2",
  clean: [
    { table: "orders", seq: "17", at: "2026-11-28T10:00:05.000Z" },
    { table: "users", seq: "19", at: "2026-11-28T10:00:15.000Z" },
  ],
  records: [
    { table: "users", state: "different" },
    { table: "users", state: "different" },
    { table: "words", state: "suspect" },
  ],
};

it("tells which tables stand as equal on the way back, since when, and which rows do not", () => {
  const { tables, sentences } = wayBackReport("m-2", records, ["orders", "users", "words"]);
  expect(tables).toEqual([
    { table: "orders", equal: { seq: "17", at: "2026-11-28T10:00:05.000Z" }, different: 0, pending: 0 },
    { table: "users", equal: { seq: "19", at: "2026-11-28T10:00:15.000Z" }, different: 2, pending: 0 },
    { table: "words", equal: null, different: 0, pending: 1 },
  ]);
  expect(sentences).toEqual([
    "On the way back, 2 of 3 tables stand as equal up to a batch that is on record, compared between 2026-11-28T10:00:05.000Z and 2026-11-28T10:00:15.000Z; what was written since is compared as it comes.",
    "Nothing is claimed of words: to be compared as a whole.",
    "2 rows are on record as different on the way back: users (2).",
    "1 row is looked at again before anything is said of it.",
  ]);
});

it("claims nothing by another soak's records, or by none", () => {
  for (const none of [records, null]) {
    const { tables, sentences } = wayBackReport("m-3", none, ["orders"]);
    expect(tables).toEqual([]);
    expect(sentences).toEqual([
      expect.stringContaining("m-3 has compared on the way back is kept by its engine"),
    ]);
  }
});
