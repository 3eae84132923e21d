/**
 * Tests that end in every way there is, for reporter.test.ts to count. Not run with the others.
 */
import { beforeAll, describe, expect, it } from "vitest";

it("passes", () => {
  expect(1).toBe(1);
});

it("fails", () => {
  expect(1).toBe(2);
});

it("is skipped and says why", ({ skip }) => {
  skip("no ../shared/corpus here");
});

it.skip("is skipped in silence", () => {
  expect(1).toBe(1);
});

it("is skipped with an empty reason", ({ skip }) => {
  skip(" ");
});

it.todo("is not written");

describe("a suite that cannot begin", () => {
  beforeAll(() => {
    throw new Error("no server");
  });

  it("has a test", () => {
    expect(1).toBe(1);
  });
});

it("leaves a failure behind", () => {
  void Promise.reject(new Error("too late"));
});
