/**
 * What a real PostgreSQL tells of how it feels: nothing is 0 because nobody could tell. A walsender that streams and
 * has never said how far it is stands for a standby whose lag is not known.
 */
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openPostgres } from "../../connectors/postgres/target.js";
import { loginOf } from "./accounts.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

let target: TargetDatabase;
beforeAll(async () => {
  target = await targetDatabase("hg_pulse");
});
afterAll(async () => {
  await target[Symbol.asyncDispose]();
});

it("tells its own time for a tiny query, its standbys' lag, and its disk where that is proven to be its own", async () => {
  await using server = await openPostgres(target.options);
  await using pulse = server.pulse();
  const times = [await pulse.latencyMs(), await pulse.latencyMs(), await pulse.latencyMs()];
  for (const ms of times) {
    expect(ms).toBeGreaterThan(0);
    expect(ms).toBeLessThan(10_000);
  }
  expect(await pulse.standbyLagSeconds()).toBe(0);
  const disk = await pulse.diskUsed();
  // Null where this account may not ask for the directory, or may not read in it.
  if (disk !== null) {
    expect(disk).toBeGreaterThan(0);
    expect(disk).toBeLessThan(1);
  }
});

it("takes a standby that says nothing for unknown", async () => {
  await using server = await openPostgres(target.options);
  await using pulse = server.pulse();
  const standby = new Client({ ...loginOf(target.url), replication: "true" } as ConstructorParameters<
    typeof Client
  >[0]);
  const ends: Error[] = [];
  standby.on("error", (error) => ends.push(error));
  await standby.connect();
  try {
    const [row] = await target.sql("SELECT pg_current_wal_lsn()::text AS lsn");
    const streaming = standby
      .query(`START_REPLICATION PHYSICAL ${row?.["lsn"] ?? ""}`)
      .catch((error: unknown) => error);
    let seen: string | null | undefined;
    while (seen !== "1")
      seen = (
        await target.sql("SELECT count(*)::text AS n FROM pg_stat_replication WHERE state = 'streaming'")
      )[0]?.["n"];
    expect(await pulse.standbyLagSeconds()).toBeNull();
    standby.connection.stream.destroy();
    await streaming;
  } finally {
    await standby.end().catch((error: unknown) => error);
  }
});

it("opens a session anew after it was lost", async () => {
  await using server = await openPostgres(target.options);
  await using pulse = server.pulse();
  expect(await pulse.latencyMs()).toBeGreaterThan(0);
  await target.sql(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
  );
  let ms: number | null = null;
  let faults = 0;
  while (ms === null)
    try {
      ms = await pulse.latencyMs();
    } catch (error) {
      faults += 1;
      if (faults > 3) throw error;
    }
  expect(ms).toBeGreaterThan(0);
});
