/** The shape of names that Headgate creates. */
import { expect, it } from "vitest";
import { createdNameProblem, isReserved } from "./reserved.js";

it.each(["a", "_x1", "Orders", "a".repeat(63), "orders_2024"])("%s may be created", (name) => {
  expect(createdNameProblem(name)).toBeNull();
});

it.each(["", "1a", "a-b", "a b", 'a"b', "a;b", "é", "a".repeat(64), "a\n", "a\0"])("%j may not", (name) => {
  expect(createdNameProblem(name)).toMatch(/is not letters/);
});

it.each(["user", "ORDER", "Select", "verbose", "system_user"])("%s is reserved", (name) => {
  expect(isReserved(name)).toBe(true);
  expect(createdNameProblem(name)).toMatch(/reserved word/);
});
