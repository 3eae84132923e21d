import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { closest, distance } from "./nearest.js";

describe("the nearest known key", () => {
  it("is counted in letters put in, taken out or changed", () => {
    for (const [from, to, steps] of [
      ["", "", 0],
      ["", "abc", 3],
      ["kitten", "sitting", 3],
      ["flaw", "lawn", 2],
      ["rangerows", "rangeRows", 1],
      ["workers", "worker", 1],
    ] as const)
      expect(distance(from, to), `${from} ${to}`).toBe(steps);
  });

  it("is as far there as back, nought only from itself, and never farther by way of a third", () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(distance(a, b)).toBe(distance(b, a));
        expect(distance(a, b) === 0).toBe(a === b);
        expect(distance(a, c)).toBeLessThanOrEqual(distance(a, b) + distance(b, c));
      }),
    );
  });

  it("is the first of several that are as near, and none where there are no keys", () => {
    expect(closest("sorce", ["target", "source", "force"])).toBe("source");
    expect(closest("a", ["b", "c"])).toBe("b");
    expect(closest("a", [])).toBeUndefined();
  });
});
