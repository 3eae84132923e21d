/**
 * What real servers tell of how they serve, for the night's triggers: counts that follow what applications commit and roll
 * back, times of queries that can write nothing, and a session that comes back after it was ended.
 */
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { MysqlVitals } from "../../connectors/mysql/vitals.js";
import { PostgresVitals } from "../../connectors/postgres/vitals.js";
import type { TrafficCounts, Vitals } from "../../src/cutover-port.js";
import { loginOf } from "./accounts.js";
import { sourceDatabase } from "./source-database.js";
import type { SourceDatabase } from "./source-database.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

let source: SourceDatabase;
let target: TargetDatabase;
beforeAll(async () => {
  [source, target] = await Promise.all([sourceDatabase("hg_vitals", "mysql9"), targetDatabase("hg_vitals")]);
  await source.sql("CREATE TABLE t (n INT)");
  const role = new URL(target.options.url).username;
  await target.sql("CREATE TABLE t (n int)");
  await target.sql(`GRANT ALL ON t TO ${role}`);
});
afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
});

const { signal } = new AbortController();
const now = (): number => performance.now();

/** Looks until the counts have come so far: servers add up in their own time. */
async function until(vitals: Vitals, enough: (counts: TrafficCounts) => boolean): Promise<void> {
  for (;;) {
    const counts = await vitals.traffic();
    if (counts === null) throw new Error("nobody counts");
    if (enough(counts)) return;
  }
}

it("is itself no transaction that fails: its own asking would roll a migration back", async () => {
  await using at = new MysqlVitals(source.options, now);
  await using there = new PostgresVitals(target.options, now);
  const before = [await at.traffic(), await there.traffic()] as const;
  {
    await using asking = new MysqlVitals(source.options, now);
    await using askingThere = new PostgresVitals(target.options, now);
    for (let n = 0; n < 20; n += 1) {
      await asking.time("SELECT COUNT(*) FROM t", signal);
      await askingThere.time("SELECT 1", signal);
    }
  }
  await until(at, ({ committed }) => committed - (before[0]?.committed ?? 0n) >= 20n);
  await until(there, ({ committed }) => committed - (before[1]?.committed ?? 0n) >= 20n);
  expect([(await at.traffic())?.rolledBack, (await there.traffic())?.rolledBack]).toEqual(
    before.map((counts) => counts?.rolledBack),
  );
});

it("counts what an application commits and rolls back", async () => {
  await using at = new MysqlVitals(source.options, now);
  await using there = new PostgresVitals(target.options, now);
  const [before, beforeThere] = [await at.traffic(), await there.traffic()];
  const client = new Client(loginOf(target.url));
  await client.connect();
  for (let n = 0; n < 20; n += 1) {
    const end = n < 5 ? "ROLLBACK" : "COMMIT";
    for (const statement of ["START TRANSACTION", "INSERT INTO t VALUES (1)", end]) {
      await source.sql(statement);
      await client.query(statement);
    }
  }
  await client.end();
  await until(
    at,
    ({ committed, rolledBack }) =>
      committed - (before?.committed ?? 0n) >= 15n && rolledBack - (before?.rolledBack ?? 0n) >= 5n,
  );
  await until(there, ({ rolledBack }) => rolledBack - (beforeThere?.rolledBack ?? 0n) >= 5n);
});

it("times a query by itself, and lets none write", async () => {
  await using at = new MysqlVitals(source.options, now);
  await using there = new PostgresVitals(target.options, now);
  const both = [
    [at, "SELECT SLEEP(0.2)"],
    [there, "SELECT pg_sleep(0.2)"],
  ] as const;
  for (const [vitals, slow] of both) {
    const [long, short] = await Promise.all([vitals.time(slow, signal), vitals.time("SELECT 1", signal)]);
    expect(long).toBeGreaterThan(190);
    // It waited for the other, and its time is its own all the same.
    expect(short).toBeLessThan(long);
    await expect(vitals.time("INSERT INTO t VALUES (7)", signal)).rejects.toMatchObject({ name: "Fault" });
    await expect(vitals.time("SELECT nothing FROM nowhere", signal)).rejects.toMatchObject({ name: "Fault" });
    await expect(vitals.time("SELECT 1", signal)).resolves.toBeGreaterThan(0);
  }
  expect(await source.sql("SELECT COUNT(*) FROM t WHERE n = 7")).toEqual([["0"]]);
  expect(await target.sql("SELECT FROM t WHERE n = 7")).toEqual([]);
});

it("asks on a new session after its own was ended", async () => {
  await using at = new MysqlVitals(source.options, now);
  await using there = new PostgresVitals(target.options, now);
  await at.traffic();
  await there.traffic();
  const ids = await source.sql(
    "SELECT id FROM information_schema.processlist WHERE user LIKE 'hg\\_%' AND db = 'hg_vitals'",
  );
  for (const [id] of ids) await source.sql(`KILL ${id ?? ""}`);
  await target.sql(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
  );
  for (const vitals of [at, there]) {
    await vitals.traffic().catch((error: unknown) => {
      expect(error).toMatchObject({ retriable: true });
    });
    await expect(vitals.traffic()).resolves.not.toBeNull();
  }
  await expect(at.diskUsed()).resolves.toBeNull();
});
