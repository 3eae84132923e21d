/** The documentation's list of functions is the code's. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { functionNames } from "./functions.js";

it("docs/translation.md names every function of the subset, and no other", () => {
  const text = readFileSync("docs/translation.md", "utf8");
  const listed = /^- Functions: ([A-Z_ ]+)\.$/m.exec(text)?.[1]?.split(" ") ?? [];
  expect(listed).toEqual(functionNames());
});
