/**
 * jsonb's spelling without a server: the short way of the row loop (MySQL's text, four bytes at a time) must give
 * what the full speller gives, wherever in a word an exponent, a minus or an escape happens to stand. That the full
 * speller is right is test/conformance/jsonb.test.ts's matter.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../errors.js";
import { planColumn, planTable, prefixed, row } from "./column.fixture.js";
import { codecOf } from "./compile.js";
import { rowEncoder } from "./row.js";

const short = codecOf(planColumn("json", "jsonb"), "mysql");
const full = codecOf(planColumn("json", "jsonb"), "mariadb");
const spelled = (text: string): string => full.encodeText(Buffer.from(text))?.toString("utf8", 1) ?? "NULL";

type Tree = string | number | boolean | null | readonly Tree[] | { readonly [key: string]: Tree };

function isList(value: Tree): value is readonly Tree[] {
  return Array.isArray(value);
}

/** JSON as somebody might type it: members as they come; with `escaped` each key's first letter as a \\u escape. */
function typed(value: Tree, escaped: boolean): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map((one) => typed(one, escaped)).join(",")}]`;
  const name = (key: string): string =>
    escaped && key !== ""
      ? `"\\u${key.charCodeAt(0).toString(16).padStart(4, "0")}${JSON.stringify(key.slice(1)).slice(1)}`
      : JSON.stringify(key);
  return `{ ${Object.entries(value)
    .map(([key, one]) => `${name(key)} :${typed(one, escaped)}`)
    .join(" ,")}}`;
}

/** The slow way to jsonb's order. */
function ordered(value: Tree): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map(ordered).join(", ")}]`;
  const members = Object.entries(value).map(([key, one]) => ({ key, bytes: Buffer.from(key), one }));
  members.sort((a, b) => a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes));
  return `{${members.map(({ key, one }) => `${JSON.stringify(key)}: ${ordered(one)}`).join(", ")}}`;
}

describe("jsonb's spelling", () => {
  it.each([
    ['{"b":2,"a":{"y":[],"x":null},"":0}', '{"": 0, "a": {"x": null, "y": []}, "b": 2}'],
    ['{"bb":1,"a":2,"é":3,"b":4}', '{"a": 2, "b": 4, "bb": 1, "é": 3}'],
    ["[1e20,1.50e1,1E-3,-0,-0.0,0e-3,12e0]", "[100000000000000000000, 15.0, 0.001, 0, 0.0, 0.000, 12]"],
    ['"\\u00e9\\/\\ud83d\\ude00\\u001F\\u007f\\b"', '"é/😀\\u001f\u007f\\b"'],
    ['{"\\u0061":1,"b":2}', '{"a": 1, "b": 2}'],
    [" [ true , false,null ] ", "[true, false, null]"],
  ])("of %s", (text, expected) => {
    expect(spelled(text)).toBe(expected);
  });

  it.each(['{"b":1,"a":{"y":[]},"b":2,"":0}', '{"\\u0061":1,"a":2}', '[{"a":{"b":1,"b":1}}]'])(
    "refuses a key that stands twice, of which jsonb would keep the last: %s",
    (text) => {
      expect(() => spelled(text)).toThrow(Fault);
    },
  );

  it("refuses numbers of more digits than numeric has, and no others", () => {
    for (const [whole, fraction, held] of [
      [131_072, 16_383, true],
      [131_073, 1, false],
      [1, 16_384, false],
    ] as const) {
      const text = `[${"9".repeat(whole)}.${"5".repeat(fraction)}]`;
      if (held) expect(spelled(text)).toBe(text);
      else expect(() => spelled(text)).toThrow(Fault);
    }
  });

  it("orders objects of any size and depth, whatever their keys' own spelling", () => {
    // Longer than a word, so that what is copied in words has ends of every length; more than fit the plain sort.
    const text = fc
      .string({ unit: "grapheme", maxLength: 9 })
      .filter((one) => one !== "__proto__" && !one.includes("\u0000"));
    const leaf = fc.oneof(text, fc.integer(), fc.constantFrom(true, false, null));
    const objectOf = (value: fc.Arbitrary<Tree>, maxKeys: number): fc.Arbitrary<Tree> =>
      fc.dictionary(text, value, { maxKeys, size: "max", noNullPrototype: true });
    const branch = fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), objectOf(leaf, 5));
    const tree = fc.oneof(
      objectOf(branch, 8),
      objectOf(leaf, 60),
      fc.array(objectOf(branch, 4), { maxLength: 3 }),
    );
    fc.assert(
      fc.property(tree, fc.boolean(), (value, escaped) => {
        expect(spelled(typed(value, escaped))).toBe(ordered(value));
      }),
      { numRuns: 500 },
    );
  });

  it("is no deeper than the stack is for 100,000 levels", () => {
    const text = "[".repeat(100_000) + "]".repeat(100_000);
    expect(spelled(text)).toBe(text);
  });

  it("is the same by the short way as by the full one", () => {
    const value = fc.oneof(
      fc.constantFrom("1e5", "1E5", "-0", "-0.0", "-0.5", "0e1", "1e-7", "10", "-1", "2.50", "true", "null"),
      fc.constantFrom(
        '"1e5"',
        '"-0"',
        '"\\\\u0041"',
        '"\\u001f"',
        '"\\""',
        '"\\\\"',
        '"2024-01-05"',
        '"e"',
        '"a\\nb"',
      ),
      fc.string({ unit: "grapheme", maxLength: 7 }).map((text) => JSON.stringify(text)),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 12 }), (values) => {
        const text = `[${values.join(", ")}]`;
        expect(short.encodeText(Buffer.from(text))?.toString("utf8", 1), text).toBe(spelled(text));
      }),
      { numRuns: 5000 },
    );
  });

  it("finds what must not pass at every place of a word", () => {
    for (let before = 0; before < 9; before++)
      for (let after = 0; after < 9; after++) {
        const frame = (value: string): string =>
          `["${"x".repeat(before)}", ${value}, "${"y".repeat(after)}"]`;
        for (const value of ["1e2", "-0.0", '"\\u001f"', "7E+1"])
          expect(short.encodeText(Buffer.from(frame(value)))?.toString("utf8", 1)).toBe(
            spelled(frame(value)),
          );
        expect(() => short.encodeText(Buffer.from(frame('"\\u0000"')))).toThrow(Fault);
      }
    for (const value of ["1e2", "-0", '"\\u001f"', "-0.0", "1E2"])
      expect(short.encodeText(Buffer.from(value))?.toString("utf8", 1)).toBe(spelled(value));
  });

  it("leaves U+0000 out when the policy says so, and counts the documents", () => {
    for (const engine of ["mysql", "mariadb"] as const) {
      const pieces: Buffer[] = [];
      const encoder = rowEncoder(planTable([planColumn("json", "jsonb", { nul: "strip" })]), engine, {
        write: (bytes, released) => {
          pieces.push(Buffer.from(bytes));
          released();
          return true;
        },
        drained: () => Promise.resolve(),
      });
      for (const text of ['{"a": "x\\u0000y"}', '["\\\\u0000"]']) {
        const packet = row([prefixed(text)]);
        encoder.row(packet, 0, packet.length);
      }
      expect(encoder.finish().policies).toEqual([{ object: "t.c", policy: "nul", count: 1 }]);
      const sent = Buffer.concat(pieces).toString("latin1");
      expect(sent).toContain('{"a": "xy"}');
      expect(sent).toContain('["\\\\u0000"]');
    }
  });
});
