import { expect, it } from "vitest";
import { judgeEngine } from "./preflight-tables.js";

it("a table without an engine is broken, one without transactions is told, InnoDB is fine", () => {
  const told = (engine: string | null): readonly string[] =>
    judgeEngine("t", engine).map(({ code, severity, object }) => `${severity} ${code} ${object}`);
  expect(told("InnoDB")).toEqual([]);
  expect(told("MyISAM")).toEqual(["warning table-engine t"]);
  expect(told(null)).toEqual(["error table-broken t"]);
});
