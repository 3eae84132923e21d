/** Guesses lie where they ought to: past the smaller value, not past the larger, in the middle where a middle exists. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KeyColumn, KeyKind } from "./key.js";
import { midpoints } from "./midpoint.js";

const column = (kind: KeyKind, fsp = 0, scale = 0): KeyColumn => ({
  name: "k",
  kind,
  read: [],
  bind: "?",
  bindHex: null,
  fsp,
  scale,
  width: 0,
});

describe("midpoints", () => {
  it.each([
    ["integer", "1", "3", "2"],
    ["integer", "1", "2", "2"],
    ["integer", "-9223372036854775808", "9223372036854775807", "0"],
    ["integer", "0", "18446744073709551615", "9223372036854775808"],
    ["decimal", "-1.50", "-1.00", "-1.25"],
    ["decimal", "0.01", "0.02", "0.02"],
    ["binary", "ab00", "abff", "ab7f"],
    ["date", "2024-01-31", "2024-03-01", "2024-02-16"],
    ["datetime", "1000-01-01 00:00:00.000000", "9999-12-31 23:59:59.999999", "5500-01-01 00:00:00.500000"],
    ["time", "-838:59:59.00", "838:59:59.00", "00:00:00.00"],
    ["text", "a", "c", "b"],
    ["text", "user-0000", "user-zzzz", "user-i"],
  ] as const)("%s between %s and %s", (kind, min, max, middle) => {
    const fsp = kind === "datetime" ? 6 : 2;
    const [best] = midpoints(column(kind, fsp, 2), min, max);
    if (kind === "datetime") expect(best?.slice(0, 4)).toBe("5500");
    else expect(best).toBe(middle);
  });

  it("ends with the larger value, which parts what cannot be halved", () => {
    expect(midpoints(column("text"), "日", "本").at(-1)).toBe("本");
    expect(midpoints(column("text"), "\\xff", "\\xfe")).toEqual(["\\xfe"]);
    expect(midpoints(column("opaque"), "a", "b")).toEqual([]);
  });

  it("halves integers of any size", () => {
    const number = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(number, number, (a, b) => {
        fc.pre(a !== b);
        const [min, max] = a < b ? [a, b] : [b, a];
        const [best] = midpoints(column("integer"), String(min), String(max));
        const middle = BigInt(best ?? "x");
        expect(middle > min && middle <= max).toBe(true);
        expect(2n * middle - min - max <= 2n && min + max - 2n * middle <= 2n).toBe(true);
      }),
    );
  });

  it("halves bytes so that the guess sorts between them", () => {
    const hex = fc
      .uint8Array({ minLength: 1, maxLength: 20 })
      .map((bytes) => Buffer.from(bytes).toString("hex"));
    fc.assert(
      fc.property(hex, hex, (a, b) => {
        fc.pre(a !== b);
        const [min, max] = a < b ? [a, b] : [b, a];
        for (const guess of midpoints(column("binary"), min, max)) {
          expect(guess > min && guess <= max).toBe(true);
          expect(guess.length % 2).toBe(0);
        }
      }),
    );
  });
});
