/** The book of ranges: what is ready, what is left, and when a lane is complete, also after it was counted again. */
import { describe, expect, it } from "vitest";
import type { PlanTable } from "../model.js";
import type { LedgerView, TableProgress } from "../port.js";
import { RangeBook } from "./ranges.js";

function table(source: string, lane: string, bytes: number): PlanTable {
  return {
    source,
    target: source,
    lane,
    key: { index: "PRIMARY", columns: ["id"], primary: true },
    columns: [],
    estimatedRows: 1,
    estimatedBytes: bytes,
    exactCut: false,
  };
}

const a = table("a", "one", 10);
const b = table("b", "one", 1000);
const c = table("c", "two", 100);

function view(...tables: Partial<TableProgress>[]): LedgerView {
  return {
    state: "copying",
    since: "",
    fingerprint: "",
    epoch: "1",
    holder: null,
    pace: null,
    tables: tables.map((one) => ({
      table: "",
      split: true,
      ranges: 0,
      rangesDone: 0,
      rangesHeld: 0,
      rows: 0,
      bytes: 0,
      cut: null,
      reopened: false,
      ...one,
    })),
    built: [],
    policies: [],
    lanes: [],
    phases: [],
    holds: [],
    quarantine: [],
  };
}

describe("the book of ranges", () => {
  it("of a new migration has nothing ready, and all to split, biggest first", () => {
    const book = new RangeBook([a, b, c], view({ table: "a", split: false }));
    expect(book.unsplit.map((one) => one.source)).toEqual(["b", "c", "a"]);
    expect([...book.ready.keys()]).toEqual([]);
    expect([book.finished, book.complete("one"), book.complete("none")]).toEqual([false, false, true]);
  });

  it("calls a lane complete with its last range, and not while a table of it is unsplit", () => {
    const book = new RangeBook([a, b, c], view());
    book.split(b, 2);
    expect([...book.ready.keys()]).toEqual(["b"]);
    expect([book.done(b), book.done(b)]).toEqual([false, false]);
    expect([...book.ready.keys()]).toEqual([]);
    book.split(a, 1);
    expect(book.done(a)).toBe(true);
    expect(book.finished).toBe(false);
    book.split(c, 1);
    expect(book.done(c)).toBe(true);
    expect(book.finished).toBe(true);
  });

  it("goes on from what the ledger knows", () => {
    const book = new RangeBook(
      [a, b, c],
      view({ table: "a", ranges: 1, rangesDone: 1 }, { table: "b", ranges: 5, rangesDone: 3 }),
    );
    expect(book.unsplit).toEqual([c]);
    expect([...book.ready.keys()]).toEqual(["b"]);
    expect([book.done(b), book.done(b)]).toEqual([false, true]);
  });

  it("counts again when a connection took the outcome of a range with it", () => {
    const book = new RangeBook([a], view({ table: "a", ranges: 2, rangesDone: 0 }));
    book.done(a);
    book.refresh(view({ table: "a", ranges: 2, rangesDone: 2 }));
    expect(book.finished).toBe(true);
    book.refresh(view({ table: "a", ranges: 2, rangesDone: 1 }));
    expect([book.finished, [...book.ready.keys()]]).toEqual([false, ["a"]]);
  });
});
