/**
 * What the policies orphans and longIndex change in a plan: the statements, the findings that say so, and what the
 * source's values are asked afterwards. Also the width at which a table is none any more.
 */
import { describe, expect, it } from "vitest";
import { column } from "../typemap/example-column.js";
import { catalogue, counter, foreign, index, request, table } from "./example-catalogue.js";
import { plan } from "./plan.js";

const shop = catalogue([
  table("users", [counter()]),
  table(
    "notes",
    [counter(), column("body", "text"), column("code", "varchar(900)"), column("user_id", "int")],
    {
      indexes: [
        index("PRIMARY", ["id"]),
        index("body", ["body(768)"]),
        index("code", ["code"], { unique: true }),
        index("user_code", ["user_id", "code desc"]),
      ],
      foreignKeys: [foreign("notes_user", "user_id", "users", "id")],
    },
  ),
]);
const made = (
  ...policies: NonNullable<Parameters<typeof request>[0]>["policies"] & object
): ReturnType<typeof plan> => plan(shop, request({ policies }));
const sqlOf = (plan: ReturnType<typeof made>, name: string): string | undefined =>
  plan.after.find((statement) => statement.name.endsWith(` ${name}`) && statement.kind !== "comment")?.sql;

describe("the policy longIndex", () => {
  it("indexes a hash: equal values are found, and a unique key stays one", () => {
    const hashed = made({ match: { column: "code" }, longIndex: "hash" });
    expect(sqlOf(hashed, "notes_code")).toBe(
      'CREATE UNIQUE INDEX "notes_code" ON "public"."notes" (md5("code"))',
    );
    expect(sqlOf(hashed, "notes_user_code")).toBe(
      'CREATE INDEX "notes_user_code" ON "public"."notes" ("user_id", md5("code") DESC)',
    );
    const notes = hashed.tables.find(({ source }) => source === "notes");
    expect(notes?.indexes?.find(({ source }) => source === "code")).toEqual({
      source: "code",
      target: "notes_code",
      unique: true,
      parts: [{ column: "code", prefix: null, hashed: true }],
    });
  });

  it("leaves an index out, and says what that costs", () => {
    const left = made({ match: { column: "code" }, longIndex: "leave-out" });
    expect(sqlOf(left, "notes_code")).toBeUndefined();
    expect(
      left.findings
        .filter(({ code }) => code === "index-left-out")
        .map(({ object, sentence }) => [object, /unique/u.test(sentence)]),
    ).toEqual([
      ["notes.code", true],
      ["notes.user_code", false],
    ]);
  });

  it("does not touch the key by which rows are told apart", () => {
    const kept = made({ match: { column: "id" }, longIndex: "leave-out" });
    expect(sqlOf(kept, "notes_pkey")).toContain("PRIMARY KEY");
    expect(kept.findings.map(({ code, object }) => `${code} ${object}`)).toContain(
      "policy-not-on-key notes.PRIMARY",
    );
  });
});

describe("the policy orphans", () => {
  it("builds the foreign key and never validates it", () => {
    expect(made().after.filter(({ kind }) => kind === "validate")).toHaveLength(1);
    const kept = made({ match: { table: "notes", column: "user_id" }, orphans: "keep" });
    expect(kept.after.filter(({ kind }) => kind === "validate")).toEqual([]);
    expect(kept.after.find(({ kind }) => kind === "foreign")?.sql).toContain("NOT VALID");
    expect(kept.findings.map(({ code }) => code)).toContain("foreign-key-not-validated");
    expect(kept.tables.find(({ source }) => source === "notes")?.foreignKeys).toEqual([
      {
        name: "notes_user",
        columns: ["user_id"],
        referencedTable: "users",
        referencedColumns: ["id"],
        onDelete: "restrict",
        onUpdate: "restrict",
        orphans: "keep",
      },
    ]);
  });
});

describe("a table's width", () => {
  it("is an error past 1600 columns", () => {
    const columns = Array.from({ length: 1601 }, (_, at) => column(`c${String(at)}`, "int"));
    const wide = plan(catalogue([table("wide", columns), table("fits", columns.slice(1))]), request());
    expect(wide.findings.filter(({ code }) => code === "too-many-columns")).toMatchObject([
      { severity: "error", object: "wide", count: 1601 },
    ]);
  });
});
