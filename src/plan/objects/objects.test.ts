/** The inventory and its parts by hand-made texts: what is a word and what is none, what makes a program risky, what is told. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import type { PlanObject, SourceObject } from "../../model.js";
import { column } from "../../typemap/example-column.js";
import { catalogue, counter, request, table } from "../example-catalogue.js";
import { plan } from "../plan.js";
import { isHarmlessFunction } from "../../safety/postgres-harmless.js";
import { functionsIn, mysqlFunctions } from "./mysql-functions.js";
import { bareText, lineCount } from "./program-text.js";
import { constructs, judgeProgram } from "./risk.js";
import { sharedFunctionNames } from "./shared-functions.js";

const names = (text: string): string[] =>
  functionsIn(bareText(text)).map(({ name, count }) => (count === 1 ? name : `${name} ${String(count)}`));

describe("bare text", () => {
  it.each([
    ["SELECT 'a''b\\' c' , 1", "SELECT '        ' , 1"],
    ['SELECT "it""s" x', "SELECT '     ' x"],
    ["a -- remark\nb # other\nc --1", "a          \nb        \nc --1"],
    ["a /* IFNULL('x) */ b", "a                  b"],
    ["a /*!50001 IFNULL('x') */ b", "a          IFNULL(' ')    b"],
    ["`it's` /*M! x */", "`it's`      x   "],
    ["open 'to the end", "open '         '"],
  ])("%j", (sql, bare) => {
    expect(bareText(sql).length).toBe(sql.length);
    expect(bareText(sql)).toBe(bare);
  });

  it("lines that hold something", () => {
    expect(lineCount("a\n\n b\r\n\r\nc")).toBe(3);
    expect(lineCount("")).toBe(0);
  });
});

describe("functions", () => {
  it.each([
    ["select ifnull(`a`,'IFNULL(') AS `if`, ifnull(b,2) from t", ["IFNULL 2"]],
    ["if(a > 1, if(b, 1, 2), 3)", ["IF 2"]],
    ["IF (a > 1) THEN SET b = 1; END IF", []],
    ["IF(f(a, b)) THEN SET b = 1; END IF", ["F"]],
    ["INSERT INTO t (a) VALUES (1, 2)", []],
    ["INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = VALUES(a)", ["VALUES"]],
    ["DECLARE c CHAR(10); DECLARE y YEAR(4); SET c = CHAR(65)", ["CHAR"]],
    ["CREATE TABLE x (a TIMESTAMP(3), b INT DEFAULT (1))", []],
    ["SELECT year(a), t.year(b), @if(a, b, c), `left`(x) FROM t", ["YEAR"]],
    ["TRUNCATE TABLE t; SELECT TRUNCATE(a, 1)", ["TRUNCATE"]],
    ["a <=> b AND c DIV 2 REGEXP x", ["<=>", "DIV", "REGEXP"]],
    ["a -> b ->> c", ["->", "->>"]],
    ["st_distance(a, point(1, 2)) + MBRContains(a, b)", ["spatial functions 3"]],
    ["WITH concat (a) AS (SELECT 1) SELECT coalesce(a, 1), count(*) FROM concat", []],
    ["group_concat(a separator ',') limit 1, 2", ["GROUP_CONCAT", "LIMIT a, b"]],
    [
      "CAST(a AS UNSIGNED) + CAST(b AS CHAR(3)) + convert(c using utf8mb4)",
      ["CAST AS CHAR", "CAST AS UNSIGNED", "CONVERT USING"],
    ],
    // Neither known nor the same on both sides.
    [
      "select levenshtein(a, b), x = double_metaphone(c) from t where soundslike_udf(d)",
      ["DOUBLE_METAPHONE", "LEVENSHTEIN", "SOUNDSLIKE_UDF"],
    ],
    ["add_months(a, 1) + median(b) over (partition by c)", ["ADD_MONTHS", "MEDIAN"]],
    ["convert(a, decimal(10,2)) = encode('x', 'y')", ["CONVERT", "ENCODE"]],
    // Words, types, columns of what is made here: no calls.
    [
      "SELECT a FROM t WHERE (a) IN (1) AND EXISTS (SELECT 1) OR NOT (b) AND c = ANY (SELECT 1) XOR (d)",
      ["XOR"],
    ],
    [
      "CREATE TABLE IF NOT EXISTS x (a DECIMAL(10,2), b VARCHAR(3), PRIMARY KEY (a), KEY k (b), CHECK (a > 1))",
      [],
    ],
    ["CREATE INDEX i ON t (a); CREATE UNIQUE INDEX `i 2` USING BTREE ON some_table (b)", []],
    [
      "WITH RECURSIVE one (a) AS (SELECT 1), two (b, c) AS (SELECT 1, 2) SELECT a FROM one, LATERAL (SELECT 1) x",
      [],
    ],
    ["INSERT INTO t (a, b) SELECT a, count(*) FROM u GROUP BY a; INSERT t (a) VALUES (1); CALL p(1)", []],
    ["cast(a as decimal(3,1)) + cast(b as varchar(3)), other.fn(1), `fn`(2)", []],
  ])("%s", (text, wanted) => {
    expect(names(text)).toEqual(wanted);
  });

  it("that count as the same are functions of PostgreSQL", () => {
    const syntax = ["CAST", "COALESCE", "CURRENT_DATE", "CURRENT_ROLE", "CURRENT_TIME", "CURRENT_TIMESTAMP"];
    const special = new Set([...syntax, "GROUPING", "LOCALTIME", "LOCALTIMESTAMP", "NULLIF", "TRIM"]);
    const asked = sharedFunctionNames().filter((name) => !special.has(name));
    expect(asked.filter((name) => !isHarmlessFunction(null, name.toLowerCase()))).toEqual([]);
    const table = new Set(mysqlFunctions().map(({ name }) => name));
    expect(sharedFunctionNames().filter((name) => table.has(name))).toEqual([]);
  });

  it("one of the database's own hides a built-in one", () => {
    expect(functionsIn("uuid_short() + mine(1)", new Set(["UUID_SHORT", "MINE"]))).toEqual([]);
  });
});

describe("risk", () => {
  const judged = (text: string, kind = "function"): string => {
    const bare = bareText(text);
    const { risk, why } = judgeProgram(bare, { kind, lines: lineCount(text), functions: functionsIn(bare) });
    return [risk, ...why.map((each) => each.split(":", 1)[0])].join(" | ");
  };

  it.each([
    [
      "BEGIN DECLARE a INT; IF x THEN SET a = 1; END IF; WHILE a < 3 DO SET a = a + 1; END WHILE; RETURN a; END",
      "low",
    ],
    ["PREPARE s FROM q; EXECUTE s", "high | dynamic SQL"],
    ["SELECT get_lock('x', 1) INTO a", "high | named locks | functions without a rewrite"],
    ["LOCK TABLES t WRITE", "high | table locks"],
    ["SELECT a INTO OUTFILE 'x'", "high | files"],
    ["START TRANSACTION; COMMIT", "high | transactions inside"],
    ["TRUNCATE t", "high | DDL"],
    ["SET a = TRUNCATE(b, 1)", "low"],
    ["CREATE TEMPORARY TABLE x (a INT)", "medium | temporary tables"],
    ["CREATE TABLE x (a INT)", "high | DDL"],
    ["SET @a = 1", "medium | user variables"],
    ["SET a = 'me@here'", "low"],
    ["SET a = @@sql_mode", "high | server settings"],
    [
      "DECLARE c CURSOR FOR SELECT a FROM t; DECLARE EXIT HANDLER FOR NOT FOUND SET d = 1",
      "medium | cursors | EXIT handlers",
    ],
    ["DECLARE CONTINUE HANDLER FOR NOT FOUND SET d = 1", "high | CONTINUE handlers"],
    ["INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 1", "medium | INSERT ... ON DUPLICATE KEY UPDATE"],
    ["BEGIN REPLACE INTO t VALUES (1); END", "medium | REPLACE"],
    ["SET a = REPLACE(b, 'x', 'y')", "low"],
    ["INSERT IGNORE INTO t VALUES (1)", "medium | IGNORE"],
    ["SIGNAL SQLSTATE '45000'", "medium | SIGNAL"],
    ["DELETE FROM t WHERE a = 1 LIMIT 5", "medium | UPDATE or DELETE of several tables, or with LIMIT"],
    ["-- PREPARE s FROM q\nSET a = 'LOCK TABLES'", "low"],
    ["x\n".repeat(100), "medium | 100 lines"],
    ["x\n".repeat(500), "high | 500 lines"],
  ])("%j is %s", (text, wanted) => {
    expect(judged(text)).toBe(wanted);
  });

  it("a procedure that hands rows out, and one that does not", () => {
    expect(judged("BEGIN SELECT 1; END", "procedure")).toBe("medium | result sets");
    expect(judged("BEGIN SELECT 1 INTO a; INSERT INTO t SELECT 2; END", "procedure")).toBe("low");
    expect(judged("BEGIN SELECT 1; END", "event")).toBe("medium | schedule");
  });

  it("docs/programs.md has the whole list", () => {
    const page = readFileSync(resolve("docs", "programs.md"), "utf8");
    for (const { name, risk, why } of constructs) expect(page).toContain(`| ${name} | ${risk} | ${why} |`);
  });
});

describe("the inventory", () => {
  const program = (
    kind: SourceObject["kind"],
    name: string,
    definition: string,
    more: Partial<SourceObject> = {},
  ): SourceObject => ({ kind, name, on: null, definition, ...more });
  const made = plan(
    catalogue(
      [
        table("film", [counter(), column("title", "varchar(20)"), column("at", "datetime")]),
        table("film_text", [counter(), column("title", "varchar(20)")]),
        table("Log", [
          counter(),
          column("note", "text"),
          column("g", "int", { generated: { expression: "ifnull(`id`,0)", stored: true } }),
        ]),
      ],
      {
        objects: [
          program("trigger", "tr", "AFTER INSERT INSERT INTO film_text (title) VALUES (NEW.title)", {
            on: "film",
            runs: { definer: "gone@%", exists: false, security: "definer" },
          }),
          program(
            "procedure",
            "p",
            "BEGIN UPDATE `log` SET note = 'film_text'; DELETE FROM Film WHERE at < NOW(); END",
            {
              head: "modifies sql data",
            },
          ),
          program("function", "secret", "", { hidden: true }),
          program("view", "v", "select ifnull(`id`,1) AS `a` from `film`", { broken: "it is" }),
        ],
        accounts: [
          { account: "app@%", on: "shop.*", privileges: ["DELETE", "INSERT", "SELECT"] },
          { account: "app@%", on: "shop.film(id)", privileges: ["UPDATE"] },
          { account: "root@localhost", on: "*.*", privileges: ["SUPER"] },
        ],
      },
    ),
    request(),
  );
  const told = (code: string): string[] =>
    made.findings
      .filter((each) => each.code === code)
      .map(({ object, sentence }) => `${object}: ${sentence}`);
  const listed = (name: string): PlanObject | undefined =>
    made.inventory?.objects.find((each) => each.name === name);

  it("says what a program touches, by its spelling", () => {
    expect(listed("tr")).toMatchObject({
      reads: [],
      writes: ["film_text"],
      columns: ["film.title", "film_text.title"],
      definerExists: false,
    });
    expect(listed("p")).toMatchObject({
      reads: [],
      writes: ["Log", "film"],
      columns: ["Log.note", "film.at"],
      risk: "low",
    });
    expect(listed("secret")).toMatchObject({ lines: null, risk: "high" });
  });

  it("has a finding for each", () => {
    expect(told("trigger-not-copied")).toEqual([
      expect.stringMatching(/^film\.tr: .*on film.*Risk low.*runs as definer gone@%; writes film_text\.$/),
    ]);
    expect(told("procedure-not-copied")).toEqual([
      expect.stringMatching(/^p: .*1 line, modifies sql data; writes Log, film\.$/),
    ]);
    expect(told("definer-gone")).toEqual([expect.stringMatching(/^film\.tr: .*no such account/)]);
    expect(told("object-hidden").map((each) => each.split(":", 1)[0])).toEqual(["secret"]);
    expect(told("view-broken")).toEqual([expect.stringMatching(/^v: .*it is/)]);
    expect(made.findings.filter(({ code }) => code === "mysql-function")).toMatchObject([
      { object: "Log.g", count: 1, fix: "Rewrites: IFNULL(a, b) -> coalesce(a, b)." },
      { object: "p", count: 1 },
      { object: "v", count: 1 },
    ]);
  });

  it("says what the accounts would need, and names no administrator", () => {
    expect(told("account-not-carried").map((each) => each.split(":", 1)[0])).toEqual(["account.app@%"]);
    expect(made.inventory?.accounts?.[0]?.grants).toEqual([
      'GRANT USAGE ON SCHEMA "public" TO "app";',
      'GRANT DELETE, INSERT, SELECT ON ALL TABLES IN SCHEMA "public" TO "app";',
      'GRANT USAGE ON ALL SEQUENCES IN SCHEMA "public" TO "app";',
      'GRANT UPDATE ("id") ON "public"."film" TO "app";',
    ]);
    const unread = plan(catalogue([], { accounts: null }), request());
    expect(unread.inventory?.accounts).toBeNull();
    expect(unread.findings.map(({ code }) => code)).toContain("accounts-not-read");
  });
});
