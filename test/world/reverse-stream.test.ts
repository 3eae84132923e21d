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
import { targetDatabase } from "./target-database.js";
import { optionsOf } from "./source-database.js";
import { until } from "./until.js";

const name = "hg_reverse";

const tables = `
  CREATE TABLE kinds (
    id INT PRIMARY KEY, big BIGINT UNSIGNED, dbl DOUBLE, flt FLOAT, amount DECIMAL(20,4), flag TINYINT(1), bits BIT(9),
    label VARCHAR(40) COLLATE utf8mb4_bin, other VARCHAR(40), note LONGTEXT, raw BLOB, pad BINARY(4), mood ENUM('good', 'bad'),
    tags SET('a','b','c'), doc JSON, born DATE, at DATETIME(6), seen TIMESTAMP(6) NULL, lasted TIME(6), year YEAR);
  CREATE TABLE parent (id BIGINT PRIMARY KEY, code INT NOT NULL UNIQUE, v VARCHAR(20));
  CREATE TABLE child (a INT, b VARCHAR(10) COLLATE utf8mb4_bin, parent BIGINT NULL, v INT, PRIMARY KEY (a, b),
    FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE ON UPDATE CASCADE);
  CREATE TABLE bag (a VARCHAR(10), b INT);
  CREATE TABLE emptied (id INT PRIMARY KEY, v INT)`;

/** mulberry32. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

type Random = (below: number) => number;

const pick = <T>(of: readonly T[], r: Random): T => {
  const one = of[r(of.length)];
  if (one === undefined) throw new Error("nothing to pick from");
  return one;
};

/** Values of `kinds` behind its key, as SQL of PostgreSQL. */
function kinds(r: Random): readonly string[] {
  const or = (...values: readonly string[]): string => (r(6) === 0 ? "NULL" : pick(values, r));
  return [
    or("0", "18446744073709551615", String(r(1000))),
    or("0.1", "-1e300", "5e-324", String(r(1000) / 7)),
    or("0.1", "16777216", "-3.4e38"),
    or("1.5", "-9999999999999999.9999", "0"),
    or("true", "false"),
    or("B'100000101'", "B'000000000'", "B'111111111'"),
    or("'Straße'", "''", `'l${String(r(1000))}'`),
    or("'a'", "'é😀'", `'o${String(r(1000))}'`),
    or("''", `repeat('ä${String(r(10))}', ${String(r(40_000))})`, "'x'"),
    or("'\\x00ff10'", "''", "decode(repeat('ab', 20000), 'hex')"),
    or("'\\x61620000'", "'\\x00000000'"),
    or("'good'", "'bad'"),
    or("'{}'", "'{a,c}'", "'{a,b,c}'"),
    or(`'{"n": 12345678.5, "s": "x", "deep": [1, {"a": null}]}'`, "'[]'", "'1'"),
    or("'1582-10-15'", "'9999-12-31'", "'2024-02-29'"),
    or("'9999-12-31 23:59:59.999999'", "'1000-01-01 00:00:00.000001'"),
    or("'2038-01-19 03:14:07.999999Z'", "'1970-01-01 00:00:01Z'"),
    or("'-838:59:59'", "'00:00:00.000001'", "'12:34:56.5'"),
    or("1901", "2155", "2026"),
  ];
}

/** Two rows exchange their unique values. */
const exchange = `
  DO $$ DECLARE one record; other record; BEGIN
    SELECT * INTO one FROM parent ORDER BY id LIMIT 1;
    SELECT * INTO other FROM parent ORDER BY id DESC LIMIT 1;
    IF one.id <> other.id THEN
      UPDATE parent SET code = -77 WHERE id = one.id;
      UPDATE parent SET code = one.code WHERE id = other.id;
      UPDATE parent SET code = other.code WHERE id = one.id;
    END IF;
  END $$`;

/** One statement; what it hits is left to chance. */
function statement(r: Random): string {
  const id = String(r(40));
  switch (r(16)) {
    case 0:
    case 1:
    case 2:
      return `INSERT INTO kinds VALUES (${id}, ${kinds(r).join(", ")}) ON CONFLICT (id) DO UPDATE SET note = excluded.note, doc = excluded.doc`;
    case 3:
      return `UPDATE kinds SET id = ${String(100 + r(1000))} WHERE id = ${id} AND NOT EXISTS (SELECT FROM kinds WHERE id >= 100)`;
    case 4:
      return `UPDATE kinds SET flag = NOT flag WHERE id < ${id}`;
    case 5:
      return `DELETE FROM kinds WHERE id > ${id} AND id % 3 = ${String(r(3))}`;
    case 6:
      return `INSERT INTO parent VALUES (${id}, ${String(r(60))}, 'p') ON CONFLICT DO NOTHING`;
    case 7:
      return `DELETE FROM parent WHERE id = ${id}`;
    case 8:
      return r(2) === 0 ? exchange : "UPDATE parent SET code = -code - 1";
    case 9:
      return `UPDATE parent SET id = id + 1000 WHERE id = ${id} AND NOT EXISTS (SELECT FROM parent WHERE id = ${id} + 1000)`;
    case 10:
    case 11:
      return `INSERT INTO child VALUES (${id}, 'c${String(r(5))}', (SELECT min(id) FROM parent WHERE id >= ${id}), ${String(r(9))}) ON CONFLICT DO NOTHING`;
    case 12:
      return `INSERT INTO bag VALUES ('x', ${String(r(3))}), ('x', ${String(r(3))}), (NULL, NULL)`;
    case 13:
      return `DELETE FROM bag WHERE ctid IN (SELECT ctid FROM bag WHERE b = ${String(r(3))} LIMIT 1)`;
    case 14:
      return `UPDATE bag SET b = ${String(r(3))} WHERE ctid IN (SELECT ctid FROM bag LIMIT ${String(r(3))})`;
    default:
      return r(4) === 0
        ? "TRUNCATE emptied"
        : `INSERT INTO emptied VALUES (${id}, 1) ON CONFLICT (id) DO UPDATE SET v = emptied.v + 1`;
  }
}

it("brings a random workload on PostgreSQL back to MySQL", async () => {
  const seed = freshSeed();
  console.info(`seed ${String(seed)}`);
  const r = random(seed);
  await using source = await sourceDatabase(name, "mysql9");
  await using database = await targetDatabase(name);
  const target = await withWayBack(database);
  for (const sql of tables.split(";")) await source.sql(sql);
  await source.sql("INSERT INTO parent VALUES (1, 1, 'one'), (2, 2, 'two'), (3, 3, 'three')");
  await source.sql("INSERT INTO child VALUES (1, 'a', 1, 1), (2, 'b', 2, 2)");
  await source.sql("INSERT INTO bag VALUES ('x', 1), ('x', 1), (NULL, NULL)");
  await source.sql("INSERT INTO kinds (id, note) VALUES (1, REPEAT('long', 30000)), (2, '')");
  await source.sql("INSERT INTO emptied VALUES (1, 1)");
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
          await client.query(statement(r));
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
