import { expect, it } from "vitest";
import type { Plan } from "../model.js";
import { column } from "../typemap/example-column.js";
import type { Suspect } from "../verify-port.js";
import { syntheticPlan } from "../../test/world/synthetic.js";
import { computedAlone } from "./computed-alone.js";

const base = syntheticPlan([{ name: "users", rows: 1 }]);
const plan: Plan = {
  ...base,
  tables: base.tables.map((table) => ({
    ...table,
    columns: ["id", "note", "total"].map((name) => ({
      ...table.columns[0]!,
      source: name,
      target: name,
      column: column(
        name,
        "int",
        name === "total" ? { generated: { expression: "a + b", stored: true } } : {},
      ),
    })),
  })),
};
const row = (columns: readonly string[], kind: Suspect["kind"] = "different"): Suspect => ({
  ...{ table: "users", key: Buffer.from([1]), kind, columns, copies: 1 },
});

it("says of rows that differ in a computed column alone that the way back leaves it out", () => {
  const [sentence, ...more] = computedAlone(plan, [row(["total"]), row(["total"]), row(["note", "total"])]);
  expect(more).toEqual([]);
  expect(sentence).toContain("users: 2 rows differ in total alone, which the source computes itself");
  expect(sentence).toContain("Set it there to what the source gives, then headgate rollback.");
});

it("has the statement where the expression is translated", () => {
  const generated = [
    { object: "users.total", table: plan.tables[0]!.target, column: "total", sql: '"a" + "b"' },
  ];
  const [sentence] = computedAlone({ ...plan, generated }, [row(["total"])]);
  expect(sentence).toContain(`SET "total" = ("a" + "b");`);
});

it("says nothing of rows that differ in what the application writes, or are missing", () => {
  expect(computedAlone(plan, [row(["note"]), row(["note", "total"]), row([], "extra")])).toEqual([]);
});
