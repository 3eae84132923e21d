import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { dependencyOrder } from "./dependencies.js";
import { catalogue, counter, foreign, request, table } from "./example-catalogue.js";
import { lockBounds } from "./locks.js";
import { plan } from "./plan.js";
import { withPlanning } from "./planning.js";
import type { PlanningSettings } from "./planning.js";
import { column } from "../typemap/example-column.js";

const settings: PlanningSettings = {
  rangeRows: 100_000,
  workers: 2,
  workersPerHost: 2,
  thresholds: { "throttle.maxThreadsRunning": 40 },
};

const shop = catalogue([
  table("order_items", [counter(), column("order_id", "int")], {
    foreignKeys: [foreign("item_order", "order_id", "orders", "id")],
  }),
  table("orders", [counter(), column("user_id", "int")], {
    foreignKeys: [foreign("order_user", "user_id", "users", "id")],
  }),
  table("users", [counter(), column("boss", "int")], {
    foreignKeys: [foreign("user_boss", "boss", "users", "id")],
  }),
]);

const made = plan(shop, request());
const whole = withPlanning(made, shop, settings);
const { planning } = whole;

describe("planning", () => {
  it("has a table's parents before it, and says which they are", () => {
    expect(planning.tables.map(({ table: name, dependsOn }) => [name, dependsOn])).toEqual([
      ["users", []],
      ["orders", ["users"]],
      ["order_items", ["orders"]],
    ]);
    expect(planning.cycles).toEqual([]);
  });

  it("names tables that refer to each other, and still has each once", () => {
    const ring = catalogue([
      table("a", [counter(), column("b", "int")], { foreignKeys: [foreign("ab", "b", "b", "id")] }),
      table("b", [counter(), column("a", "int")], { foreignKeys: [foreign("ba", "a", "a", "id")] }),
      table("c", [counter(), column("a", "int")], { foreignKeys: [foreign("ca", "a", "a", "id")] }),
    ]);
    const { ordered, cycles } = dependencyOrder(plan(ring, request()).tables);
    expect(cycles).toEqual([["a", "b"]]);
    expect(ordered.map(({ table: { source } }) => source).sort()).toEqual(["a", "b", "c"]);
    expect(ordered.at(-1)?.table.source).toBe("c");
  });

  it("leaves the fingerprint as it was and is the same twice, to the byte", () => {
    expect(whole.fingerprint).toBe(made.fingerprint);
    const again = withPlanning(plan(shop, request()), shop, settings);
    expect(JSON.stringify(again)).toBe(JSON.stringify(whole));
    // No time and no date of today stands in it.
    expect(JSON.stringify(planning)).not.toMatch(/20\d\d-\d\d-\d\d/u);
  });

  it("holds each part of the planning list", () => {
    for (const part of [planning.locks, planning.tooling, planning.queries, planning.wayBack])
      expect(part.length).toBeGreaterThan(0);
    expect(planning.thresholds).toEqual({
      "throttle.maxThreadsRunning": 40,
      "snapshot.workers": 2,
      "workers-per-host": 2,
      "snapshot.rangeRows": 100_000,
    });
    expect(planning.duration.assumed.join()).toContain("20 to 120 MB a second");
    expect(planning.disk.assumed.length).toBeGreaterThan(0);
    const kinds = new Set(whole.after.map(({ kind }) => `build: ${kind}`));
    expect(planning.locks.map(({ step }) => step).filter((step) => kinds.has(step))).toEqual([...kinds]);
  });

  it("tells the exact cut's lock only where a table has no key", () => {
    expect(planning.locks.map(({ step }) => step)).not.toContain("copy: exact cut");
    const keyless = catalogue([table("heap", [column("a", "int")], { indexes: [] })]);
    const { planning: other } = withPlanning(plan(keyless, request()), keyless, settings);
    expect(other.locks.find(({ step }) => step === "copy: exact cut")).toMatchObject({
      on: "heap",
      waitSeconds: 5,
    });
  });

  it("waits as long as the connectors do", () => {
    const seconds = (path: string, pattern: RegExp): number =>
      Number(pattern.exec(readFileSync(path, "utf8"))?.[1]);
    expect(lockBounds).toEqual({
      sourceRead: seconds("connectors/mysql/locked.ts", /readWaitSeconds = (\d+)/u),
      profile: seconds("connectors/mysql/profile.ts", /lockWaitSeconds = (\d+)/u),
      exactCut: seconds("connectors/mysql/exact-cut.ts", /lockWaitSeconds = (\d+)/u),
      target: seconds("connectors/postgres/connection.ts", /lock_timeout: "(\d+)s"/u),
    });
  });
});
