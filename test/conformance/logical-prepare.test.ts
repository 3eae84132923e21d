/**
 * What the way back makes on the target: the same wherever its engine is killed, gone without a trace at the end, on
 * tables of any name and shape; and what speaks against it is told before.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWayBack } from "../../connectors/postgres/logical/way-back.js";
import type { WayBack } from "../../src/cutover-port.js";
import type { Fault } from "../../src/errors.js";
import { wayBackPlan } from "../../src/stream/way-back.js";
import { ownServers } from "../faults/own-servers.js";
import { faultOf, laneWorld } from "../world/apply-lane.js";
import { kill, restart, start } from "../world/stack/servers.js";
import { databaseAt, targetDatabase } from "../world/target-database.js";
import type { TargetDatabase } from "../world/target-database.js";
import { until } from "../world/until.js";
import { Recorder } from "./feed-recorder.js";
import { administrator, clock, dropSlots, logWorld, never, tellTexts, withWayBack } from "./logical-world.js";

const notes = {
  name: "notes",
  columns: [
    ["id", "text NOT NULL"],
    ["v", "text"],
  ],
  key: ["id"],
} as const;

/** Everything that stands on the target because of a way back. */
const traces = `
  SELECT (SELECT json_agg(json_build_array(c.relname, c.relreplident, (SELECT i.indexrelid::regclass FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident)) ORDER BY c.relname)
            FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p'))::text AS identities,
         (SELECT count(*) FROM pg_publication)::text AS publications,
         (SELECT count(*) FROM pg_replication_slots WHERE database = current_database())::text AS slots,
         (SELECT count(*) FROM pg_replication_origin WHERE roname LIKE 'headgate%')::text AS origins,
         (SELECT count(*) FROM headgate.way_back)::text AS notes,
         (SELECT count(*) FROM headgate.replica_identity)::text AS noted`;

describe("on a server that is shared", () => {
  let database: TargetDatabase;

  beforeAll(async () => {
    database = await withWayBack(await targetDatabase("logical_prepare", "postgres18"));
  });
  afterAll(async () => {
    await dropSlots(database);
    await database[Symbol.asyncDispose]();
  });

  it("reads tables, columns and partitions of any name, and rows by their root", async () => {
    const hostile = {
      name: `a."b" 'c'; DROP--😀`,
      columns: [
        ["__proto__", "text NOT NULL"],
        ["0", "text"],
        [`x"y.z\\`, "text"],
        ["constructor", "text"],
      ],
      key: ["__proto__"],
    } as const;
    await using log = await logWorld(database, [hostile, notes], {
      sql: `DROP TABLE notes; CREATE TABLE notes (v text, id text NOT NULL) PARTITION BY LIST (id);
            CREATE TABLE "no.tes 1" PARTITION OF notes FOR VALUES IN ('1');
            CREATE TABLE notes_2 (id text NOT NULL, gone int, v text); ALTER TABLE notes_2 DROP COLUMN gone;
            ALTER TABLE notes ATTACH PARTITION notes_2 DEFAULT`,
    });
    await using admin = await administrator(database);
    const name = `public."${hostile.name.replaceAll('"', '""')}"`;
    await admin.query(`INSERT INTO ${name} VALUES ('k', '0', 'xyz', 'c')`);
    await admin.query(`UPDATE ${name} SET "__proto__" = 'l', "0" = null`);
    await admin.query("INSERT INTO notes (id, v) VALUES ('1', 'one'), ('2', 'two')");
    await admin.query("UPDATE notes SET id = '3' WHERE id = '1'");
    await admin.query("DELETE FROM notes_2 WHERE id = '2'");
    await admin.query("TRUNCATE notes");
    expect((await log.read(new Recorder(tellTexts))).story).toEqual([
      `${hostile.name} insert >k/0/xyz/c`,
      ";",
      `${hostile.name} update k/0/xyz/c>l/null/xyz/c`,
      ";",
      "notes insert >1/one",
      "notes insert >2/two",
      ";",
      // The row goes into another partition.
      "notes delete 1/one>",
      "notes insert >3/one",
      ";",
      "notes delete 2/two>",
      ";",
      "notes truncate",
      ";",
    ]);
  });

  it("is made and dropped the same wherever it is killed, and leaves nothing", async () => {
    await dropSlots(database);
    await using world = await laneWorld(database, [notes, { ...notes, name: "others" }], {
      sql: 'CREATE UNIQUE INDEX "Nasty idx" ON others (id); ALTER TABLE others REPLICA IDENTITY USING INDEX "Nasty idx"',
    });
    const plan = wayBackPlan(world.plan);
    const before = await database.sql(traces);
    const begun: (string | null | undefined)[] = [];
    const anew = async (): Promise<void> => {
      const [slots] = await database.sql(
        "SELECT count(*)::text AS made FROM pg_replication_slots WHERE database = current_database()",
      );
      begun.push(slots?.["made"]);
    };
    const killed = (at: string): WayBack =>
      openWayBack({
        server: {
          ...database.options,
          moment: (name) => {
            if (name === at) throw new Error(`killed at ${at}`);
          },
        },
        migration: plan.migration,
        ...clock,
      });
    for (const at of ["noted", "whole-rows", "published", "slot-made", "prepared"]) {
      await using wayBack = killed(`way-back:${at}`);
      await expect(wayBack.prepare(plan, anew)).rejects.toThrow(`killed at`);
    }
    await using wayBack = killed("never");
    const start = await wayBack.prepare(plan, anew);
    expect(await wayBack.prepare(plan, anew)).toEqual(start);
    // Before the slot is made, and again as nobody knew yet where it begins; never once that is noted.
    expect(begun).toEqual(["0", "1"]);
    const made = await database.sql(traces);
    expect(made[0]).toMatchObject({ publications: "1", slots: "1", notes: "1", noted: "2" });
    expect(made[0]?.["identities"]).toBe('[["notes", "f", null], ["others", "f", null]]');
    expect((await wayBack.findings(plan)).filter(({ severity }) => severity === "error")).toEqual([]);
    const position = await wayBack.position();
    await database.sql("INSERT INTO notes VALUES ('1', 'a')");
    const feed = await wayBack.feed(plan);
    const sink = new Recorder(tellTexts);
    await feed.read([start], sink, { untilEnd: true, signal: never });
    expect(sink.transactions.map((transaction) => transaction.within(position))).toEqual([false]);
    expect(sink.transactions.map((transaction) => transaction.within(sink.positions[0] ?? position))).toEqual(
      [true],
    );
    for (const at of ["slot-dropped", "origins-dropped"]) {
      await using dropping = killed(`way-back:${at}`);
      await expect(dropping.drop(plan)).rejects.toThrow("killed at");
    }
    await wayBack.drop(plan);
    await wayBack.drop(plan);
    expect(await database.sql(traces)).toEqual(before);
  });

  it("says what is missing before anything is made", async () => {
    await dropSlots(database);
    await using world = await laneWorld(database, [notes, { ...notes, name: "others" }], {
      sql: "ALTER TABLE notes SET UNLOGGED; ALTER TABLE others ADD COLUMN g text GENERATED ALWAYS AS (upper(v)) STORED",
    });
    const poor = await targetDatabase("logical_poor", "postgres18");
    try {
      await using wayBack = openWayBack({
        server: database.options,
        migration: world.plan.migration,
        ...clock,
      });
      const found = await wayBack.findings(world.plan);
      expect(found.map(({ code, severity }) => `${severity} ${code}`).toSorted()).toEqual([
        "error target-generated",
        "error target-unlogged",
        "info target-slot-size",
      ]);
      await using none = openWayBack({ server: poor.options, migration: world.plan.migration, ...clock });
      expect(
        (await none.findings(world.plan))
          .filter(({ severity }) => severity === "error")
          .map(({ fix }) => fix),
      ).toEqual([
        expect.stringMatching(/^ALTER ROLE .* REPLICATION;$/u),
        expect.stringMatching(/^GRANT EXECUTE ON FUNCTION pg_catalog.pg_replication_origin_create/u),
      ]);
    } finally {
      await poor[Symbol.asyncDispose]();
    }
  });
});

it("goes on over a restart of the server, and amid a transaction, and tells a log that was thrown away", async () => {
  await using own = await ownServers(["postgres18"]);
  const at = async (url: string): Promise<TargetDatabase> =>
    withWayBack(await databaseAt(url, "logical_restart"));
  const database = await at(own.servers.postgres18.url);
  await using log = await logWorld(database, [notes]);
  await database.sql("INSERT INTO notes VALUES ('0', 'before')");
  const [position] = (await log.read(new Recorder(tellTexts))).positions;
  if (position === undefined) throw new Error("no position");
  const follow = (sink: Recorder): Promise<Fault> =>
    faultOf(log.feed.read([position], sink, { untilEnd: false, signal: never }));

  // A server that is shut down does not wait for what nobody confirms.
  const idle = new Recorder(tellTexts);
  const shut = follow(idle);
  await database.sql("INSERT INTO notes VALUES ('-1', 'unconfirmed')");
  await until(() => Promise.resolve(idle.story.includes(";")));
  await restart("postgres18");
  expect((await shut).retriable).toBe(true);
  expect(readFileSync(own.servers.postgres18.log, "utf8")).toContain("database system is shut down");

  const sink = new Held();
  const killed = follow(sink);
  await database.sql(
    "INSERT INTO notes SELECT i::text, repeat(md5(i::text), 100) FROM generate_series(1, 5000) i",
  );
  await until(() => Promise.resolve(sink.rows > 0));
  await kill("postgres18");
  expect((await killed).retriable).toBe(true);
  sink.release();
  await start("postgres18");
  const whole = new Held();
  whole.release();
  await log.feed.read([position], whole, { untilEnd: true, signal: never });
  expect(whole.rows).toBe(5001);
  expect(whole.positions).toHaveLength(2);

  await database.sql("ALTER SYSTEM SET max_slot_wal_keep_size = '16MB'");
  await database.sql("SELECT pg_reload_conf()");
  for (let i = 0; i < 6; i++) await database.sql("SELECT pg_switch_wal(), txid_current()");
  await database.sql("CHECKPOINT");
  expect(await log.wayBack.slot()).toMatchObject({ lost: true });
  expect(await follow(new Recorder())).toMatchObject({ code: "log-purged" });
});

/** Stands still at the first row until it is released. */
class Held extends Recorder {
  rows = 0;
  #released = false;
  #release: () => void = () => undefined;

  override change(): void {
    this.rows++;
  }

  override full(): boolean {
    return !this.#released;
  }

  override drained(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#released) resolve();
      else this.#release = resolve;
    });
  }

  release(): void {
    this.#released = true;
    this.#release();
  }
}
