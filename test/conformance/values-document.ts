/**
 * Random values of the types that are not scalars: vectors, geometries, JSON documents, addresses. Literals as in
 * values.ts.
 */
import fc from "fast-check";
import { quoted, text } from "./values.js";
import type { Literal } from "./values.js";

export const vector: Literal = fc
  .array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { minLength: 1, maxLength: 12 })
  .map((values) => {
    const buffer = Buffer.alloc(values.length * 4);
    values.forEach((value, index) => buffer.writeFloatLE(value / 1000 || 0, index * 4));
    return `x'${buffer.toString("hex")}'`;
  });

const coordinate = fc.integer({ min: -89_000, max: 89_000 }).map((n) => n / 1000);
const point = fc.tuple(coordinate, coordinate).map(([x, y]) => `${x} ${y}`);

export function geometry(srid: number): Literal {
  return fc
    .oneof(
      point.map((p) => `POINT(${p})`),
      fc.array(point, { minLength: 2, maxLength: 9 }).map((p) => `LINESTRING(${p.join(",")})`),
      fc.array(point, { minLength: 1, maxLength: 9 }).map((p) => `MULTIPOINT(${p.join(",")})`),
      fc.tuple(point, point).map(([a, b]) => `GEOMETRYCOLLECTION(POINT(${a}),LINESTRING(${a},${b}))`),
      fc.constant("POLYGON((0 0,0 5,5 5,5 0,0 0),(1 1,1 2,2 2,2 1,1 1))"),
    )
    .map((wkt) => `ST_GeomFromText('${wkt}',${srid})`);
}

const jsonNumber = fc.oneof(
  fc.integer().map(String),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((d) => (Object.is(d, -0) ? "-0.0" : String(d))),
  fc.constantFrom(
    "1e20",
    "1.50e1",
    "1E-3",
    "-0",
    "-0.0",
    "0e0",
    "1.10",
    "100e-2",
    "1e+2",
    "12345678901234567890123",
  ),
);

const jsonString = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 8 }).map((s) => JSON.stringify(s)),
  fc.constantFrom("a", "b", "aa", "ab", "", "é", "日本").map((s) => JSON.stringify(s)),
  fc.constantFrom('"\\u001f\\b\\f\\n\\r\\t"', '"\\ud83d\\ude00\\/"', '"\\u00e9\\u007f"', '"q\\"\\\\"'),
);

/** Documents as a client would send them: any spelling, exponents, escapes, deep nests. */
export const json: Literal = fc
  .letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      jsonNumber,
      jsonString,
      fc.constantFrom("true", "false", "null", "[]", "{}", "[ ]", "{ }"),
      fc.array(tie("value"), { maxLength: 5 }).map((items) => `[${items.join(" , ")}]`),
      fc
        .uniqueArray(fc.tuple(jsonString, tie("value")), {
          selector: ([key]): unknown => JSON.parse(key),
          maxLength: 6,
        })
        .map((members) => `{${members.map(([k, v]) => `${k} :${v}`).join(",\n")}}`),
    ),
  }))
  .value.map(text);

/** MySQL takes 100 levels, MariaDB 31. */
export const nested = (depth: number): string => `${"[".repeat(depth)}{"b":1,"a":2}${"]".repeat(depth)}`;

export const jsonsOf = [
  '{"b":1,"a":{"b":[],"a":{}},"aa":2,"c":3}',
  '"x"',
  "[1e300,1e-300,1.0,-0.0]",
  nested(30),
].map(text);

export const inet4: Literal = fc
  .uint8Array({ minLength: 4, maxLength: 4 })
  .map((b) => quoted([...b].join(".")));

/** Few different groups, so that zeros stand together and are shortened. */
export const inet6: Literal = fc
  .array(fc.oneof(fc.constantFrom(0, 0, 1), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 8,
    maxLength: 8,
  })
  .map((groups) => quoted(groups.map((group) => group.toString(16)).join(":")));
