/** Mojibake is healed, and what is none is refused. */
import { describe, expect, it } from "vitest";
import { recodeLatin1, recodeOf } from "./recode.js";
import { Refusal } from "./refusal.js";

describe("latin1 that was UTF-8", () => {
  it.each([
    ["Ã©", "é"],
    ["StraÃŸe", "Straße"],
    ["â‚¬ 5", "€ 5"],
    ["æ—¥æœ¬", "日本"],
    ["ðŸ˜€", "😀"],
    ["Ã\u0081", "Á"],
  ])("%s is %s", (seen, meant) => {
    expect(recodeLatin1(Buffer.from(seen)).toString()).toBe(meant);
  });

  it.each(["é", "€", "日本", "Ã", "ÿþ"])("%s is refused", (text) => {
    expect(() => recodeLatin1(Buffer.from(text))).toThrow(Refusal);
  });

  it.each(["", "plain"])("%j is the same in both", (text) => {
    expect(recodeLatin1(Buffer.from(text)).toString()).toBe(text);
  });
});

describe("a column's recoding", () => {
  it("reads the bytes of a column of the charset, whatever that is", () => {
    const recode = recodeOf("cp1250", { recode: "cp1250" });
    if (recode === null || recode === "impossible") throw new Error("none");
    expect(recode.bytes).toBe(true);
    expect(recode.heal(Buffer.from("č")).toString()).toBe("č");
    expect(() => recode.heal(Buffer.from([0xe8]))).toThrow(Refusal);
  });

  it.each([
    ["utf8mb4", "latin1", false],
    ["latin1", "LATIN1", true],
  ])("of %s by recode(%s): bytes %s", (charset, named, bytes) => {
    expect(recodeOf(charset, { recode: named })).toMatchObject({ bytes });
  });

  it("has no way from characters to another charset's bytes", () => {
    expect(recodeOf("utf8mb4", { recode: "cp1251" })).toBe("impossible");
    expect(recodeOf("latin1", "refuse")).toBeNull();
  });
});
