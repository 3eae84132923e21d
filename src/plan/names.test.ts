import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignNames, foldName, isOrdinaryName, nameSpace, plainName, withTable } from "./names.js";
import { systemColumns } from "./reserved-words.js";

const keep = (names: readonly string[]) => names.map((name) => ({ source: name, wanted: name }));
const lower = (names: readonly string[]) =>
  names.map((name) => ({ source: name, wanted: foldName(name, "lower") }));

describe("names taken over", () => {
  it("stay as they are, whatever is in them", () => {
    const names = ["order", 'a"b', "a`b", '"; drop table x; --', "übel", "😀", "a b", "a.b", "A", "a"];
    expect([...assignNames(keep(names)).values()].sort()).toEqual([...names].sort());
  });

  it("over 63 bytes get a suffix that only depends on the name", () => {
    const long = "é".repeat(40);
    const [name = ""] = assignNames(keep([long])).values();
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
    expect(name).toMatch(/^é+_[0-9a-f]{8}$/);
    expect(assignNames(keep(["b", long, "a"])).get(long)).toBe(name);
  });

  it("differ where they were equal in their first 63 bytes", () => {
    const names = ["x".repeat(64), `${"x".repeat(63)}y`, "x".repeat(63)];
    const given = assignNames(keep(names));
    expect(new Set(given.values()).size).toBe(3);
    expect(given.get("x".repeat(63))).toBe("x".repeat(63));
  });

  it("equal after folding: the one spelled so keeps the name", () => {
    const given = assignNames(lower(["Users", "users", "USERS"]));
    expect(given.get("users")).toBe("users");
    expect(given.get("Users")).toMatch(/^users_[0-9a-f]{8}$/);
    expect(new Set(given.values()).size).toBe(3);
  });

  it("equal after folding, none spelled so: all get a suffix, so that neither depends on the other", () => {
    const both = assignNames(lower(["Users", "USERS"]));
    expect([...both.values()].every((name) => /^users_[0-9a-f]{8}$/.test(name))).toBe(true);
  });

  it("are never a system column's", () => {
    expect(assignNames(keep(["ctid", "CTID"]), systemColumns).get("ctid")).toMatch(/^ctid_[0-9a-f]{8}$/);
    expect(assignNames(keep(["ctid", "CTID"]), systemColumns).get("CTID")).toBe("CTID");
  });

  it("are unique, short enough and the same in any order", () => {
    const name = fc.oneof(
      fc.string({ minLength: 1, maxLength: 70, unit: "grapheme" }),
      fc.stringMatching(/^[aAbB]{1,3}$/),
      fc.constantFrom("x".repeat(64), "X".repeat(64), "ctid", "CTID"),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { maxLength: 30 }),
        fc.boolean(),
        fc.integer(),
        (names, fold, turn) => {
          const wanted = fold ? lower(names) : keep(names);
          const given = assignNames(wanted, systemColumns);
          expect(new Set(given.values()).size).toBe(names.length);
          for (const value of given.values()) {
            expect(Buffer.byteLength(value)).toBeLessThanOrEqual(63);
            expect(systemColumns.has(value)).toBe(false);
          }
          const at = names.length === 0 ? 0 : Math.abs(turn) % names.length;
          const turned = assignNames([...wanted.slice(at), ...wanted.slice(0, at)], systemColumns);
          expect(new Map([...turned].sort())).toEqual(new Map([...given].sort()));
        },
      ),
    );
  });
});

describe("names made up", () => {
  it("are plain, and unique in their namespace", () => {
    const space = nameSpace(["orders"], "keep");
    expect(space.claim("orders", "index a")).toMatch(/^orders_[0-9a-f]{8}$/);
    expect(space.claim("order-items_id", "index b")).toBe("order_items_id");
    expect(space.claim("order.items_id", "index c")).toMatch(/^order_items_id_[0-9a-f]{8}$/);
    expect(space.claim("1st", "index d")).toBe("_1st");
    expect(space.claim("user", "foreign e")).toMatch(/^user_[0-9a-f]{8}$/);
    expect(nameSpace([], "lower").claim("IX_Name", "f")).toBe("ix_name");
  });

  it("keep to the contract's form, whatever they are made of", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 80, unit: "binary" }), { maxLength: 20 }), (wanted) => {
        const space = nameSpace([], "keep");
        const names = wanted.map((text, place) => space.claim(text, `${String(place)} ${text}`));
        expect(new Set(names).size).toBe(names.length);
        for (const name of names) expect(isOrdinaryName(name)).toBe(true);
      }),
    );
  });

  it("carry their table's name once", () => {
    expect(withTable("orders", "user_id")).toBe("orders_user_id");
    expect(withTable("orders", "orders_user_id")).toBe("orders_user_id");
    expect(plainName("größe")).toBe("gr__e");
  });
});
