/**
 * Rows that somebody changed on the target, found by `verify` and brought back by `repair`, by the command line: in an
 * offline copy whose source has moved on, with an engine of the verb's own, and beside a running engine under a hot writer.
 * The oracle, which shares no code with either, must find both sides equal in the end; and the report tells all of it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lastObject } from "./headgate.js";
import type { Ended } from "./headgate.js";
import { journey, numbers } from "./journey.js";
import type { Journey, Said } from "./journey.js";
import { serversAreNamed, testSources } from "./matrix.js";
import { sourceUrl } from "./source-database.js";

const users = 1500;
/** The gate names another one a part. */
const server = (serversAreNamed ? testSources[0] : undefined) ?? "mysql9";
const rows = (n: number): string => `(SELECT n + 1 AS i FROM (${numbers(n)}) AS r) AS s`;
const collation = server === "mysql9" ? "utf8mb4_0900_ai_ci" : "utf8mb4_general_ci";

let trip: Journey;
beforeAll(async () => {
  trip = await journey("repair", server);
  for (const sql of [
    "CREATE TABLE users (id INT PRIMARY KEY, email VARCHAR(60) NOT NULL UNIQUE, n BIGINT NOT NULL, r DOUBLE NULL, at DATETIME(6) NOT NULL, note TEXT NULL)",
    "CREATE TABLE orders (id INT PRIMARY KEY, user_id INT NOT NULL, amount DECIMAL(12,4) NOT NULL, FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE)",
    `CREATE TABLE names (name VARCHAR(40) CHARACTER SET utf8mb4 COLLATE ${collation} PRIMARY KEY, n INT NOT NULL)`,
    "CREATE TABLE notes (a INT, b VARCHAR(20))",
    `INSERT INTO users SELECT i, CONCAT('u', i, '@x'), i * 1000003, i / 7, TIMESTAMPADD(SECOND, i, '2020-01-01'), IF(i % 5 = 0, NULL, CONCAT('note ', i)) FROM ${rows(users)}`,
    `INSERT INTO orders SELECT i, i, i / 8 FROM ${rows(users)}`,
    `INSERT INTO names SELECT CONCAT('name-', i), i FROM ${rows(300)}`,
    "INSERT INTO notes VALUES (1, 'x'), (1, 'x'), (2, 'y'), (NULL, NULL), (3, 'z')",
  ])
    await trip.source.sql(sql);
});
afterAll(async () => {
  await trip[Symbol.asyncDispose]();
});

/** As a person with a psql would: nobody's triggers, nobody's keys. */
async function corrupt(...statements: readonly string[]): Promise<void> {
  await trip.target.sql(["SET session_replication_role = replica", ...statements].join(";\n"));
}

const equal = async (): Promise<void> => {
  const verdicts = await trip.judge();
  expect(verdicts.filter((verdict) => !verdict.equal)).toEqual([]);
  expect(verdicts).toHaveLength(4);
};

interface Table extends Said {
  readonly table: string;
  readonly named: number;
}
const tableOf = (said: Said, name: string): Table | undefined =>
  (said["tables"] as readonly Table[]).find(({ table }) => table === name);

describe("an offline copy", () => {
  it("has nothing to repair before it was verified, and the verb says so", async () => {
    await trip.said(0, "run", "--until", "copied");
    const said = await trip.said(64, "repair");
    expect(said["error"]).toMatchObject({ code: "usage", next: "headgate verify" });
    const clean = await trip.said(0, "verify");
    expect(clean["differences"]).toBe(0);
    expect(await trip.said(0, "repair")).toMatchObject({ differences: 0, tables: [] });
  });

  it("gets its rows back, values that changed places too; what has no key is to be copied again", async () => {
    await corrupt(
      // Three rows in a ring: none of them can be written before the others are out of its way.
      "UPDATE users SET email = 'ring' || id WHERE id IN (1, 2, 3)",
      "UPDATE users SET email = CASE id WHEN 1 THEN 'u2@x' WHEN 2 THEN 'u3@x' ELSE 'u1@x' END WHERE id IN (1, 2, 3)",
      "UPDATE users SET r = r + 1e-12 WHERE id = 4",
      "UPDATE users SET note = '' WHERE id = 5",
      "DELETE FROM users WHERE id = 6",
      "INSERT INTO users (id, email, n, at) VALUES (90001, 'nobody@x', 1, now())",
      "DELETE FROM orders WHERE id = 7",
      "UPDATE names SET name = upper(name) WHERE name = 'name-8'",
      "INSERT INTO notes VALUES (9, 'extra')",
    );
    const found = await trip.said(2, "verify", "--full");
    expect(found["differences"]).toBeGreaterThanOrEqual(9);
    const before = await trip.target.sql(
      "SELECT md5(string_agg(t::text, ',' ORDER BY id)) AS rows FROM users t",
    );
    const dry = await trip.said(0, "repair", "--dry-run");
    expect(JSON.stringify(dry)).toContain(`INSERT INTO \\"public\\".\\"orders\\"`);
    expect(JSON.stringify(dry)).not.toContain("u1@x");
    expect(dry).toMatchObject({ valuesShown: false });
    expect(
      await trip.target.sql("SELECT md5(string_agg(t::text, ',' ORDER BY id)) AS rows FROM users t"),
    ).toEqual(before);
    expect(await trip.target.sql("SELECT 1 FROM headgate.repair")).toEqual([]);
    const said = await trip.said(2, "repair");
    expect(tableOf(said, "users")).toMatchObject({
      named: 7,
      updated: 5,
      inserted: 1,
      deleted: 1,
      differences: 0,
    });
    expect(tableOf(said, "notes")).toMatchObject({ recopy: true, differences: 1 });
    expect(said["nextSteps"]).toEqual([expect.objectContaining({ command: "headgate recopy notes" })]);
    await corrupt("DELETE FROM notes WHERE a = 9");
    await trip.said(0, "verify", "--full");
    await equal();
    expect(await trip.said(0, "repair")).toMatchObject({ tables: [] });
  });

  it("is followed later although rows were repaired that its source wrote after the copy", async () => {
    await trip.source.sql("INSERT INTO users VALUES (2001, 'late@x', 1, NULL, '2020-01-01', 'late')");
    await trip.source.sql("UPDATE users SET n = -1 WHERE id = 10");
    await trip.source.sql("DELETE FROM orders WHERE id = 11");
    await trip.source.sql("UPDATE names SET n = -1 WHERE name = 'name-20'");
    const found = await trip.said(2, "verify", "--full");
    expect(found["differences"]).toBe(4);
    // On record as a row of the source's: that a reading does not find it there is no reason to take it away.
    await trip.source.sql("DELETE FROM names WHERE name = 'name-20'");
    const first = await trip.said(2, "repair");
    expect(tableOf(first, "names")).toMatchObject({
      named: 1,
      deleted: 0,
      left: [expect.stringMatching(/not there now/u)],
      differences: 1,
    });
    expect(tableOf(await trip.said(0, "repair"), "names")).toMatchObject({ deleted: 1, differences: 0 });
    // Exact replay from the copy's end on would meet an insert of a row that is there, and a delete of one that is not.
    await trip.said(0, "run", "--until", "ready", "--timeout", "60s");
    await equal();
  });
});

describe("a live migration", () => {
  it("gets its rows back by an engine of the verb's own, those without a key too, and its report tells it", async () => {
    await corrupt(
      "UPDATE users SET n = n + 1 WHERE id BETWEEN 100 AND 119",
      "DELETE FROM orders WHERE id BETWEEN 200 AND 219",
      "DELETE FROM notes WHERE ctid = (SELECT min(ctid) FROM notes WHERE a = 1)",
      "INSERT INTO notes VALUES (2, 'y'), (2, 'y'), (8, 'extra')",
    );
    expect((await trip.said(2, "verify", "--full"))["differences"]).toBe(43);
    const [named] = await trip.target.sql("SELECT max(id)::text AS id FROM headgate.verification");
    // It names none of the other tables' rows, though it is the last that ended.
    await trip.said(2, "verify", "--table", "notes");
    const [kept] = await trip.target.sql("SELECT max(id)::text AS id FROM headgate.repair");
    const told = await trip.said(0, "report");
    const proof = told["proof"] as Said;
    expect(proof).toMatchObject({ differences: "43", complete: false });
    const said = await trip.said(0, "repair");
    expect(tableOf(said, "notes")).toMatchObject({ named: 3, inserted: 1, deleted: 2, differences: 0 });
    expect(
      await trip.target.sql(
        `SELECT DISTINCT run FROM headgate.repair WHERE id > ${kept?.["id"] ?? "0"} AND table_name IN ('users', 'orders')`,
      ),
    ).toEqual([{ run: named?.["id"] }]);
    expect(await trip.said(0, "verify")).toMatchObject({ differences: 0 });
    await equal();
    expect(await trip.said(0, "status")).toMatchObject({ lastVerify: { differences: 0, pending: 0 } });
  });

  it("has a report whose digest fits, as JSON and as a page, until somebody changes it", async () => {
    const page = join(trip.folder, "report.html");
    const printed = await trip.headgate("report", "--html", page, "--json");
    const json = join(trip.folder, "report.json");
    writeFileSync(json, printed.stdout);
    const report = JSON.parse(printed.stdout) as Said;
    const proof = report["proof"] as Said & {
      readonly tables: readonly Said[];
      readonly repairs: readonly Said[];
    };
    expect(proof).toMatchObject({ complete: true, differences: "0" });
    expect(proof.tables.map(({ standing }) => standing)).toEqual(["equal", "equal", "equal", "equal"]);
    const usersTold = proof.tables.find(({ table }) => table === "users");
    expect(usersTold).toMatchObject({ rowsSource: "1501", rowsTarget: "1501", method: "stream" });
    expect(usersTold?.["sentence"]).toMatch(
      /^users: 1,501 keys compared at \S+ \(batch \d+\) by reading both sides/u,
    );
    // 7 in the copy, 2 that the source wrote later, 20 that were changed.
    expect(proof.repairs).toContainEqual(expect.objectContaining({ table: "users", rows: "29" }));
    for (const file of [page, json]) {
      expect(await trip.said(0, "report", "--check", file)).toMatchObject({ check: { problems: [] } });
      const text = readFileSync(file, "utf8");
      const changed = text.replace("1501", "1502");
      expect(changed).not.toBe(text);
      writeFileSync(file, changed);
      const wrong = (await trip.said(2, "report", "--check", file))["check"] as Said;
      expect(wrong["problems"]).not.toEqual([]);
    }
  });

  it("gets 1,000 rows back beside its engine, while a writer changes them and others all the time", async () => {
    const running = trip.start(["run"]);
    await running.logged(/"msg":"ready"|: ready|\bready\b/u);
    const writing = new AbortController();
    const hot = write(writing.signal);
    await corrupt(
      "UPDATE users SET r = -r WHERE id BETWEEN 1 AND 300 AND r IS NOT NULL",
      "UPDATE users SET note = note || ' ' WHERE id BETWEEN 301 AND 550 AND note IS NOT NULL",
      "UPDATE users SET email = 'p' || email WHERE id BETWEEN 551 AND 600",
      "UPDATE users SET email = 'u' || (CASE id % 2 WHEN 0 THEN id - 1 ELSE id + 1 END) || '@x' WHERE id BETWEEN 551 AND 600",
      "UPDATE users SET at = at + interval '1 microsecond' WHERE id BETWEEN 601 AND 1400",
      "UPDATE orders SET amount = amount * 10 WHERE id BETWEEN 401 AND 600",
      "DELETE FROM orders WHERE id BETWEEN 1001 AND 1100",
      "INSERT INTO orders SELECT id + 100000, user_id, amount FROM orders WHERE id BETWEEN 1101 AND 1150",
      "UPDATE names SET n = n + 1",
    );
    try {
      const found = await trip.said(2, "verify", "--full");
      expect(found["differences"]).toBeGreaterThan(1000);
      expect(tableOf(found, "users")).toMatchObject({ truncated: true, mismatches: { length: 100 } });
      const file = readFileSync(String(found["mismatchFile"]), "utf8").trimEnd().split("\n");
      expect(new Set(file).size).toBe(found["differences"]);
      const dry = tableOf(await trip.said(0, "repair", "--dry-run"), "users");
      expect(dry).toMatchObject({ statements: { length: 1000 } });
      expect(dry?.["statementsUnshown"]).toBeGreaterThan(0);
      for (let time = 1; ; time += 1) {
        const said = await trip.headgate("repair", "--json");
        const { differences } = open(said);
        if (differences === 0) break;
        expect(time).toBeLessThan(5);
      }
      expect(open(await trip.headgate("verify", "--full", "--json"))).toMatchObject({ differences: 0 });
    } finally {
      writing.abort();
      expect(await hot).toBeGreaterThan(50);
    }
    running.child.kill("SIGTERM");
    expect((await running.end).code).toBe(143);
    await trip.said(0, "run", "--until", "ready", "--timeout", "60s");
    await equal();
    expect(await trip.said(0, "verify", "--full")).toMatchObject({ differences: 0, pending: 0 });
  });
});

/** What is left by what it says: done only where nothing is, and open no more than the rows that the writer keeps hot. */
function open(ended: Ended): Said {
  const said = lastObject(ended);
  expect(said).toMatchObject({
    differences: expect.any(Number) as unknown,
    pending: expect.any(Number) as unknown,
  });
  expect(said["pending"]).toBeLessThanOrEqual(2 * hotRows);
  expect(ended.code).toBe(said["differences"] === 0 && said["pending"] === 0 ? 0 : 2);
  return said;
}

/** Of two tables, hit by each fourth change. */
const hotRows = 5;

/** Changes rows until it is told to stop; how many it changed. Each fourth hits a few hot rows. */
async function write(signal: AbortSignal): Promise<number> {
  const from = new URL(await sourceUrl(server));
  from.pathname = "/repair";
  const connection = await createConnection(from.href);
  let random = 20_261_127;
  const next = (below: number): number => {
    random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
    return random % below;
  };
  let done = 0;
  try {
    for (; !signal.aborted; done += 1) {
      // Rows whose values changed places, or are gone, are in the way of an event: that stops the lane, and not in silence.
      const id = done % 4 === 0 ? 1 + next(hotRows) : 1 + next(550);
      const kind = next(10);
      if (kind < 5)
        await connection.query("UPDATE users SET n = n + 1, note = ? WHERE id = ?", [`w${String(done)}`, id]);
      else if (kind < 7) await connection.query("UPDATE orders SET amount = amount + 1 WHERE id = ?", [id]);
      else if (kind === 7) {
        await connection.query("DELETE FROM orders WHERE id = ?", [id]);
        await connection.query(
          "INSERT INTO orders (id, user_id, amount) SELECT ?, u.id, 1 FROM users u WHERE u.id = ?",
          [id, id],
        );
      } else if (kind === 8)
        await connection.query("UPDATE names SET n = n + 2 WHERE name = ?", [
          `name-${String(1 + next(300))}`,
        ]);
      else await connection.query("INSERT INTO notes VALUES (?, 'w')", [id]);
    }
  } finally {
    await connection.end();
  }
  return done;
}
