import { describe, expect, it } from "vitest";
import { estimate } from "./estimate.js";
import { column } from "../typemap/example-column.js";
import { catalogue, counter, request, table } from "./example-catalogue.js";
import { explainColumn } from "./explain.js";
import { planText, readPlan } from "./file.js";
import { plan } from "./plan.js";

const shop = catalogue([
  table("users", [counter(), column("flags", "tinyint(1)")], {
    estimatedRows: 250_001,
    dataBytes: 1_400_000_000,
  }),
  table("log.book", [column("a.b", "text")], { indexes: [], estimatedRows: 10 ** 6 }),
]);

describe("plan.json", () => {
  it("comes back as it was", () => {
    const made = plan(shop, request());
    expect(readPlan(planText(made))).toEqual(made);
    expect(planText(readPlan(planText(made)))).toBe(planText(made));
  });

  it.each([
    "",
    "{",
    "{}",
    '{"version": 2}',
    planText(plan(shop, request())).replace('"tables": [', '"tables": [5, '),
  ])("is refused when it is something else", (text) => {
    expect(() => readPlan(text)).toThrow(expect.objectContaining({ code: "plan-stale" }) as Error);
  });
});

it("an estimate counts ranges and says how long", () => {
  const figures = estimate(plan(shop, request()), 100_000);
  expect(figures.tables.map(({ table: name, ranges }) => `${name} ${String(ranges)}`)).toEqual([
    "log.book 1",
    "users 3",
  ]);
  expect(figures.text).toBe(
    "2 tables, about 1,250,001 rows and 1.4 GB in 4 ranges; copying takes 12 seconds on one machine to 71 seconds over a slow link, keys and indexes not counted.",
  );
});

describe("an explanation", () => {
  it("shows every rule tried and the one that won", () => {
    const rules = [{ match: { table: "orders" }, to: { type: "text" } }];
    const lines = explainColumn(shop, request({ rules }), "shop.users.flags");
    expect(lines?.[0]).toBe("users.flags is tinyint(1) and becomes flags boolean (tinyint-1-boolean)");
    expect(lines?.[1]).toBe("  no match  typemap[0]: table is users, not orders");
    expect(lines?.at(-1)).toMatch(/^ {2}wins {6}tinyint-1-boolean: /);
    expect(explainColumn(shop, request({ rules }), "users.flags")).toEqual(lines);
  });

  it("finds names with dots in them, and tells of excluded tables and of none", () => {
    expect(explainColumn(shop, request(), "log.book.a.b")?.[0]).toContain("log.book.a.b is text");
    expect(explainColumn(shop, request({ exclude: ["users"] }), "users.id")?.[0]).toContain("excluded");
    expect(explainColumn(shop, request(), "users.nope")).toBeNull();
  });
});
