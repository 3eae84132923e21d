/** What a comparison cannot see is told column by column, all of what the digest is known to be blind to. */
import { expect, it } from "vitest";
import { planColumn, planTable } from "../typemap/column.fixture.js";
import { columnsCompared } from "./unseen.js";

const table = planTable(
  [
    planColumn("int", "integer", {}, [], "id"),
    planColumn("double", "double precision", {}, [], "d"),
    planColumn("datetime(6)", "timestamp(6) without time zone", {}, [], "at"),
    planColumn("decimal(10,2)", "numeric(12,4)", {}, [], "n"),
    planColumn("set", "text[]", {}, ["a", "b"], "tags"),
    planColumn("json", "jsonb", {}, [], "doc"),
  ],
  ["id"],
);

it("a digest's blindness is told of every column that has one, and of no streamed comparison", () => {
  const doc = "doc: jsonb keeps no blanks, no order of keys, and of a key given twice the last one.";
  expect(columnsCompared(table, "mysql", "stream").unseen).toEqual([doc]);
  expect(columnsCompared(table, "mysql", "digest").unseen).toEqual([
    doc,
    "d: the digest does not see the sign of zero.",
    "at: the digest does not see an era before Christ.",
    "n: the digest does not see digits past the source's scale.",
    "tags: the digest does not see whether a comma parts two members or stands in one, and members that are NULL.",
    "doc: has no exact text in the servers, so it is streamed: the two servers print numbers in JSON differently.",
  ]);
});
