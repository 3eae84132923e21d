import { beforeAll, describe, expect, it } from "vitest";
import { loadParser } from "../translate/parser.js";
import type { ColumnDefault, ColumnPolicy } from "../model.js";
import { resolve } from "../typemap/explain.js";
import { builtInRules } from "../typemap/rules.js";
import type { DecidedColumn } from "./columns.js";
import { defaultSql } from "./defaults.js";
import { column } from "../typemap/example-column.js";
import { collectFindings } from "./finding.js";

const refuse: ColumnPolicy = { zeroDate: "refuse", nul: "refuse", badText: "refuse", enumZero: "refuse" };

function decided(type: string, has: ColumnDefault, more: Partial<DecidedColumn> = {}): DecidedColumn {
  const source = column("c", type, { default: has });
  const keys = { primary: false, unique: false, foreign: false, auto: false };
  const facts = { engine: "mysql", table: "t", storage: "InnoDB", column: source, keys } as const;
  const { targetType, rule } = resolve(builtInRules(), facts);
  return {
    column: source,
    target: "c",
    targetType,
    rule,
    nullable: true,
    policy: refuse,
    keyPolicy: { orphans: "refuse", longIndex: "refuse" },
    identity: null,
    check: null,
    default: "keep",
    enumType: null,
    collation: "keys",
    ...more,
  };
}

const text = (value: string): ColumnDefault => ({ kind: "literal", text: value });
const bytes = (hex: string): ColumnDefault => ({ kind: "bytes", hex });
const sql = (value: string): ColumnDefault => ({ kind: "expression", text: value });
const now = (fsp: number): ColumnDefault => ({ kind: "now", fsp });

describe("defaults that are carried over", () => {
  it.each<[string, ColumnDefault, string | null]>([
    ["int", { kind: "none" }, null],
    ["int", { kind: "null" }, null],
    ["int", text("0"), "0"],
    ["int", text("-5"), "-5"],
    ["int(5) unsigned zerofill", text("00042"), "42"],
    ["bigint unsigned", text("18446744073709551615"), "18446744073709551615"],
    ["decimal(10,2)", text("0.00"), "0.00"],
    ["decimal(10,2)", text("-007.50"), "-7.50"],
    ["double", text("1e-7"), "1e-7"],
    ["float", text("1.5"), "1.5"],
    ["tinyint(1)", text("1"), "true"],
    ["tinyint(1)", text("0"), "false"],
    ["tinyint(1)", sql("true"), "true"],
    ["bit(1)", bytes("00"), "false"],
    ["bit(1)", bytes("01"), "true"],
    ["bit(3)", bytes("05"), "B'101'"],
    ["bit(10)", bytes("0201"), "B'1000000001'"],
    ["varchar(10)", text("abc"), "'abc'::character varying(10)"],
    ["varchar(10)", text(""), "''::character varying(10)"],
    ["varchar(10)", text("o'x\\y"), "E'o''x\\\\y'::character varying(10)"],
    ["varchar(30)", text("CURRENT_TIMESTAMP"), "'CURRENT_TIMESTAMP'::character varying(30)"],
    ["varchar(30)", text("NULL"), "'NULL'::character varying(30)"],
    ["char(36)", sql("uuid()"), "gen_random_uuid()::text"],
    ["varchar(10)", sql("_utf8mb4\\'abc\\'"), "'abc'::character varying(10)"],
    ["text", sql("(_utf8mb4'it''s')"), "'it''s'::text"],
    ["varchar(3)", bytes("616263"), "'abc'::character varying(3)"],
    ["int", sql("(42)"), "42"],
    ["enum('a','b')", text("b"), "'b'::text"],
    ["set('a','b')", text("a,b"), "ARRAY['a', 'b']::text[]"],
    ["set('a','b')", text(""), "'{}'::text[]"],
    ["varbinary(4)", bytes("00ff"), "'\\x00ff'::bytea"],
    ["binary(4)", bytes("00ff"), "'\\x00ff0000'::bytea"],
    ["binary(3)", text("ab"), "'\\x616200'::bytea"],
    ["date", text("2024-02-29"), "'2024-02-29'::date"],
    ["date", sql("curdate()"), "CURRENT_DATE"],
    ["datetime", now(0), "LOCALTIMESTAMP(0)"],
    ["datetime(6)", now(6), "LOCALTIMESTAMP(6)"],
    ["timestamp(3)", now(3), "CURRENT_TIMESTAMP(3)"],
    ["timestamp", sql("now()"), "CURRENT_TIMESTAMP(0)"],
    ["datetime(3)", sql("current_timestamp(3)"), "LOCALTIMESTAMP(3)"],
    ["datetime", text("1999-12-31 23:59:59"), "'1999-12-31 23:59:59'::timestamp(0) without time zone"],
    ["timestamp", text("2030-01-01 00:00:00"), "'2030-01-01 00:00:00+00'::timestamp(0) with time zone"],
    ["time", text("-838:59:59"), "'-838:59:59'::interval"],
    ["year", text("2024"), "2024"],
    ["json", sql("json_array()"), "'[]'::jsonb"],
    ["json", sql("(json_object())"), "'{}'::jsonb"],
    ["json", text('{"a": 1}'), "'{\"a\": 1}'::jsonb"],
    ["uuid", sql("uuid()"), "gen_random_uuid()"],
    ["varchar(20)", sql("concat('a','b')"), "('a' || 'b')"],
    ["varchar(20)", sql("('a' 'b')"), "'ab'"],
    ["int", sql("(1 + 2)"), "(1::bigint + 2::bigint)::integer"],
    [
      "datetime",
      sql("(now() + interval 1 day)"),
      "(date_trunc('second', LOCALTIMESTAMP) + 1::integer * interval '1 day')::timestamp(0) without time zone",
    ],
    [
      "timestamp",
      sql("(now() + interval 1 day)"),
      "(date_trunc('second', LOCALTIMESTAMP) + 1::integer * interval '1 day')::timestamp(0) with time zone",
    ],
    ["inet6", text("::1"), "'::1'::inet"],
  ])("%s default %j: %s", (type, has, expected) => {
    const findings = collectFindings();
    expect(defaultSql(decided(type, has), "t.c", "mysql", findings)).toBe(expected);
    expect(findings.sorted()).toEqual([]);
  });
});

// Some defaults are expressions.
beforeAll(loadParser);

describe("defaults that are left out by name", () => {
  it.each<[string, ColumnDefault]>([
    ["datetime", text("0000-00-00 00:00:00")],
    ["date", text("2024-02-30")],
    ["date", text("2024-00-10")],
    ["date", text("0000-01-01")],
    ["tinyint(1)", text("2")],
    ["varchar(10)", text("a\0b")],
    ["varchar(10)", bytes("ff")],
    ["bit(2)", bytes("ff")],
    ["int", sql("(rand() * 10)")],
    ["int", sql("nextval(`shop`.`s`)")],
    ["varchar(20)", now(0)],
    ["json", text('{"a": "\\u0000"}')],
    ["json", text("{")],
    ["vector(3)", sql("string_to_vector('[1,2,3]')")],
  ])("%s default %j", (type, has) => {
    const findings = collectFindings();
    expect(defaultSql(decided(type, has), "t.c", "mysql", findings)).toBeNull();
    expect(findings.sorted()).toMatchObject([
      { code: "default-not-translated", severity: "warning", object: "t.c" },
    ]);
  });
});

describe("defaults and the rest", () => {
  it("a zero date becomes -infinity where the policy says so", () => {
    const column = decided("date", text("0000-00-00"), { policy: { ...refuse, zeroDate: "-infinity" } });
    expect(defaultSql(column, "t.c", "mysql", collectFindings())).toBe("'-infinity'::date");
  });

  it("a rule drops or replaces a default", () => {
    expect(
      defaultSql(decided("int", text("5"), { default: "drop" }), "t.c", "mysql", collectFindings()),
    ).toBeNull();
    expect(defaultSql(decided("int", text("5"), { default: "7" }), "t.c", "mysql", collectFindings())).toBe(
      "7",
    );
  });

  it("a native enum's default has its type", () => {
    const column = decided("enum('a')", text("a"), { enumType: "t_c", targetType: "t_c" });
    expect(defaultSql(column, "t.c", "mysql", collectFindings())).toBe("'a'::t_c");
  });
});
