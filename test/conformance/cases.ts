/**
 * Which codecs there are to prove: one line a pair of source type and target type, with its random values and the
 * extremes that are always tried. A pair that compile.ts offers and that has no line here is a gap (codec.test.ts
 * counts the defaults of every source type).
 */
import type { ColumnPolicy, SourceEngine } from "../../src/model.js";
import * as v from "./values.js";

export interface CodecCase {
  /** Column definition on the source. */
  readonly ddl: string;
  /** Target type as format_type() spells it. */
  readonly target: string;
  readonly values: v.Literal;
  readonly extremes: readonly string[];
  readonly policy?: Partial<ColumnPolicy>;
  readonly engine?: SourceEngine;
}

const labels = ["small", "MEDIUM", "größer", "a,b", "it's", "back\\slash", "😀"];
const withEmpty = ["", "x", "0", "1"];
const members = ["alpha", "b c", "é", "10"];
const list = (names: readonly string[]): string =>
  names.map((name) => `'${name.replaceAll("'", "''").replaceAll("\\", "\\\\")}'`).join(",");

function integers(
  type: string,
  bits: number,
  targets: Readonly<Record<string, readonly string[]>>,
): CodecCase[] {
  return Object.entries(targets).flatMap(([sign, names]) =>
    names.map((target) => ({
      ddl: `${type}${sign === "signed" ? "" : " " + sign}`,
      target,
      values: v.integer(bits, sign === "signed"),
      extremes: v.integersOf(bits, sign === "signed"),
    })),
  );
}

function decimal(
  type: string,
  [p, s]: readonly [number, number],
  targets: readonly string[],
  signed = true,
): CodecCase[] {
  return targets.map((target) => ({
    ddl: type,
    target,
    values: v.decimal(p, s, signed),
    extremes: v.decimalsOf(p, s, signed),
  }));
}

function texts(): CodecCase[] {
  const of = (ddl: string, target: string, max: number, extra: Partial<CodecCase> = {}): CodecCase => ({
    ddl,
    target,
    values: v.characters(max, { trailingBlanks: !ddl.startsWith("CHAR") }),
    extremes: v.charactersOf,
    ...extra,
  });
  return [
    of("VARCHAR(40)", "character varying(40)", 40),
    of("VARCHAR(40)", "character varying(400)", 40),
    of("VARCHAR(400)", "text", 400),
    of("CHAR(12)", "character varying(12)", 12),
    of("CHAR(12)", "character(12)", 12),
    of("CHAR(12)", "character(20)", 12),
    of("TINYTEXT", "text", 60),
    of("TEXT", "text", 900),
    of("TEXT", "character varying(300)", 300),
    of("MEDIUMTEXT", "text", 60),
    of("LONGTEXT", "bytea", 60),
    of("TEXT", "text", 40, {
      policy: { nul: "strip" },
      extremes: [...v.charactersOf, v.text("a\0b"), v.text("\0"), v.text("\0".repeat(9) + "é")],
    }),
    of("TEXT", "bytea", 40, { policy: { nul: "bytea" }, extremes: [v.text("a\0b"), v.text("\0")] }),
    of("VARCHAR(20) CHARACTER SET latin1", "text", 0, {
      values: v.oneOf(["é", "ÿþ", "€œ", "plain", "ÄÖÜ"]),
      extremes: [v.text("€"), v.text("\u00a0")],
    }),
    of("CHAR(36)", "uuid", 36, {
      values: v.uuid,
      extremes: ["'00000000-0000-0000-0000-000000000000'", "'FFFFFFFF-FFFF-ffff-ffff-ABCDEFabcdef'"],
    }),
  ];
}

function temporals(): CodecCase[] {
  const zeroDates = ["'0000-00-00'", "'2024-00-00'", "'2024-01-00'", "'0000-01-01'", "'2024-02-30'"];
  const zeroTimes = [
    "'0000-00-00 00:00:00'",
    "'2024-00-05 12:00:00'",
    "'2024-01-00 00:00:00'",
    "'0000-01-01 01:01:01'",
    "'2023-02-29 23:59:59'",
  ];
  const fsps = [0, 1, 2, 3, 4, 5, 6];
  return [
    { ddl: "DATE", target: "date", values: v.anyDate, extremes: v.datesOf },
    { ddl: "DATE", target: "date", values: v.anyDate, extremes: zeroDates, policy: { zeroDate: "null" } },
    {
      ddl: "DATE",
      target: "date",
      values: v.anyDate,
      extremes: zeroDates,
      policy: { zeroDate: "-infinity" },
    },
    { ddl: "DATE", target: "text", values: v.anyDate, extremes: [...v.datesOf, ...zeroDates] },
    ...fsps.map((fsp) => ({
      ddl: `DATETIME(${fsp})`,
      target: `timestamp(${fsp}) without time zone`,
      values: v.datetime(fsp),
      extremes: v.datetimesOf(fsp),
    })),
    {
      ddl: "DATETIME(3)",
      target: "timestamp without time zone",
      values: v.datetime(3),
      extremes: v.datetimesOf(3),
    },
    {
      ddl: "DATETIME(6)",
      target: "timestamp(6) without time zone",
      values: v.datetime(6),
      extremes: zeroTimes,
      policy: { zeroDate: "null" },
    },
    {
      ddl: "DATETIME",
      target: "timestamp(0) without time zone",
      values: v.datetime(0),
      extremes: zeroTimes,
      policy: { zeroDate: "-infinity" },
    },
    {
      ddl: "DATETIME(6)",
      target: "text",
      values: v.datetime(6),
      extremes: [...v.datetimesOf(6), ...zeroTimes],
    },
    ...[0, 3, 6].flatMap((fsp) =>
      [`timestamp(${fsp}) with time zone`, `timestamp(${fsp}) without time zone`].map((target) => ({
        ddl: `TIMESTAMP(${fsp}) NULL`,
        target,
        values: v.timestamp(fsp),
        extremes: v.timestampsOf,
      })),
    ),
    {
      ddl: "TIMESTAMP NULL",
      target: "timestamp(0) with time zone",
      values: v.timestamp(0),
      extremes: ["'0000-00-00 00:00:00'"],
      policy: { zeroDate: "null" },
    },
    ...[0, 3, 6].map((fsp) => ({
      ddl: `TIME(${fsp})`,
      target: "interval",
      values: v.time(838, fsp, true),
      extremes: v.timesOf,
    })),
    { ddl: "TIME(6)", target: "interval(6)", values: v.time(838, 6, true), extremes: v.timesOf },
    {
      ddl: "TIME(6)",
      target: "time(6) without time zone",
      values: v.time(23, 6, false),
      extremes: ["'00:00:00'", "'23:59:59.999999'", "'24:00:00'"],
    },
    { ddl: "TIME(3)", target: "text", values: v.time(838, 3, true), extremes: v.timesOf },
    ...["smallint", "integer", "text"].map((target) => ({
      ddl: "YEAR",
      target,
      values: v.oneOf(["1901", "1970", "2000", "2024", "2155"]),
      extremes: ["0", "1901", "2155"],
    })),
  ];
}

function bits(): CodecCase[] {
  const of = (size: number, target: string): CodecCase => ({
    ddl: `BIT(${size})`,
    target,
    values: v.bit(size),
    extremes: [
      `b'${"0".repeat(size)}'`,
      `b'${"1".repeat(size)}'`,
      `b'${"1".padStart(size, "0")}'`,
      `b'${"1".padEnd(size, "0")}'`,
    ],
  });
  return [
    of(1, "boolean"),
    of(1, "bit(1)"),
    of(1, "smallint"),
    ...[2, 7, 8, 9, 13, 16, 31, 33, 63, 64].map((size) => of(size, `bit(${size})`)),
    of(15, "smallint"),
    of(31, "integer"),
    of(63, "bigint"),
    of(64, "bytea"),
    of(9, "bytea"),
  ];
}

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
    values: v.json,
    extremes: v.jsonsOf,
  })),
  { ddl: "JSON", target: "jsonb", values: v.json, extremes: [v.text(v.nested(99))], engine: "mysql" },
  ...temporals(),
  { ddl: "GEOMETRY", target: "bytea", values: v.geometry(0), extremes: ["ST_GeomFromText('POINT(1 2)')"] },
  { ddl: "GEOMETRY", target: "bytea", values: v.geometry(4326), extremes: [], engine: "mysql" },
  { ddl: "POINT", target: "bytea", values: v.geometry(0).filter((g) => g.includes("'POINT")), extremes: [] },
  { ddl: "VECTOR(12)", target: "real[]", values: v.vector, extremes: [], engine: "mysql" },
  { ddl: "VECTOR(12)", target: "bytea", values: v.vector, extremes: [], engine: "mysql" },
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
    values: v.inet4,
    extremes: ["'0.0.0.0'", "'255.255.255.255'"],
    engine: "mariadb",
  },
  {
    ddl: "INET6",
    target: "inet",
    values: v.inet6,
    extremes: ["'::'", "'::1'", "'::ffff:1.2.3.4'", "'fe80::1'"],
    engine: "mariadb",
  },
  { ddl: "INET6", target: "text", values: v.inet6, extremes: ["'::'"], engine: "mariadb" },
];
