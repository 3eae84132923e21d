/** Announcements of tables over a long time: each number of a table that was opened again is another one. */
import { expect, it } from "vitest";
import type { Plan } from "../../../src/model.js";
import { LogTables } from "./tables.js";

const none = new Map();
const world = { engine: "mysql", collations: none, charsets: none, periods: none, hashes: none } as const;
const plan: Plan = {
  ...{ version: 1, migration: "20261126_unit", database: "shop", schema: "public", fingerprint: "" },
  ...{ lanes: ["main"], tables: [], before: [], after: [], findings: [] },
};

it("the tables of a statement are known to its end, however many were before", () => {
  const tables = new LogTables(plan, world, false);
  const announce = (id: number): void => {
    const body = Buffer.alloc(8 + 6 + 3);
    body.writeUIntLE(id, 0, 6);
    body.write("\x04shop\0\x01t\0", 8, "latin1");
    tables.announce(body, 0, body.length);
  };
  for (let id = 1; id < 10_000; id++) {
    announce(id);
    tables.ended();
  }
  for (const id of [10_001, 10_002, 10_003]) announce(id);
  for (const id of [10_001, 10_002, 10_003]) expect(tables.of(id).table).toBeNull();
  tables.ended();
  expect(() => tables.of(1)).toThrow(/did not announce/u);
});
