/**
 * Keys as real databases have them, and worse: every type a key can be of, skewed, sparse, negative, in collations
 * that see two spellings as one, with values that no valid statement could have put there. Each shape makes the SQL
 * literals of one random key; a key that the table refuses as a duplicate is simply not there.
 */

import type { SourceName } from "../world/matrix.js";

type Random = () => number;

export interface KeyShape {
  readonly name: string;
  /** Column definitions of the key columns. */
  readonly columns: readonly string[];
  readonly key: readonly string[];
  /** SQL literals of the key columns. */
  readonly row: (random: Random, i: number) => readonly string[];
  /** Only on servers of this name, or on those that take the table. */
  readonly only?: SourceName;
  /** Instead of PRIMARY KEY (key columns). */
  readonly keyClause?: string;
  readonly index?: string;
  /** The table is one range: nothing tells its rows apart exactly. */
  readonly single?: true;
  /** Rows that may share one bound: of a key that is bounded by its first columns only. */
  readonly group?: number;
}

const int = (random: Random, below: number): number => Math.floor(random() * below);
const pick = <T>(random: Random, from: readonly T[]): T => from[int(random, from.length)]!;
const hex = (random: Random, bytes: number): string =>
  Array.from({ length: bytes }, () => int(random, 256).toString(16).padStart(2, "0")).join("");
const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
const two = (value: number): string => String(value).padStart(2, "0");

const syllables = [
  "a",
  "B",
  "ä",
  "ß",
  "ss",
  "é",
  "e",
  "Z",
  "z",
  "0",
  "9",
  "-",
  "_",
  " ",
  "ñ",
  "n",
  "日",
  "本",
  "😀",
  "🍺",
  "Ω",
  "ж",
];
const word = (random: Random, from: readonly string[] = syllables): string =>
  Array.from({ length: 1 + int(random, 8) }, () => pick(random, from)).join("") + String(int(random, 100));
const latin = syllables.slice(0, 16).concat("€", "\u0081", "ÿ");
const uuid = (random: Random): string =>
  hex(random, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/u, "$1-$2-$3-$4-");

export const keyShapes: readonly KeyShape[] = [
  { name: "dense int", columns: ["k int"], key: ["k"], row: (_, i) => [String(i + 1)] },
  {
    name: "negative, sparse, skewed bigint",
    columns: ["k bigint"],
    key: ["k"],
    row: (random, i) => {
      if (i === 0) return ["-9223372036854775808"];
      if (i === 1) return ["9223372036854775807"];
      const size = BigInt(Math.floor(2 ** (random() * 52)));
      return [String((random() < 0.5 ? -size : size) * (random() < 0.1 ? 1024n : 1n))];
    },
  },
  {
    name: "bigint unsigned past 2^63",
    columns: ["k bigint unsigned"],
    key: ["k"],
    row: (random, i) =>
      i === 0
        ? ["18446744073709551615"]
        : [String(18446744073709551614n - BigInt(int(random, 2 ** 40)) * 8191n)],
  },
  {
    name: "most rows in one corner",
    columns: ["k int"],
    key: ["k"],
    row: (random, i) => [String(i % 20 === 0 ? int(random, 2 ** 31) - 2 ** 30 : 5_000_000 + i)],
  },
  {
    name: "zerofill, year, tinyint",
    columns: ["k int unsigned zerofill", "y year", "t tinyint"],
    key: ["y", "t", "k"],
    row: (random) => [
      String(int(random, 400)),
      String(pick(random, [0, 1901, 2155, 2000])),
      String(int(random, 256) - 128),
    ],
  },
  {
    name: "one large group first",
    columns: ["a int", "b int", "c varchar(20)"],
    key: ["a", "b", "c"],
    row: (random, i) => [
      i % 10 === 0 ? String(int(random, 9) - 4) : "1",
      String(int(random, 60) - 30),
      quoted(word(random)),
    ],
  },
  {
    name: "text ai_ci",
    columns: ["k varchar(60) character set utf8mb4 collate utf8mb4_unicode_ci"],
    key: ["k"],
    row: (random) => [quoted(word(random))],
  },
  {
    name: "text 0900_ai_ci",
    only: "mysql9",
    columns: ["k varchar(60) character set utf8mb4 collate utf8mb4_0900_ai_ci"],
    key: ["k"],
    row: (random) => [quoted(word(random))],
  },
  {
    name: "text with PAD SPACE, general_ci",
    columns: ["k varchar(60) character set utf8mb4 collate utf8mb4_general_ci"],
    key: ["k"],
    row: (random) => [quoted(word(random) + " ".repeat(int(random, 3)))],
  },
  {
    name: "text bin, control characters and backslashes",
    columns: ["k varchar(60) character set utf8mb4 collate utf8mb4_bin"],
    key: ["k"],
    row: (random) => [
      `CONCAT(${pick(random, ["''", "'\\\\x'", "'\\0'", "'\\n'", "CHAR(1)", "'  '"])}, ${quoted(word(random))})`,
    ],
  },
  {
    name: "latin1, latin1 bin",
    columns: [
      "k varchar(60) character set latin1 collate latin1_german1_ci",
      "l varchar(9) character set latin1 collate latin1_bin",
    ],
    key: ["k", "l"],
    row: (random) => [quoted(word(random, latin)), quoted(pick(random, latin))],
  },
  {
    name: "utf16, sjis, gbk",
    columns: [
      "k varchar(40) character set utf16",
      "s varchar(20) character set sjis",
      "g varchar(20) character set gbk",
    ],
    key: ["s", "k", "g"],
    row: (random) => [
      quoted(word(random)),
      `CONVERT(${quoted(pick(random, ["日", "本", "ソ", "表"]))} USING sjis)`,
      quoted(pick(random, ["中", "文", "x"])),
    ],
  },
  {
    name: "utf8mb4 bytes that are no text",
    columns: ["k varchar(60) character set latin1", "n int"],
    key: ["k", "n"],
    row: (random) => [
      `CONVERT(UNHEX('${hex(random, 1 + int(random, 3))}') USING latin1)`,
      String(int(random, 50)),
    ],
  },
  {
    name: "uuid as char",
    columns: ["k char(36) character set ascii collate ascii_general_ci"],
    key: ["k"],
    row: (random) => [quoted(uuid(random))],
  },
  {
    name: "uuid as binary",
    columns: ["k binary(16)"],
    key: ["k"],
    row: (random) => [`UNHEX('${hex(random, 16)}')`],
  },
  {
    name: "varbinary with zeros at the end",
    columns: ["k varbinary(40)"],
    key: ["k"],
    row: (random) => [
      `UNHEX('${"ab00".repeat(int(random, 4))}${hex(random, int(random, 3))}${"00".repeat(int(random, 4))}')`,
    ],
  },
  {
    name: "decimal",
    columns: ["k decimal(30,8)"],
    key: ["k"],
    row: (random) => [
      `${random() < 0.5 ? "-" : ""}${"9".repeat(int(random, 20))}${int(random, 1000)}.${int(random, 10 ** 8)}`,
    ],
  },
  {
    name: "date with zero and partial dates",
    columns: ["k date", "n int"],
    key: ["k", "n"],
    row: (random) => [
      quoted(
        `${String(int(random, 4) * 700).padStart(4, "0")}-${two(int(random, 13))}-${two(int(random, 29))}`,
      ),
      String(int(random, 9)),
    ],
  },
  {
    name: "datetime(6)",
    columns: ["k datetime(6)"],
    key: ["k"],
    row: (random, i) => [
      i === 0
        ? "'9999-12-31 23:59:59.999999'"
        : quoted(
            `${1000 + int(random, 3)}-${two(1 + int(random, 12))}-${two(1 + int(random, 28))} ${two(int(random, 24))}:59:59.${int(random, 10 ** 6)}`,
          ),
    ],
  },
  {
    name: "timestamp(3), time(2)",
    columns: ["k timestamp(3) not null default '1980-01-01 00:00:00'", "t time(2)"],
    key: ["k", "t"],
    row: (random) => [
      quoted(`20${two(int(random, 37))}-01-02 03:04:05.${int(random, 1000)}`),
      quoted(`${random() < 0.5 ? "-" : ""}${int(random, 838)}:00:${two(int(random, 60))}.5`),
    ],
  },
  {
    name: "bit, enum",
    columns: ["k enum('z','y','x','w')", "b bit(12)"],
    key: ["b", "k"],
    group: 5,
    row: (random) => [quoted(pick(random, ["z", "y", "x", "w", "no such label"])), String(int(random, 4096))],
  },
  {
    name: "not null unique key in place of the primary",
    columns: ["k varchar(30) not null"],
    key: ["k"],
    keyClause: "unique key u_k (k)",
    index: "u_k",
    row: (random) => [quoted(word(random))],
  },
  {
    name: "descending",
    only: "mysql9",
    columns: ["a int", "b int"],
    key: ["a", "b"],
    keyClause: "primary key (a desc, b desc)",
    row: (random) => [String(int(random, 90)), String(int(random, 900))],
  },
  {
    name: "mixed directions",
    only: "mysql9",
    columns: ["a int", "b int"],
    key: ["a", "b"],
    keyClause: "primary key (a, b desc)",
    group: 60,
    row: (random) => [String(int(random, 90)), String(int(random, 900))],
  },
  {
    name: "a float behind an int",
    columns: ["a int", "f float"],
    key: ["a", "f"],
    group: 60,
    row: (random) => [String(int(random, 90)), String(random())],
  },
  { name: "float", columns: ["f double"], key: ["f"], single: true, row: (random) => [String(random())] },
  {
    name: "MariaDB uuid and inet6",
    only: "mariadb",
    columns: ["k uuid", "i inet6"],
    key: ["i", "k"],
    row: (random) => [quoted(uuid(random)), quoted(`2001:db8::${hex(random, 1)}`)],
  },
];
