/**
 * jsonb's spelling against PostgreSQL itself: random JSON text of any shape -> our speller -> equal to what the
 * server prints of jsonb; and what the server refuses, or would drop, we refuse. Nothing of MySQL is in between, so this reaches
 * what its own JSON never shows: exponents, keys twice, escapes of every kind, blanks, depth.
 */
import fc from "fast-check";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import { JsonSpeller } from "../../src/typemap/jsonb.js";
import { Refusal } from "../../src/typemap/refusal.js";
import { world } from "../world/world.js";

const gate = process.env["HEADGATE_GATE"] === "1";
const documents = gate ? 100_000 : 3000;

const digit = fc.constantFrom("0", "0", "1", "5", "9");
const digits = (max: number): fc.Arbitrary<string> =>
  fc.array(digit, { minLength: 1, maxLength: max }).map((d) => d.join(""));
const number = fc
  .record({
    minus: fc.boolean(),
    whole: digits(25).map((d) => d.replace(/^0+(?=\d)/, "")),
    fraction: fc.option(digits(25)),
    exponent: fc.option(fc.tuple(fc.constantFrom("e", "E", "e+", "e-", "E-0"), fc.nat(60))),
  })
  .map(
    ({ minus, whole, fraction, exponent }) =>
      (minus ? "-" : "") +
      whole +
      (fraction === null ? "" : "." + fraction) +
      (exponent === null ? "" : exponent.join("")),
  );
const character = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 1 })
      .map((c) => JSON.stringify(c).slice(1, -1)),
  },
  { weight: 2, arbitrary: fc.constantFrom("\\n", "\\t", "\\/", '\\"', "\\\\", "\\b", "\\f", "\\r") },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 1, max: 0xd7ff }).map((n) => "\\u" + n.toString(16).padStart(4, "0")),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 0xd800, max: 0xdbff }), fc.integer({ min: 0xdc00, max: 0xdfff }))
      .map(([high, low]) => `\\u${high.toString(16)}\\u${low.toString(16).toUpperCase()}`),
  },
);
const string = fc
  .oneof(fc.array(character, { maxLength: 6 }), fc.constantFrom(["a"], ["b"], ["\\u0061"], ["a", "b"], []))
  .map((parts) => `"${parts.join("")}"`);
const blank = fc.constantFrom("", "", " ", "\n\t", "\r ");
const document = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "medium" },
    number,
    string,
    fc.constantFrom("true", "false", "null"),
    fc
      .tuple(blank, fc.array(tie("value"), { maxLength: 4 }), blank)
      .map(([a, items, b]) => `[${a}${items.join(`${b},${a}`)}${b}]`),
    fc
      .tuple(blank, fc.array(fc.tuple(string, tie("value")), { maxLength: 6 }), blank)
      .map(
        ([a, members, b]) => `{${a}${members.map(([k, v]) => `${k}${b}:${a}${v}`).join(`${a},${b}`)}${b}}`,
      ),
  ),
})).value;

const edges = [
  "1e131071",
  "1e-16383",
  "-0",
  "-0.0",
  "-0.00e5",
  "0e-5",
  "0e999999999",
  "1.50e1",
  "1E-3",
  "12.5e-3",
  '{"b":1,"a":2,"b":3,"aa":{"z":1,"y":2,"z":{"k":[]}}}',
  `${"[".repeat(2000)}${"]".repeat(2000)}`,
  `${'{"b":{},"a":'.repeat(500)}1${"}".repeat(500)}`,
  '"\\u001f\\u007f\\u0080\\u2028"',
  " [ ] ",
  "{ }",
];
const refused = [
  "",
  " ",
  "[1,]",
  "[,1]",
  '{"a"}',
  '{"a":1,}',
  "{a:1}",
  "01",
  "1.",
  ".5",
  "+1",
  "-",
  "1e",
  "tru",
  "nulll",
  "[1 2]",
  "[1",
  "]",
  '"a',
  '"\\x"',
  '"\\u12"',
  '"\\ud800"',
  '"\\udc00"',
  '"\\ud800\\u0041"',
  '"\\u0000"',
  '{"\\u0000":1}',
  "1e131072",
  "1e-16384",
  '{"a":1}}',
];

describe("jsonb's own spelling", () => {
  const seed = Number(process.env["HEADGATE_SEED"] ?? freshSeed());

  it(`is the server's for ${documents} documents (seed ${seed})`, { timeout: 600_000 }, async () => {
    console.log(`jsonb.test: seed ${seed}`);
    const servers = await world({ source: "mysql9", target: "postgres18" });
    const client = new pg.Client({ connectionString: servers.target });
    await client.connect();
    try {
      for (let batch = 0; batch * 1000 < documents; batch++) {
        const texts = fc.sample(document, { seed: seed + batch, numRuns: 1000 });
        if (batch === 0) texts.push(...edges);
        // The server drops all but the last of equal keys; we refuse them.
        const answer = await client.query<{ t: string; once: boolean }>(
          "SELECT v::jsonb::text AS t, v IS JSON WITH UNIQUE KEYS AS once FROM unnest($1::text[]) WITH ORDINALITY AS u(v,n) ORDER BY n",
          [texts],
        );
        texts.forEach((text, index) => {
          const { t, once } = answer.rows[index]!;
          if (once) expect(spell(text), text.slice(0, 2000)).toBe(t);
          else expect(() => spell(text), text.slice(0, 2000)).toThrow(Refusal);
        });
      }
      for (const text of refused) {
        await expect(client.query("SELECT $1::jsonb", [text]), text).rejects.toThrow();
        expect(() => spell(text), text).toThrow(Refusal);
      }
    } finally {
      await client.end();
    }
  });
});

function spell(text: string): string {
  const source = Buffer.from(text);
  const spelled = new JsonSpeller(false, false).spell(source, 0, source.length);
  return spelled.data.toString("utf8", 0, spelled.length);
}
