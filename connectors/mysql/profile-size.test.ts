/** What is too large for a field of PostgreSQL or for jsonb: asked only where a table could hold one, with the lines that settle it. */
import { expect, it } from "vitest";
import type { PlanColumn, PlanTable } from "../../src/model.js";
import { column } from "../../src/typemap/example-column.js";
import { excludedLines } from "../../src/typemap/glob.js";
import { judgeCounter } from "./profile-counter.js";
import { jsonProbes } from "./profile-json.js";

import { byteProbes } from "./profile-text.js";

const refuse = { zeroDate: "refuse", nul: "refuse", badText: "refuse", enumZero: "refuse" } as const;

function planned(type: string, targetType: string, more: Partial<PlanColumn> = {}): PlanColumn {
  return {
    column: column("c", type),
    ...{ source: "c", target: "c", sourceType: type, targetType, rule: "test", nullable: true },
    ...{ policy: refuse, identity: null, heldToLabels: false },
    ...more,
  };
}

const table = (estimatedBytes: number): PlanTable => ({
  ...{ source: "t", target: "t", lane: "main", key: null, columns: [], estimatedRows: 1, estimatedBytes },
  exactCut: true,
});

it("asks about fields past 1 GB where the table is as large", () => {
  const asked = (type: string, bytes: number): readonly string[] =>
    byteProbes(table(bytes), planned(type, "bytea")).map(({ code }) => code);
  expect(asked("longblob", 2 ** 30)).toEqual(["field-too-long"]);
  expect(asked("longblob", 2 ** 20)).toEqual([]);
  expect(asked("mediumblob", 2 ** 31)).toEqual([]);
  expect(byteProbes(table(2 ** 30), planned("longtext", "text"))[0]).toMatchObject({
    excludes: true,
    condition: "(LENGTH(`c`) > 1073741759)",
  });
  expect(excludedLines("t")).toEqual(["tables:", '  exclude: ["t"]']);
  expect(excludedLines("t*")).toEqual([]);
});

it.each([
  ["mysql", "(JSON_STORAGE_SIZE(`c`) > 67108863)"],
  ["mariadb", "(LENGTH(`c`) > 67108863)"],
] as const)(
  "asks %s about JSON that jsonb may not hold, from a quarter of its limit on",
  (engine, condition) => {
    const server = { engine, halfPairs: false };
    const size = (bytes: number, to: string): readonly unknown[] =>
      jsonProbes(table(bytes), planned("json", to), server).filter(({ code }) => code === "json-size");
    expect(size(2 ** 26, "jsonb")).toMatchObject([
      {
        condition,
        settle: [{ section: "typemap", yaml: "{ match: { table: t, column: c }, to: { type: json } }" }],
      },
    ]);
    expect(size(2 ** 25, "jsonb")).toEqual([]);
    expect(size(2 ** 30, "json")).toEqual([]);
  },
);

it("offers a wider type for a counter past the identity's end, and leaves it to a person", () => {
  const counting = planned("bigint unsigned", "bigint", { identity: "identity" });
  const [found] = judgeCounter(table(0), counting, 2n ** 63n);
  expect(found).toMatchObject({
    severity: "error",
    settle: [{ section: "typemap", byChoice: true }],
    propose: [
      "typemap:",
      '  - { match: { table: t, column: c }, to: { type: "numeric(20,0)", check: not-negative } }',
    ],
  });
});
