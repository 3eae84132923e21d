import { describe, expect, it } from "vitest";
import { z } from "zod";
import { column } from "./example-column.js";
import type { ColumnFacts } from "./match.js";
import { type PolicyRule, columnPolicy, policySchema } from "./policy.js";

const refuse = { zeroDate: "refuse", nul: "refuse", badText: "refuse", enumZero: "refuse" };

function facts(type: string, name = "c"): ColumnFacts {
  const keys = { primary: false, unique: false, foreign: false, auto: false };
  return { engine: "mysql", table: "orders", storage: "InnoDB", column: column(name, type), keys };
}

describe("policies", () => {
  it("refuse everything when nothing is said", () => {
    expect(columnPolicy([], facts("datetime"))).toEqual(refuse);
  });

  it("take the contract's example", () => {
    const policy = policySchema.parse({ match: { table: "orders", type: "datetime" }, zeroDate: "null" });
    expect(columnPolicy([policy], facts("datetime"))).toEqual({ ...refuse, zeroDate: "null" });
    expect(columnPolicy([policy], facts("date"))).toEqual(refuse);
  });

  it("hold field by field, the first that speaks of it", () => {
    const policies: PolicyRule[] = [
      { match: { column: "c" }, nul: "strip" },
      { match: {}, nul: "bytea", badText: "recode(latin1)" },
    ];
    expect(columnPolicy(policies, facts("text"))).toEqual({
      ...refuse,
      nul: "strip",
      badText: { recode: "latin1" },
    });
    expect(columnPolicy(policies, facts("text", "d"))).toMatchObject({ nul: "bytea" });
  });

  it("stay refuse where they mean nothing", () => {
    const all: PolicyRule = {
      match: {},
      zeroDate: "null",
      nul: "strip",
      badText: "recode(latin1)",
      enumZero: "null",
    };
    expect(columnPolicy([all], facts("int"))).toEqual(refuse);
    expect(columnPolicy([all], facts("json"))).toEqual({ ...refuse, nul: "strip" });
    expect(columnPolicy([{ ...all, nul: "bytea" }], facts("json"))).toEqual(refuse);
    expect(columnPolicy([all], facts("enum('a')"))).toEqual({
      ...refuse,
      nul: "strip",
      enumZero: "null",
    });
  });

  it.each([
    { match: {} },
    { match: {}, zeroDate: "epoch" },
    { match: {}, badText: "recode()" },
    { match: {}, nulls: "strip" },
  ])("are refused as %j", (policy) => {
    expect(policySchema.safeParse(policy).success).toBe(false);
  });

  it("become JSON Schema", () => {
    expect(z.toJSONSchema(policySchema)).toMatchObject({ additionalProperties: false });
  });
});
