/**
 * The cases of codec.test.ts for integers, decimals, bits, texts and temporals.
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

export const list = (names: readonly string[]): string =>
  names.map((name) => `'${name.replaceAll("'", "''").replaceAll("\\", "\\\\")}'`).join(",");

export function integers(
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

export function decimal(
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

export function texts(): CodecCase[] {
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
    of("VARCHAR(20) CHARACTER SET latin1", "character varying(20)", 0, {
      values: v.oneOf(["Ã©", "plain", "StraÃŸe", "â‚¬"]),
      extremes: [],
      policy: { badText: { recode: "latin1" } },
    }),
    of("CHAR(36)", "uuid", 36, {
      values: v.uuid,
      extremes: ["'00000000-0000-0000-0000-000000000000'", "'FFFFFFFF-FFFF-ffff-ffff-ABCDEFabcdef'"],
    }),
  ];
}

export function temporals(): CodecCase[] {
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

export function bits(): CodecCase[] {
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
