import { expect, it } from "vitest";
import type { CountVerdict } from "../verify/counts.js";
import { verifyResult } from "./verify-body.js";
import { countsBody } from "./verify-part.js";

const example = {
  ...{ table: "t", rowsSource: 9, rowsTarget: 9, compared: "whole", keysCompared: 0 },
  ...{ differences: 0, pending: 0, mismatches: [] },
};

function told(table: Record<string, unknown>, over: Record<string, unknown> = {}) {
  const each: typeof example = { ...example, ...table };
  const { differences, pending } = each;
  const body = { differences, pending, seconds: 1, mismatchFile: null, orphans: [], queries: [] };
  return verifyResult("m", { ...body, tables: [each], ...over });
}

it("nothing differs and nothing is open: done", () => {
  const { exit, human } = told({});
  expect(exit).toBe(0);
  expect(human.at(-1)).toBe("m: no row differs in 1 table; compared in 0:01.");
});

it("what no row was compared for is not said of rows", () => {
  const last = (...compared: readonly string[]): string | undefined => {
    const tables = compared.map((each) => ({ ...example, compared: each }));
    return told({}, { tables }).human.at(-1);
  };
  expect(last("counts", "counts")).toBe("m: both sides have as many rows in 2 tables; counted in 0:01.");
  expect(last("sample")).toBe("m: no row of the sample differs in 1 table; compared in 0:01.");
  expect(last("touched keys")).toBe(
    "m: no row is on record as different in 1 table, looked at where events have touched them since they were compared; compared in 0:01.",
  );
  expect(told({ compared: "touched keys" }).human.join("\n")).toContain("are those of their last comparison");
  expect(told({}).human.join("\n")).not.toContain("are those of their last comparison");
  expect(last("whole", "touched keys")).toMatch(/in 2 tables, of 1 of them looked at where events/u);
  const apart = told({ compared: "counts", differences: 1 }).human.at(-1);
  expect(apart).toBe("m: 1 table does not have as many rows on both sides; counted in 0:01.");
});

it("rows that were never still are work that waits, and are not called equal", () => {
  const { exit, human, nextSteps } = told({ pending: 2 });
  expect(exit).toBe(2);
  expect(human.at(-1)).toMatch(/not to the end\. 2 rows were written to each time/u);
  expect(human.join("\n")).not.toMatch(/no row differs|clean/u);
  expect(nextSteps).toEqual([{ why: "2 rows not settled", command: "headgate verify" }]);
  expect(told({ compared: "counts", pending: 1 }).exit).toBe(2);
});

it("what was compared by one that was stopped is told, and since when", () => {
  const body = { begun: "2026-11-22T00:00:00Z", resumed: 7 };
  expect(told({}, body).human).toContain(
    "It went on from one that was begun at 2026-11-22T00:00:00Z: 7 ranges had been compared.",
  );
});

it("a foreign key that could not be judged is told, and waits too", () => {
  const orphans = [{ result: "pending", sentence: "fk of t (x) to p cannot be judged: the lane stands." }];
  const { exit, human } = told({}, { orphans });
  expect(exit).toBe(2);
  expect(human).toContain("fk of t (x) to p cannot be judged: the lane stands.");
  expect(told({}, { orphans: [{ result: "holds", sentence: "" }] }).exit).toBe(0);
  // What the plan leaves out and nobody can ask about is no difference, and is not passed over either.
  const left = told({}, { orphans: [{ result: "not-asked", sentence: "fk of t was not asked about." }] });
  expect([left.exit, left.human.includes("fk of t was not asked about.")]).toEqual([0, true]);
});

it("more rows of a table without a key than are kept are told loudly, and the way is to copy it again", () => {
  const { exit, human, nextSteps } = told({ differences: 100_000, unlisted: 23 });
  expect(exit).toBe(2);
  expect(human.join("\n")).toContain("t: ATTENTION: 23 more rows differ than the 100,000 that are kept");
  expect(nextSteps).toMatchObject([{ command: "headgate recopy t" }]);
});

it("who chose digests is told that they do not see everything, and others are not", () => {
  const unseen = ["d: the digest does not see the sign of zero."];
  expect(told({ way: "digest", unseen }).human).toContain(
    "1 table compared by digest has columns of which a digest does not see everything: headgate report lists them.",
  );
  for (const table of [
    { way: "digest", unseen: [] },
    { way: "stream", unseen },
  ])
    expect(told(table).human.join("\n")).not.toMatch(/by digest/u);
});

it("counts tell one position only where all tables were counted at it", () => {
  const counted = (...offsets: readonly string[]): unknown =>
    countsBody(
      offsets.map((offset, i): CountVerdict => {
        const position = { kind: "file", file: "log", offset } as const;
        const rows = { rowsSource: "1", rowsTarget: "1", apart: null };
        return { table: `t${String(i)}`, result: "equal", ...rows, position, sentence: "" };
      }),
      1,
    )["position"];
  expect(counted("5", "5")).toEqual({ kind: "file", file: "log", offset: "5" });
  expect(counted("5", "9")).toBeNull();
  expect(counted()).toBeNull();
});

it("rows that were read on a replica are said to be the replica's", () => {
  const line = /^The source's rows were read on source\.replica/u;
  expect(told({}, { replica: true }).human).toContainEqual(expect.stringMatching(line));
  expect(told({}).human).not.toContainEqual(expect.stringMatching(line));
});

it("of a copy that is not followed it is said that what was written since counts as different", () => {
  const line = /^Nobody follows the source's log here/u;
  expect(told({}, { followed: false }).human).toContainEqual(expect.stringMatching(line));
  for (const over of [{}, { followed: true }])
    expect(told({}, over).human).not.toContainEqual(expect.stringMatching(line));
});
