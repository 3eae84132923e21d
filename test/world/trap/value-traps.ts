/** Traps of values: each goes through the copy, is changed and deleted by the log, and is matched by its key or as a whole. */
import type { SourceName } from "../matrix.js";
import { together } from "./trap.js";
import type { Trap } from "./trap.js";

/** A table of one kind of value: `values` come by the copy, by an insert, and each takes the next one's place by an update. */
function values(name: string, table: string, type: string, list: readonly string[]): Trap {
  const rows = (from: number): string =>
    list.map((value, at) => `(${String(from + at)}, ${value})`).join(", ");
  return {
    name,
    tables: [table],
    made: [`CREATE TABLE ${table} (id INT PRIMARY KEY, v ${type})`, `INSERT INTO ${table} VALUES ${rows(0)}`],
    started: [`INSERT INTO ${table} VALUES ${rows(100)}`],
    copying: [`UPDATE ${table} SET id = id + 50 WHERE id < 50`],
    joined: [
      `INSERT INTO ${table} VALUES ${rows(200)}`,
      ...together(
        ...list.map(
          (_, at) =>
            `UPDATE ${table} SET v = ${list[(at + 1) % list.length] ?? "NULL"} WHERE id = ${String(100 + at)}`,
        ),
      ),
      `DELETE FROM ${table} WHERE id = 200`,
      `INSERT INTO ${table} VALUES (300, NULL)`,
    ],
    rows: [list.length * 3],
  };
}

/** A key of that type: every row is updated and one is deleted by it. */
function keys(
  name: string,
  table: string,
  type: string,
  list: readonly string[],
  copied: readonly string[],
): Trap {
  return {
    name,
    tables: [table],
    made: [
      `CREATE TABLE ${table} (k ${type} NOT NULL PRIMARY KEY, v INT)`,
      `INSERT INTO ${table} VALUES ${copied.map((value) => `(${value}, 1)`).join(", ")}`,
    ],
    started: [`UPDATE ${table} SET v = 2`],
    joined: [
      `INSERT INTO ${table} VALUES ${list.map((value) => `(${value}, 1)`).join(", ")}`,
      `UPDATE ${table} SET v = v + 10`,
      `DELETE FROM ${table} WHERE k = ${list[0] ?? ""}`,
      `DELETE FROM ${table} WHERE k = ${copied[0] ?? ""}`,
    ],
    rows: [list.length + copied.length - 2],
  };
}

export function valueTraps(server: SourceName): readonly Trap[] {
  const json = server !== "mysql56";
  return [
    values("trap 26: decimals to their last digit", "t26", "DECIMAL(65,30)", [
      "99999999999999999999999999999999999.999999999999999999999999999999",
      "-99999999999999999999999999999999999.999999999999999999999999999999",
      "0.000000000000000000000000000001",
      "-0.1",
      "1",
    ]),
    values("trap 27: integers past 2^53", "t27", "BIGINT", [
      "9007199254740993",
      "-9007199254740993",
      "9223372036854775807",
      "-9223372036854775808",
    ]),
    values("trap 28: BIGINT UNSIGNED past its sign", "t28", "BIGINT UNSIGNED", [
      "18446744073709551615",
      "9223372036854775808",
      "0",
    ]),
    keys(
      "trap 27 and paused-at-32-bit: keys past 2^32 and 2^53",
      "t27_key",
      "BIGINT UNSIGNED",
      ["9007199254740993", "18446744073709551615"],
      ["9007199254740992", "4294967296"],
    ),
    values("trap 29: years 1 to 9999 to the microsecond", "t29", "DATETIME(6)", [
      "'0001-01-01 00:00:00.000001'",
      "'1713-12-31 23:59:59.999999'",
      "'1969-12-31 23:59:59.999999'",
      "'2286-11-20 17:46:40.000001'",
      "'9999-12-31 23:59:59.999999'",
    ]),
    values("trap 29: instants", "t29_stamp", "TIMESTAMP(3) NULL", [
      "'1970-01-01 00:00:01.001'",
      "'2038-01-19 03:14:07.999'",
    ]),
    values("trap 31: TIME past a day and below zero", "t31", "TIME(6)", [
      "'838:59:59'",
      "'-838:59:59'",
      "'-00:00:00.000001'",
      "'24:00:00'",
    ]),
    values("trap 32: bits", "t32", "BIT(9)", ["b'100000001'", "b'0'", "b'11111111'"]),
    values("trap 33: a boolean", "t33", "TINYINT(1)", ["0", "1"]),
    values("trap 33: what is called a boolean and holds 2 and -1, by a rule", "t33_counter", "TINYINT(1)", [
      "2",
      "-1",
      "127",
      "-128",
    ]),
    values(
      "trap 34: labels with commas, quotes and nothing in them",
      "t34",
      "ENUM('', 'a,b', 'it''s', 'größe')",
      ["''", "'a,b'", "'it''s'", "'größe'"],
    ),
    values("trap 34: sets", "t34_set", "SET('a', 'b', 'x y')", ["''", "'a,x y'", "'b'"]),
    values("trap 35: padded bytes", "t35", "BINARY(4)", ["'a'", "x'00'", "x'61000000'", "''"]),
    keys(
      "trap 35, binary-padding: a CHAR key with blanks that are and are not its own",
      "t35_key",
      "CHAR(8) COLLATE utf8mb4_bin",
      ["'a'", "'ab'"],
      ["'abc'", "'ä'"],
    ),
    keys(
      "binary-key: keys of bytes, empty and with zeros at the end",
      "m_binary_key",
      "VARBINARY(8)",
      ["x'00'", "x'0000'", "x'ff00'"],
      ["''", "x'000000'", "x'5c27'"],
    ),
    values("trap 36: texts of many alphabets", "t36", "VARCHAR(40)", [
      "'\\\\N'",
      "'\\\\.'",
      "'tab\\tline\\n'",
      "_utf8mb4 x'f09f9880'",
      "_utf8mb4 x'e697a5e69cac'",
      "'a '",
    ]),
    values("trap 38: floats", "t38", "FLOAT", [
      "3.4028234663852886e38",
      "1.401298464324817e-45",
      "0.1",
      "16777216",
    ]),
    values("trap 38: doubles", "t38_double", "DOUBLE", [
      "1.7976931348623157e308",
      "5e-324",
      "0.1",
      "9007199254740993e0",
    ]),
    values("trap 39: geometries", "t39", "GEOMETRY", [
      "ST_GeomFromText('POINT(1 2)')",
      "ST_GeomFromText('LINESTRING(0 0, 1 1, 2 0)')",
      // Its axes are latitude and longitude at MySQL, and kept as longitude and latitude.
      "ST_GeomFromText('POINT(10 20)', 4326)",
      "ST_GeomFromText('POINT(10 20)', 3857)",
      "ST_GeomFromText('GEOMETRYCOLLECTION EMPTY')",
      "ST_GeomFromText('GEOMETRYCOLLECTION EMPTY', 4326)",
    ]),
    values("trap 40: years", "t40", "YEAR", ["1901", "2155", "2000"]),
    ...(json
      ? [
          values("trap 37, json-never-matches: documents that a row is not found by", "t37", "JSON", [
            `'{"b": 1, "a": [1.0, 1, 1e2]}'`,
            `'"x"'`,
            "'null'",
            `'[12345678901234567890, -0.0, 1.10]'`,
            `'{"": {"a": "\\\\u00e9"}}'`,
          ]),
          {
            name: "trap 40: generated and invisible columns",
            tables: ["t40_made"],
            made: [
              "CREATE TABLE t40_made (id INT PRIMARY KEY, a INT, b INT AS (a + 1) STORED, c VARCHAR(20) AS (CONCAT('n', a)) VIRTUAL, d INT DEFAULT 7 INVISIBLE)",
              "INSERT INTO t40_made (id, a) VALUES (1, 1), (2, NULL)",
            ],
            started: ["UPDATE t40_made SET a = 5 WHERE id = 1"],
            joined: [
              "INSERT INTO t40_made (id, a, d) VALUES (3, 3, 9)",
              "UPDATE t40_made SET a = a + 1, d = d + 1",
              "DELETE FROM t40_made WHERE id = 2",
            ],
            rows: [2],
          },
        ]
      : []),
    {
      name: "trap 49: the target's triggers sleep, and ON UPDATE times come from the source",
      tables: ["t49"],
      made: [
        "CREATE TABLE t49 (id INT PRIMARY KEY, v INT DEFAULT 5, at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6))",
        "INSERT INTO t49 (id) VALUES (1), (2)",
      ],
      joined: [
        "UPDATE t49 SET v = 6 WHERE id = 1",
        "INSERT INTO t49 (id) VALUES (3)",
        "DELETE FROM t49 WHERE id = 2",
      ],
      rows: [2],
    },
    {
      name: "trap 56: a source clock that steps back and forth decides nothing",
      tables: ["t56"],
      made: ["CREATE TABLE t56 (id INT PRIMARY KEY, v INT)", "INSERT INTO t56 VALUES (1, 0)"],
      started: [
        "SET timestamp = 2000000000",
        "UPDATE t56 SET v = 1",
        "SET timestamp = 1000",
        "UPDATE t56 SET v = 2",
      ],
      joined: [
        "SET timestamp = 2000000000",
        "UPDATE t56 SET v = 3",
        "SET timestamp = 1000",
        "UPDATE t56 SET v = 4",
        "SET timestamp = DEFAULT",
        "UPDATE t56 SET v = v + 1",
      ],
      rows: [1],
    },
  ];
}
