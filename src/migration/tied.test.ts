import { describe, expect, it } from "vitest";
import type { PlanForeignKey, PlanTable, ReferentialAction } from "../model.js";
import { tiedSets } from "./tied.js";

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
