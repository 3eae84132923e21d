/**
 * The gates of verify.queries on real servers: what a person's SQL may do there (read, for so long, so many rows), and
 * each kind of gate holding and broken.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openMysql } from "../../connectors/mysql/source.js";
import { openPostgres } from "../../connectors/postgres/target.js";
import type { Plan } from "../../src/model.js";
import type { QueryLimits, Source, Target } from "../../src/port.js";
import { planColumn, planTable } from "../../src/typemap/column.fixture.js";
import type { GateSettings } from "../../src/verify/gate.js";
import { runQueries } from "../../src/verify/queries.js";
import { sourceDatabase } from "./source-database.js";
import type { SourceDatabase } from "./source-database.js";
import { syntheticPlan } from "./synthetic.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

const signal = new AbortController().signal;
const limits: QueryLimits = { timeoutMs: 30_000, mostRows: 100 };

let target: TargetDatabase;
let there: Target;

beforeAll(async () => {
  target = await targetDatabase("hg_gates");
  await target.sql(
    `CREATE TABLE t (k integer GENERATED ALWAYS AS IDENTITY, id integer, amount numeric(9,2), word varchar(9), at timestamp(6), f double precision);
     INSERT INTO t (id, amount, word, at, f) VALUES (1, 1.50, 'a', '2020-01-01', 1), (2, 2.00, NULL, '2021-01-01', 'NaN'), (2, -3.00, '', NULL, 2);
     CREATE SEQUENCE s; GRANT SELECT, INSERT ON t TO PUBLIC; GRANT USAGE ON s TO PUBLIC`,
  );
  there = await openPostgres(target.options);
}, 120_000);

afterAll(async () => {
  await there[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
});

async function rowsOf(
  side: Pick<Source, "ask">,
  sql: string,
  over: Partial<QueryLimits> = {},
): Promise<{ rows: (string | null)[][]; whole: boolean }> {
  const rows: (string | null)[][] = [];
  const { whole } = await side.ask(
    sql,
    { ...limits, ...over },
    (cells) => void rows.push([...cells]),
    signal,
  );
  return { rows, whole };
}

describe.each(["mysql9", "mariadb"] as const)("beside %s", (server) => {
  let source: SourceDatabase;
  let here: Source;

  beforeAll(async () => {
    source = await sourceDatabase("hg_gates", server);
    await source.sql(
      "CREATE TABLE t (id INT, amount DECIMAL(9,2), word VARCHAR(9), at DATETIME(6), f DOUBLE)",
    );
    await source.sql(
      "INSERT INTO t VALUES (1, 1.5, 'a', '2020-01-01', 1), (2, 2, NULL, '2021-01-01', 7), (2, -3, '', NULL, 2)",
    );
    here = await openMysql(source.options);
  }, 120_000);

  afterAll(async () => {
    await here[Symbol.asyncDispose]();
    await source[Symbol.asyncDispose]();
  });

  const gate = async (settings: GateSettings) => {
    const columns = [
      planColumn("int", "integer", {}, [], "k"),
      planColumn("int", "integer", {}, [], "id"),
      planColumn("decimal(9,2)", "numeric(9,2)", {}, [], "amount"),
      planColumn("varchar(9)", "character varying(9)", {}, [], "word"),
      planColumn("datetime(6)", "timestamp(6) without time zone", {}, [], "at"),
      planColumn("double", "double precision", {}, [], "f"),
    ];
    const table = planTable(columns, ["k"]);
    const plan: Plan = { ...syntheticPlan([]), tables: [table] };
    const [verdict] = await runQueries({
      source: here,
      target: there,
      plan,
      gates: [settings],
      still: null,
      now: () => performance.now(),
      signal,
    });
    return verdict;
  };

  it("asks for rows as text, in order, whatever their columns are called", async () => {
    const wanted = [
      ["1", "a", "a"],
      ["2", null, null],
      ["2", "", ""],
    ];
    const [a, b] = [
      await rowsOf(here, "SELECT id, word, word FROM t ORDER BY id, word IS NOT NULL"),
      await rowsOf(there, "SELECT id, word, word FROM t ORDER BY id, word IS NOT NULL; -- the end"),
    ];
    expect(a).toEqual({ rows: wanted, whole: true });
    expect(b).toEqual({ rows: wanted, whole: true });
  });

  it("reads as many rows as it was told, and says that there are more", async () => {
    for (const side of [here, there]) {
      expect(await rowsOf(side, "SELECT id FROM t", { mostRows: 2 })).toMatchObject({ whole: false });
      expect((await rowsOf(side, "SELECT id FROM t", { mostRows: 3 })).whole).toBe(true);
    }
  });

  it("only reads, whatever the guard was told", async () => {
    await source.sql(`GRANT INSERT ON t TO '${source.options.user}'@'%'`);
    await expect(rowsOf(here, "INSERT INTO t (id) VALUES (9)")).rejects.toThrow(/READ ONLY/u);
    await expect(rowsOf(here, "SELECT 1; COMMIT")).rejects.toThrow(/syntax/u);
    await expect(
      rowsOf(there, "WITH w AS (INSERT INTO t (id) VALUES (9) RETURNING id) SELECT id FROM w"),
    ).rejects.toThrow();
    await expect(rowsOf(there, "SELECT nextval('s')")).rejects.toThrow(/read-only/u);
    await expect(rowsOf(there, "SELECT 1; ROLLBACK; CREATE TABLE left_behind ()")).rejects.toThrow(
      /multiple/u,
    );
    expect((await source.sql("SELECT COUNT(*) FROM t"))[0]?.[0]).toBe("3");
    expect((await target.sql("SELECT to_regclass('left_behind')::text AS t"))[0]?.["t"]).toBeNull();
  });

  it("for so long and no longer", async () => {
    // RAND() has each of the rows made: a bare count of them is multiplied.
    const slow =
      "SELECT COUNT(*) FROM t a, t b, t c, t d, t e, t f, t g, t h, t i, t j, t k, t l, t m, t n, t o, t p, t q WHERE a.id + q.id + RAND() < -1";
    await expect(rowsOf(here, slow, { timeoutMs: 100 })).rejects.toThrow(/time|interrupted/u);
    await expect(rowsOf(there, "SELECT pg_sleep(20)", { timeoutMs: 100 })).rejects.toMatchObject({
      code: "target-refused",
    });
  });

  it("holds pairs against each other as text", async () => {
    expect(
      await gate({
        name: "sums",
        source: "SELECT id, SUM(amount), MAX(at) FROM t GROUP BY id",
        target: "SELECT id, sum(amount), to_char(max(at), 'YYYY-MM-DD HH24:MI:SS.US') FROM t GROUP BY id",
      }),
    ).toMatchObject({ result: "holds", rowsSource: 2, rowsTarget: 2 });
    expect(
      await gate({ source: "SELECT SUM(id) FROM t", target: "SELECT sum(id) + 1 FROM t" }),
    ).toMatchObject({
      name: "query 1",
      result: "broken",
    });
    expect(await gate({ source: "SELECT nothing FROM t", target: "SELECT 1" })).toMatchObject({
      result: "refused",
    });
    expect(await gate({ source: "SELECT 1", target: "SELECT nothing FROM t" })).toMatchObject({
      result: "refused",
    });
  });

  it.each([
    [{ notNull: "t.id" }, null, []],
    [{ notNull: "t.word" }, "1 row of t has no word", ["2"]],
    [{ unique: ["t.id", "t.amount"] }, null, []],
    [{ unique: ["t.id"] }, "1 value of t (id) is there more than once", ["2", "3"]],
    [{ range: "t.amount", min: -3, max: "2.00" }, null, []],
    [{ range: "t.amount", min: -2.995 }, "1 row of t has an amount below -2.995", ["3"]],
    [{ range: "t.at", max: "2020-12-31" }, "1 row of t has an at above 2020-12-31", ["2"]],
    [{ range: "t.f", max: 2 }, "1 row of t has a f above 2", ["2"]],
  ] satisfies readonly (readonly [GateSettings, string | null, readonly string[]])[])(
    "%j",
    async (settings, broken, keys) => {
      const verdict = await gate(settings);
      expect(verdict?.sentence).toContain(broken ?? "holds on the target");
      expect(verdict?.result).toBe(broken === null ? "holds" : "broken");
      expect(verdict?.keys).toEqual(keys.map((key) => [key]));
    },
  );
});
