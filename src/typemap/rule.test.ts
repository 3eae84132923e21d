import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { matchSchema, ruleSchema } from "./rule.js";

describe("the grammar of a rule", () => {
  it("takes the contract's example", () => {
    const rule = parse(
      'match: { table: users, column: flags, type: "tinyint(1)" }\nto: { type: smallint }',
    ) as unknown;
    expect(ruleSchema.parse(rule)).toEqual({
      match: { table: "users", column: "flags", type: "tinyint(1)" },
      to: { type: "smallint" },
    });
  });

  it.each([
    ["an unknown condition", { match: { colum: "x" }, to: { type: "text" } }],
    ["an unknown target key", { match: {}, to: { typ: "text" } }],
    ["a rule that does nothing", { match: {}, to: {} }],
    ["a type that no server has", { match: { type: "intt" }, to: { type: "text" } }],
    ["one such type among others", { match: { type: ["int", "tinyin(1)"] }, to: { type: "text" } }],
    ["a length that is no count", { match: { length: -1 }, to: { type: "text" } }],
    ["an identity of another kind", { match: {}, to: { identity: "sequence" } }],
    ["a rule without match", { to: { type: "text" } }],
  ])("refuses %s", (_, rule) => {
    expect(ruleSchema.safeParse(rule).success).toBe(false);
  });

  it.each([
    "tinyint",
    "INT UNSIGNED",
    "decimal(10,*)",
    "*text",
    "boolean",
    "double precision",
    "enum('a','b')",
  ])("knows the type %s", (type) => {
    expect(matchSchema.safeParse({ type }).success).toBe(true);
  });

  it("becomes JSON Schema, closed against unknown keys", () => {
    const schema = z.toJSONSchema(ruleSchema);
    expect(schema).toMatchObject({ additionalProperties: false, required: ["match", "to"] });
  });
});
