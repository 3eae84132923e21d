import { expect, it } from "vitest";
import { isExact, reckon } from "./receipts.js";

const receipts = new Map([
  ["a", "acknowledged"],
  ["b", "acknowledged"],
  ["f", "failed"],
  ["u", "unknown"],
] as const);

it("finds every acknowledged write exactly once, and what was lost at COMMIT once or not at all", () => {
  expect(isExact(reckon(receipts, ["a", "b"]))).toBe(true);
  expect(isExact(reckon(receipts, ["u", "b", "a"]))).toBe(true);
  expect(reckon(receipts, ["a"]).lost).toEqual(["b"]);
  expect(reckon(receipts, ["a", "b", "a"]).twice).toEqual(["a"]);
  expect(reckon(receipts, ["a", "b", "u", "u"]).twice).toEqual(["u"]);
  expect(reckon(receipts, ["a", "b", "f", "x"]).uncalledFor).toEqual(["f", "x"]);
});
