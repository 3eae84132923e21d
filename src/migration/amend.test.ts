import { expect, it } from "vitest";
import { planColumn, planTable } from "../typemap/column.fixture.js";
import { readAgain } from "./amend.js";

const added = (name: string, nullable = true) => {
  const column = planColumn("int", "integer", {}, [], name);
  return { table: planTable([], []), column: { ...column, column: { ...column.column, nullable } } };
};
const [
  {
    table: { source: name },
  },
] = [added("a")];

it.each([
  ["ALTER TABLE t ADD a INT", ["a"], false],
  ["ALTER TABLE `t` ADD COLUMN `a` INT", ["a"], false],
  ["alter table t add column if not exists a int, add b int", ["a", "b"], false],
  ["ALTER TABLE t ADD (a INT, b INT)", ["a", "b"], false],
  // Of b nothing is known: rows that have a and no b may lie before it in the log.
  ["ALTER TABLE t ADD a INT", ["a", "b"], true],
  ["ALTER TABLE t ADD a INT COMMENT 'column b'", ["a", "more"], true],
  ["ALTER TABLE t ADD INDEX (a)", ["a"], true],
  ["ALTER TABLE `shop` . t ADD a INT", ["a"], false],
  // Another table's column of the same name says nothing of this one's.
  ["ALTER TABLE u ADD a INT", ["a"], true],
] as const)("after %s with %j new, the table is read again: %s", (statement, columns, again) => {
  const found = readAgain(
    columns.map((column) => added(column)),
    [statement],
  );
  expect(found).toEqual(again ? [name] : []);
});

it("a column that has a value in rows that were there is read again, whoever added it", () => {
  expect(readAgain([added("a", false)], ["ALTER TABLE t ADD a INT NOT NULL"])).toEqual([name]);
});
