import { describe, expect, it } from "vitest";
import { sampleOf } from "./look.js";

describe("--sample", () => {
  it("takes a share in percent, or a number of rows past 100", () => {
    expect(sampleOf("5%")).toEqual({ percent: 5 });
    expect(sampleOf("0.5")).toEqual({ percent: 0.5 });
    expect(sampleOf("100")).toEqual({ percent: 100 });
    expect(sampleOf("50000")).toEqual({ rows: 50_000 });
  });

  it.each(["", "0", "0%", "-5", "101%", "150.5", "half", "5 %", "1e3"])("refuses %j", (text) => {
    expect(() => sampleOf(text)).toThrow(/--sample takes/u);
  });
});
