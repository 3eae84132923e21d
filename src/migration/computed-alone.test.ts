import { expect, it } from "vitest";
import type { Plan } from "../model.js";
import { catalogue, counter, index, request, table } from "../plan/example-catalogue.js";
import { plan as planned } from "../plan/plan.js";
import { column } from "../typemap/example-column.js";
import type { Suspect } from "../verify-port.js";
import { computedAlone } from "./computed-alone.js";

const users = table(
  "users",
  [
    counter(),
    column("note", "int"),
    column("total", "int", { generated: { expression: "`id` + `note`", stored: true } }),
  ],
  { indexes: [index("PRIMARY", ["id"])] },
);
const made = planned(catalogue([users]), request());
/** As where nobody could translate the expression. */
const plan: Plan = { ...made, generated: [] };
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
