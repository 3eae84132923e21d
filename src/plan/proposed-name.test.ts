/** Names that `check` proposes: readable, in the contract's form, each once in its schema, and the same every time. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { column } from "../typemap/example-column.js";
import { catalogue, request, table } from "./example-catalogue.js";
import { assignNames, isOrdinaryName } from "./names.js";
import { plan } from "./plan.js";
import { alike, nameProposals, readableName } from "./proposed-name.js";

it.each([
  ["größe", "grosse"],
  ["заказы_клиентов", "zakazy_klientov"],
  ["Παραγγελίες", "Paraggelies"],
  ["顧客", "GuKe"],
  ["テーブル", "teburu"],
  ["한국어", "HanGugEo"],
  ["😀", "grinning"],
  ["a😀😀b", "a_grinning_grinning_b"],
  ["cafe\u0301", "cafe"],
  ["order-items", "order_items"],
  ['"; drop table x; --', "drop_table_x"],
  ["2024-sales", "_2024_sales"],
  ["__proto__", "__proto__"],
  ["_é_", "_e_"],
])("%s is read as %s", (name, readable) => {
  expect(readableName(name)).toBe(readable);
});

it("what nothing can be read of has a name by its hash", () => {
  expect(readableName("\u{10ffff}")).toMatch(/^name_[0-9a-f]{8}$/u);
  expect(readableName("\u{10ffff}")).not.toBe(readableName("\u{10fffe}"));
});

it("a name longer than PostgreSQL's 63 bytes is proposed by what it says, not by underscores", () => {
  const long = "お客様の注文明細および配送先住所の履歴を保存する表";
  const found = plan(catalogue([table(long, [column("id", "int")])]), request({})).findings;
  const yaml = found.find(({ code }) => code === "renamed")?.settle?.[0]?.yaml ?? "";
  expect(yaml).toMatch(/: oKeYangnoZhuWenMingXi[a-zA-Z0-9_]+$/u);
});

it("a proposal is no other table's, view's or sequence's name, nor one that reads like it", () => {
  const propose = nameProposals(["cafe", "Naive_", "naive"], "keep");
  expect(propose("Café", "Café")).toBe("Cafe_");
  expect(propose("naïve", "naïve")).toMatch(/^naive_[0-9a-f]{8}$/u);
  expect(propose("order", "order")).toBe("order_");
  expect(nameProposals([], "lower")("Größe", "Größe")).toBe("grosse");
  const found = plan(
    {
      ...catalogue([table("Größe", [column("id", "int")])]),
      objects: [{ kind: "view", name: "Grosse", on: null, definition: "select 1", hidden: false }],
    },
    request({}),
  ).findings.find(({ code }) => code === "name-needs-quotes");
  expect(found?.settle?.[0]?.yaml).toBe('"Größe": Grosse_');
});

const anyName = fc.oneof(
  fc.string({ minLength: 1, maxLength: 64, unit: "grapheme" }),
  fc.string({ minLength: 1, maxLength: 64, unit: "binary" }),
  fc.string({
    minLength: 1,
    maxLength: 64,
    unit: fc.constantFrom("表", "ж", "é", "e\u0301", "😀", "👩‍👩‍👧", "_"),
  }),
  fc.constantFrom("order", "ORDER", "Café", "café", "cafe", "cafe_", "user", "ctid"),
);

it("any names: of the contract's form, each once, and in whatever order the schema has them", () => {
  fc.assert(
    fc.property(fc.uniqueArray(anyName, { maxLength: 20 }), fc.array(anyName), (names, taken) => {
      const propose = nameProposals(taken, "keep");
      const proposed = names.map((name) => propose(name, name));
      const all = [...proposed, ...taken];
      for (const name of proposed) {
        expect(isOrdinaryName(name), name).toBe(true);
        expect(all.filter((other) => alike(other) === alike(name))).toHaveLength(1);
      }
      const again = nameProposals([...taken].reverse(), "keep");
      expect(names.map((name) => again(name, name))).toEqual(proposed);
    }),
  );
});

it("a name that is cut keeps whole characters, with their accents and all parts of an emoji", () => {
  const whole = new Intl.Segmenter("en", { granularity: "grapheme" });
  const long = fc.array(fc.constantFrom("表", "e\u0301", "ж", "😀", "👩‍👩‍👧", "👍🏽", "a"), {
    minLength: 40,
    maxLength: 64,
  });
  fc.assert(
    fc.property(long, (characters) => {
      const name = characters.join("");
      const [given = ""] = assignNames([{ source: name, wanted: name }]).values();
      expect(Buffer.byteLength(given)).toBeLessThanOrEqual(63);
      const kept = Array.from(whole.segment(given.replace(/_[0-9a-f]{8}$/u, "")), ({ segment }) => segment);
      if (given !== name) expect(kept).toEqual(characters.slice(0, kept.length));
    }),
  );
});
