import { expect, it } from "vitest";
import { repairResult } from "./repair-body.js";

const table = {
  ...{ table: "t", named: 1, inserted: 0, updated: 1, deleted: 0, equal: 0, touched: 0 },
  ...{ left: [], recopy: false },
};

function told(over: Record<string, unknown>, tables: readonly Record<string, unknown>[] = []) {
  return repairResult("m", {
    ...{ dryRun: true, differences: 1, pending: 0, seconds: 1, policies: [] },
    tables: tables.map((each) => ({ ...table, ...each })),
    ...over,
  }).human;
}

it("a dry run says how many statements it does not show, and that values are hidden", () => {
  const many = told({ valuesShown: false }, [
    { statements: ["DELETE;", "INSERT;"], statementsUnshown: 1400 },
  ]);
  expect(many).toContain("-- t: 2 statements shown, and 1,400 more are not.");
  expect(many.join("\n")).toContain("stand as ?: --show-values shows them");
  const all = told({ valuesShown: true }, [{ statements: ["DELETE;"], statementsUnshown: 0 }]).join("\n");
  expect(all).not.toMatch(/not\.|hidden/u);
  expect(told({ dryRun: false }, [{}]).join("\n")).not.toContain("--show-values");
});
