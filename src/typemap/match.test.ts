import { describe, expect, it } from "vitest";
import { column } from "./example-column.js";
import { globMatches } from "./glob.js";
import { type ColumnFacts, failedCondition } from "./match.js";
import type { Match } from "./rule.js";
import { parseTypePattern, typeMatches } from "./type-pattern.js";

describe("type patterns", () => {
  it.each([
    ["tinyint", "tinyint(1)", true],
    ["tinyint(1)", "tinyint(1)", true],
    ["tinyint(1)", "tinyint(1) unsigned", true],
    ["tinyint(1)", "tinyint(4)", false],
    ["tinyint(1)", "tinyint", false],
    ["tinyint(1) unsigned", "tinyint(1)", false],
    ["int signed", "int(10) unsigned", false],
    ["int unsigned", "int(10) unsigned zerofill", true],
    ["int zerofill", "int(10) unsigned", false],
    ["integer", "int(11)", true],
    ["bool", "tinyint(1)", true],
    ["bool", "tinyint(2)", false],
    ["decimal(10,2)", "decimal(10,2) unsigned", true],
    ["decimal(10,2)", "decimal(10,4)", false],
    ["decimal(10)", "decimal(10,2)", true],
    ["float(*,*)", "float(7,4)", true],
    ["float(*,*)", "float", false],
    ["decimal(*,2)", "decimal(30,2)", true],
    ["numeric", "decimal(10,2)", true],
    ["datetime", "datetime(6)", true],
    ["datetime(6)", "datetime(6)", true],
    ["datetime(6)", "datetime", false],
    ["datetime(0)", "datetime", true],
    ["*text", "mediumtext", true],
    ["*text", "varchar(10)", false],
    ["*int", "bigint(20)", true],
    ["double precision", "double", true],
    ["enum('a','b')", "enum('a','b')", true],
    ["enum('a','b')", "enum('a')", false],
    ["enum", "enum('a')", true],
    ["VARCHAR(40)", "varchar(40)", true],
  ])("%s on %s: %s", (pattern, declared, expected) => {
    const parsed = parseTypePattern(pattern);
    expect(parsed !== null && typeMatches(parsed, column("c", declared))).toBe(expected);
  });

  it.each(["", "intt", "tinyint(", "tinyint(1", "(1)", "int int", "decimal(a,b)", "x*"])(
    "%j is none",
    (text) => {
      expect(parseTypePattern(text)).toBeNull();
    },
  );
});

describe("globs", () => {
  it.each([
    ["*", "", true],
    ["tmp_*", "tmp_x", true],
    ["tmp_*", "xtmp_x", false],
    ["a.b", "axb", false],
    ["a?c", "a😀c", true],
    ["a?c", "ac", false],
    ["[x]", "[x]", true],
    ["a*", "a\nb", true],
    ["Users", "users", false],
  ])("%j on %j: %s", (glob, text, expected) => {
    expect(globMatches(glob, text)).toBe(expected);
  });
});

describe("conditions", () => {
  const facts: ColumnFacts = {
    engine: "mysql",
    table: "orders",
    storage: "InnoDB",
    column: column("created_at", "varchar(40)", {
      nullable: false,
      default: { kind: "literal", text: "0000-00-00" },
    }),
    keys: { primary: false, unique: true, foreign: false, auto: false },
  };

  it.each<[Match, string | null]>([
    [{}, null],
    [{ table: "ord*", column: ["x", "created_*"] }, null],
    [{ table: "users" }, "table is orders, not users"],
    [{ column: ["a", "b"] }, "column is created_at, not a or b"],
    [{ type: "int" }, "type is varchar(40), not int"],
    [{ length: 40 }, null],
    [{ length: { min: 41 } }, "length is 40, not 41 to any"],
    [{ length: { max: 39 } }, "length is 40, not 0 to 39"],
    [{ precision: 3 }, "precision is not declared, not 3"],
    [{ nullable: true }, "nullable is false, not true"],
    [{ unsigned: false }, null],
    [{ charset: "utf8*" }, null],
    [{ charset: "latin1" }, "charset is utf8mb4, not latin1"],
    [{ default: "literal" }, null],
    [{ default: "now" }, "default is of kind literal, not now"],
    [{ default: { literal: "0000-*" } }, null],
    [{ default: { literal: "x" } }, "default is '0000-00-00', not 'x'"],
    [{ key: "unique" }, null],
    [{ key: "any" }, null],
    [{ key: "none" }, "key is unique, not none"],
    [{ key: "auto" }, "key is unique, not auto"],
    [{ engine: "mariadb" }, "engine is mysql, not mariadb"],
    [{ storage: "MyISAM" }, "storage is InnoDB, not MyISAM"],
    [{ autoIncrement: true }, "autoIncrement is false, not true"],
    [{ generated: true }, "generated is false, not true"],
  ])("%j: %s", (match, expected) => {
    expect(failedCondition(match, facts)).toBe(expected);
  });
});
