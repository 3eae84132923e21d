/**
 * `verify` by its command line, on an offline copy and on one that is followed: equal is equal, each kind of damage on
 * either side is named by row and column, and what was damaged is found however often it is asked.
 */
import { readFileSync, statSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReportProof } from "../../src/watch/report-body.js";
import { journey, keptFromReady, numbers } from "./journey.js";
import type { Journey, Said } from "./journey.js";

interface Table {
  readonly table: string;
  readonly equal: boolean;
  readonly compared: string;
  readonly rowsSource: number;
  readonly rowsTarget: number;
  readonly ranges: number;
  readonly mismatches: readonly { readonly key: readonly string[]; readonly kind: string }[];
}

const tablesOf = (said: Said): readonly Table[] => said["tables"] as readonly Table[];
const mismatchesOf = (said: Said): Record<string, unknown> =>
  Object.fromEntries(
    tablesOf(said)
      .filter(({ mismatches }) => mismatches.length > 0)
      .map(({ table, mismatches }) => [table, mismatches]),
  );

const small = "snapshot: { rangeRows: 100 }";
const queries =
  'verify: { queries: [{ name: total, source: "SELECT SUM(n) FROM words", target: "SELECT sum(n) FROM words" }, { notNull: t.name }] }';

let trip: Journey;

beforeAll(async () => {
  trip = await journey("verify_run");
  trip.configure([small]);
  await trip.source.sql(
    "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(40), amount DECIMAL(10,2), at DATETIME(6), d DOUBLE)",
  );
  await trip.source.sql(
    `INSERT INTO t SELECT n, CONCAT('row ', n), n / 7, '2026-01-01 00:00:00.000001' + INTERVAL n SECOND, n / 3 FROM (${numbers(1000)}) AS r`,
  );
  await trip.source.sql(
    "CREATE TABLE words (w VARCHAR(40) COLLATE utf8mb4_0900_ai_ci PRIMARY KEY, n INT) CHARACTER SET utf8mb4",
  );
  await trip.source.sql(`INSERT INTO words SELECT CONCAT('Wörd ', n), n FROM (${numbers(500)}) AS r`);
  await trip.source.sql("CREATE TABLE bag (a INT, b VARCHAR(20))");
  await trip.source.sql("INSERT INTO bag VALUES (1, 'x'), (1, 'x'), (1, 'x'), (2, 'y'), (NULL, NULL)");
  await trip.source.sql("CREATE TABLE nothing (id INT PRIMARY KEY)");
}, 120_000);
afterAll(async () => {
  await trip[Symbol.asyncDispose]();
});

describe("an offline copy", () => {
  it("has nothing to compare before it is copied", async () => {
    expect(await trip.said(64, "verify")).toMatchObject({ error: { code: "usage", next: "headgate run" } });
  });

  it("is equal, whole, range by range", async () => {
    await trip.said(0, "run", "--until", "copied");
    const said = await trip.said(0, "verify");
    expect(said).toMatchObject({
      ok: true,
      followed: false,
      differences: 0,
      pending: 0,
      method: "stream",
      mismatchFile: null,
    });
    const shown = tablesOf(said).map(({ table, rowsSource, rowsTarget, equal, compared }) => [
      table,
      rowsSource,
      rowsTarget,
      equal,
      compared,
    ]);
    expect(shown.sort()).toEqual([
      ["bag", 5, 5, true, "whole"],
      ["nothing", 0, 0, true, "whole"],
      ["t", 1000, 1000, true, "whole"],
      ["words", 500, 500, true, "whole"],
    ]);
    expect(tablesOf(said).find(({ table }) => table === "t")?.ranges).toBeGreaterThan(3);
  });

  it("is counted and sampled when that is asked for, and the report tells of both", async () => {
    const counts = await trip.said(0, "verify", "--counts");
    expect(counts).toMatchObject({ method: "counts", differences: 0, pending: 0 });
    expect(tablesOf(counts).map(({ rowsSource, compared }) => [rowsSource, compared])).toEqual([
      [5, "counts"],
      [0, "counts"],
      [1000, "counts"],
      [500, "counts"],
    ]);
    const sample = await trip.said(0, "verify", "--sample", "30%", "--seed", "7", "--table", "t");
    expect(sample).toMatchObject({ sample: { percent: 30, seed: 7 }, differences: 0 });
    expect(sample["tables"]).toMatchObject([{ table: "t", compared: "sample", of: 1000 }]);
    expect(Math.abs((tablesOf(sample)[0]?.rowsSource ?? 0) - 300)).toBeLessThan(90);
    const proof = (await trip.said(0, "report"))["proof"] as ReportProof;
    expect(proof.beside.counts).toHaveLength(4);
    expect(proof.beside.samples).toEqual([expect.stringMatching(/^A sample of 30 % by seed 7, .*t: /u)]);
    expect(proof.checklist.map(({ result }) => result)).toEqual([
      ...["pass", "pass", "skipped", "pass", "skipped", "skipped", "pass"],
    ]);
    expect(proof.checklist[3]?.evidence).toMatch(/^In each of 4, counted by verify --counts, ended at /u);
    expect(await trip.said(0, "status")).toMatchObject({ lastVerify: { kind: "sample" } });
  });

  it("asks the file's queries too", async () => {
    trip.configure([small, queries]);
    expect((await trip.said(0, "verify"))["queries"]).toMatchObject([
      { name: "total", kind: "pair", result: "holds" },
      { kind: "not-null", result: "holds" },
    ]);
    await trip.target.sql("UPDATE words SET n = n + 1 WHERE w = 'Wörd 1'");
    // No event touched the row, so only the query sees it.
    const said = await trip.said(2, "verify");
    expect(said).toMatchObject({
      differences: 0,
      queries: [{ name: "total", result: "broken" }, { result: "holds" }],
    });
    await trip.target.sql("UPDATE words SET n = n - 1 WHERE w = 'Wörd 1'");
    trip.configure([small]);
  });

  it("names rows and columns that somebody changed behind our back, by --full", async () => {
    await trip.target.sql("UPDATE t SET name = 'row 7 ' WHERE id = 7");
    await trip.target.sql("UPDATE t SET d = d + 1e-9, at = at + interval '1 microsecond' WHERE id = 300");
    await trip.target.sql("DELETE FROM t WHERE id = 999");
    await trip.target.sql("INSERT INTO t (id) VALUES (-5)");
    await trip.target.sql("UPDATE words SET n = NULL WHERE w = 'Wörd 77'");
    await trip.target.sql("DELETE FROM words WHERE w = 'Wörd 499'");
    await trip.target.sql("INSERT INTO words VALUES ('zzz', 1)");
    await trip.target.sql("INSERT INTO bag VALUES (2, 'y')");
    await trip.target.sql("DELETE FROM bag WHERE a IS NULL");
    await trip.target.sql(
      "ALTER TABLE t DROP CONSTRAINT t_pkey, ALTER id DROP NOT NULL, ADD CONSTRAINT t_id UNIQUE (id); INSERT INTO t (name) VALUES ('no key')",
    );
    // Nothing was written by the source's log since, so there is nothing to look at.
    expect(await trip.said(0, "verify")).toMatchObject({ differences: 0 });
    const said = await trip.said(2, "verify", "--full");
    expect(said).toMatchObject({ ok: false, exit: 2, differences: 10, pending: 0 });
    const { bag, ...others } = mismatchesOf(said);
    expect(others).toEqual({
      // In the order of the keys' bytes, as the ledger keeps them.
      t: [
        { key: ["7"], kind: "different", columns: ["name"] },
        { key: ["300"], kind: "different", columns: ["at", "d"] },
        { key: ["999"], kind: "missing", columns: [] },
        { key: ["-5"], kind: "extra", columns: [], duplicate: false, copies: 1 },
        { key: ["NULL"], kind: "extra", columns: [], duplicate: false, copies: 1 },
      ],
      words: [
        { key: ["zzz"], kind: "extra", columns: [], duplicate: false, copies: 1 },
        { key: ["Wörd 77"], kind: "different", columns: ["n"] },
        { key: ["Wörd 499"], kind: "missing", columns: [] },
      ],
    });
    expect(bag).toHaveLength(2);
    expect(bag).toContainEqual(expect.objectContaining({ kind: "extra", duplicate: true, copies: 1 }));
    expect((said["nextSteps"] as readonly Said[])[0]).toMatchObject({ command: "headgate repair" });
    const file = String(said["mismatchFile"]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8").trimEnd().split("\n")).toHaveLength(10);
    // Rows without a key cannot be asked for by it; the others are brought.
    expect((await trip.said(0, "repair", "--dry-run", "--table", "t"))["tables"]).toMatchObject([
      { named: 5, updated: 2, inserted: 1, deleted: 1, left: [expect.stringMatching(/have NULL in id/u)] },
    ]);
    await trip.target.sql(
      "DELETE FROM t WHERE id IS NULL; ALTER TABLE t DROP CONSTRAINT t_id, ADD CONSTRAINT t_pkey PRIMARY KEY (id)",
    );
  });

  it("still says so the next time, and no more once they are mended by hand", async () => {
    expect(await trip.said(2, "verify")).toMatchObject({ differences: 9 });
    await trip.target.sql("UPDATE t SET name = 'row 7' WHERE id = 7");
    await trip.target.sql("DELETE FROM t WHERE id = -5");
    await trip.target.sql("DELETE FROM words WHERE w = 'zzz'");
    await trip.target.sql("INSERT INTO bag VALUES (NULL, NULL)");
    const said = await trip.said(2, "verify", "--table", "t", "--table", "bag");
    expect(said).toMatchObject({ differences: 3 });
    expect(
      tablesOf(said)
        .map(({ table }) => table)
        .sort(),
    ).toEqual(["bag", "t"]);
  });

  it("is compared in one table when that is asked for, and refuses names that it does not have", async () => {
    expect(await trip.said(64, "verify", "--table", "nobody")).toMatchObject({
      error: { code: "usage", next: "headgate status lists its tables." },
    });
    expect(await trip.said(0, "verify", "--table", "nothing", "--full")).toMatchObject({ differences: 0 });
  });
});

describe("a copy that is followed", () => {
  it("is compared before it is ready, and its differences keep it from ready", async () => {
    await keptFromReady(trip, "differences");
    expect(await trip.said(0, "recopy", "t")).toMatchObject({ tables: ["t"] });
    await trip.said(0, "recopy", "words");
    await trip.said(0, "recopy", "bag");
    expect(await trip.said(0, "run", "--until", "ready", "--timeout", "60s")).toMatchObject({ blocking: [] });
  });

  it("is compared by the engine that runs, under writes, and finds what nobody wrote", async () => {
    const running = trip.start(["run", "--json"]);
    await running.logged(/"msg":"ready"/u);
    await trip.source.sql("UPDATE t SET amount = amount + 1 WHERE id < 500");
    await trip.source.sql("DELETE FROM words WHERE n < 10");
    await trip.source.sql("INSERT INTO bag VALUES (7, 'seven'), (7, 'seven')");
    const clean = await trip.said(0, "verify");
    expect(clean).toMatchObject({ differences: 0, pending: 0, followed: true });
    await trip.target.sql("UPDATE t SET amount = amount + 0.01 WHERE id = 600");
    // Touched by an event after that, so that its key is looked at again.
    await trip.source.sql("UPDATE t SET name = 'once more' WHERE id = 601");
    expect(await trip.said(0, "verify")).toMatchObject({ differences: 0 });
    const said = await trip.said(2, "verify", "--full");
    expect(mismatchesOf(said)).toEqual({ t: [{ key: ["600"], kind: "different", columns: ["amount"] }] });
    expect(await trip.said(0, "status")).toMatchObject({ state: "streaming", blocking: ["differences"] });
    running.child.kill("SIGINT");
    expect((await running.end).code).toBe(130);
  });

  it("is followed by the verb itself where no engine runs", async () => {
    await trip.source.sql("UPDATE t SET amount = 0 WHERE id = 600");
    await trip.source.sql("DELETE FROM t WHERE id = 1");
    expect(await trip.said(0, "verify")).toMatchObject({ differences: 0, pending: 0 });
    const verdicts = await trip.judge();
    expect(verdicts.filter(({ equal }) => !equal)).toEqual([]);
    expect(await trip.said(0, "status")).toMatchObject({
      state: "stopped",
      holder: null,
      blocking: ["no-engine"],
    });
  });
});
