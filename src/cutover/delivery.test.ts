import fc from "fast-check";
import { expect, it } from "vitest";
import { deliverySentences } from "./delivery.js";
import type { Delivered } from "./delivery.js";

const night: Delivered = {
  migration: "20261122_shop",
  from: "MySQL 9.7.4",
  to: "PostgreSQL 18.4",
  tables: 14,
  rows: 1_043_343n,
  pauses: [{ of: "cutover", seconds: 1.2345 }],
  lagSeconds: 0.1,
  proof: { equal: true, keysAtFence: 312n, rowsCleanBefore: 1_043_031n, rowsAtFence: 0n },
};

it("says what was moved, what it cost and what was proven, in measured figures", () => {
  expect(deliverySentences(night)).toEqual([
    "20261122_shop: 1,043,343 rows in 14 tables moved from MySQL 9.7.4 to PostgreSQL 18.4.",
    "Writes were stopped 1.234 s for the cutover.",
    "The stream was 0.100 s behind when writes stopped.",
    "Proof: 312 keys compared while nobody could write, and 1,043,031 rows before that which nothing touched since; no difference was found.",
  ]);
  const twice = deliverySentences({
    ...night,
    pauses: [
      { of: "cutover", seconds: 1 },
      { of: "rollback", seconds: null },
      { of: "cutover", seconds: 12.34 },
    ],
    proof: { ...night.proof, rowsAtFence: 1n },
  });
  expect(twice[1]).toBe(
    "Writes were stopped 1.000 s for the cutover, for a time that was not measured for the rollback, 12.3 s for the cutover; 13.3 s in all that is known.",
  );
  expect(twice[3]).toContain("312 keys and 1 row of whole tables compared while nobody could write");
});

const seconds = fc.oneof(
  fc.constant(0),
  fc.constant(Number.MIN_VALUE),
  fc.double({ min: 0, max: 4000, noNaN: true }),
  fc.constant(null),
);
const any: fc.Arbitrary<Delivered> = fc.record({
  migration: fc.constant("m"),
  from: fc.constant("MySQL 9"),
  to: fc.constant("PostgreSQL 18"),
  tables: fc.nat(),
  rows: fc.option(fc.bigInt({ min: 0n, max: 1n << 63n })),
  pauses: fc.array(
    fc.record({
      of: fc.constantFrom("cutover" as const, "rollback" as const, "aborted cutover" as const),
      seconds,
    }),
    { maxLength: 4 },
  ),
  lagSeconds: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true })),
  proof: fc.record({
    equal: fc.boolean(),
    keysAtFence: fc.bigInt({ min: 0n, max: 1n << 63n }),
    rowsCleanBefore: fc.bigInt({ min: 0n, max: 1n << 63n }),
    rowsAtFence: fc.bigInt({ min: 0n, max: 1n << 63n }),
  }),
});

it("says zero downtime of a pause that was exactly zero, and of no other", () => {
  fc.assert(
    fc.property(any, (done) => {
      const text = deliverySentences(done).join("\n");
      const zero = done.pauses.length > 0 && done.pauses.every((pause) => pause.seconds === 0);
      expect(/zero|no downtime|never stopped/iu.test(text)).toBe(zero);
      // A pause that was not zero is not rounded to one.
      for (const pause of done.pauses)
        if (pause.seconds !== null && pause.seconds > 0) expect(text).not.toMatch(/(?<![\d.])0\.000 s/u);
    }),
  );
});

it("calls nothing proven that was not found equal, and leaves no unmeasured figure out", () => {
  fc.assert(
    fc.property(any, (done) => {
      const [rows = "", pause = "", lag = "", proof = ""] = deliverySentences(done);
      expect(proof.startsWith("Proof:")).toBe(done.proof.equal);
      expect(rows.includes("nobody counted")).toBe(done.rows === null);
      expect(lag.includes("not known")).toBe(done.lagSeconds === null);
      const unmeasured = done.pauses.length === 0 || done.pauses.some(({ seconds: one }) => one === null);
      expect(pause.includes("not measured")).toBe(unmeasured);
    }),
  );
});
