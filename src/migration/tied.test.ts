import { describe, expect, it } from "vitest";
import type { PlanForeignKey, PlanTable, ReferentialAction } from "../model.js";
import { copiesAgain, tiedSets } from "./tied.js";

function table(
  source: string,
  ...keys: readonly [to: string, onDelete: ReferentialAction, onUpdate?: ReferentialAction][]
): PlanTable {
  const foreignKeys = keys.map(([referencedTable, onDelete, onUpdate = "restrict"]): PlanForeignKey => ({
    name: `${source}_${referencedTable}`,
    columns: ["other"],
    referencedTable,
    referencedColumns: ["id"],
    onDelete,
    onUpdate,
    orphans: "refuse",
  }));
  return {
    source,
    target: source,
    lane: "main",
    key: null,
    columns: [],
    estimatedRows: 0,
    estimatedBytes: 0,
    exactCut: false,
    foreignKeys,
  };
}

describe("tied sets", () => {
  it("are what acting foreign keys connect, each table once, and nothing else", () => {
    const tables = [
      table("authors"),
      table("books", ["authors", "cascade"]),
      table("pages", ["books", "set null"]),
      table("rooms"),
      table("desks", ["rooms", "restrict", "cascade"]),
      table("plain", ["authors", "restrict", "no action"]),
      table("tree", ["tree", "cascade"]),
    ];
    expect(tiedSets(tables)).toEqual([["authors", "books", "pages"], ["rooms", "desks"], ["tree"]]);
  });

  it("join two sets that a later table ties together", () => {
    const tables = [table("a"), table("b"), table("c", ["a", "cascade"], ["b", "restrict", "set default"])];
    expect(tiedSets(tables)).toEqual([["a", "b", "c"]]);
  });
});

describe("a run that goes on", () => {
  const position = { kind: "file", file: "b.1", offset: "4" } as const;
  const view = (done: number, joined: boolean, reopened = false): Parameters<typeof copiesAgain>[0] => ({
    ...({ state: "streaming", since: "", fingerprint: "", epoch: "1", holder: null, pace: null } as const),
    ...{ built: [], policies: [], phases: [], holds: [], quarantine: [] },
    tables: [
      {
        ...{ table: "a", split: true, ranges: 2, rangesDone: done },
        ...{ rangesHeld: 0, rows: 0, bytes: 0, cut: null, reopened },
      },
    ],
    lanes: [
      { lane: "main", start: null, join: joined ? { position, marker: "1" } : null, seq: "0", applied: null },
    ],
  });

  it("cuts what was opened again or taken in past the join, and nothing before it", () => {
    expect(copiesAgain(view(2, true), [table("a")])).toBe(false);
    expect(copiesAgain(view(1, true), [table("a")])).toBe(true);
    expect(copiesAgain(view(2, true), [table("a"), table("b")])).toBe(true);
    expect(copiesAgain(view(1, false), [table("a"), table("b")])).toBe(false);
    // What the log holds of it before the cut may be of another shape.
    expect(copiesAgain(view(1, false, true), [table("a")])).toBe(true);
    expect(copiesAgain(view(2, false, true), [table("a")])).toBe(false);
  });
});
