import { describe, expect, it } from "vitest";
import type { Plan } from "../model.js";
import { column } from "../typemap/example-column.js";
import { catalogue, counter, foreign, index, request, table } from "./example-catalogue.js";
import { plan } from "./plan.js";
import type { PlanRequest } from "./request.js";

function codes(made: Plan): string[] {
  return made.findings.map(({ code, object }) => `${code} ${object}`);
}

const shop = catalogue([
  table(
    "users",
    [
      counter("id", "bigint unsigned"),
      column("name", "varchar(40)", { nullable: false, comment: "o'clock \\ back" }),
      column("flags", "tinyint(1)", { default: { kind: "literal", text: "1" } }),
      column("kind", "enum('a','b''c')", { default: { kind: "literal", text: "a" } }),
      column("tags", "set('x','y')"),
      column("seen", "timestamp(3)", { default: { kind: "now", fsp: 3 }, onUpdateNow: 3 }),
      column("doc", "json"),
    ],
    {
      autoIncrement: "12",
      comment: "people",
      indexes: [
        index("PRIMARY", ["id"]),
        index("name", ["name"], { unique: true, comment: "one each" }),
        index("seen", ["seen desc", "kind"]),
      ],
      checks: [
        { name: "users_chk_1", expression: "json_valid(`doc`)", enforced: true },
        { name: "users_chk_2", expression: "(`name` <> 'root')", enforced: true },
        { name: "users_chk_3", expression: "(`id` > 0)", enforced: true },
        { name: "users_chk_4", expression: "(`id` > 1)", enforced: false },
      ],
    },
  ),
  table("orders", [counter(), column("user_id", "bigint unsigned")], {
    indexes: [index("PRIMARY", ["id"]), index("fk_user", ["user_id"])],
    foreignKeys: [
      foreign("fk_user", "user_id", "users", "id", { onDelete: "cascade", onUpdate: "set null" }),
    ],
  }),
]);

describe("lanes", () => {
  const three = catalogue([...shop.tables, table("Log-Book", [counter()])]);
  const lanes = (more: PlanRequest["lanes"]) => {
    const made = plan(three, request({ lanes: more }));
    return [made.lanes, made.tables.map(({ source, lane }) => `${source} ${lane}`)];
  };

  it("one: main", () => {
    expect(lanes("one")).toEqual([["main"], ["Log-Book main", "orders main", "users main"]]);
  });

  it("auto: what foreign keys tie together", () => {
    expect(lanes("auto")).toEqual([
      ["log_book", "orders"],
      ["Log-Book log_book", "orders orders", "users orders"],
    ]);
  });

  it("listed: the rest is main", () => {
    expect(lanes([["Log*"]])).toEqual([
      ["log_book", "main"],
      ["Log-Book log_book", "orders main", "users main"],
    ]);
  });

  it("a foreign key across lanes is told, a table in two is refused", () => {
    expect(codes(plan(three, request({ lanes: [["users"], ["orders"]] })))).toContain(
      "lane-splits-foreign-key orders.fk_user",
    );
    expect(() => plan(three, request({ lanes: [["users"], ["us*"]] }))).toThrow(/twice/);
  });
});
