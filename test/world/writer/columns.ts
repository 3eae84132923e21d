/**
 * Columns that the writer fills: a type and a pool of literals for it, drawn from the codecs' own generators by the
 * writer's seed, with the extremes always among them. Nothing that needs a policy (zero dates, U+0000, labels of no
 * index): what travels here must arrive as it is.
 */
import fc from "fast-check";
import * as d from "../../conformance/values-document.js";
import * as v from "../../conformance/values.js";

/** What the server can do, asked and never taken from its name. */
export interface Flavour {
  readonly mariadb: boolean;
  /** It has JSON and generated columns: not MySQL 5.6. */
  readonly modern: boolean;
  readonly vectors: boolean;
}

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly pool: readonly string[];
}

/** Makes a column that is NULL now and then unless its type says NOT NULL. */
export type MakeColumn = (
  name: string,
  type: string,
  ...values: readonly (fc.Arbitrary<string> | readonly string[])[]
) => Column;

const drawn = 16;

export function columnsOf(seed: number): MakeColumn {
  let count = 0;
  return (name, type, ...values) => {
    count += 1;
    const pool = values.flatMap((each) =>
      each instanceof fc.Arbitrary ? fc.sample(each, { numRuns: drawn, seed: seed + count }) : each,
    );
    // A fifth of what may be NULL is.
    const empty = type.includes("NOT NULL") ? 0 : Math.ceil(pool.length / 4);
    return { name, type, pool: [...pool, ...Array.from({ length: empty }, () => "NULL")] };
  };
}

const texts = [
  "",
  "a",
  "A",
  "á",
  "a ",
  "ß",
  "ss",
  "0",
  "\\N",
  "\\.",
  "'\"`",
  "\t\n",
  "日本",
  "😀",
  "👩‍💻",
  "\u{10ffff}",
].map(v.text);
/** What general_ci holds equal, and PAD SPACE. */
export const alike: readonly string[] = ["a", "A", "á", "a ", "B", "b", ""].map(v.text);

/** MariaDB 10.11 refuses some others. */
function versionFour(literal: string): string {
  return `${literal.slice(0, 15)}4${literal.slice(16, 20)}a${literal.slice(21)}`;
}

/** Numbers of all widths. */
export function numberColumns(column: MakeColumn): readonly Column[] {
  return [
    column("tiny", "TINYINT", v.integersOf(8, true)),
    column("flag", "TINYINT(1) NOT NULL", ["0", "1"]),
    column("small", "SMALLINT UNSIGNED", v.integersOf(16, false)),
    column("medium", "MEDIUMINT", v.integersOf(24, true)),
    column("wide", "BIGINT", v.integer(64, true), v.integersOf(64, true)),
    column("vast", "BIGINT UNSIGNED", v.integer(64, false), v.integersOf(64, false)),
    column("price", "DECIMAL(12,2) NOT NULL", v.decimal(12, 2), v.decimalsOf(12, 2)),
    column("exact", "DECIMAL(65,30)", v.decimal(65, 30), v.decimalsOf(65, 30)),
    column("single", "FLOAT", v.float, v.floatsOf),
    column("twice", "DOUBLE", v.double, v.doublesOf),
    column("bits", "BIT(9)", v.bit(9)),
    column("bit", "BIT(1)", ["b'0'", "b'1'"]),
    column("year", "YEAR", ["1901", "1970", "2155"]),
  ];
}

/** Texts, bytes and labels. */
export function textColumns(column: MakeColumn): readonly Column[] {
  return [
    column("title", "VARCHAR(80) NOT NULL", v.characters(30), texts),
    column("fixed", "CHAR(12)", v.characters(12, { trailingBlanks: false })),
    column("latin", "VARCHAR(20) CHARACTER SET latin1", ["", "a", "é", "ÿ", "€", "ß "].map(v.text)),
    column("wider", "VARCHAR(20) CHARACTER SET utf16", v.characters(9)),
    column("japanese", "VARCHAR(20) CHARACTER SET sjis", ["", "a", "日本", "ア"].map(v.text)),
    column("body", "MEDIUMTEXT", v.characters(200), ["REPEAT('long ', 400)"]),
    column("raw", "VARBINARY(40)", v.binary(0, 40), ["''", "x'00'", "x'ff00'"]),
    column("padded", "BINARY(6)", v.binary(0, 6)),
    column("blob", "BLOB", v.binary(0, 60), ["''", "REPEAT(x'00ff5c0a', 300)"]),
    column(
      "mood",
      "ENUM('', 'good', 'a,b', 'it''s', 'größe')",
      v.oneOf(["", "good", "a,b", "it's", "größe"]),
    ),
    column("tags", "SET('a', 'b', 'größer', 'x y')", v.someOf(["a", "b", "größer", "x y"])),
  ];
}

/** Times, and what only some servers have. */
export function otherColumns(column: MakeColumn, flavour: Flavour): readonly Column[] {
  return [
    column("born", "DATE", v.anyDate, v.datesOf),
    column("at", "DATETIME(6)", v.datetime(6), v.datetimesOf(6)),
    column("second", "DATETIME", v.datetime(0), v.datetimesOf(0)),
    column("seen", "TIMESTAMP(3) NULL", v.timestamp(3), v.timestampsOf),
    column("lasted", "TIME(6)", v.time(838, 6, true), v.timesOf),
    column("short", "TIME", v.time(838, 0, true)),
    column("place", "GEOMETRY", d.geometry(0)),
    column("doc", flavour.modern ? "JSON" : "LONGTEXT", d.json, d.jsonsOf),
    ...(flavour.vectors ? [column("vector", "VECTOR(12)", d.vector)] : []),
    ...(flavour.mariadb
      ? [
          column("uid", "UUID", v.uuid.map(versionFour)),
          column("four", "INET4", d.inet4),
          column("six", "INET6", d.inet6, ["'::'", "'::ffff:1.2.3.4'"]),
        ]
      : []),
  ];
}
