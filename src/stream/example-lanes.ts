/** A table in each of two lanes, for the tests of lanes that are not at the same place. Nothing but tests imports this file. */
import { exampleTable } from "./example-rows.js";
import type { Row } from "./example-rows.js";
import { ExampleWorld } from "./example-world.js";
import type { Entry, WorldOptions } from "./example-world.js";

export const t = exampleTable({ name: "t", columns: { id: "int", v: "int" }, key: ["id"] });
export const other = exampleTable({
  name: "other",
  lane: "two",
  columns: { id: "int", v: "int" },
  key: ["id"],
});

const inTable =
  (table: string) =>
  (...rows: readonly Row[]): Entry => ({
    changes: rows.map((row) => ({ table, before: null, after: row })),
  });
export const insert = inTable("t");
export const inOther = inTable("other");

export const world = (log: readonly Entry[], more: Partial<WorldOptions> = {}): ExampleWorld =>
  new ExampleWorld({ tables: [t, other], log, ...more });
