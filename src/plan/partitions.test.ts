/** Each method of partitioning as the catalogue tells it, what PostgreSQL is given for it, and what is refused and why. */
import { parse } from "libpg-query";
import { describe, expect, it } from "vitest";
import type { Plan, SourceTable } from "../model.js";
import { column } from "../typemap/example-column.js";
import { catalogue, counter, index, request, table } from "./example-catalogue.js";
import { plan } from "./plan.js";

type Partitioning = NonNullable<SourceTable["partitioning"]>;

function kept(partitioning: Partitioning, columns = "a int", more: Partial<SourceTable> = {}): Plan {
  const made = columns.split(", ").map((each) => {
    const [name = "", type = ""] = each.split(" ");
    return column(name.replace("?", ""), type, { nullable: name.endsWith("?") });
  });
  const source = table("t", made, { partitioning, ...more });
  return plan(catalogue([source]), request({ partitions: ["t"] }));
}

const by = (method: string, expression: string, ...bounds: (string | null)[]): Partitioning => ({
  method,
  expression,
  bounds,
  partitions: bounds.map((_, place) => `p${String(place)}`),
  subpartitioned: false,
});

const ddl = (made: Plan): string[] =>
  made.before.map(({ sql }) => sql.replaceAll("\n", " ").replaceAll(/ +/gu, " ").replaceAll('"public".', ""));

describe("which tables keep theirs", () => {
  const [year, key] = [by("RANGE", "year(`a`)", "2000"), by("KEY", "`a`", null)];
  const three = catalogue([
    table("good", [column("a", "date", { nullable: false })], { partitioning: year }),
    table("odd", [column("a", "int", { nullable: false })], { partitioning: key }),
    table("fine", [column("a", "int", { nullable: false })], { partitioning: by("RANGE", "`a`", "10") }),
  ]);
  const told = (partitions?: "keep" | readonly string[]) =>
    plan(three, request(partitions === undefined ? {} : { partitions })).findings.filter(({ code }) =>
      code.startsWith("partitions-"),
    );

  it("what cannot be kept comes with the line that settles it, and no advice to keep it beside it", () => {
    const found = told("keep");
    expect(found.map(({ code, object }) => `${code} ${object}`)).toEqual(["partitions-not-kept odd"]);
    const lines = found[0]?.propose ?? [];
    expect(lines).toEqual(["tables:", '  partitions: ["fine", "good"]']);
    expect(told(["fine", "good"]).map(({ severity, object }) => `${severity} ${object}`)).toEqual([
      "info odd",
    ]);
    expect(told(["odd"])[0]?.propose).toEqual(["tables:", "  partitions: flatten"]);
  });

  it("only what can be kept is offered", () => {
    const offered = new Map(told().map(({ object, propose }) => [object, propose]));
    expect(offered.get("odd")).toBeUndefined();
    expect(offered.get("good")).toEqual(["tables:", '  partitions: ["good"]']);
    expect(told().find(({ object }) => object === "odd")?.fix).toContain("could not keep them exactly");
    expect(told(["fine"]).find(({ object }) => object === "good")?.propose?.[1]).toBe(
      '  partitions: ["fine", "good"]',
    );
  });
});

describe("kept exactly", () => {
  it.each([
    [
      by("RANGE", "`a`", "10", "MAXVALUE"),
      "a int",
      'RANGE ("a")',
      ["FROM (MINVALUE) TO (10)", "FROM (10) TO (MAXVALUE)"],
    ],
    [by("RANGE", "a", "-5"), "a bigint", 'RANGE ("a")', ["FROM (MINVALUE) TO (-5)"]],
    [
      by("RANGE COLUMNS", "`a`,`b`", "1,'2000-01-01'", "1,MAXVALUE", "MAXVALUE,MAXVALUE"),
      "a int, b date",
      'RANGE ("a", "b")',
      [
        "FROM (MINVALUE, MINVALUE) TO (1, '2000-01-01')",
        "FROM (1, '2000-01-01') TO (1, MAXVALUE)",
        "FROM (1, MAXVALUE) TO (MAXVALUE, MAXVALUE)",
      ],
    ],
    [by("RANGE", "year(`a`)", "2000"), "a date", 'RANGE ("a")', ["FROM (MINVALUE) TO ('2000-01-01')"]],
    [
      by("RANGE", "to_days(`a`)", "739251"),
      "a datetime",
      'RANGE ("a")',
      ["FROM (MINVALUE) TO ('2024-01-01')"],
    ],
    [
      by("RANGE", "unix_timestamp(`a`)", "1704067200"),
      "a timestamp",
      'RANGE ("a")',
      ["FROM (MINVALUE) TO (to_timestamp(1704067200))"],
    ],
    [by("LIST", "`a`", "1,2,NULL", "3"), "a? int", 'LIST ("a")', ["IN (1, 2, NULL)", "IN (3)"]],
    [by("LIST COLUMNS", "`a`", "'2024-01-01'"), "a date", 'LIST ("a")', ["IN ('2024-01-01')"]],
    [by("LIST", "`a`", "1", "DEFAULT"), "a int", 'LIST ("a")', ["IN (1)", "DEFAULT"]],
    [
      by("HASH", "`a`", null, null),
      "a? int",
      'HASH ("a")',
      ["WITH (MODULUS 2, REMAINDER 0)", "WITH (MODULUS 2, REMAINDER 1)"],
    ],
    [
      by("RANGE", "`a`", "10"),
      "a? int",
      'RANGE ("a")',
      ["FROM (MINVALUE) TO (10)", '(CHECK ("a" IS NULL)) DEFAULT'],
    ],
  ])("%j of %s", async (partitioning, columns, key, parts) => {
    const made = kept(partitioning, columns);
    const [parent = "", ...rest] = ddl(made);
    expect(parent).toContain(`PARTITION BY ${key}`);
    expect(rest.map((sql) => sql.replace(/.* PARTITION OF "t" (?:FOR VALUES )?/u, ""))).toEqual(parts);
    for (const { sql } of made.before) await parse(sql);
    expect(made.tables[0]?.partitioned).toBe(true);
    expect(made.findings.map(({ code }) => code)).not.toContain("partitions-flattened");
  });

  it("counts by a sequence, as identities came to partitioned tables late", () => {
    const source = table("t", [counter()], { partitioning: by("HASH", "`id`", null, null) });
    const made = plan(catalogue([source]), request({ partitions: "keep" }));
    expect(ddl(made).join("\n")).toContain("DEFAULT nextval(");
    expect(made.before.filter(({ kind }) => kind === "partition")).toHaveLength(2);
  });

  it("the fingerprint knows the partitions of a table that keeps them, and of no other", () => {
    const bounds = (...texts: string[]): Plan => kept(by("RANGE", "`a`", ...texts));
    const plain = (...texts: string[]): Plan =>
      plan(
        catalogue([table("t", [column("a", "int")], { partitioning: by("RANGE", "`a`", ...texts) })]),
        request(),
      );
    expect(bounds("1").fingerprint).not.toBe(bounds("1", "2").fingerprint);
    expect(plain("1").fingerprint).toBe(plain("1", "2").fingerprint);
  });
});

describe("not exact", () => {
  it.each([
    [by("RANGE", "(`a` + 1)", "1"), "a int", "more than columns"],
    [by("RANGE COLUMNS", "`a`", "'x'"), "a varchar(9)", "order or equality"],
    [by("RANGE", "year(`a`)", "0"), "a date", "no number or date"],
    [by("RANGE", "unix_timestamp(`a`)", "1"), "a timestamp(3)", "no exact bound"],
    [by("RANGE COLUMNS", "`a`", "'2024-00-00'"), "a date", "no number or date"],
    [by("LIST COLUMNS", "`a`,`b`", "(1,2)"), "a int, b int", "one column only"],
    [by("LIST", "year(`a`)", "2000"), "a date", "more than columns"],
    [by("KEY", "`a`", null), "a int", "no KEY"],
    [{ ...by("RANGE", "`a`", "1"), subpartitioned: true }, "a int", "subpartitions"],
    [{ method: "RANGE", partitions: ["p"] }, "a int", "does not say"],
  ] as const)("%j of %s", (partitioning, columns, why) => {
    const made = kept(partitioning, columns);
    const told = made.findings.filter(({ code }) => code === "partitions-not-kept");
    expect(told).toMatchObject([{ severity: "error", object: "t" }]);
    expect(told[0]?.sentence).toContain(why);
    expect(made.before.map(({ kind }) => kind)).toEqual(["table"]);
  });

  it("a unique index without the key", () => {
    const made = kept(by("RANGE", "`a`", "1"), "a int, b int", {
      indexes: [index("u", ["b"], { unique: true })],
    });
    expect(made.findings.find(({ code }) => code === "partitions-not-kept")?.sentence).toContain(
      "u does not hold",
    );
  });

  it("and nothing is asked where nothing is said", () => {
    const source = table("t", [column("a", "int")], { partitioning: by("KEY", "`a`", null) });
    for (const partitions of ["flatten", ["other"]] as const) {
      const made = plan(catalogue([source]), request({ partitions }));
      expect(made.findings.map(({ code }) => code)).toContain("partitions-flattened");
      expect(made.tables[0]).not.toHaveProperty("partitioned");
    }
  });
});
