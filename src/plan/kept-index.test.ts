/** What a plan builds beside a unique key of text, so that the key still holds what the source's collation does. */
import { parse } from "libpg-query";
import { describe, expect, it } from "vitest";
import type { Catalogue, Plan, SourceColumn } from "../model.js";
import { column } from "../typemap/example-column.js";
import type { Rule } from "../typemap/rule.js";
import { catalogue, counter, foreign, index, request, table } from "./example-catalogue.js";
import { plan } from "./plan.js";

async function planned(source: Catalogue, rules: readonly Rule[] = []): Promise<Plan> {
  const made = plan(source, request({ rules }));
  for (const { sql } of [...made.before, ...made.after]) await parse(sql);
  return made;
}

function text(name: string, collation: string, type = "varchar(40)"): SourceColumn {
  return column(name, type, { nullable: false, collation, charset: collation.split("_")[0] ?? null });
}

async function unique(
  columns: readonly SourceColumn[],
  parts: readonly string[],
  rules: readonly Rule[] = [],
): Promise<{ sql: string[]; codes: string[]; made: Plan }> {
  const made = await planned(
    catalogue([
      table("t", [counter(), ...columns], {
        indexes: [index("PRIMARY", ["id"]), index("u", parts, { unique: true })],
      }),
    ]),
    rules,
  );
  return {
    sql: made.after.filter(({ name }) => name.endsWith("kept")).map(({ sql }) => sql),
    codes: made.findings.map(({ code, object }) => `${code} ${object}`),
    made,
  };
}

describe("a unique key of text", () => {
  it.each([
    ["utf8mb4_0900_ai_ci", ['"c" COLLATE "public"."headgate_ci_ai"']],
    ["utf8mb4_0900_as_ci", ['"c" COLLATE "public"."headgate_ci_as"']],
    ["utf8mb4_0900_as_cs", ['"c" COLLATE "public"."headgate_cs_as"']],
    ["utf8mb4_0900_bin", []],
    ["utf8mb4_bin", [`rtrim("c", ' ')`]],
    ["utf8mb4_general_ci", [`rtrim("c", ' ') COLLATE "public"."headgate_ci_ai"`]],
    ["latin1_swedish_ci", [`rtrim("c", ' ') COLLATE "public"."headgate_sv_ci_ai"`]],
    ["sjis_japanese_ci", [`lower(rtrim("c", ' '))`]],
    ["latin1_general_cs", [`rtrim("c", ' ')`]],
  ])("under %s is kept by %j", async (collation, parts) => {
    const { sql, codes, made } = await unique([text("c", collation)], ["c"]);
    expect(sql).toEqual(parts.map((part) => `CREATE UNIQUE INDEX "t_u_kept" ON "public"."t" (${part})`));
    expect(codes).toEqual(parts.map(() => "unique-key-collation t.u"));
    // The plain key stands beside it, for foreign keys and the stream.
    expect(made.after.map(({ sql: one }) => one)).toContain(
      'ALTER TABLE "public"."t" ADD CONSTRAINT "t_u" UNIQUE ("c")',
    );
  });

  it("keeps numbers, order and prefixes of its other parts", async () => {
    const { sql, made } = await unique(
      [text("c", "utf8mb4_0900_ai_ci"), text("d", "utf8mb4_general_ci", "text"), column("n", "int")],
      ["n", "d(10)", "c desc"],
    );
    expect(sql).toEqual([
      `CREATE UNIQUE INDEX "t_u_kept" ON "public"."t" ("n", rtrim(left("d", 10), ' ') COLLATE "public"."headgate_ci_ai", "c" COLLATE "public"."headgate_ci_ai" DESC)`,
    ]);
    const { indexes } = made.tables[0] ?? { indexes: [] };
    expect(
      indexes?.map(({ target, parts }) => [target, parts.map((part) => [part.column, part.prefix])]),
    ).toEqual([
      ["t_pkey", [["id", null]]],
      [
        "t_u",
        [
          ["n", null],
          ["d", 10],
          ["c", null],
        ],
      ],
      [
        "t_u_kept",
        [
          ["n", null],
          ["d", 10],
          ["c", null],
        ],
      ],
    ]);
    expect(indexes?.at(-1)?.parts.map(({ equality }) => equality ?? null)).toMatchObject([
      null,
      { by: "icu", collation: { name: "headgate_ci_ai" }, padded: true },
      { by: "icu", collation: { name: "headgate_ci_ai" }, padded: false },
    ]);
  });

  it("that is the primary key has its second index too, once, also over a prefix", async () => {
    const made = await planned(
      catalogue([
        table("t", [text("c", "utf8mb4_0900_ai_ci", "text")], { indexes: [index("PRIMARY", ["c(20)"])] }),
      ]),
    );
    expect(made.after.filter(({ kind }) => kind !== "analyze").map(({ sql }) => sql)).toEqual([
      'ALTER TABLE "public"."t" ADD CONSTRAINT "t_pkey" PRIMARY KEY ("c")',
      'CREATE UNIQUE INDEX "t_pkey_prefix" ON "public"."t" (left("c", 20))',
      'CREATE UNIQUE INDEX "t_pkey_kept" ON "public"."t" (left("c", 20) COLLATE "public"."headgate_ci_ai")',
    ]);
  });

  it("says what a duplicate means", async () => {
    const { made } = await unique([text("c", "utf8mb4_general_ci")], ["c"]);
    const duplicates = made.after.flatMap(({ duplicate }) => (duplicate === undefined ? [] : [duplicate]));
    expect(duplicates).toHaveLength(1);
    expect(duplicates[0]).toContain("unique key u of t");
    expect(duplicates[0]).toContain("headgate check");
  });

  it("under a collation that nobody knows is told", async () => {
    const { sql, codes } = await unique([text("c", "utf8mb4_klingon_ci")], ["c"]);
    expect(sql).toEqual([]);
    expect(codes).toEqual(["collation-unknown t.c"]);
  });
});

describe("by rule", () => {
  const rule = (collation: NonNullable<Rule["to"]["collation"]>): Rule[] => [
    { match: { column: "c" }, to: { collation } },
  ];
  const ci = text("c", "utf8mb4_general_ci");
  const create = (made: Plan): string | undefined =>
    made.before
      .find(({ kind }) => kind === "table")
      ?.sql.split("\n")[2]
      ?.trim();

  it("icu: the column itself has the collation, and only the blanks need an index", async () => {
    const { sql, made } = await unique([ci], ["c"], rule("icu"));
    expect(create(made)).toBe('"c" character varying(40) COLLATE "public"."headgate_ci_ai" NOT NULL');
    expect(sql).toEqual([`CREATE UNIQUE INDEX "t_u_kept" ON "public"."t" (rtrim("c", ' '))`]);
    expect(made.tables[0]?.columns[1]?.equality).toMatchObject({ by: "icu", padded: false });
    expect((await unique([text("c", "utf8mb4_0900_ai_ci")], ["c"], rule("icu"))).sql).toEqual([]);
  });

  it("lower: a unique index over lower()", async () => {
    const { sql, made } = await unique([ci], ["c"], rule("lower"));
    expect(sql).toEqual([`CREATE UNIQUE INDEX "t_u_kept" ON "public"."t" (lower(rtrim("c", ' ')))`]);
    expect(made.before.map(({ kind }) => kind)).toEqual(["table"]);
  });

  it.each([
    ["c", '"c" character varying(40) COLLATE "C" NOT NULL'],
    ["default", '"c" character varying(40) NOT NULL'],
  ] as const)("%s: nothing is kept, and that is told", async (collation, line) => {
    const { sql, codes, made } = await unique([ci], ["c"], rule(collation));
    expect(sql).toEqual([]);
    expect(create(made)).toBe(line);
    expect(codes).toEqual(["unique-key-not-kept t.c"]);
  });

  it("icu goes along foreign keys", async () => {
    const made = await planned(
      catalogue([
        table("t", [ci], { indexes: [index("PRIMARY", ["c"])] }),
        table("u", [counter(), text("t_c", "utf8mb4_general_ci")], {
          foreignKeys: [foreign("fk", "t_c", "t", "c")],
        }),
      ]),
      [{ match: { table: "t" }, to: { collation: "icu" } }],
    );
    expect(made.before.find(({ name }) => name === "table public.u")?.sql).toContain(
      '"t_c" character varying(40) COLLATE "public"."headgate_ci_ai"',
    );
    expect(made.findings.map(({ code, object }) => `${code} ${object}`)).toContain(
      "foreign-key-collation u.t_c",
    );
  });

  it("means nothing for what is no text", async () => {
    const { sql, codes, made } = await unique([column("c", "int")], ["c"], rule("icu"));
    expect([sql, codes, create(made)]).toEqual([[], [], '"c" integer']);
  });
});
