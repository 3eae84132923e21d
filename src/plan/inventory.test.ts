import { describe, expect, it } from "vitest";
import type { Plan } from "../model.js";
import { column } from "../typemap/example-column.js";
import { catalogue, counter, foreign, index, request, table } from "./example-catalogue.js";
import { plan } from "./plan.js";

function codes(made: Plan): string[] {
  return made.findings.map(({ code, object }) => `${code} ${object}`);
}

const shop = catalogue([
  table(
    "users",
    [
      counter("id", "bigint unsigned"),
      column("name", "varchar(40)", { nullable: false, comment: "o'clock \\ back" }),
      column("flags", "tinyint(1)", { default: { kind: "literal", text: "1" } }),
      column("kind", "enum('a','b''c')", { default: { kind: "literal", text: "a" } }),
      column("tags", "set('x','y')"),
      column("seen", "timestamp(3)", { default: { kind: "now", fsp: 3 }, onUpdateNow: 3 }),
      column("doc", "json"),
    ],
    {
      autoIncrement: "12",
      comment: "people",
      indexes: [
        index("PRIMARY", ["id"]),
        index("name", ["name"], { unique: true, comment: "one each" }),
        index("seen", ["seen desc", "kind"]),
      ],
      checks: [
        { name: "users_chk_1", expression: "json_valid(`doc`)", enforced: true },
        { name: "users_chk_2", expression: "(`name` <> 'root')", enforced: true },
        { name: "users_chk_3", expression: "(`id` > 0)", enforced: true },
        { name: "users_chk_4", expression: "(`id` > 1)", enforced: false },
      ],
    },
  ),
  table("orders", [counter(), column("user_id", "bigint unsigned")], {
    indexes: [index("PRIMARY", ["id"]), index("fk_user", ["user_id"])],
    foreignKeys: [
      foreign("fk_user", "user_id", "users", "id", { onDelete: "cascade", onUpdate: "set null" }),
    ],
  }),
]);

describe("what is told", () => {
  it("inventory: views in one, a finding a program, and each oddity of a table", () => {
    const object = (kind: "view" | "trigger" | "sequence", name: string) => ({
      kind,
      name,
      on: kind === "trigger" ? "t" : null,
      definition: "",
    });
    const source = catalogue(
      [
        table(
          "t",
          [
            counter(),
            column("g", "int", {
              generated: { expression: "(`id` + 1)", stored: true },
              default: { kind: "none" },
            }),
            column("i", "int", { invisible: true }),
            column("r", "timestamp(6)", { generated: { expression: "ROW START", stored: true } }),
          ],
          {
            partitioning: { method: "HASH", partitions: ["p0", "p1"] },
            systemVersioned: true,
            engine: "MyISAM",
          },
        ),
      ],
      {
        engine: "mariadb",
        objects: [object("view", "b"), object("view", "a"), object("trigger", "tr"), object("sequence", "s")],
      },
    );
    const made = plan(source, request());
    expect(codes(made)).toEqual([
      "view-not-read a",
      "view-not-read b",
      "sequence-not-copied s",
      "engine-not-transactional t",
      "history-not-copied t",
      "generated-as-plain t.g",
      "trigger-not-copied t.tr",
      "partitions-flattened t",
      "column-visible t.i",
      "period-column-left-out t.r",
    ]);
    expect(made.tables[0]?.columns.map(({ source: name }) => name)).toEqual(["id", "g", "i"]);
    expect(made.before[0]?.sql).not.toContain("GENERATED ALWAYS");
  });

  it("globs and renames that mean nothing", () => {
    const made = plan(
      shop,
      request({ include: ["*", "nope"], exclude: ["tmp_*", "gone"], rename: { x: "y", users: "people" } }),
    );
    expect(codes(made)).toEqual(
      expect.arrayContaining(["no-such-table nope", "no-such-table gone", "no-such-table x"]),
    );
    expect(codes(made)).not.toContain("no-such-table tmp_*");
    expect(made.tables.map(({ target }) => target)).toEqual(["orders", "people"]);
    expect(made.leftOut).toEqual([]);
    expect(plan(shop, request({ exclude: ["use*"] })).leftOut).toEqual(["users"]);
    expect(plan(shop, request({ include: ["users"] })).leftOut).toEqual(["orders"]);
  });
});
