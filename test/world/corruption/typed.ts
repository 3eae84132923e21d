/**
 * Tables for corruptions: every type in tables that are compared in three ways, in key order, by keys, and without a
 * key. Values are made by the source itself, NULLs among them.
 */
import { numbers } from "../journey.js";

const columns: readonly (readonly [definition: string, value: string])[] = [
  ["small SMALLINT", "n - 100"],
  ["i INT", "n * 7919 - 500000"],
  ["big BIGINT", "(n - 50) * 90071992547409"],
  ["u BIGINT UNSIGNED", "18446744073709551615 - n"],
  ["flag TINYINT(1)", "n % 2"],
  ["amount DECIMAL(14,4)", "(n - 30) * 1234.5678"],
  ["d DOUBLE", "IF(n % 11 = 0, 0, n / 7e0)"],
  ["f FLOAT", "IF(n % 13 = 0, 0, n / 3e0)"],
  ["name VARCHAR(60)", "CONCAT('Name é a ', n)"],
  ["note TEXT", "IF(n % 17 = 0, '', CONCAT('a note of ', n, REPEAT(' and more', n % 5)))"],
  ["code CHAR(8)", "CONCAT('c', n)"],
  ["bin VARBINARY(20)", "UNHEX(LEFT(SHA2(n, 256), 40))"],
  ["raw_bytes BLOB", "REPEAT(CHAR(n % 256), 1 + n % 40)"],
  ["day DATE", "DATE '1970-01-01' + INTERVAL n * 37 DAY"],
  ["at DATETIME(6)", "TIMESTAMP '2001-02-03 04:05:06.000007' + INTERVAL n * 3599 SECOND"],
  ["ts TIMESTAMP(3) NULL", "TIMESTAMP '2001-02-03 04:05:06.007' + INTERVAL n * 86399 SECOND"],
  ["lasting TIME(6)", "SEC_TO_TIME(n % 1700 * 1801 - 90000)"],
  ["y YEAR", "1950 + n % 150"],
  ["kind ENUM('red','green','blue')", "1 + n % 3"],
  ["tags SET('a','b','c')", "n % 8"],
  [
    "doc JSON",
    "IF(n % 3 = 0, JSON_OBJECT('n', n, 'list', JSON_ARRAY(n, 1.5, 'x'), 'none', NULL), JSON_ARRAY(n, 'é'))",
  ],
  ["bits BIT(9)", "n % 512"],
  ["ip VARBINARY(16)", "IF(n % 2, INET6_ATON('10.0.0.1'), INET6_ATON('2001:db8::1'))"],
];

/** What the source is told to make these tables, so many rows each. `json`: whether it knows the type. */
export function typedSql(rows: number, json: boolean): readonly string[] {
  const known = columns.filter(([definition]) => json || !definition.endsWith(" JSON"));
  const definitions = known.map(([definition]) => definition).join(", ");
  const words = known.map(([definition]) => definition.split(" ")[0]).join(", ");
  // A value, or NULL in one row of nineteen.
  const values = known.map(([, value], at) => `IF((n + ${at}) % 19 = 0, NULL, ${value})`).join(", ");
  const from = `FROM (${numbers(rows)}) AS r`;
  return [
    `CREATE TABLE typed (id INT PRIMARY KEY, ${definitions})`,
    `INSERT INTO typed SELECT n * 3 - 100, ${values} ${from}`,
    `CREATE TABLE worded (w VARCHAR(40) COLLATE utf8mb4_unicode_ci NOT NULL, ${definitions}, PRIMARY KEY (w))`,
    `INSERT INTO worded SELECT CONCAT('Wört ', n), ${values} ${from}`,
    `CREATE TABLE paired (a INT NOT NULL, b VARBINARY(24) NOT NULL, at_key DATETIME(6) NOT NULL, ${definitions}, PRIMARY KEY (a, b, at_key))`,
    `INSERT INTO paired SELECT n DIV 7 - 20, UNHEX(LEFT(SHA2(n, 256), 2 + n % 9 * 2)), TIMESTAMP '1999-12-31 23:59:59.999999' - INTERVAL n MICROSECOND, ${values} ${from}`,
    `CREATE TABLE bag (${definitions})`,
    `INSERT INTO bag (${words}) SELECT ${values} ${from}`,
    `INSERT INTO bag SELECT * FROM bag LIMIT ${Math.ceil(rows / 8)}`,
  ];
}

/** What the type map needs to be told for them. */
export const typedConfig: readonly string[] = [
  "snapshot: { rangeRows: 100 }",
  "typemap:",
  "  - { match: { column: ip }, to: { type: inet } }",
];
