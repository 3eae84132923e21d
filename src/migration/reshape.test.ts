import { expect, it } from "vitest";
import type { SourceTable } from "../model.js";
import { readPlan, planText } from "../plan/file.js";
import { catalogue, counter, foreign, index, request, table } from "../plan/example-catalogue.js";
import { plan } from "../plan/plan.js";
import { column } from "../typemap/example-column.js";
import { reshaping } from "./reshape.js";

const columns = [counter(), column("v", "varchar(20)"), column("n", "int")];
const key = index("PRIMARY", ["id"]);
const t = (more: Partial<SourceTable> = {}, own = columns): SourceTable =>
  table("t", own, { indexes: [key], ...more });
const u = table("u", [counter(), column("t_id", "int")], {
  foreignKeys: [foreign("u_t", "t_id", "t", "id")],
});

const made = (...tables: readonly SourceTable[]) => plan(catalogue(tables), request());
/** As it comes back from its file. */
const before = readPlan(planText(made(t(), u)));

it.each([
  ["nothing", t(), []],
  ["the next counter, rows, sizes", t({ autoIncrement: "7000", estimatedRows: 5_000, dataBytes: 1 }), []],
  ["another type", t({}, [counter(), column("v", "varchar(25)"), column("n", "int")]), ["t"]],
  ["a column gone", t({}, columns.slice(0, 2)), ["t"]],
  ["a column renamed", t({}, [counter(), column("w", "varchar(20)"), column("n", "int")]), ["t"]],
  ["a column in between", t({}, [counter(), column("x", "int"), ...columns.slice(1)]), ["t"]],
  ["another order", t({}, [counter(), column("n", "int"), column("v", "varchar(20)")]), ["t"]],
  ["another key", t({ indexes: [index("PRIMARY", ["id", "n"])] }), ["t"]],
  [
    "another comment",
    t({}, [counter(), column("v", "varchar(20)", { comment: "new" }), column("n", "int")]),
    [],
  ],
  [
    "another default",
    t({}, [
      counter(),
      column("v", "varchar(20)", { default: { kind: "literal", text: "x" } }),
      column("n", "int"),
    ]),
    [],
  ],
  ["one index more", t({ indexes: [key, index("n", ["n"])] }), []],
])("%s", (_, now, rebuild) => {
  expect(reshaping(before, made(now, u))).toEqual({ rebuild, added: [], refused: [] });
});

it("counts an index too where the log before it is still to come", () => {
  const now = made(t({ indexes: [key, index("n", ["n"])] }), u);
  expect(reshaping(before, now, true).rebuild).toEqual(["t"]);
  const spoken = t({}, [counter(), column("v", "varchar(20)", { comment: "new" }), column("n", "int")]);
  expect(reshaping(before, made(spoken, u), true).rebuild).toEqual(["t"]);
  expect(reshaping(before, made(t({ autoIncrement: "7000" }), u), true).rebuild).toEqual([]);
});

it("takes new tables in, and refuses where one is gone or would travel elsewhere", () => {
  expect(reshaping(before, made(t(), u, table("later", [counter()])))).toMatchObject({
    rebuild: [],
    added: ["later"],
  });
  expect(reshaping(before, made(t())).refused).toEqual([expect.stringContaining("u is gone")]);
  const lanes = plan(catalogue([t(), u]), request({ lanes: "auto" }));
  expect(reshaping(before, lanes).refused.length).toBeGreaterThan(0);
});
