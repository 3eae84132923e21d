/**
 * What the guard lets through and what it finds, with every way around it that we could think of. Each evasion must be
 * refused by the parse tree; each honest text must pass, whatever words stand in its literals and comments.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DangerKind } from "./danger.js";
import { guardSentence, statementDangers } from "./statement-guard.js";

const kindsOf = async (server: "mysql" | "postgres", text: string): Promise<readonly DangerKind[]> =>
  (await statementDangers({ server, kind: "query", text })).map(({ kind }) => kind);

describe("PostgreSQL: what only reads passes", () => {
  it.each([
    "SELECT 1",
    "SELECT 1;",
    "select count(*), sum(total), string_agg(name, ', ' ORDER BY id) from orders where created_at > now() - interval '1 day'",
    "SELECT 'DROP TABLE users; DELETE FROM x' -- DROP TABLE y",
    "/* TRUNCATE a; /* nested DROP */ GRANT */ SELECT $a$DO $x$ drop $x$$a$, E'it\\'s', U&'d\\0061t'",
    "WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 9) SELECT sum(n) FROM t",
    'SELECT "delete", "drop" AS "truncate" FROM "update"',
    "SELECT md5(coalesce(a, '')), (b->>'x')::int, greatest(1, 2), extract(year from d), xmlelement(name foo), nullif(a, b) FROM t TABLESAMPLE system (10)",
    "SELECT row_number() OVER w, x IS DISTINCT FROM y, x LIKE 'a%', x IN (1, 2), x BETWEEN 1 AND 2, x = ANY ('{1}') FROM t WINDOW w AS (ORDER BY a)",
    "TABLE orders",
    "EXPLAIN SELECT 1",
    "EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM orders",
    "SHOW server_version",
    "SELECT pg_catalog.length('x'), a OPERATOR(pg_catalog.+) b FROM t",
    "SELECT * FROM generate_series(1, 3) AS g, LATERAL unnest(ARRAY[g]) AS u, jsonb_array_elements('[1]')",
    "SELECT ROW(1, 2), CASE WHEN true THEN 1 END, ARRAY(SELECT 1), EXISTS (SELECT 1)",
  ])("%s", async (text) => {
    expect(await statementDangers({ server: "postgres", kind: "query", text })).toEqual([]);
  });
});

describe("PostgreSQL: what does more is found", () => {
  const cases: readonly (readonly [text: string, ...kinds: readonly DangerKind[]])[] = [
    ["DROP TABLE x", "drops"],
    ["drop/**/table x", "drops"],
    ["SELECT 1; DROP TABLE x", "several", "drops"],
    ["SELECT 1 /* ; */ ; -- \n /* x */ DROP TABLE x -- ", "several", "drops"],
    ["TRUNCATE x", "truncates"],
    ["DELETE FROM x", "deletes all"],
    ["DELETE FROM x WHERE true", "deletes all"],
    ["DELETE FROM x WHERE 1 = 1 OR now() > '2000-01-01'", "deletes all"],
    ["DELETE FROM x WHERE id = 3", "writes"],
    ["UPDATE x SET a = 1", "updates all"],
    ["UPDATE x SET a = 1 WHERE id = 1", "writes"],
    ["INSERT INTO x VALUES (1)", "writes"],
    ["MERGE INTO x USING y ON x.id = y.id WHEN MATCHED THEN DELETE", "writes"],
    ["WITH d AS (DELETE FROM x RETURNING *) SELECT * FROM d", "deletes all"],
    ["WITH a AS (WITH b AS (UPDATE x SET a = 1 RETURNING 1) SELECT * FROM b) SELECT * FROM a", "updates all"],
    [
      "SELECT * FROM t WHERE id IN (WITH d AS (INSERT INTO x VALUES (1) RETURNING 1) SELECT 1 FROM d)",
      "writes",
    ],
    ["EXPLAIN ANALYZE DELETE FROM x", "deletes all"],
    ["EXPLAIN (ANALYZE) WITH d AS (TRUNCATE x) SELECT 1", "unreadable"],
    ["EXPLAIN ANALYZE CREATE TABLE y AS SELECT 1", "defines"],
    ["EXPLAIN ANALYZE EXECUTE p", "code"],
    ["SELECT * INTO x FROM y", "defines"],
    ["SELECT 1 UNION SELECT 2 INTO x", "defines"],
    ["SELECT 1 INTO x UNION SELECT 2", "defines"],
    ["CREATE TABLE x AS SELECT 1", "defines"],
    ["ALTER TABLE x ADD y int", "defines"],
    ["ALTER TABLE x RENAME TO y", "defines"],
    ["CREATE VIEW v AS SELECT pg_sleep(1)", "defines", "function"],
    ["CREATE RULE r AS ON SELECT TO t DO INSTEAD DELETE FROM x", "code", "deletes all"],
    ["GRANT ALL ON x TO y", "rights"],
    ["REVOKE ALL ON x FROM y", "rights"],
    ["ALTER ROLE y SUPERUSER", "rights"],
    ["COPY x FROM PROGRAM 'rm -rf /'", "files"],
    ["COPY (SELECT 1) TO PROGRAM 'sh'", "files"],
    ["COPY (DELETE FROM x RETURNING 1) TO STDOUT", "files", "deletes all"],
    ["LOAD 'x'", "files"],
    ["ALTER SYSTEM SET fsync = off", "files"],
    ["BEGIN", "session"],
    ["COMMIT; DROP TABLE x", "several", "session", "drops"],
    ["SET session_replication_role = replica", "session"],
    ["LOCK TABLE x", "session"],
    ["NOTIFY x", "session"],
    ["SELECT * FROM x FOR UPDATE", "session"],
    ["SELECT * FROM (SELECT * FROM x FOR NO KEY UPDATE) AS y", "session"],
    ["VACUUM x", "defines"],
    ["CALL p()", "code"],
    ["PREPARE p AS DELETE FROM x", "code", "deletes all"],
    ["EXECUTE p", "code"],
    ["SELECT pg_terminate_backend(1)", "function"],
    ['SELECT "pg_terminate_backend"(pid) FROM pg_stat_activity', "function"],
    ['SELECT U&"pg\\005Fterminate_backend"(1)', "function"],
    ["SELECT PG_CATALOG . PG_READ_FILE ('/etc/passwd')", "function"],
    ["SELECT * FROM pg_ls_dir('.')", "function"],
    ["SELECT * FROM ROWS FROM (lo_import('x'), generate_series(1, 2)) AS y", "function"],
    ["SELECT dblink('x', 'drop table y')", "function"],
    ["SELECT setval('s', 1)", "function"],
    ["SELECT nextval('s')", "function"],
    ["SELECT set_config('a', 'b', false)", "function"],
    ["SELECT query_to_xml('drop table x', true, true, '')", "function"],
    ["SELECT ts_stat('drop table x')", "function"],
    ["SELECT pg_advisory_lock(1)", "function"],
    ["SELECT a FROM t ORDER BY lo_unlink(a)", "function"],
    [
      "SELECT a FROM t GROUP BY a HAVING pg_sleep(1) IS NULL LIMIT (SELECT pg_sleep(1) IS NULL)::int",
      "function",
    ],
    [
      "SELECT count(*) FILTER (WHERE pg_sleep(1) IS NULL) OVER (ORDER BY lo_unlink(1)) FROM t",
      "function",
      "function",
    ],
    ["SELECT public.length('x')", "function"],
    ["SELECT my_own()", "function"],
    ["SELECT 1 OPERATOR(public.+) 2", "function"],
    ["SELECT 1 OPERATOR(public.=) ANY (SELECT 2)", "function"],
    ["SELECT a FROM t ORDER BY a USING OPERATOR(public.<<)", "function"],
    ["SELECT * FROM t TABLESAMPLE my_method (1)", "function"],
    ["SELECT 1\0; DROP TABLE x", "unreadable"],
    ["SELECT '\ud800'", "unreadable"],
    ["", "unreadable"],
    ["-- nothing", "unreadable"],
    ["SELECT", "unreadable"],
    [`SELECT ${"(".repeat(30_000)}1${")".repeat(30_000)}`, "unreadable"],
    [`SELECT '${"x".repeat(100_001)}'`, "unreadable"],
  ];
  it.each(cases)("%j", async (text, ...kinds) => {
    if (text === "SELECT") expect(await kindsOf("postgres", text)).toEqual([]);
    else expect(await kindsOf("postgres", text)).toEqual(kinds);
  });
});

describe("PostgreSQL: bodies are read", () => {
  const cases: readonly (readonly [text: string, ...kinds: readonly DangerKind[]])[] = [
    ["DO $$ BEGIN DROP TABLE x; END $$", "code", "drops"],
    ["DO LANGUAGE plpgsql 'BEGIN TRUNCATE x; END'", "code", "truncates"],
    ["DO $$ BEGIN IF true THEN LOOP DELETE FROM x; EXIT; END LOOP; END IF; END $$", "code", "deletes all"],
    [
      "DO $$ BEGIN BEGIN NULL; EXCEPTION WHEN others THEN UPDATE x SET a = 1; END; END $$",
      "code",
      "updates all",
    ],
    ["DO $$ DECLARE a int := lo_unlink(1); BEGIN NULL; END $$", "code", "function"],
    ["DO $$ DECLARE a int; BEGIN a := 1 + lo_unlink(1); END $$", "code", "function"],
    ["DO $$ DECLARE a int[]; BEGIN a[lo_unlink(1)] = 2; END $$", "code", "function"],
    ["DO $$ BEGIN PERFORM pg_terminate_backend(1); END $$", "code", "function"],
    ["DO $$ BEGIN RAISE NOTICE '%', pg_read_file('x'); END $$", "code", "function"],
    ["DO $$ BEGIN EXECUTE 'DROP TABLE x'; END $$", "code", "drops"],
    ["DO $$ BEGIN EXECUTE E'DR\\x4fP TABLE x'; END $$", "code", "drops"],
    ["DO $$ BEGIN EXECUTE 'DR' || 'OP TABLE x'; END $$", "code", "dynamic"],
    ["DO $$ BEGIN EXECUTE format('DROP TABLE %I', 'x'); END $$", "code", "dynamic"],
    ["DO $$ BEGIN EXECUTE (SELECT a FROM t); END $$", "code", "dynamic"],
    [
      "DO $$ DECLARE r record; BEGIN FOR r IN EXECUTE 'DELETE FROM x RETURNING 1' LOOP NULL; END LOOP; END $$",
      "code",
      "deletes all",
    ],
    [
      "DO $$ DECLARE r record; BEGIN FOR r IN EXECUTE 'x' || y LOOP NULL; END LOOP; END $$",
      "code",
      "dynamic",
    ],
    ["DO $$ DECLARE c refcursor; BEGIN OPEN c FOR EXECUTE 'x' || y; END $$", "code", "dynamic"],
    [
      "DO $$ BEGIN DO $b$ BEGIN EXECUTE 'DO $c$ BEGIN DROP TABLE x; END $c$'; END $b$; END $$",
      "code",
      "drops",
    ],
    ["DO $$ BEGIN COMMIT; END $$", "code", "session"],
    ["DO $$ BEGIN CALL p(); END $$", "code", "code"],
    ["DO LANGUAGE plpython3u $$ import os $$", "code", "dynamic"],
    ["DO $$ BEGIN this is not SQL; END $$", "code", "unreadable"],
    ["CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DROP TABLE x; SELECT 1'", "code", "several", "drops"],
    ["CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN lo_unlink(1)", "code", "function"],
    ["CREATE FUNCTION f() RETURNS int BEGIN ATOMIC DELETE FROM x; SELECT 1; END", "code", "deletes all"],
    [
      "CREATE FUNCTION f() RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'x' || y; END $$",
      "code",
      "dynamic",
    ],
    [
      "CREATE FUNCTION f() RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY DELETE FROM x RETURNING 1; END $$",
      "code",
      "deletes all",
    ],
    [
      "CREATE FUNCTION é() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DROP TABLE ü; RETURN 1; END $$",
      "code",
      "drops",
    ],
    [
      "SELECT 'é'; CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE ü; END $$",
      "several",
      "code",
      "drops",
    ],
  ];
  it.each(cases)("%s", async (text, ...kinds) => {
    expect([...(await kindsOf("postgres", text))].sort()).toEqual([...kinds].sort());
  });
});

describe("MySQL: what only reads passes", () => {
  it.each([
    "SELECT 1",
    "SELECT COUNT(*), SUM(total), GROUP_CONCAT(name ORDER BY id SEPARATOR ';') FROM `orders` WHERE d > NOW(6) - INTERVAL 1 DAY;",
    'SELECT \'DROP TABLE x; -- \' AS a, "it\\"s; DELETE" # DROP TABLE y\n, `drop` -- TRUNCATE\n FROM t /* GRANT; */',
    "SELECT 5--1",
    "SELECT a->>'$.x', JSON_EXTRACT(a, '$.y'), IFNULL(a, b), IF(a, b, c), x'4142', b'01' FROM t",
    "WITH a AS (SELECT 1 AS n UNION ALL SELECT 2) SELECT SUM(n) OVER (ORDER BY n) FROM a",
    "SELECT CAST(a AS SIGNED), CONVERT(a USING utf8mb4), TRIM(BOTH ' ' FROM a), EXTRACT(YEAR FROM d) FROM t",
    "EXPLAIN SELECT 1",
  ])("%s", async (text) => {
    expect(await statementDangers({ server: "mysql", kind: "query", text })).toEqual([]);
  });
});

describe("MySQL: what does more is found", () => {
  const cases: readonly (readonly [text: string, ...kinds: readonly DangerKind[]])[] = [
    ["DROP TABLE x", "drops"],
    ["SELECT 1; DROP TABLE x", "several", "drops"],
    ["TRUNCATE TABLE x", "truncates"],
    ["DELETE FROM x", "deletes all"],
    ["DELETE FROM x WHERE 1 = 1", "deletes all"],
    ["DELETE FROM x WHERE id = 1", "writes"],
    ["UPDATE x SET a = 1", "updates all"],
    ["WITH a AS (SELECT 1) DELETE FROM x", "deletes all"],
    ["WITH a AS (SELECT 1) UPDATE x SET a = 1", "updates all"],
    ["INSERT INTO x SELECT 1", "writes"],
    ["REPLACE INTO x VALUES (1)", "writes"],
    ["EXPLAIN ANALYZE DELETE FROM x", "deletes all"],
    ["ALTER TABLE x ADD y INT", "defines"],
    ["CREATE TABLE y AS SELECT 1", "defines"],
    ["GRANT ALL ON x TO 'y'", "rights"],
    ["CALL p()", "code"],
    ["SET @a = 1", "session"],
    ["SET GLOBAL read_only = 0", "session"],
    ["SELECT @a := 1", "session"],
    ["SELECT 1 INTO @a", "session"],
    ["SELECT * FROM x FOR UPDATE", "session"],
    ["SELECT * FROM (SELECT * FROM x FOR UPDATE) AS y", "session"],
    ["SELECT SLEEP(100)", "function"],
    ["SELECT sleep /* */ (100)", "function"],
    ["SELECT `sleep`(100)", "function"],
    ["SELECT LOAD_FILE('/etc/passwd')", "function"],
    ["SELECT GET_LOCK('x', 1)", "function"],
    ["SELECT BENCHMARK(1000000, SHA2('x', 512))", "function"],
    ["SELECT LAST_INSERT_ID(5)", "function"],
    ["SELECT NEXTVAL(s)", "function"],
    ["SELECT shop.f(1)", "function"],
    ["SELECT shop.length('x')", "function"],
    ["SELECT a FROM t ORDER BY (SELECT SLEEP(a))", "function"],
    ["SELECT * FROM t INTO OUTFILE '/tmp/x'", "unreadable"],
    ["SELECT * FROM t LIMIT 1 INTO DUMPFILE '/tmp/x'", "unreadable"],
    ["SELECT 1 /*!50000 INTO OUTFILE '/tmp/x' */", "unreadable"],
    ["SELECT 1 /*!INTO OUTFILE '/tmp/x' */", "unreadable"],
    ["SELECT 1 /*M!100000 , SLEEP(9) */", "unreadable"],
    ["SELECT /*+ SET_VAR(sql_mode = '') */ 1", "unreadable"],
    ["SELECT 5--1 INTO OUTFILE '/tmp/x'", "unreadable"],
    // One literal from end to end: the backslash hides the quote.
    ["SELECT '\\', SLEEP(9), '"],
    ["SELECT '\\\\', SLEEP(9), 'x'", "function"],
    ["SELECT 'a''b', SLEEP(9), '", "unreadable"],
    ["SELECT /* a /* b */ SLEEP(9) -- */", "function"],
    ["SELECT 1 --\u00a0\n, SLEEP(9)", "function"],
    ["LOAD DATA INFILE 'x' INTO TABLE t", "unreadable"],
    ["DO SLEEP(1)", "unreadable"],
    ["HANDLER t OPEN", "unreadable"],
    ["SELECT 1\0", "unreadable"],
    ["", "unreadable"],
    ["SELECT 'x", "unreadable"],
    ["SELECT `x", "unreadable"],
    ["SELECT 1 /* x", "unreadable"],
  ];
  it.each(cases)("%j", async (text, ...kinds) => {
    expect([...(await kindsOf("mysql", text))].sort()).toEqual([...kinds].sort());
  });
});

describe("expressions of a rule", () => {
  const of = (kind: "check" | "default") => async (text: string) =>
    (await statementDangers({ server: "postgres", kind, text })).map((danger) => danger.kind);
  const check = of("check");
  const byDefault = of("default");

  it.each([
    "a > 0",
    "a > 0 AND b IS NOT NULL",
    "length(a) < 9",
    "(a)",
    "a IN (1, 2)",
    "a ~ '^\\d+$'",
    "a /* x */ > 0",
    "a -- x\n > 0",
  ])("CHECK (%s) passes", async (text) => {
    expect(await check(text)).toEqual([]);
  });

  it.each([
    "0",
    "now()",
    "'a'::text || 'b'",
    "nextval('s')",
    "gen_random_uuid()",
    "(1 + 2)",
    "CURRENT_TIMESTAMP(3)",
    "'{}'::jsonb",
  ])("DEFAULT %s passes", async (text) => {
    expect(await byDefault(text)).toEqual([]);
  });

  it.each([
    "true); DROP TABLE x; --",
    "true), ADD CHECK (false) --",
    "true), ADD CHECK (false",
    "true) NOT VALID --",
    "true) NO INHERIT, ADD CHECK (true",
    "true), ADD COLUMN y int DEFAULT (1",
    "true) NOT ENFORCED, ADD CHECK (false); --",
    "true -- x",
    "true /*",
    "",
    "a > 0,",
    "lo_unlink(1) > 0",
    "my_check(a)",
    "EXISTS (SELECT lo_unlink(1))",
  ])("CHECK (%s) is refused", async (text) => {
    expect(await check(text)).not.toEqual([]);
  });

  it.each([
    "1, e int",
    "1 NOT NULL",
    "1 CHECK (true)",
    "1 REFERENCES x",
    "1 -- x",
    "1); DROP TABLE x; --",
    "1, d text DEFAULT false) --",
    "pg_sleep(1)",
    "pg_read_file('x')",
    "public.nextval('s')",
  ])("DEFAULT %s is refused", async (text) => {
    expect(await byDefault(text)).not.toEqual([]);
  });

  it("say what is hidden behind an early end", async () => {
    const dangers = await statementDangers({
      server: "postgres",
      kind: "check",
      text: "true); DROP TABLE x; --",
    });
    expect(guardSentence(dangers)).toBe("it is not one expression; it drops something (DROP)");
  });
});

describe("whatever is wrapped around it", () => {
  type Wrap = (inner: string) => string;
  const harmful = [
    "DELETE FROM x RETURNING 1",
    "UPDATE x SET a = 1 RETURNING 1",
    "INSERT INTO x VALUES (1) RETURNING 1",
  ];
  const calls = ["lo_unlink(1)", "pg_terminate_backend(2)", "public.evil()", "dblink_exec('x', 'y')"];
  const noise = fc.constantFrom(" ", "\n", " /* DROP */ ", " -- ;\n", "\t");
  const aroundQuery = fc.constantFrom<Wrap>(
    (q) => `WITH a AS (${q}) SELECT 1`,
    (q) => `SELECT * FROM (WITH b AS (${q}) SELECT 1) AS c`,
    (q) => `SELECT 1 UNION ALL (WITH d AS (${q}) SELECT 2)`,
    (q) => `EXPLAIN ANALYZE ${q}`,
    (q) => `SELECT (WITH e AS (${q}) SELECT 1)`,
  );
  const aroundCall = fc.constantFrom<Wrap>(
    (e) => `(${e})`,
    (e) => `coalesce(${e}, NULL)`,
    (e) => `CASE WHEN ${e} IS NULL THEN 1 ELSE 2 END`,
    (e) => `ARRAY[${e}]`,
    (e) => `ROW(${e}, 'drop')`,
    (e) => `(SELECT ${e})`,
    (e) => `${e}::text`,
    (e) => `to_jsonb(${e})`,
    (e) => `NOT (${e} IS NULL)`,
    (e) => `(VALUES (${e}))`,
  );
  const harmlessValue = fc.constantFrom(
    "1",
    "'drop table x'",
    "now()",
    '"delete"',
    "$$truncate$$",
    "NULL",
    "length('x')",
  );
  const nest = (core: string, wraps: readonly Wrap[]): string =>
    wraps.reduce((text, wrap) => wrap(text), core);

  it("a write in any nest of queries is found", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...harmful),
        fc.array(aroundQuery, { maxLength: 6 }),
        noise,
        async (core, wraps, gap) => {
          // EXPLAIN stands only outermost.
          const inner = wraps.filter(
            (wrap, at) => at === wraps.length - 1 || !wrap("").startsWith("EXPLAIN"),
          );
          const text = gap + nest(core, inner) + gap;
          expect(
            (await kindsOf("postgres", text)).some((kind) => /deletes|updates|writes/u.test(kind)),
            text,
          ).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("a call in any nest of expressions is found, and a harmless value passes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...calls),
        harmlessValue,
        fc.array(aroundCall, { maxLength: 12 }),
        noise,
        async (call, value, wraps, gap) => {
          expect(await kindsOf("postgres", `SELECT${gap}${nest(call, wraps)}`)).toEqual(["function"]);
          expect(await kindsOf("postgres", `SELECT${gap}${nest(value, wraps)}`)).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("the same on MySQL", async () => {
    const wraps = fc.constantFrom<Wrap>(
      (e) => `(${e})`,
      (e) => `COALESCE(${e}, NULL)`,
      (e) => `IF(${e}, 'drop', "x")`,
      (e) => `CASE WHEN ${e} THEN 1 ELSE 2 END`,
      (e) => `(SELECT ${e})`,
      (e) => `CAST(${e} AS CHAR)`,
      (e) => `JSON_ARRAY(${e})`,
    );
    const gaps = fc.constantFrom(" ", "\n", " /* DROP */ ", " -- ;\n", " # DELETE\n");
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("SLEEP(1)", "shop.f()", "LOAD_FILE('x')"),
        fc.constantFrom("1", "'drop'", '"it\\"s"', "NOW(6)", "`delete`"),
        fc.array(wraps, { maxLength: 10 }),
        gaps,
        async (call, value, around, gap) => {
          expect(await kindsOf("mysql", `SELECT${gap}${nest(call, around)}`)).toEqual(["function"]);
          expect(await kindsOf("mysql", `SELECT${gap}${nest(value, around)}`)).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("any text is judged, and no text breaks the judge", async () => {
    const word = fc.constantFrom(
      "SELECT",
      "DROP",
      "'",
      '"',
      "`",
      "(",
      ")",
      ";",
      "--",
      "/*",
      "*/",
      "$$",
      "\\",
      "x",
      " ",
      "\n",
      "DO",
      "1",
      "/*!",
      "#",
      "E'",
      ",",
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { maxLength: 20 }),
        fc.constantFrom("mysql", "postgres"),
        async (words, server) => {
          const dangers = await statementDangers({ server, kind: "query", text: words.join("") });
          for (const danger of dangers) expect(guardSentence([danger])).not.toBe("");
        },
      ),
      { numRuns: 500 },
    );
  });
});
