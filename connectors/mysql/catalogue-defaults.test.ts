import { describe, expect, it } from "vitest";
import type { ColumnDefault } from "../../src/model.js";
import { isSuspect, mariadbDefault, mysqlDefault, onUpdateNow } from "./catalogue-defaults.js";
import type { DefaultForm } from "./catalogue-defaults.js";
import { parseColumnType } from "./column-type.js";

function form(
  columnType: string,
  columnDefault: string | null,
  rest: Partial<DefaultForm> = {},
): DefaultForm {
  const type = parseColumnType(columnType);
  const binary = /binary|blob/u.test(columnType);
  return { columnDefault, extra: "", nullable: true, generated: false, binary, type, ...rest };
}

const marked = { extra: "DEFAULT_GENERATED" };

describe("the defaults of types.md 4.1 as MySQL prints them", () => {
  const cases: readonly (readonly [string, DefaultForm, ColumnDefault])[] = [
    ["DEFAULT 'abc'", form("varchar(9)", "abc"), { kind: "literal", text: "abc" }],
    ["DEFAULT ''", form("varchar(9)", ""), { kind: "literal", text: "" }],
    [
      "the words on a varchar",
      form("varchar(30)", "CURRENT_TIMESTAMP"),
      { kind: "literal", text: "CURRENT_TIMESTAMP" },
    ],
    ["the function, 8 and later", form("datetime", "CURRENT_TIMESTAMP", marked), { kind: "now", fsp: 0 }],
    ["the function, 5.6", form("timestamp(3)", "CURRENT_TIMESTAMP(3)"), { kind: "now", fsp: 3 }],
    [
      "DEFAULT (now()) on a varchar",
      form("varchar(30)", "now()", marked),
      { kind: "expression", text: "now()" },
    ],
    ["DEFAULT NULL", form("int", null), { kind: "null" }],
    ["none", form("int", null, { nullable: false }), { kind: "none" }],
    ["a generated column", form("int", null, { generated: true }), { kind: "none" }],
    ["DEFAULT 'NULL'", form("varchar(9)", "NULL"), { kind: "literal", text: "NULL" }],
    ["DEFAULT (uuid())", form("varchar(36)", "uuid()", marked), { kind: "expression", text: "uuid()" }],
    [
      "an expression, escaped once more",
      form("varchar(9)", String.raw`concat(_utf8mb4\'a\\\'b\',_utf8mb4\'\\\\\')`, marked),
      { kind: "expression", text: String.raw`concat(_utf8mb4'a\'b',_utf8mb4'\\')` },
    ],
    [
      "an expression whose UTF-8 was told as latin1",
      form("varchar(9)", Buffer.from("concat(`é`,'日😀')").toString("latin1"), marked),
      { kind: "expression", text: "concat(`é`,'日😀')" },
    ],
    [
      "an expression that is a literal",
      form("text", String.raw`_utf8mb4\'long\'`, marked),
      { kind: "literal", text: "long" },
    ],
    ["b'101'", form("bit(5)", "b'101'"), { kind: "bytes", hex: "05" }],
    ["b'1' in 9 bits", form("bit(9)", "b'1'"), { kind: "bytes", hex: "0001" }],
    ["bytes, 9.7", form("varbinary(9)", "0xFF"), { kind: "bytes", hex: "ff" }],
    ["bytes, 5.6", form("varbinary(9)", "abc"), { kind: "bytes", hex: "616263" }],
    ["a zero date", form("date", "0000-00-00"), { kind: "literal", text: "0000-00-00" }],
  ];
  it.each(cases)("%s", (_name, given, expected) => {
    expect(mysqlDefault(given)).toEqual(expected);
  });
});

describe("the defaults of types.md 4.1 as MariaDB prints them", () => {
  const cases: readonly (readonly [string, DefaultForm, ColumnDefault])[] = [
    ["DEFAULT 'abc'", form("varchar(9)", "'abc'"), { kind: "literal", text: "abc" }],
    [
      "quotes and escapes",
      form("varchar(50)", String.raw`'it''s \\ back \n nl'`),
      { kind: "literal", text: "it's \\ back \n nl" },
    ],
    [
      "the words on a varchar",
      form("varchar(30)", "'CURRENT_TIMESTAMP'"),
      { kind: "literal", text: "CURRENT_TIMESTAMP" },
    ],
    ["the function", form("datetime(3)", "current_timestamp(3)"), { kind: "now", fsp: 3 }],
    ["the function without digits", form("timestamp", "current_timestamp()"), { kind: "now", fsp: 0 }],
    ["DEFAULT NULL", form("int(11)", "NULL"), { kind: "null" }],
    ["none", form("int(11)", null, { nullable: false }), { kind: "none" }],
    ["a generated column", form("int(11)", "NULL", { generated: true }), { kind: "none" }],
    ["DEFAULT 'NULL'", form("varchar(9)", "'NULL'"), { kind: "literal", text: "NULL" }],
    ["a number", form("decimal(10,2)", "-3.10"), { kind: "literal", text: "-3.10" }],
    ["an expression", form("varchar(36)", "uuid()"), { kind: "expression", text: "uuid()" }],
    ["a sum", form("int(11)", "(1 + 2)"), { kind: "expression", text: "(1 + 2)" }],
    ["two literals are no literal", form("varchar(9)", "'a' 'b'"), { kind: "expression", text: "'a' 'b'" }],
    ["b'101'", form("bit(5)", "b'101'"), { kind: "bytes", hex: "05" }],
    ["bytes", form("binary(4)", String.raw`'a\0b\0'`), { kind: "bytes", hex: "61006200" }],
  ];
  it.each(cases)("%s", (_name, given, expected) => {
    expect(mariadbDefault(given)).toEqual(expected);
  });
});

describe("which defaults are asked for once more", () => {
  it.each([
    ["bytes, cut at the first NUL", form("varbinary(9)", "0x61"), true],
    ["no bytes at all, or a NUL at once", form("varbinary(9)", ""), true],
    ["a question mark", form("varchar(9)", "why?"), true],
    ["plain text", form("varchar(9)", "why"), false],
    ["an expression, which DEFAULT() refuses", form("text", String.raw`_utf8mb4\'why?\'`, marked), false],
    ["bits", form("bit(5)", "b'101'"), false],
  ])("%s: %o", (_name, given, expected) => {
    expect(isSuspect(mysqlDefault(given), given)).toBe(expected);
  });
});

it.each([
  ["", null],
  ["auto_increment", null],
  ["on update CURRENT_TIMESTAMP", 0],
  ["DEFAULT_GENERATED on update CURRENT_TIMESTAMP(6)", 6],
  ["on update current_timestamp(3)", 3],
])("ON UPDATE in %j is %j", (extra, expected) => {
  expect(onUpdateNow(extra)).toBe(expected);
});
