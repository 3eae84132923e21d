/** Sets of GTIDs against plain lists of numbers, and their forms on the wire and in text. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GtidSet } from "./gtid-set.js";

const a = "00000000-1111-2222-3333-444444444444";
const b = "ffffffff-1111-2222-3333-444444444444";
const keys = [a, `${a}:tag`, b] as const;
const members = fc.array(fc.tuple(fc.constantFrom(...keys), fc.integer({ min: 1, max: 30 })));

function built(all: readonly (readonly [string, number])[]): GtidSet {
  const set = new GtidSet();
  for (const [key, number] of all) set.add(key, BigInt(number));
  return set;
}

const names = (all: readonly (readonly [string, number])[]): Set<string> =>
  new Set(all.map(([key, number]) => `${key}/${number}`));

const everything = keys.flatMap((key) =>
  Array.from({ length: 32 }, (_, i): [string, number] => [key, i + 1]),
);

describe("a set of GTIDs", () => {
  it("holds what was added, in whatever order, and nothing else", () => {
    fc.assert(
      fc.property(members, (all) => {
        const set = built(all);
        const wanted = names(all);
        for (const [key, number] of everything)
          expect(set.has(key, BigInt(number))).toBe(wanted.has(`${key}/${number}`));
        expect(set.isEmpty).toBe(all.length === 0);
      }),
    );
  });

  it("comes back from its text", () => {
    fc.assert(
      fc.property(members, (all) => {
        const text = built(all).text();
        expect(GtidSet.parse(text).text()).toBe(text);
        expect(GtidSet.parse(text).holds(built(all))).toBe(true);
      }),
    );
  });

  it("holds another one exactly when each of its members is there, and shares what both have", () => {
    fc.assert(
      fc.property(members, members, (one, two) => {
        const [first, second] = [built(one), built(two)];
        const [mine, theirs] = [names(one), names(two)];
        expect(first.holds(second)).toBe([...theirs].every((each) => mine.has(each)));
        const common = first.common(second);
        const shared = everything.filter(([key, number]) => common.has(key, BigInt(number)));
        expect(names(shared)).toEqual(new Set([...mine].filter((each) => theirs.has(each))));
        const copy = first.copy();
        copy.add(a, 31n);
        expect(first.has(a, 31n)).toBe(false);
      }),
    );
  });

  it("is written as servers write it", () => {
    const text = `${a}:1-5:7:tag:3,${b}:9223372036854775806`;
    expect(GtidSet.parse(` ${a.toUpperCase()}:1-3:7,\n${a}:4-5:tag:3,${b}:9223372036854775806 `).text()).toBe(
      text,
    );
    expect(GtidSet.parse("").text()).toBe("");
  });

  it.each(["x:1", a, `${a}:0`, `${a}:5-3`, `${a}:1-`, `${a}:tag!:1`])("%j is none", (text) => {
    expect(() => GtidSet.parse(text)).toThrow(expect.objectContaining({ code: "position-unknown" }) as Error);
  });

  it("has two forms on the wire", () => {
    const interval = (first: number, end: number): string =>
      [first, end].map((n) => n.toString(16).padStart(2, "0").padEnd(16, "0")).join("");
    const [one, two] = [a, b].map((uuid) => uuid.replaceAll("-", ""));
    const eight = (n: number): string => n.toString(16).padStart(2, "0").padEnd(16, "0");
    expect(GtidSet.parse(`${b}:2,${a}:1-3:9`).wire().toString("hex")).toBe(
      `${eight(2)}${one}${eight(2)}${interval(1, 4)}${interval(9, 10)}${two}${eight(1)}${interval(2, 3)}`,
    );
    expect(GtidSet.parse(`${a}:1:tag:2`).wire().toString("hex")).toBe(
      `0102000000000001${one}00${eight(1)}${interval(1, 2)}${one}06${Buffer.from("tag").toString("hex")}${eight(1)}${interval(2, 3)}`,
    );
  });
});
