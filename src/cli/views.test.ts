/** Every verdict on a view or a generated column has a finding of its own, as loud as it has to be; equal ones are none. */
import { describe, expect, it } from "vitest";
import type { ViewVerdict } from "../verify/views.js";
import { generatedFindings, viewFindings } from "./views.js";

describe("what became of the views", () => {
  const told = (result: ViewVerdict["result"], note = ""): readonly string[] =>
    viewFindings([{ view: "v", result, rowsSource: "1", rowsTarget: "2", note }]).map(
      ({ severity, code, sentence }) => `${severity} ${code} ${sentence}`,
    );

  it("is told by how sure it is", () => {
    expect(told("equal")).toEqual([]);
    expect(told("equal", "but for d")).toEqual(["info view-partly-compared The view v is equal but for d."]);
    expect(told("counted", "no text")[0]).toMatch(/^info view-only-counted .* not compared: no text\.$/u);
    expect(told("not-compared", "why")[0]).toMatch(/^warning view-not-compared /u);
    expect(told("unread", "why")[0]).toMatch(/^error view-not-compared /u);
    expect(told("refused", "why.")).toEqual(["error view-refused The view v could not be created: why."]);
    expect(told("different")[0]).toMatch(/^error view-differs .*\(1 and 2\)\.$/u);
  });
});

describe("what became of generated columns", () => {
  it("is told where the rows do not prove the translation", () => {
    const found = generatedFindings([
      { column: "t.a", result: "equal", rows: null, note: "" },
      { column: "t.b", result: "different", rows: "3", note: "" },
      { column: "t.c", result: "not-compared", rows: null, note: "division by zero" },
    ]);
    expect(found.map(({ code, severity, object }) => [code, severity, object])).toEqual([
      ["generated-not-proven", "warning", "t.b"],
      ["generated-not-proven", "warning", "t.c"],
    ]);
    expect(found[0]?.sentence).toContain("in 3 rows");
    expect(found[1]?.sentence).toContain("division by zero");
  });
});
