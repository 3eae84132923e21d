import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entriesOfList, listMatches, literal, routed } from "./regex.js";

describe("lists of Java's regular expressions", () => {
  it("hold a literal name and no other", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" }), { minLength: 1 }),
        (names) => {
          const clean = names.map((name) => name.trim()).filter((name) => name !== "");
          const list = clean.map(literal).join(",");
          for (const name of clean) expect(listMatches(list, name)).toBe(true);
          expect(listMatches(list, `${clean.join("")}x`)).toBe(false);
        },
      ),
    );
  });

  it("hold a name with a backslash before what needs no escape", () => {
    expect(listMatches(literal("a\\~"), "a\\~")).toBe(true);
  });

  it("match the whole name, letters of either case, one entry or another", () => {
    expect(listMatches("shop\\.orders, shop\\.items_.*", "shop.items_2024")).toBe(true);
    expect(listMatches("SHOP\\.ORDERS", "shop.orders")).toBe(true);
    expect(listMatches("shop.orders", "shop.orders2")).toBe(false);
    expect(listMatches("", "shop.orders")).toBe(false);
    expect(entriesOfList("a\\,b, c")).toEqual(["a\\,b", "c"]);
    expect(entriesOfList("a\\\\,b")).toEqual(["a\\\\", "b"]);
  });

  it("are not guessed at where only Java can read them", () => {
    expect(listMatches("shop\\.(?i:orders)++", "shop.orders")).toBeNull();
    expect(listMatches("(,shop\\.orders", "shop.orders")).toBe(true);
  });

  it("route a name as RegexRouter does", () => {
    expect(routed("p\\.shop\\.(.*)", "lane-$1", "p.shop.a")).toBe("lane-a");
    expect(routed("p\\.shop\\.(.*)", "lane", "p.shop")).toBe("p.shop");
    expect(routed("a|ab", "lane", "ab")).toBe("laneb");
    expect(routed("^(?:a|ab)$", "lane", "ab")).toBe("lane");
    expect(routed("P\\.SHOP\\.a", "lane", "p.shop.a")).toBe("p.shop.a");
  });
});
