/**
 * What Debezium changes on the way, a table and a value each: columns that the cases of all types do not have. `doubt`
 * says whether the value is known to be in doubt; where it is not, it is carried or mapped back exactly.
 */
import type { SourceEngine } from "../../src/model.js";

export interface ChangedValue {
  readonly ddl: string;
  readonly target: string;
  readonly value: string;
  readonly doubt: boolean;
  /** Whether Avro is in doubt where JSON is not: it has the default in NULL's place. */
  readonly avro?: boolean;
  readonly engine?: SourceEngine;
}

const date = "date";
const datetime = "timestamp(0) without time zone";
const instant = "timestamp(0) with time zone";

export const changedValues: readonly ChangedValue[] = [
  { ddl: "DATE NOT NULL", target: date, value: "'0000-00-00'", doubt: true },
  { ddl: "DATE NOT NULL", target: date, value: "'2024-00-10'", doubt: true },
  { ddl: "DATE NOT NULL", target: date, value: "'1970-01-01'", doubt: true },
  { ddl: "DATE NOT NULL", target: date, value: "'1970-01-02'", doubt: false },
  { ddl: "DATE NOT NULL DEFAULT '2001-02-03'", target: date, value: "'0000-00-00'", doubt: true },
  { ddl: "DATE NOT NULL DEFAULT '2001-02-03'", target: date, value: "'2001-02-03'", doubt: true },
  { ddl: "DATE NOT NULL DEFAULT '2001-02-03'", target: date, value: "'2001-02-04'", doubt: false },
  { ddl: "DATETIME NOT NULL", target: datetime, value: "'0000-00-00'", doubt: true },
  { ddl: "DATETIME NOT NULL", target: datetime, value: "'2024-02-29 12:00:00'", doubt: false },
  {
    ddl: "DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP",
    target: datetime,
    value: "'0000-00-00'",
    doubt: true,
  },
  {
    ddl: "DATETIME NOT NULL DEFAULT '2001-02-03 04:05:06'",
    target: datetime,
    value: "'2024-02-00 01:02:03'",
    doubt: true,
  },
  { ddl: "TIMESTAMP NOT NULL", target: instant, value: "'0000-00-00 00:00:00'", doubt: false },
  { ddl: "TIMESTAMP NOT NULL", target: instant, value: "'1970-01-01 00:00:01'", doubt: false },
  {
    ddl: "TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP",
    target: instant,
    value: "'0000-00-00 00:00:00'",
    doubt: false,
  },
  { ddl: "TIMESTAMP NULL", target: instant, value: "'0000-00-00 00:00:00'", doubt: true },
  { ddl: "VARCHAR(9) NULL DEFAULT 'dv'", target: "text", value: "NULL", doubt: false, avro: true },
  { ddl: "VARCHAR(9) NULL DEFAULT 'dv'", target: "text", value: "'dv'", doubt: false, avro: true },
  { ddl: "INT NULL DEFAULT 5", target: "integer", value: "NULL", doubt: false, avro: true },
  { ddl: "VARCHAR(9) CHARACTER SET latin1", target: "text", value: "x'61e97a80'", doubt: false },
  { ddl: "VARCHAR(9) CHARACTER SET latin1", target: "text", value: "x'81'", doubt: true },
  { ddl: "VARCHAR(9) CHARACTER SET sjis", target: "text", value: "_utf8mb4'日本'", doubt: true },
  { ddl: "VARCHAR(9) CHARACTER SET cp1251", target: "text", value: "_utf8mb4'я'", doubt: true },
  { ddl: "VARCHAR(9) CHARACTER SET utf16", target: "text", value: "_utf8mb4'é😀'", doubt: false },
  { ddl: "ENUM('b,c','a\\\\b','q''','é😀','é🙂','x')", target: "text", value: "1", doubt: false },
  { ddl: "ENUM('b,c','a\\\\b','q''','x')", target: "text", value: "2", doubt: false },
  { ddl: "ENUM('b,c','a\\\\b','q''','x')", target: "text", value: "3", doubt: false },
  { ddl: "ENUM('','x')", target: "text", value: "1", doubt: true },
  { ddl: "ENUM('','x')", target: "text", value: "0", doubt: true },
  { ddl: "ENUM('x')", target: "text", value: "0", doubt: false },
  { ddl: "SET('x','a\\\\b')", target: "text[]", value: "3", doubt: false },
  { ddl: "YEAR", target: "smallint", value: "0", doubt: false },
  { ddl: "FLOAT(7,3)", target: "real", value: "1234.567", doubt: false },
  {
    ddl: "JSON",
    target: "jsonb",
    value: "JSON_OBJECT('t', CAST('-00:00:01' AS TIME))",
    doubt: true,
    engine: "mysql",
  },
  { ddl: "JSON", target: "jsonb", value: `'{"a": 1e22}'`, doubt: true, engine: "mysql" },
  { ddl: "JSON", target: "jsonb", value: `'{"a":  1e22}'`, doubt: false, engine: "mariadb" },
  { ddl: "BIGINT UNSIGNED", target: "numeric(20,0)", value: "18446744073709551615", doubt: false },
];
