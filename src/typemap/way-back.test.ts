/** The way back of single columns, without a server: what is bound, what is refused, and what a plan is told of it. */
import { describe, expect, it } from "vitest";
import { Fault } from "../errors.js";
import type { ColumnPolicy, Plan, PlanColumn, SourceColumn } from "../model.js";
import { codecOf } from "./compile.js";
import { column } from "./example-column.js";
import { wayBackOf } from "./way-back.js";
import { wayBackFindings } from "./way-back-findings.js";
import { demandDocument } from "./way-back-json.js";
import { parseWayBackRules } from "./way-back-rules.js";

const refuse: ColumnPolicy = { zeroDate: "refuse", nul: "refuse", badText: "refuse", enumZero: "refuse" };

function planned(
  type: string,
  targetType: string,
  policy: Partial<ColumnPolicy> = {},
  more: Partial<SourceColumn> = {},
): PlanColumn {
  const source = column("c", type, more);
  return {
    ...{ column: source, source: "c", target: "c", sourceType: type, targetType, rule: "test" },
    ...{ nullable: true, policy: { ...refuse, ...policy }, identity: null },
  };
}

/** There and back, from the source's own text. */
function back(of: PlanColumn, text: string): string | Buffer | null {
  const way = wayBackOf(of, "mysql");
  return way.encode(codecOf(of, "mysql").encodeText(Buffer.from(text)));
}

function refused(of: PlanColumn, field: Buffer | null): string {
  try {
    wayBackOf(of, "mysql").encode(field);
  } catch (error) {
    if (error instanceof Fault && error.code === "value-refused") return error.message;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("a way back", () => {
  it.each([
    ["bigint unsigned", "numeric(20,0)", "18446744073709551615", "18446744073709551615"],
    ["decimal(10,2)", "numeric(12,4)", "-0.50", "-0.50"],
    ["year", "smallint", "0", "0000"],
    ["enum('2','1')", "text", "1", "2"],
    ["set('a','b','c')", "text[]", "a,c", "5"],
    ["time(3)", "interval", "-838:59:59.000", "-838:59:59.000"],
    [
      "timestamp(6)",
      "timestamp(6) with time zone",
      "2024-02-29 23:59:59.000001",
      "2024-02-29 23:59:59.000001",
    ],
  ])("binds %s from %s exactly: %s is %s", (type, target, text, bound) => {
    expect(back(planned(type, target), text)).toBe(bound);
  });

  it("sends a bit's number and bytes as bytes", () => {
    expect(back(planned("bit(9)", "bit(9)"), "\x01\x01")).toBe("257");
    expect(back(planned("varbinary(3)", "bytea"), "a\0b")).toEqual(Buffer.from("a\0b"));
  });

  it("makes a zero date of what a policy made of one, also where NULL stands for it", () => {
    const infinite = planned("date", "date", { zeroDate: "-infinity" });
    expect(back(infinite, "2024-02-30")).toBe("0000-00-00");
    const none = planned(
      "datetime",
      "timestamp(0) without time zone",
      { zeroDate: "null" },
      { nullable: false },
    );
    expect(wayBackOf(none, "mysql").encode(null)).toBe("0000-00-00 00:00:00");
    const label = planned("enum('a')", "text", { enumZero: "null" }, { nullable: false });
    const way = wayBackOf(label, "mysql");
    expect([way.encode(null), way.lenient("0"), way.lenient("1")]).toEqual(["0", true, false]);
  });

  it("refuses NULL where the source has none, without a word of any value", () => {
    expect(refused(planned("int", "integer", {}, { nullable: false }), null)).toContain("NULL");
    const said = refused(planned("char(9)", "character varying(9)"), Buffer.from("secret "));
    expect(said).toContain("blanks at its end");
    expect(said).not.toContain("secret");
  });

  it("refuses an infinite date, a span of days and an array of another shape", () => {
    const days = Buffer.alloc(16);
    days.writeInt32BE(1, 8);
    expect(refused(planned("time", "interval"), days)).toContain("no time becomes");
    const infinity = Buffer.from("7fffffff", "hex");
    expect(refused(planned("date", "date"), infinity)).toContain("date");
    const oneNull = Buffer.from("0000000100000001000000190000000100000001ffffffff", "hex");
    expect(refused(planned("set('a')", "text[]"), oneNull)).toContain("does not hold");
  });

  it("finds a text by its bytes, and where its collation has an index by that as well", () => {
    const text = planned("varchar(9)", "text", {}, { charset: "latin1" });
    expect(wayBackOf(text, "mysql").same("`c`")).toBe(
      "(`c` = ? AND CAST(`c` AS BINARY) = CAST(CONVERT(? USING latin1) AS BINARY))",
    );
  });
});

describe("a JSON document on its way to MySQL", () => {
  it.each(['{"a": [1, 2.5, -3, 1.0, 0.000001], "b": "1.50"}', "18446744073709551615", "1".padEnd(60, "0")])(
    "is taken where a double prints each number as it stands: %s",
    (text) => {
      expect(() => demandDocument(text, true)).not.toThrow();
    },
  );

  it.each(["1.50", "[18446744073709551617]", "0.12345678901234567890", `1${"0".repeat(400)}`])(
    "is refused where it does not: %s",
    (text) => {
      expect(() => demandDocument(text, true)).toThrow("JSON number");
    },
  );

  it.each(['{"a": 1, "bb": "\\n\\u0001é"}', "1e20", '[1e-20, {"": []}]'])(
    "as text is taken in MySQL's own spelling: %s",
    (text) => {
      expect(() => demandDocument(text, false)).not.toThrow();
    },
  );

  it.each(['{"a":1}', '{"bb": 1, "a": 2}', '"\\u0041"', '"\\/"', "1E20", "1e+20", '"\\u001F"'])(
    "as text is refused in another one: %s",
    (text) => {
      expect(() => demandDocument(text, false)).toThrow("JSON");
    },
  );
});

describe("what a plan is told", () => {
  const plan = (columns: readonly PlanColumn[], keyed = true): Plan => ({
    ...{ version: 1, migration: "m", database: "d", schema: "public", fingerprint: "", lanes: ["one"] },
    tables: [
      {
        ...{ source: "t", target: "t", lane: "one", columns, estimatedRows: 1, estimatedBytes: 1 },
        key: keyed ? { index: "PRIMARY", columns: ["c"], primary: true } : null,
        exactCut: !keyed,
      },
    ],
    ...{ before: [], after: [], findings: [] },
  });
  const codes = (columns: readonly PlanColumn[], keyed = true): string[] =>
    wayBackFindings(plan(columns, keyed), "mysql").map(({ code, count }) => `${code} ${String(count)}`);

  it("is nothing where both types hold the same", () => {
    expect(
      codes([
        planned("int", "integer"),
        planned("varchar(9)", "character varying(9)"),
        { ...planned("enum('a')", "text"), heldToLabels: true },
        planned("tinyint(1)", "boolean"),
        planned("binary(16)", "uuid"),
      ]),
    ).toEqual([]);
  });

  it("is one line a class of columns", () => {
    const found = wayBackFindings(
      plan([
        planned("int unsigned", "bigint"),
        planned("smallint", "integer"),
        planned("varchar(9)", "text"),
      ]),
      "mysql",
    );
    expect(found.map(({ code, object, severity, count }) => [code, object, severity, count])).toEqual([
      ["way-back-narrower", "t.c", "info", 2],
      ["way-back-narrower", "t.c", "info", 1],
    ]);
    expect(found[0]?.sentence).toContain("numbers outside the source's range");
  });

  it("warns of a table without a key where the way there makes one value of several", () => {
    expect(codes([planned("json", "jsonb")], false)).toEqual(["way-back-narrower 1", "way-back-image 1"]);
    expect(codes([planned("int", "integer", {}, { generated: { expression: "1", stored: true } })])).toEqual([
      "way-back-generated 1",
    ]);
  });

  it("warns of tables whose engine rolls nothing back", () => {
    const tables = [
      { name: "t", engine: "MyISAM" },
      { name: "other", engine: "MyISAM" },
    ];
    const [found] = wayBackFindings(plan([planned("int", "integer")]), "mysql", tables);
    expect([found?.code, found?.object, found?.severity]).toEqual(["way-back-not-atomic", "t", "warning"]);
    expect(
      wayBackFindings(plan([planned("int", "integer")]), "mysql", [{ name: "t", engine: "InnoDB" }]),
    ).toEqual([]);
  });

  it("is an error where nothing goes back", () => {
    const [found] = wayBackFindings(plan([planned("int", "point")]), "mysql");
    expect([found?.code, found?.severity]).toEqual(["way-back-missing", "error"]);
  });
});

it("a rule file that does not parse is our own bug", () => {
  expect(() => parseWayBackRules("- name: x")).toThrow("postgres-mysql.yaml does not parse");
});
