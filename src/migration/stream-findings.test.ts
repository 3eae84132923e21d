/** A foreign key's actions that the log leaves out, and lanes: what one lane's batch would do to another lane's rows has no order. */
import { describe, expect, it } from "vitest";
import type { Inspection } from "../migration.js";
import { catalogue, counter, foreign, index, request, table } from "../plan/example-catalogue.js";
import { plan } from "../plan/plan.js";
import type { PlanRequest } from "../plan/request.js";
import { column } from "../typemap/example-column.js";
import { forStream } from "./stream-findings.js";

const shop = catalogue([
  table("users", [counter()], { indexes: [index("PRIMARY", ["id"])] }),
  table("orders", [counter(), column("user_id", "int")], {
    indexes: [index("PRIMARY", ["id"]), index("own", ["user_id"])],
    foreignKeys: [foreign("own", "user_id", "users", "id", { onDelete: "cascade" })],
  }),
]);

function inspected(lanes: PlanRequest["lanes"], native: string): Inspection {
  const server = {
    engine: "mysql",
    version: "9.7.4",
    identity: "s",
    database: "shop",
    settings: { innodb_native_foreign_keys: native },
  } as const;
  const made = plan(shop, request({ lanes }));
  return {
    source: server,
    target: { ...server, engine: "postgres" },
    catalogue: shop,
    plan: made,
    findings: [],
  };
}

describe("a foreign key that acts across lanes", () => {
  const told = (lanes: PlanRequest["lanes"], native: string): readonly string[] =>
    forStream(inspected(lanes, native)).findings.map(
      ({ code, severity, object }) => `${severity} ${code} ${object}`,
    );

  it("is refused where the log leaves its actions out, and only there", () => {
    expect(told([["users"], ["orders"]], "ON")).toEqual(["error cascade-not-followed orders.own"]);
    expect(told([["users", "orders"]], "ON")).toEqual([]);
    expect(told([["users"], ["orders"]], "OFF")).toEqual([]);
  });
});
