/** Mojibake is healed, and nothing else is touched. */
import { describe, expect, it } from "vitest";
import { recodeLatin1 } from "./recode.js";

describe("latin1 that was UTF-8", () => {
  it.each([
    ["Ã©", "é"],
    ["StraÃŸe", "Straße"],
    ["â‚¬ 5", "€ 5"],
    ["æ—¥æœ¬", "日本"],
    ["ðŸ˜€", "😀"],
    ["Ã\u0081", "Á"],
  ])("%s is %s", (seen, meant) => {
    expect(recodeLatin1(Buffer.from(seen))?.toString()).toBe(meant);
  });

  it.each(["", "plain", "é", "€", "日本", "Ã", "ÿþ"])("%s stays", (text) => {
    expect(recodeLatin1(Buffer.from(text))).toBeNull();
  });
});
