/**
 * What a digest must tell, case by case, on real servers, and what it says that it cannot: each change below is one that a
 * weaker form (XOR, no mark for NULL, no length, a column left out) would take for equal.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openMysql } from "../../connectors/mysql/source.js";
import { openPostgres } from "../../connectors/postgres/target.js";
import type { Plan, PlanTable, Range } from "../../src/model.js";
import type { RowReader, Source, Target } from "../../src/port.js";
import { readPlan } from "../../src/plan/file.js";
import type { Suspect } from "../../src/verify-port.js";
import { wayOf } from "../../src/verify/compare.js";
import type { Comparing } from "../../src/verify/comparing.js";
import { digestBlindness } from "../../src/verify/digest-texts.js";
import { digestComparing } from "../../src/verify/digest.js";
import { streamed } from "../../src/verify/streamed.js";
import { weakened } from "./weak-digest.js";
import type { Weakness } from "./weak-digest.js";
import { journey, numbers } from "./journey.js";
import type { Journey } from "./journey.js";

const signal = new AbortController().signal;

let trip: Journey;
let plan: Plan;
let source: Source;
let target: Target;

beforeAll(async () => {
  trip = await journey("hg_digest_forms");
  await trip.source.sql(
    `CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20), b VARCHAR(20), n DECIMAL(20,4), d DOUBLE, at DATETIME(6),
       bin VARBINARY(20), doc JSON, g GEOMETRY, big LONGBLOB)`,
  );
  await trip.source.sql(
    `INSERT INTO t SELECT n, CONCAT('a', n), NULL, n / 7, n / 3, '2026-01-01' + INTERVAL n SECOND, CONCAT('x', n),
       JSON_OBJECT('n', n), POINT(n, 1), REPEAT(CHAR(n % 256), 3) FROM (${numbers(2000)}) AS r`,
  );
  await trip.source.sql("CREATE TABLE words (w VARCHAR(40) PRIMARY KEY, n INT)");
  await trip.source.sql(`INSERT INTO words SELECT CONCAT('Wörd ', n), n FROM (${numbers(2000)}) AS r`);
  await trip.source.sql("CREATE TABLE bag (a INT, b VARCHAR(5))");
  await trip.source.sql("INSERT INTO bag VALUES (1, 'x'), (1, 'x'), (2, NULL), (2, NULL)");
  // UTF-8 twice: no server spells such a key as the target has it.
  await trip.source.sql("CREATE TABLE twice (k VARCHAR(40) COLLATE utf8mb4_bin PRIMARY KEY, n INT)");
  await trip.source.sql(
    `INSERT INTO twice SELECT CONVERT(CONVERT(CAST(CONCAT('ké', n) AS BINARY) USING latin1) USING utf8mb4), n FROM (${numbers(20)}) AS r`,
  );
  trip.configure(["policies:", "  - { match: { table: twice, column: k }, badText: recode(latin1) }"]);
  await trip.said(0, "run", "--until", "copied");
  await trip.target.sql("CREATE SCHEMA kept");
  for (const name of ["t", "words", "bag", "twice"])
    await trip.target.sql(`CREATE TABLE kept.${name} AS TABLE public.${name}`);
  plan = readPlan(readFileSync(join(trip.folder, ".headgate", trip.migration, "plan.json"), "utf8"));
  source = await openMysql(trip.source.options);
  target = await openPostgres(trip.target.options);
}, 120_000);
afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
  await trip[Symbol.asyncDispose]();
});

const tableOf = (name: string): PlanTable => {
  const table = plan.tables.find((each) => each.source === name);
  if (table === undefined) throw new Error(`no ${name}`);
  return table;
};

/** As whoever has a wrong codec reads a column. */
function misread(reader: RowReader, column: string, as: string): RowReader {
  const { digests } = reader;
  if (digests === undefined) throw new Error("no digests");
  return {
    digests,
    read: (query, sink, stop) =>
      reader.read(
        { ...query, select: query.select.map((sql) => (sql === `\`${column}\`` ? as : sql)) },
        sink,
        stop,
      ),
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  };
}

async function digested(name: string, range: Range | null = null, weak?: Weakness) {
  await using strongLook = await target.look(plan, 4);
  await using strongReader = await source.reader(4);
  if (strongLook === null || strongReader === null) throw new Error("no slot");
  const { look, reader } =
    weak === undefined
      ? { look: strongLook, reader: strongReader }
      : weakened(strongLook, strongReader, weak);
  const found: Suspect[] = [];
  const take = async (suspects: readonly Suspect[]): Promise<void> => {
    found.push(...suspects);
    await Promise.resolve();
  };
  const refused: string[] = [];
  const comparing = digestComparing({
    stream: streamed,
    ordered: (table) => wayOf(table) === "stream",
    onRefused: (_table, fault) => refused.push(fault.message),
  });
  const figures = await comparing.range(
    { look, reader, engine: "mysql" },
    tableOf(name),
    range,
    take,
    signal,
  );
  return { figures, refused, found: found.map(({ kind, columns }) => [kind, ...columns]) };
}

/** What is found after `sql` at the target, which is then as it was. */
async function after(name: string, sql: string, range: Range | null = null, weak?: Weakness) {
  await trip.target.sql(sql);
  try {
    return await digested(name, range, weak);
  } finally {
    await trip.target.sql(`TRUNCATE public.${name}; INSERT INTO public.${name} SELECT * FROM kept.${name}`);
  }
}

it.each(["t", "words", "bag"])(
  "%s is equal, and nothing of it travels but what has no text",
  async (name) => {
    const { figures, found, refused } = await digested(name);
    expect([figures.method, figures.rowsSource, figures.rowsTarget, found, refused]).toEqual([
      "digest",
      ...(name === "bag" ? ["4", "4"] : ["2000", "2000"]),
      [],
      [],
    ]);
    expect(figures.digest).toMatch(/^[0-9a-f]{64}$/u);
  },
);

describe("one row changed", () => {
  it.each([
    ["UPDATE t SET b = '' WHERE id = 7", [["different", "b"]]],
    ["UPDATE t SET a = 'a7x', bin = '\\x37'::bytea WHERE id = 7", [["different", "a", "bin"]]],
    ["UPDATE t SET a = NULL, b = 'a9' WHERE id = 9", [["different", "a", "b"]]],
    ["UPDATE t SET n = n + 0.0001 WHERE id = 7", [["different", "n"]]],
    ["UPDATE t SET d = d * 1.0000000000000003 WHERE id = 7", [["different", "d"]]],
    ["UPDATE t SET at = at + interval '1 microsecond' WHERE id = 7", [["different", "at"]]],
    ["UPDATE t SET bin = bin || '\\x00'::bytea WHERE id = 7", [["different", "bin"]]],
    [`UPDATE t SET doc = '{"n": 8}' WHERE id = 7`, [["different", "doc"]]],
    ["UPDATE t SET big = big || '\\x00'::bytea WHERE id = 7", [["different", "big"]]],
    ["DELETE FROM t WHERE id = 7", [["missing"]]],
    ["INSERT INTO t (id) VALUES (-1)", [["extra"]]],
    // The two rows' hashes are there as before, one as often as the other: only their places are not.
    [
      "UPDATE t SET a = 'a' || (17 - id) WHERE id IN (7, 10)",
      [
        ["different", "a"],
        ["different", "a"],
      ],
    ],
  ] satisfies readonly (readonly [string, readonly (readonly string[])[]])[])("%s", async (sql, wanted) => {
    const { found, figures } = await after("t", sql);
    expect(found).toEqual(wanted);
    expect(figures.method).toBe("digest");
  });

  it("of a table whose keys the servers sort differently", async () => {
    expect((await after("words", "UPDATE words SET n = NULL WHERE w = 'Wörd 77'")).found).toEqual([
      ["different", "n"],
    ]);
    expect((await after("words", "UPDATE words SET w = 'wörd 77' WHERE w = 'Wörd 77'")).found.sort()).toEqual(
      [["extra"], ["missing"]],
    );
  });
});

it("values that changed places between two keys without a text are seen", async () => {
  const { found, figures } = await after("twice", "UPDATE twice SET n = 15 - n WHERE n IN (7, 8)");
  expect([found, figures.method]).toEqual([
    [
      ["different", "n"],
      ["different", "n"],
    ],
    "keys",
  ]);
});

it("a cell's end is part of the row's text", async () => {
  // Without lengths both rows would be V1VxVyVc.
  await trip.source.sql("UPDATE t SET a = 'xVy', b = 'c' WHERE id = 1");
  const { found } = await after("t", "UPDATE t SET a = 'x', b = 'yVc' WHERE id = 1");
  await trip.source.sql("UPDATE t SET a = 'a1', b = NULL WHERE id = 1");
  expect(found).toEqual([["different", "a", "b"]]);
});

it("pairs of equal rows do not cancel out", async () => {
  const { found } = await after("bag", "UPDATE bag SET a = a + 5");
  expect(found.map(([kind]) => kind).sort()).toEqual(["extra", "extra", "missing", "missing"]);
});

describe("a weaker form would take it for equal", () => {
  const placed = "UPDATE t SET a = 'xVy', b = 'c' WHERE id = 1";
  it.each([
    ["a column left out", { without: "b" }, "t", "UPDATE t SET b = '' WHERE id = 7"],
    ["no mark for NULL", { unmarked: true }, "t", "UPDATE t SET b = '' WHERE id = 7"],
    ["no lengths", { joined: true }, "t", "UPDATE t SET a = 'x', b = 'yVc' WHERE id = 1"],
    ["XOR, and a count", { xor: true }, "bag", "UPDATE bag SET a = a + 5"],
  ] satisfies readonly (readonly [string, Weakness, string, string])[])("%s", async (_, weak, name, sql) => {
    if ("joined" in weak) await trip.source.sql(placed);
    try {
      expect((await after(name, sql, null, weak)).found).toEqual([]);
      expect((await after(name, sql)).found).not.toEqual([]);
      // It does see that a value is another one: what it misses is what it is weak in.
      const other = name === "bag" ? "DELETE FROM bag WHERE a = 1" : "UPDATE t SET n = 0 WHERE id = 9";
      expect((await after(name, other, null, weak)).found).not.toEqual([]);
    } finally {
      if ("joined" in weak) await trip.source.sql("UPDATE t SET a = 'a1', b = NULL WHERE id = 1");
    }
  });
});

it("a range holds the same rows on both sides", async () => {
  const range: Range = { table: "t", number: 1, lower: ["100"], upper: ["200"] };
  expect((await digested("t", range)).figures).toMatchObject({
    rowsSource: "100",
    rowsTarget: "100",
    method: "digest",
  });
  expect((await after("t", "UPDATE t SET b = '' WHERE id = 99", range)).found).toEqual([]);
  expect((await after("t", "UPDATE t SET b = '' WHERE id = 100", range)).found).toEqual([["different", "b"]]);
});

it("bytes that are no geometry refuse the digest, and are streamed in the same view", async () => {
  const { found, figures, refused } = await after("t", "UPDATE t SET g = '\\x01'::bytea WHERE id = 7");
  expect([found, figures.method, refused.length]).toEqual([[["different", "g"]], "stream", 1]);
});

it("rows that a wrong codec has copied are the same bytes on both sides, and are not called equal", async () => {
  await trip.target.sql("UPDATE t SET a = upper(a) WHERE id IN (7, 8)");
  try {
    await using look = await target.look(plan, 4);
    await using sound = await source.reader(4);
    if (look === null || sound === null) throw new Error("no slot");
    const reader = misread(sound, "a", "IF(`id` IN (7, 8), UPPER(`a`), `a`)");
    const found: Suspect[] = [];
    const take = (suspects: readonly Suspect[]): Promise<void> => {
      found.push(...suspects);
      return Promise.resolve();
    };
    const compare = (comparing: Comparing): Promise<unknown> =>
      comparing.range({ look, reader, engine: "mysql" }, tableOf("t"), null, take, signal);
    await compare(streamed);
    expect(found).toEqual([]);
    const digest = digestComparing({ stream: streamed, ordered: () => true });
    await expect(compare(digest)).rejects.toMatchObject({
      code: "bug",
      message: /^2 rows of t are the same bytes on both sides, and the two servers' digests of them part/u,
    });
  } finally {
    await trip.target.sql("TRUNCATE public.t; INSERT INTO public.t SELECT * FROM kept.t");
  }
});

it("many rows that differ are streamed at once", async () => {
  const { found } = await after("t", "UPDATE t SET n = n + 1");
  expect(found).toHaveLength(2000);
});

it("what it cannot see is what it says", async () => {
  expect(digestBlindness(tableOf("t"), "mysql")).toEqual([
    { column: "d", streamed: false, reason: "the sign of zero" },
    { column: "at", streamed: false, reason: "an era before Christ" },
    { column: "doc", streamed: true, reason: "the two servers print numbers in JSON differently" },
  ]);
  expect((await after("t", "UPDATE t SET d = '-0' WHERE id = 0")).found).toEqual([]);
});
