import { expect, it } from "vitest";
import { catalogue, counter, table } from "./example-catalogue.js";
import { helperIn, helperOf, withoutHelpers } from "./online-change.js";

const tables = ["t", "order_items", "_odd", "Users", "t_new", "x".repeat(62)];

it.each([
  ["_t_gho", "gh-ost", "t"],
  ["_t_ghc", "gh-ost", "t"],
  ["_t_del", "gh-ost", "t"],
  ["_t_20261127113000_del", "gh-ost", "t"],
  ["_order_items_gho", "gh-ost", "order_items"],
  ["_t_new", "pt-online-schema-change", "t"],
  ["__t_old", "pt-online-schema-change", "t"],
  ["__odd_new", "pt-online-schema-change", "_odd"],
  ["_users_new", "pt-online-schema-change", "Users"],
  ["_t_new_new", "pt-online-schema-change", "t_new"],
  ["lhmn_users", "LHM", "Users"],
  ["lhma_2026_11_27_11_30_00_123_users", "LHM", "Users"],
  ["__osc_new_t", "OnlineSchemaChange", "t"],
  [`_${"x".repeat(59)}_gho`, "gh-ost", "x".repeat(62)],
])("%s is %s's, beside %s", (name, tool, of) => {
  expect(helperOf(name, tables)).toEqual({ name, tool, of });
});

it.each([
  "t",
  "t_new",
  "t_old",
  "_t",
  "_u_gho",
  "_order_item_gho",
  "_gho",
  "__new",
  "t_gho",
  "lhmn_",
  "news",
])("%s is nobody's", (name) => {
  expect(helperOf(name, tables)).toBeNull();
});

it("is found in a statement, in quotes and beside its database", () => {
  expect(helperIn("rename table `shop`.`t` to `shop`.`_t_del`, shop._t_gho to t", tables)?.name).toBe(
    "_t_del",
  );
  expect(helperIn("ALTER TABLE t RENAME TO t_old", tables)).toBeNull();
});

it("is left out of a catalogue where a migration began without it", () => {
  const names = ["t", "_t_gho", "audit", "_audit_new", "_t_old", "other_old"];
  const all = catalogue(names.map((name) => table(name, [counter()])));
  const left = (begun: readonly string[]): readonly string[] =>
    withoutHelpers(all, begun).catalogue.tables.map(({ name }) => name);
  expect(left(["t"])).toEqual(["t", "audit", "other_old"]);
  expect(left(["t", "_t_old"])).toEqual(["t", "audit", "_t_old", "other_old"]);
  expect(left([])).toEqual(names);
});
