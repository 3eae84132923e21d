import { describe, expect, it } from "vitest";
import { column } from "./example-column.js";
import { resolve } from "./explain.js";
import type { ColumnFacts } from "./match.js";
import { builtInRules, parseRules, userRules } from "./rules.js";
import { sourceTypes } from "./type-pattern.js";

function facts(declared: string): ColumnFacts {
  const auto = declared.endsWith(" auto_increment");
  const columnType = declared.replace(" auto_increment", "");
  return {
    engine: "mysql",
    table: "t",
    storage: "InnoDB",
    column: column("c", columnType, { autoIncrement: auto }),
    keys: { primary: auto, unique: auto, foreign: false, auto },
  };
}

const examples = builtInRules().flatMap(({ name, rule }) =>
  [rule.example ?? []].flat().map((text) => {
    const [source = "", target = ""] = text.split(" => ");
    return { name, source, target };
  }),
);

describe("the built-in rules", () => {
  it("each show an example", () => {
    expect(builtInRules().filter(({ rule }) => rule.example === undefined)).toEqual([]);
  });

  it.each(examples)("$name: $source becomes $target", ({ name, source, target }) => {
    expect(resolve(builtInRules(), facts(source))).toMatchObject({ rule: name, targetType: target });
  });

  it.each(sourceTypes)("give %s a type", (type) => {
    const declared =
      type === "enum" || type === "set" ? `${type}('a')` : type === "decimal" ? "decimal(10,0)" : type;
    const sized = ["char", "varchar", "bit"].includes(type) ? `${type}(5)` : declared;
    expect(resolve(builtInRules(), facts(sized)).targetType).not.toBe("");
  });

  it("refuse a file with two rules of one name, or one without a reason", () => {
    const rule = "{ name: a, why: w, match: {}, to: { type: text } }";
    expect(parseRules(`[${rule}]`)).toHaveLength(1);
    expect(() => parseRules(`[${rule}, ${rule}]`)).toThrow(/name of its own/);
    expect(() => parseRules("[{ name: a, match: {}, to: { type: text } }]")).toThrow(/why/);
  });
});

describe("resolving", () => {
  const rules = (...own: Parameters<typeof userRules>[0]) => [...userRules(own), ...builtInRules()];

  it("lets a user's rule win over a built-in one and says which", () => {
    const won = resolve(rules({ match: { type: "tinyint(1)" }, to: { type: "int2" } }), facts("tinyint(1)"));
    expect(won).toMatchObject({ rule: "typemap[0]", targetType: "smallint", check: null });
  });

  it("lets the first of two that match win", () => {
    const first = { match: { column: "c*" }, to: { type: "int" } };
    const second = { match: { column: "c" }, to: { type: "bigint" } };
    expect(resolve(rules(first, second), facts("tinyint")).targetType).toBe("integer");
    expect(resolve(rules(second, first), facts("tinyint")).targetType).toBe("bigint");
  });

  it("goes on after a rule without a type, and keeps what it said", () => {
    const found = resolve(
      rules({ match: { autoIncrement: true }, to: { identity: "serial", check: "none" } }),
      facts("bigint unsigned auto_increment"),
    );
    expect(found).toMatchObject({ rule: "bigint-unsigned-counter", identity: "serial", check: null });
    expect(found.tried[0]).toMatchObject({ rule: "typemap[0]", outcome: "refines" });
  });

  it("tells every rule tried and the condition on which it failed", () => {
    const { tried } = resolve(
      rules({ name: "mine", match: { type: "tinyint(1)", table: "users" }, to: { type: "smallint" } }),
      facts("tinyint(1)"),
    );
    expect(tried).toEqual([
      { rule: "mine", outcome: "no match", why: "table is t, not users" },
      { rule: "tinyint-counter", outcome: "no match", why: "key is none, not auto" },
      { rule: "tinyint-1-boolean", outcome: "wins", why: expect.stringContaining("BOOLEAN") as string },
    ]);
  });

  it("refuses a named codec, as no pair of types has two yet", () => {
    const rule = { match: {}, to: { type: "bytea", codec: "swapped" } };
    expect(() => resolve(rules(rule), facts("binary(16)"))).toThrow(/codec swapped/);
  });

  it("refuses a template that needs what the column has not", () => {
    const rule = { match: {}, to: { type: "varchar({length})" } };
    expect(() => resolve(rules(rule), facts("longtext"))).toThrow(/needs the source's length/);
    expect(() => resolve(rules({ match: {}, to: { type: "x({colour})" } }), facts("int"))).toThrow(/colour/);
  });
});
