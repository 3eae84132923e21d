/**
 * The stream turned round, on real servers: a database is copied, then written to on PostgreSQL at random while the engine of
 * src/stream brings it all back to MySQL over the target's own log, through readers that end and a slow start. At the end the
 * oracle finds both equal, and what was applied is what the slot was told that it may forget.
 */
import { Client, DatabaseError } from "pg";
import { expect, it } from "vitest";
import { reverseLedger } from "../../connectors/mysql/apply/ledger.js";
import { openWayBack } from "../../connectors/postgres/logical/way-back.js";
import { Fault } from "../../src/errors.js";
import type { StreamEvent } from "../../src/stream/event.js";
import { openStream } from "../../src/stream/stream.js";
import { wayBackOptions, wayBackPlan } from "../../src/stream/way-back.js";
import { clock, dropSlots, withWayBack } from "../conformance/logical-world.js";
import { freshSeed } from "../fresh-seed.js";
import { enginePassword, enginePhases, loginOf } from "./accounts.js";
import { startLive } from "./live.js";
import { judges, unequal } from "./journey.js";
import { compare } from "./oracle/oracle.js";
import { sourceDatabase, sourceUrl } from "./source-database.js";
import { randomOf, workloadStatement, workloadTables } from "./target-workload.js";
import { targetDatabase } from "./target-database.js";
import { optionsOf } from "./source-database.js";
import { until } from "./until.js";

const name = "hg_reverse";

it("brings a random workload on PostgreSQL back to MySQL", async () => {
  const seed = freshSeed();
  console.info(`seed ${String(seed)}`);
  const r = randomOf(seed);
  await using source = await sourceDatabase(name, "mysql9");
  await using database = await targetDatabase(name);
  const target = await withWayBack(database);
  for (const sql of workloadTables) await source.sql(sql);
  const live = startLive({
    source: source.options,
    target: target.options,
    migration: "20261127_reverse",
    until: "ready",
  });
  expect(await live.ended).toBeNull();
  const { plan } = live;
  if (plan === null) throw new Error("no plan");

  const account = { user: "hg_way_back", phases: [...enginePhases, "way back"] };
  await source.account(account.user, enginePassword, undefined, account.phases);
  const options = optionsOf(await sourceUrl("mysql9"), name);
  const ledger = reverseLedger({ ...options, user: account.user, password: enginePassword }, plan.migration);
  await using wayBack = openWayBack({ server: target.options, migration: plan.migration, ...clock });
  const back = wayBackPlan(plan);
  // The source's database headgate outlives the databases of tests.
  await ledger.drop(plan.migration);
  const start = await wayBack.prepare(back);
  await ledger.prepare(back);
  await ledger.claim(back, "1");
  const events: StreamEvent[] = [];
  const stop = new AbortController();
  let rung = (): void => undefined;
  await using feed = await wayBack.feed(back);
  const stream = openStream({
    ...wayBackOptions(start),
    feed,
    plan: back,
    engine: "mysql",
    writer: () => ledger.lane(back, "1"),
    mark: (_, note) => wayBack.mark(note),
    batchRows: 200,
    ...clock,
    onEvent: (event) => {
      events.push(event);
      rung();
    },
    keep: () => Promise.resolve(),
    skips: new Set(),
    signal: stop.signal,
  });
  const running = stream.run().catch((error: unknown) => {
    rung();
    return error;
  });
  const client = new Client(loginOf(database.url));
  await client.connect();
  try {
    for (let transaction = 0; transaction < 150; transaction++) {
      await client.query("BEGIN");
      for (let n = r(6); n >= 0; n--) {
        await client.query("SAVEPOINT before");
        try {
          await client.query(workloadStatement(r));
        } catch (error) {
          // Unique values clash by chance.
          if (!(error instanceof DatabaseError) || error.code !== "23505") throw error;
          await client.query("ROLLBACK TO before");
        }
      }
      await client.query(r(10) === 0 ? "ROLLBACK" : "COMMIT");
      // The reader of the log is ended now and then.
      if (r(60) === 0)
        await client.query(
          "SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE database = current_database()",
        );
    }
    await wayBack.mark("end");
    const end = await wayBack.position();
    const applied = async (): Promise<boolean> => {
      const at = (await ledger.checkpoint(plan.migration))?.position ?? null;
      return at !== null && feed.holds(at, end);
    };
    while (!(await applied())) {
      const ended = await Promise.race([
        running,
        new Promise<null>((resolve) => (rung = (): void => resolve(null))),
      ]);
      if (ended !== null) throw new Error("the stream ended", { cause: ended });
    }
    const [from, to] = await judges(await sourceUrl("mysql9"), database.url);
    try {
      const verdicts = await compare(from, to, { database: name, schema: "public" });
      expect(verdicts.map(({ table }) => table)).toEqual(["bag", "child", "emptied", "kinds", "parent"]);
      expect(unequal(verdicts)).toEqual([]);
      expect(verdicts.some(({ rowsSource }) => Number(rowsSource) > 5)).toBe(true);
    } finally {
      await from.end();
      await to.end();
    }
    expect(stream.counts.pending).toBe(0);
    expect(events.some(({ kind }) => kind === "quarantined")).toBe(false);
    expect(events.some(({ kind }) => kind === "lag")).toBe(true);
    // What is applied, the target need not keep.
    await until(async () => {
      const [row] = await database.sql(
        "SELECT (confirmed_flush_lsn - '0/0'::pg_lsn)::text AS lsn FROM pg_replication_slots WHERE database = current_database()",
      );
      return BigInt(row?.["lsn"] ?? "0") >= BigInt(end.offset);
    });
  } finally {
    await client.end();
    stop.abort(new Fault("interrupted", "enough"));
    await running;
    await feed[Symbol.asyncDispose]();
    await wayBack.drop(back);
    await ledger.drop(plan.migration);
    await dropSlots(database);
    await source.sql("DROP USER IF EXISTS hg_way_back@'%'");
  }
});
