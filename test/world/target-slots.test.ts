/**
 * Worker slots of a target host, counted across processes and databases: loads and index builds wait while others
 * hold them all, a dead holder's slots are free at once, and an account that may not enter the meeting database
 * is counted in its own.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { HostSlots } from "../../connectors/postgres/slots.js";
import { openPostgres } from "../../connectors/postgres/target.js";
import { buildAfter, buildBefore } from "../../src/snapshot/build.js";
import type { SnapshotEvent } from "../../src/snapshot/event.js";
import { snapshot } from "../../src/snapshot/snapshot.js";
import { syntheticCoder, syntheticPlan, syntheticSource } from "./synthetic.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

const tables = [{ name: "narrow", rows: 3000, lane: "lane1" }];
let one: TargetDatabase;
let two: TargetDatabase;
beforeAll(async () => {
  one = await targetDatabase("slots_one");
  two = await targetDatabase("slots_two");
});
afterAll(async () => {
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
});

async function taken(slots: HostSlots, count: number): Promise<AsyncDisposable> {
  const slot = await slots.take(count);
  if (slot === null) throw new Error("No slot was free.");
  return slot;
}

it("are counted for the host, whatever database the work is in", async () => {
  await using first = new HostSlots(one.options);
  await using second = new HostSlots(two.options);
  const [a, b] = [await taken(first, 2), await taken(first, 2)];
  expect(await first.take(2)).toBeNull();
  expect(await second.take(2)).toBeNull();
  await a[Symbol.asyncDispose]();
  const c = await taken(second, 2);
  expect(await first.take(2)).toBeNull();
  await b[Symbol.asyncDispose]();
  await c[Symbol.asyncDispose]();
});

it("are asked for over one session, which ends with the engine", async () => {
  const sessions =
    "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'headgate' AND datname = 'postgres'";
  {
    await using slots = new HostSlots(one.options);
    const both = await Promise.all([slots.take(2), slots.take(2)]);
    expect(both).not.toContain(null);
    expect(await one.sql(sessions)).toEqual([{ n: "1" }]);
  }
  while ((await one.sql(sessions))[0]?.["n"] !== "0");
});

it("are free again when their holder's session has died", async () => {
  await using first = new HostSlots(one.options);
  await using second = new HostSlots(two.options);
  const slot = await taken(first, 1);
  await one.sql(
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND classid = x'68676174'::int",
  );
  const other = await taken(second, 1);
  expect(await first.take(1)).toBeNull();
  await slot[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

it("are counted in the target's own database where the meeting one is closed", async () => {
  await one.sql("DROP ROLE IF EXISTS slots_outsider");
  await one.sql("CREATE ROLE slots_outsider LOGIN");
  await one.sql("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC");
  try {
    const url = new URL(one.options.url);
    url.username = "slots_outsider";
    const options = { ...one.options, url: url.href };
    await using first = new HostSlots(options);
    await using second = new HostSlots(options);
    const slot = await taken(first, 1);
    expect(await second.take(1)).toBeNull();
    await slot[Symbol.asyncDispose]();
  } finally {
    await one.sql("GRANT CONNECT ON DATABASE postgres TO PUBLIC");
    await one.sql("DROP ROLE slots_outsider");
  }
});

it("hold back loads and builds of an engine until there is one", async () => {
  const target = await openPostgres(one.options);
  const plan = syntheticPlan(tables);
  const { source, log } = syntheticSource(tables);
  await using others = new HostSlots(two.options);
  let held = await taken(others, 1);
  const waited: string[] = [];
  const events: SnapshotEvent[] = [];
  await using ledger = await target.claim(plan);
  const shared = {
    ledger,
    plan,
    workers: 2,
    slots: 1,
    signal: new AbortController().signal,
    onEvent: (event: SnapshotEvent) => void events.push(event),
    wait: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      // The source's own slot is the first that a second worker waits for.
      if (waited.length > 0) return;
      if (!events.some((event) => event.kind === "no-slot" && event.host === "target")) return;
      waited.push(`${String(log.reads.length)} reads`);
      await held[Symbol.asyncDispose]();
    },
  };
  await buildBefore(shared);
  await snapshot({ ...shared, source, rangeRows: 1000, coderOf: () => syntheticCoder() });
  expect(waited).toEqual(["0 reads"]);
  expect(await one.sql("SELECT count(*) AS n FROM narrow")).toEqual([{ n: "3000" }]);

  held = await taken(others, 1);
  events.length = waited.length = 0;
  await buildAfter(shared);
  expect(waited).toHaveLength(1);
  expect(events.findIndex((event) => event.kind === "building")).toBeGreaterThan(
    events.findIndex((event) => event.kind === "no-slot"),
  );
});
