import fc from "fast-check";
import { expect, it } from "vitest";
import { mysqlName, postgresLiteral, postgresName } from "./identifier.js";

const anyName = fc
  .string({ unit: "binary", minLength: 1, maxLength: 15 })
  .filter((name) => !name.includes("\0"));

it("a quoted name ends where it should, whatever is in it", () => {
  fc.assert(
    fc.property(anyName, (name) => {
      expect(mysqlName(name).slice(1, -1).replaceAll("``", "")).not.toContain("`");
      expect(mysqlName(name).slice(1, -1).replaceAll("``", "`")).toBe(name);
      if (Buffer.byteLength(name) > 63) return;
      expect(postgresName(name).slice(1, -1).replaceAll('""', "")).not.toContain('"');
      expect(postgresName(name).slice(1, -1).replaceAll('""', '"')).toBe(name);
    }),
  );
});

it("what cannot be a name is refused, never cut", () => {
  for (const name of ["", "a\0b"]) {
    expect(() => mysqlName(name)).toThrow("cannot be a name");
    expect(() => postgresName(name)).toThrow("cannot be a name");
  }
  expect(postgresName("é".repeat(31) + "x")).toHaveLength(34);
  expect(() => postgresName("é".repeat(32))).toThrow("63 bytes");
});

it("literals double quotes and escape backslashes", () => {
  expect(postgresLiteral("it's")).toBe("'it''s'");
  expect(postgresLiteral("a\\'b")).toBe(" E'a\\\\''b'");
  expect(() => postgresLiteral("\0")).toThrow("U+0000");
});
