/**
 * Which codecs there are to prove: one line a pair of source type and target type, with its random values and the
 * extremes that are always tried. A pair that compile.ts offers and that has no line here is a gap (codec.test.ts
 * counts the defaults of every source type).
 */
import type { CodecCase } from "./cases-scalar.js";
import * as v from "./values.js";
import * as d from "./values-document.js";
import { bits, integers, list, temporals, texts, decimal } from "./cases-scalar.js";

const labels = ["small", "MEDIUM", "größer", "a,b", "it's", "back\\slash", "😀"];
const withEmpty = ["", "x", "0", "1"];
const members = ["alpha", "b c", "é", "10"];

export const cases: readonly CodecCase[] = [
  ...integers("TINYINT", 8, {
    signed: ["smallint", "integer", "bigint", "numeric(20,0)", "text"],
    unsigned: ["smallint", "integer", "bigint"],
  }),
  { ddl: "TINYINT(1)", target: "boolean", values: v.oneOf(["0", "1"]), extremes: ["0", "1"] },
  ...integers("SMALLINT", 16, {
    signed: ["smallint", "integer", "bigint", "numeric(5,0)"],
    unsigned: ["integer", "bigint", "numeric"],
  }),
  ...integers("MEDIUMINT", 24, { signed: ["integer", "bigint"], unsigned: ["integer", "bigint"] }),
  ...integers("INT", 32, {
    signed: ["integer", "bigint", "numeric(12,2)"],
    unsigned: ["bigint", "numeric(20,0)"],
    "unsigned zerofill": ["bigint"],
  }),
  ...integers("BIGINT", 64, {
    signed: ["bigint", "numeric(20,0)", "numeric"],
    unsigned: ["numeric(20,0)", "numeric(30,5)", "character varying(20)"],
  }),
  {
    ddl: "BIGINT UNSIGNED",
    target: "bigint",
    values: v.integer(63, false),
    extremes: v.integersOf(63, false),
  },
  { ddl: "INT", target: "smallint", values: v.integer(16, true), extremes: v.integersOf(16, true) },
  { ddl: "BIGINT", target: "integer", values: v.integer(32, true), extremes: v.integersOf(32, true) },
  ...decimal("DECIMAL(10,2)", [10, 2], ["numeric(10,2)", "numeric(12,4)", "numeric", "text"]),
  ...decimal("DECIMAL(65,30)", [65, 30], ["numeric(65,30)"]),
  ...decimal("DECIMAL(65,0)", [65, 0], ["numeric(65,0)"]),
  ...decimal("DECIMAL(30,30)", [30, 30], ["numeric(30,30)"]),
  ...decimal("DECIMAL(9,5)", [9, 5], ["numeric(9,5)"]),
  ...decimal("DECIMAL(4,0)", [4, 0], ["smallint"]),
  ...decimal("DECIMAL(9,0)", [9, 0], ["integer"]),
  ...decimal("DECIMAL(18,0)", [18, 0], ["bigint"]),
  ...decimal("DECIMAL(12,3) UNSIGNED ZEROFILL", [12, 3], ["numeric(12,3)"], false),
  { ddl: "FLOAT", target: "real", values: v.float, extremes: v.floatsOf },
  { ddl: "FLOAT", target: "double precision", values: v.float, extremes: v.floatsOf },
  { ddl: "FLOAT(9,2)", target: "real", values: v.decimal(9, 2), extremes: v.decimalsOf(9, 2) },
  { ddl: "FLOAT(9,2) ZEROFILL", target: "real", values: v.decimal(9, 2, false), extremes: ["0", "12.5"] },
  { ddl: "DOUBLE", target: "double precision", values: v.double, extremes: v.doublesOf },
  {
    ddl: "DOUBLE(15,4)",
    target: "double precision",
    values: v.decimal(15, 4),
    extremes: v.decimalsOf(15, 4),
  },
  ...bits(),
  ...texts(),
  ...[0, 1, 20, 300].map((size) => ({
    ddl: `VARBINARY(${size})`,
    target: "bytea",
    values: v.binary(0, size),
    extremes: ["''"],
  })),
  { ddl: "BINARY(16)", target: "bytea", values: v.binary(0, 16), extremes: ["''", "x'00'", "x'ff'"] },
  { ddl: "BINARY(16)", target: "uuid", values: v.binary(0, 16), extremes: ["''", `x'${"ff".repeat(16)}'`] },
  {
    ddl: "VARBINARY(16)",
    target: "inet",
    values: v.binary(16, 16),
    extremes: ["x'00000000'", "x'ffffffff'", `x'${"00".repeat(16)}'`],
  },
  ...["TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB"].map((ddl) => ({
    ddl,
    target: "bytea",
    values: v.binary(0, 255),
    extremes: ["''", "x'00'"],
  })),
  ...["text", "character varying(12)", "codec_label"].map((target) => ({
    ddl: `ENUM(${list(labels)})`,
    target,
    values: v.oneOf(labels),
    extremes: ["1", String(labels.length)],
  })),
  {
    ddl: `ENUM(${list(labels)})`,
    target: "text",
    values: v.oneOf(labels),
    extremes: ["0"],
    policy: { enumZero: "null" },
  },
  {
    ddl: `ENUM(${list(labels)})`,
    target: "text",
    values: v.oneOf(labels),
    extremes: ["0"],
    policy: { enumZero: "keep" },
  },
  {
    ddl: `ENUM(${list(withEmpty)})`,
    target: "text",
    values: v.oneOf(withEmpty),
    extremes: ["0"],
    policy: { enumZero: "null" },
  },
  { ddl: `ENUM(${list(withEmpty)})`, target: "text", values: v.oneOf(withEmpty), extremes: ["1", "4"] },
  ...["text[]", "text"].map((target) => ({
    ddl: `SET(${list(members)})`,
    target,
    values: v.someOf(members),
    extremes: ["''", "15", "1"],
  })),
  ...["jsonb", "json", "text"].map((target) => ({
    ddl: "JSON",
    target,
    values: d.json,
    extremes: d.jsonsOf,
  })),
  { ddl: "JSON", target: "jsonb", values: d.json, extremes: [v.text(d.nested(99))], engine: "mysql" },
  ...temporals(),
  { ddl: "GEOMETRY", target: "bytea", values: d.geometry(0), extremes: ["ST_GeomFromText('POINT(1 2)')"] },
  { ddl: "GEOMETRY", target: "bytea", values: d.geometry(4326), extremes: [], engine: "mysql" },
  { ddl: "POINT", target: "bytea", values: d.geometry(0).filter((g) => g.includes("'POINT")), extremes: [] },
  { ddl: "VECTOR(12)", target: "real[]", values: d.vector, extremes: [], engine: "mysql" },
  { ddl: "VECTOR(12)", target: "bytea", values: d.vector, extremes: [], engine: "mysql" },
  {
    ddl: "UUID",
    target: "uuid",
    values: v.uuid,
    extremes: ["'00000000-0000-0000-0000-000000000000'"],
    engine: "mariadb",
  },
  {
    ddl: "INET4",
    target: "inet",
    values: d.inet4,
    extremes: ["'0.0.0.0'", "'255.255.255.255'"],
    engine: "mariadb",
  },
  {
    ddl: "INET6",
    target: "inet",
    values: d.inet6,
    extremes: ["'::'", "'::1'", "'::ffff:1.2.3.4'", "'fe80::1'"],
    engine: "mariadb",
  },
  { ddl: "INET6", target: "text", values: d.inet6, extremes: ["'::'"], engine: "mariadb" },
];
