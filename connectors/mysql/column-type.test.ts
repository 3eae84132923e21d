import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../../src/errors.js";
import { parseColumnType } from "./column-type.js";

const nothing = {
  length: null,
  precision: null,
  scale: null,
  fsp: 0,
  unsigned: false,
  zerofill: false,
  labels: [],
};

describe("a COLUMN_TYPE taken apart", () => {
  it.each([
    ["int", { type: "int" }],
    ["int(11)", { type: "int", length: 11 }],
    ["int(10) unsigned zerofill", { type: "int", length: 10, unsigned: true, zerofill: true }],
    ["bigint unsigned", { type: "bigint", unsigned: true }],
    ["tinyint(1)", { type: "tinyint", length: 1 }],
    ["decimal(10,2)", { type: "decimal", precision: 10, scale: 2 }],
    ["decimal(65,30) unsigned", { type: "decimal", precision: 65, scale: 30, unsigned: true }],
    ["float", { type: "float" }],
    ["float(7,4) unsigned", { type: "float", precision: 7, scale: 4, unsigned: true }],
    ["double(15,3)", { type: "double", precision: 15, scale: 3 }],
    ["datetime", { type: "datetime" }],
    ["datetime(6)", { type: "datetime", fsp: 6 }],
    ["time(3)", { type: "time", fsp: 3 }],
    ["year(4)", { type: "year", length: 4 }],
    ["bit(64)", { type: "bit", length: 64 }],
    ["varchar(255)", { type: "varchar", length: 255 }],
    ["binary(16)", { type: "binary", length: 16 }],
    ["geomcollection", { type: "geomcollection" }],
    ["vector(3)", { type: "vector", length: 3 }],
    ["text /*M!100301 COMPRESSED*/", { type: "text" }],
    ["varchar(1000) /*M!100301 COMPRESSED*/", { type: "varchar", length: 1000 }],
    ["enum('a','b')", { type: "enum", labels: ["a", "b"] }],
    ["enum('')", { type: "enum", labels: [""] }],
    [
      String.raw`enum('a''b','c\\d','e\nf','g,h','(x)')`,
      { type: "enum", labels: ["a'b", "c\\d", "e\nf", "g,h", "(x)"] },
    ],
    ["set('x','y''y')", { type: "set", labels: ["x", "y'y"] }],
    ["enum('/* no comment */ unsigned')", { type: "enum", labels: ["/* no comment */ unsigned"] }],
  ])("%s", (columnType, expected) => {
    expect(parseColumnType(columnType)).toEqual({ ...nothing, ...expected });
  });

  it.each(["", "enum('a", "enum('a' 'b')", "int(", "int('a')", "int(1", "(5)"])(
    "refuses %j",
    (columnType) => {
      expect(() => parseColumnType(columnType)).toThrow(Fault);
    },
  );

  it("gives back any labels that the server's escapes spell", () => {
    const label = fc.string({
      unit: fc.constantFrom("a", "'", "\\", ",", "(", ")", "\n", "\r", "\0", "é", "😀", " ", '"', "`", "%"),
      maxLength: 12,
    });
    fc.assert(
      fc.property(
        fc.array(label, { minLength: 1, maxLength: 10 }),
        fc.constantFrom("enum", "set"),
        (labels, type) => {
          const parsed = parseColumnType(`${type}(${labels.map(spelled).join(",")})`);
          expect(parsed.labels).toEqual(labels);
        },
      ),
    );
  });
});

/** As append_unescaped() in the server writes a label into COLUMN_TYPE. */
function spelled(label: string): string {
  const escaped = label
    .replaceAll("\\", "\\\\")
    .replaceAll("'", "''")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\0", "\\0");
  return `'${escaped}'`;
}
