import { parse } from "libpg-query";
import { describe, expect, it } from "vitest";
import type { Catalogue, Plan, SourceIndex } from "../model.js";
import { column } from "../typemap/example-column.js";
import { catalogue, counter, foreign, index, request, table } from "./example-catalogue.js";
import { plan } from "./plan.js";
import type { PlanRequest } from "./request.js";

function sql(made: Plan): string[] {
  return [...made.before, ...made.after].map((statement) => statement.sql);
}

function codes(made: Plan): string[] {
  return made.findings.map(({ code, object }) => `${code} ${object}`);
}

/** Plans it, and lets PostgreSQL's own grammar read every statement. */
async function planned(source: Catalogue, more: Partial<PlanRequest> = {}): Promise<Plan> {
  const made = plan(source, request(more));
  for (const text of sql(made)) {
    const { stmts } = await parse(text);
    expect(stmts, text).toHaveLength(1);
  }
  const names = [...made.before, ...made.after].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  return made;
}

describe("indexes", () => {
  const build = async (columnType: string, part: string, more = {}) => {
    const made = await planned(
      catalogue([
        table("t", [counter(), column("c", columnType)], {
          indexes: [index("PRIMARY", ["id"]), index("i", [part], more)],
        }),
      ]),
    );
    return {
      sql: made.after.filter(({ name }) => name.endsWith("t_i")).map(({ sql: text }) => text),
      codes: codes(made).filter((code) => !code.startsWith("unique-key-collation")),
    };
  };

  it.each([
    ["a plain one", "int", "c", {}, 'CREATE INDEX "t_i" ON "public"."t" ("c")'],
    ["a descending one", "int", "c desc", {}, 'CREATE INDEX "t_i" ON "public"."t" ("c" DESC)'],
    [
      "a unique one",
      "int",
      "c",
      { unique: true },
      'ALTER TABLE "public"."t" ADD CONSTRAINT "t_i" UNIQUE ("c")',
    ],
    [
      "a unique descending one",
      "int",
      "c desc",
      { unique: true },
      'CREATE UNIQUE INDEX "t_i" ON "public"."t" ("c" DESC)',
    ],
    [
      "a unique prefix",
      "varchar(100)",
      "c(10)",
      { unique: true },
      'CREATE UNIQUE INDEX "t_i" ON "public"."t" (left("c", 10))',
    ],
    [
      "a unique prefix of bytes",
      "blob",
      "c(10)",
      { unique: true },
      'CREATE UNIQUE INDEX "t_i" ON "public"."t" (substr("c", 1, 10))',
    ],
    [
      "a prefix of a short text serves whole",
      "varchar(100)",
      "c(10)",
      {},
      'CREATE INDEX "t_i" ON "public"."t" ("c")',
    ],
    [
      "a prefix of a long text",
      "longtext",
      "c(10)",
      {},
      'CREATE INDEX "t_i" ON "public"."t" (left("c", 10))',
    ],
    [
      "a prefix as long as the column",
      "varchar(10)",
      "c(10)",
      { unique: true },
      'CREATE UNIQUE INDEX "t_i" ON "public"."t" ("c")',
    ],
  ])("%s", async (_, type, part, more, expected) => {
    expect(await build(type, part, more)).toEqual({ sql: [expected], codes: [] });
  });

  it.each([
    ["fulltext", { kind: "fulltext" }, "index-not-built t.i", 0],
    ["spatial", { kind: "spatial" }, "index-not-built t.i", 0],
    [
      "functional",
      { parts: [{ column: null, expression: "lower(`c`)", prefix: null, descending: false }] },
      "index-not-built t.i",
      0,
    ],
    ["invisible", { visible: false }, "index-invisible t.i", 1],
  ])("%s is told", async (_, more, code, built) => {
    const made = await build("varchar(20)", "c", more);
    expect(made.codes).toEqual([code]);
    expect(made.sql).toHaveLength(built);
  });

  it("over the members of a JSON array becomes GIN", async () => {
    const over = (expression: string): Promise<{ sql: readonly string[]; codes: readonly string[] }> =>
      build("json", "c", { parts: [{ column: null, expression, prefix: null, descending: false }] });
    expect(await over("cast(json_extract(`c`,_utf8mb4'$.x.y[*]') as unsigned array)")).toEqual({
      sql: [`CREATE INDEX "t_i" ON "public"."t" USING gin (("c" #> '{x,y}') jsonb_path_ops)`],
      codes: ["index-nearest t.i"],
    });
    expect((await over("cast(`c` as char(10) array)")).sql).toEqual([
      'CREATE INDEX "t_i" ON "public"."t" USING gin ("c" jsonb_path_ops)',
    ]);
    for (const other of ["cast(json_extract(`c`,'$[0]') as unsigned array)", "cast(`c` as unsigned)"])
      expect((await over(other)).codes).toContain("index-not-built t.i");
  });

  it("FULLTEXT and SPATIAL come with the statement to start from, which is PostgreSQL", async () => {
    const fixOf = (more: Partial<SourceIndex>): string => {
      const source = table("t", [counter(), column("c", "text"), column("d", "text")], {
        indexes: [
          index("PRIMARY", ["id"]),
          index("i", ["c", ...(more.kind === "spatial" ? [] : ["d"])], more),
        ],
      });
      return (
        plan(catalogue([source]), request()).findings.find(({ code }) => code === "index-not-built")?.fix ??
        ""
      );
    };
    const words = fixOf({ kind: "fulltext" });
    expect(words).toContain(
      `CREATE INDEX "t_i" ON "t" USING gin (to_tsvector('simple', coalesce("c", '') || ' ' || coalesce("d", '')));`,
    );
    const place = fixOf({ kind: "spatial" });
    expect(place).toContain('CREATE INDEX "t_i" ON "t" USING gist ("c");');
    for (const fix of [words, place]) await parse(/CREATE INDEX[^;]*;/u.exec(fix)?.[0] ?? "no statement");
  });

  it("values that may be too long for an entry are told", async () => {
    expect((await build("varchar(768)", "c")).codes).toEqual(["index-value-too-long t.i"]);
    expect((await build("varchar(676)", "c")).codes).toEqual([]);
  });

  it("over json are told, jsonb aside", () => {
    const source = catalogue([
      table("t", [counter(), column("c", "json")], {
        indexes: [index("PRIMARY", ["id"]), index("i", ["c"])],
      }),
    ]);
    expect(codes(plan(source, request()))).toEqual([]);
    const rules = [{ match: { type: "json" }, to: { type: "json" } }];
    expect(codes(plan(source, request({ rules })))).toEqual(["index-not-built t.i"]);
  });

  it("a primary key over a prefix keeps both meanings", async () => {
    const made = await planned(
      catalogue([
        table("t", [column("c", "text", { nullable: false })], { indexes: [index("PRIMARY", ["c(10)"])] }),
      ]),
    );
    expect(made.after.slice(0, 2).map(({ sql: text }) => text)).toEqual([
      'ALTER TABLE "public"."t" ADD CONSTRAINT "t_pkey" PRIMARY KEY ("c")',
      'CREATE UNIQUE INDEX "t_pkey_prefix" ON "public"."t" (left("c", 10))',
    ]);
  });
});

describe("foreign keys that cannot be", () => {
  const word = column("w", "varchar(9)", { charset: "utf8mb4", collation: "utf8mb4_0900_ai_ci" });
  const child = (more: Parameters<typeof foreign>[4], to = "id", from = "pid") =>
    catalogue([
      table("p", [counter(), column("m", "int"), word], {
        indexes: [index("PRIMARY", ["id"]), index("m", ["m"]), index("w", ["w"])],
      }),
      table("c", [counter(), column("pid", "int"), word], {
        foreignKeys: [foreign("fk", from, "p", to, more)],
      }),
    ]);

  it.each<[string, Catalogue, Partial<PlanRequest>, string, boolean]>([
    ["leave the database", child({ referencedDatabase: "other" }), {}, "it leaves the database", false],
    ["point at an excluded table", child({}), { exclude: ["p"] }, "p does not travel", false],
    ["point at no unique key", child({}, "m"), {}, "no unique key", true],
    ["point at no unique key of texts", child({}, "w", "w"), {}, "hold the same texts of w equal", false],
    [
      "join types that do not compare",
      child({}),
      { rules: [{ match: { column: "pid" }, to: { type: "text" } }] },
      "is text",
      false,
    ],
  ])("%s, and are asked about where the target can compare", async (_, source, more, why, asked) => {
    const made = await planned(source, more);
    expect(made.after.filter(({ kind }) => kind === "foreign" || kind === "validate")).toEqual([]);
    expect(made.findings).toMatchObject([{ code: "foreign-key-not-built", object: "c.fk" }]);
    expect(made.findings[0]?.sentence).toContain(why.startsWith("hold") ? "no unique key" : why);
    const [left, ...none] = made.tables.find(({ source: name }) => name === "c")?.leftKeys ?? [];
    expect([none, left?.name, left?.asked === null]).toEqual([[], "fk", !asked]);
    expect(left?.why).toContain(why);
  });

  it("a key to the database's own name, in another case, is one", async () => {
    const made = await planned(
      child({ referencedDatabase: "shop", referencedTable: "P", referencedColumns: ["ID"] }),
    );
    expect(made.after.filter(({ kind }) => kind === "foreign")).toHaveLength(1);
  });
});

describe("hostile names", () => {
  const names = [
    'a"b',
    "a`b",
    '"; drop table x; --',
    "übel\u{1F600}",
    "x".repeat(70),
    "order",
    "a.b",
    "' or 1=1",
    "$on_update$",
    "\\",
    "Ctid",
    "ctid",
    "  ",
  ];

  it("come out quoted, in DDL that parses, one object each", async () => {
    const tables = names.map((name) =>
      table(
        name,
        [counter("id"), ...names.map((own) => column(own, "datetime", { onUpdateNow: 0, comment: own }))],
        {
          comment: name,
          indexes: [index("PRIMARY", ["id"]), ...names.map((own) => index(own, [own], { comment: own }))],
          foreignKeys: [foreign(name, "id", name, "id")],
          checks: [{ name, expression: `(\`id\` > 0)`, enforced: true }],
        },
      ),
    );
    const made = await planned(catalogue(tables));
    expect(made.tables).toHaveLength(names.length);
    const lower = await planned(catalogue(tables), { names: "lower" });
    expect(new Set(lower.tables[0]?.columns.map(({ target }) => target)).size).toBe(names.length + 1);
    expect(codes(made).filter((code) => code.startsWith("renamed"))).toContain("renamed order.ctid");
  });

  it("labels, members and defaults come out as literals", async () => {
    const hostile = ["'); drop table x; --", "\\", "a'b", "$$", "é"];
    const made = await planned(
      catalogue([
        table("t", [
          counter(),
          column("e", "enum('x')", { labels: hostile, default: { kind: "literal", text: hostile[0]! } }),
          column("s", "set('x')", { labels: hostile }),
          column("v", "varchar(50)", {
            default: { kind: "literal", text: hostile[1]! },
            comment: hostile[0]!,
          }),
        ]),
      ]),
    );
    expect(made.after.find(({ kind }) => kind === "check")?.sql).toContain(
      `IN ('''); drop table x; --', E'\\\\', 'a''b'`,
    );
  });

  it("a check of the user's stands as SQL with the column's name in it", async () => {
    const rules = [{ match: { column: "n" }, to: { check: "{column} <> 0" } }];
    const made = await planned(catalogue([table("t", [counter(), column("n", "int")])]), { rules });
    expect(made.after.find(({ kind }) => kind === "check")?.sql).toContain('CHECK ("n" <> 0)');
  });
});
