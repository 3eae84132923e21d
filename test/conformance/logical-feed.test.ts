/**
 * The target's log as a feed, on real servers: values are the server's own bytes, transactions come whole and once from any
 * position, and what is not the application's is told apart.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Plan, Position } from "../../src/model.js";
import type { ChangeOperation } from "../../src/stream-port.js";
import { apply, changes, faultOf, place, strict, tuples } from "../world/apply-lane.js";
import { targetDatabase } from "../world/target-database.js";
import type { TargetDatabase, TargetName } from "../world/target-database.js";
import { listed } from "../world/matrix.js";
import { header } from "../world/synthetic.js";
import { until } from "../world/until.js";
import { Recorder } from "./feed-recorder.js";
import { administrator, dropSlots, logWorld, tellTexts, withWayBack } from "./logical-world.js";

const targets = listed(
  "HEADGATE_TEST_TARGETS",
  (name): name is TargetName => name.startsWith("postgres"),
  ["postgres18", "postgres15"],
  process.env,
);

const notes = {
  name: "notes",
  columns: [
    ["id", "text NOT NULL"],
    ["v", "text"],
  ],
  key: ["id"],
} as const;
const others = {
  name: "others",
  columns: [
    ["id", "text NOT NULL"],
    ["v", "text"],
  ],
  key: ["id"],
} as const;
const bare = {
  name: "bare",
  columns: [
    ["v", "text"],
    ["w", "text"],
  ],
  key: [],
} as const;

describe.each(targets)("%s", (server) => {
  let database: TargetDatabase;

  beforeAll(async () => {
    database = await withWayBack(await targetDatabase("logical_feed", server));
  });
  afterAll(async () => {
    await dropSlots(database);
    await database[Symbol.asyncDispose]();
  });

  it("hands over every type as the bytes that the server itself would copy out", async () => {
    const types = [
      ["i2", "smallint", "-32768", "7"],
      ["i4", "integer", "-2147483648", "7"],
      ["i8", "bigint", "-9223372036854775808", "9223372036854775807"],
      ["n20", "numeric(20,0)", "18446744073709551615", "0"],
      ["n65", "numeric(65,30)", "12345678901234567890123456789012345.123456789012345678901234567890", "-0.1"],
      ["b", "boolean", "true", "false"],
      ["f4", "real", "'1.1'", "'-0'"],
      ["f8", "double precision", "'1e-307'", "'NaN'"],
      ["t", "text", "'ä€😀 ''x'''", "''"],
      ["vc", "character varying(40)", "'trailing  '", "'🦆'"],
      ["c", "character(5)", "'ab'", "''"],
      ["by", "bytea", "'\\x00ff10'", "''"],
      ["d", "date", "'0001-01-01'", "'-infinity'"],
      ["ts", "timestamp(6) without time zone", "'9999-12-31 23:59:59.999999'", "'-infinity'"],
      ["tz", "timestamp(3) with time zone", "'1970-01-01 00:00:00.001Z'", "'2038-01-19Z'"],
      ["tm", "time(6) without time zone", "'24:00:00'", "'00:00:00.000001'"],
      ["iv", "interval", "'-838:59:59.999999'", "'838:59:59'"],
      ["u", "uuid", "'00112233-4455-6677-8899-aabbccddeeff'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
      ["jb", "jsonb", `'{"a": [1, 1.0, 1e2, "ü"]}'`, "'null'"],
      ["j", "json", `'{"a":1,"a":2}'`, "'[]'"],
      ["bi", "bit(5)", "B'10101'", "B'00000'"],
      ["bl", "bit(64)", "x'ffffffffffffffff'", "x'0000000000000001'"],
      ["ip", "inet", "'::ffff:1.2.3.4'", "'10.0.0.1'"],
      ["ta", "text[]", '\'{a,"b,c",""}\'', "'{}'"],
      ["e", "t_kind", "'on'", "'a ''label'''"],
    ] as const;
    const wish = {
      name: "types",
      columns: [["id", "integer NOT NULL"] as const, ...types.map(([name, type]) => [name, type] as const)],
      key: ["id"],
    };
    const native = (plan: Plan): Plan => ({
      ...plan,
      tables: plan.tables.map((table) => ({
        ...table,
        columns: table.columns.map((column) =>
          column.target === "e" ? { ...column, nativeEnum: true } : column,
        ),
      })),
    });
    await using log = await logWorld(database, [wish], {
      before: `DROP TYPE IF EXISTS t_kind; CREATE TYPE t_kind AS ENUM ('on', 'a ''label''')`,
      alter: native,
    });
    const row = async (id: number): Promise<string> => {
      const made = await tuples(database, `SELECT * FROM types WHERE id = ${String(id)}`);
      return Buffer.concat([...made.chunks]).toString("hex");
    };
    const list = (id: number, value: 2 | 3): string =>
      [String(id), ...types.map((type) => type[value])].join(", ");
    await database.sql(`INSERT INTO types VALUES (${list(1, 2)})`);
    const first = await row(1);
    await database.sql(
      `UPDATE types SET (${wish.columns.map(([name]) => name).join(", ")}) = ROW(${list(1, 3)})`,
    );
    const second = await row(1);
    await database.sql("INSERT INTO types (id) VALUES (2)");
    const nulls = await row(2);
    await database.sql("DELETE FROM types WHERE id = 1");
    expect((await log.read()).story).toEqual([
      `types insert >${first}`,
      ";",
      `types update ${first}>${second}`,
      ";",
      `types insert >${nulls}`,
      ";",
      `types delete ${second}>`,
      ";",
    ]);
  });

  it("tells transactions, keys that change, marks and truncation in the log's order, and nothing else", async () => {
    await using log = await logWorld(database, [notes, others, bare], {
      sql: "CREATE TABLE unplanned (id int)",
    });
    await using admin = await administrator(database);
    await admin.query(`
      BEGIN; INSERT INTO notes VALUES ('1', 'a'), ('2', 'b'); SAVEPOINT s; INSERT INTO others VALUES ('9', 'x');
      ROLLBACK TO s; INSERT INTO others VALUES ('1', 'c'); UPDATE notes SET id = '3' WHERE id = '2'; COMMIT`);
    await admin.query(
      "BEGIN; INSERT INTO notes VALUES ('4', 'd'); ROLLBACK; INSERT INTO unplanned VALUES (1)",
    );
    await log.wayBack.mark("between");
    await admin.query(`SELECT pg_logical_emit_message(true, 'headgate', '{"migration":"another","id":"1","note":"n"}'),
      pg_logical_emit_message(true, 'headgate', 'no json'), pg_logical_emit_message(false, 'somebody', 'else')`);
    await admin.query("INSERT INTO bare VALUES ('x', null), ('x', null)");
    await admin.query("UPDATE bare SET w = 'y' WHERE ctid = '(0,1)'");
    await admin.query("DELETE FROM bare");
    await admin.query("TRUNCATE notes, unplanned, others");
    const told = await log.read(new Recorder(tellTexts));
    expect(told.story).toEqual([
      "notes insert >1/a",
      "notes insert >2/b",
      "others insert >1/c",
      "notes update 2/b>3/b",
      ";",
      "marker reverse between",
      ";",
      "bare insert >x/null",
      "bare insert >x/null",
      ";",
      "bare update x/null>x/y",
      ";",
      "bare delete x/null>",
      "bare delete x/y>",
      ";",
      "notes truncate",
      "others truncate",
      ";",
    ]);
    expect(told.idles).toBeGreaterThan(0);
  });

  it("has large values whole that a change did not touch, and the rows before", async () => {
    const wide = {
      name: "wide",
      columns: [
        ["id", "text NOT NULL"],
        ["v", "text"],
        ["b", "bytea"],
        ["j", "jsonb"],
        ["small", "text"],
      ],
      key: ["id"],
    } as const;
    await using log = await logWorld(database, [wide], {
      sql: "ALTER TABLE wide ALTER v SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL",
    });
    await database.sql(`INSERT INTO wide SELECT '1', repeat('ä', 100000), decode(repeat('00ff', 100000), 'hex'),
      json_build_object('a', (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 5000) i)), 'one'`);
    const row = async (): Promise<string> =>
      Buffer.concat([...(await tuples(database, "SELECT * FROM wide")).chunks]).toString("hex");
    const first = await row();
    await database.sql("UPDATE wide SET small = 'two'");
    const second = await row();
    await database.sql("UPDATE wide SET id = '2', j = null");
    const third = await row();
    await database.sql("DELETE FROM wide");
    expect(first.length).toBeGreaterThan(900_000);
    const story = (await log.read()).story;
    const wanted: readonly (readonly [ChangeOperation, string, string])[] = [
      ["insert", "", first],
      ["update", first, second],
      ["update", second, third],
      ["delete", third, ""],
    ];
    // Not by toEqual: a difference of a megabyte is no message.
    expect(story.filter((one) => one !== ";").length).toBe(4);
    wanted.forEach(([operation, before, after], i) => {
      expect(story[2 * i] === `wide ${operation} ${before}>${after}`).toBe(true);
    });
  });

  it("goes on from any position exactly, and lets the server throw away what is confirmed and no more", async () => {
    await using log = await logWorld(database, [notes]);
    await using one = await administrator(database);
    await using two = await administrator(database);
    // Commits that stand right behind each other in the log: nothing is written between.
    for (let id = 1; id <= 6; id++) {
      await one.query(`BEGIN; INSERT INTO notes VALUES ('${String(id)}', 'one')`);
      await two.query(`BEGIN; INSERT INTO notes VALUES ('${String(id + 100)}', 'two')`);
      await one.query("COMMIT");
      await two.query("COMMIT");
    }
    const told = await log.read();
    expect(told.positions).toHaveLength(12);
    expect(
      told.transactions.every(({ committedAt }) => Math.abs((committedAt ?? 0) - Date.now()) < 600_000),
    ).toBe(true);
    const [, second, , fourth] = told.positions;
    if (second === undefined || fourth === undefined) throw new Error("no position");
    const confirmed = async (): Promise<string> =>
      (
        await database.sql(
          "SELECT (confirmed_flush_lsn - '0/0'::pg_lsn)::text AS lsn FROM pg_replication_slots WHERE database = current_database()",
        )
      )[0]?.["lsn"] ?? "";
    const stop = new AbortController();
    const ended = faultOf(log.feed.read([second], new Recorder(), { untilEnd: false, signal: stop.signal }));
    await until(async () => (await confirmed()) === second.offset);
    log.feed.confirm?.(fourth);
    await until(async () => (await confirmed()) === fourth.offset);
    stop.abort(new Error("enough"));
    expect(await ended).toMatchObject({ code: "interrupted" });
    // What is confirmed is gone, and nobody is told less than there was.
    expect(await faultOf(log.read(undefined, second))).toMatchObject({ code: "log-purged" });
    for (const [i, position] of told.positions.entries()) {
      told.transactions.forEach((transaction, k) => expect(transaction.within(position)).toBe(k <= i));
      expect(told.positions.every((other, k) => log.feed.holds(position, other) === k <= i)).toBe(true);
      if (i < 3) continue;
      const rest = await log.read(undefined, position);
      expect(rest.story).toEqual(told.story.slice(2 * (i + 1)));
    }
    expect(await log.wayBack.slot()).toMatchObject({ lost: false });
  });

  it("drops what we wrote forward, and tells what anybody else did, subscribers too", async () => {
    await using log = await logWorld(database, [notes, bare]);
    const table = log.lanes.table("notes");
    const write = async (id: string): Promise<void> => {
      const lists = { inserts: `SELECT '${id}'::text, 'ours'`, touched: `SELECT '${id}'::text` };
      await apply(log.lanes.ledger, [strict(await changes(database, table, lists))]);
    };
    await write("1");
    await database.sql("INSERT INTO notes VALUES ('2', 'theirs')");
    await write("3");
    const whole = async (sql: string): Promise<Buffer> =>
      Buffer.concat([...(await tuples(database, sql)).chunks]);
    // Two repairs at once have two origins.
    await using mender = await log.lanes.ledger.mender("one");
    await using beside = await log.lanes.ledger.mender("one");
    for (const [one, id] of [
      [mender, "1"],
      [beside, "6"],
    ] as const) {
      const [key, row] = [
        await whole(`SELECT '${id}'::text`),
        await whole(`SELECT '${id}'::text, 'mended'::text`),
      ];
      const rows = [{ key, row, copies: 1, run: "run" }];
      await one.mend({ table, since: 1n, rows, join: null, dryRun: false, showValues: false });
    }
    // Emptied, and copied again.
    await log.lanes.ledger.reopen(["bare"]);
    await using loader = await log.lanes.ledger.loader();
    await loader.lease(["bare"]);
    const sink = await loader.open(log.lanes.table("bare"), true);
    const copied = await whole("SELECT 'copied'::text, null::text");
    sink.write(Buffer.concat([header, copied, Buffer.from([0xff, 0xff])]), () => undefined);
    await loader.commit({ rows: 1, bytes: copied.length, policies: [], position: place(9) });
    expect((await database.sql("SELECT v FROM bare"))[0]).toEqual({ v: "copied" });
    expect((await log.read(new Recorder(tellTexts))).story).toEqual(["notes insert >2/theirs", ";"]);
    await using admin = await administrator(database);
    await admin.query("SELECT pg_replication_origin_create('headgate_of_another')");
    await admin.query("SELECT pg_replication_origin_session_setup('headgate_of_another')");
    await admin.query("INSERT INTO notes VALUES ('4', 'replicated')");
    await write("5");
    expect((await log.read(new Recorder(tellTexts))).story).toEqual([
      "notes insert >2/theirs",
      ";",
      "notes insert >4/replicated",
      ";",
    ]);
  });

  it("stops by name at a table that is not as planned, before any row of it", async () => {
    await using log = await logWorld(database, [notes, others]);
    await database.sql("INSERT INTO others VALUES ('1', 'a')");
    await database.sql("ALTER TABLE notes ADD COLUMN more int");
    const before = await log.read(new Recorder(tellTexts));
    expect(before.story).toEqual(["others insert >1/a", ";"]);
    const [at] = before.positions;
    await database.sql("INSERT INTO notes VALUES ('1', 'a', 1)");
    const added = await faultOf(log.read());
    expect(added).toMatchObject({ code: "schema-changed" });
    expect(added.message).toMatch(/notes .*a column more/u);
    const unwanted = new Recorder(tellTexts);
    unwanted.unwanted.add("notes");
    expect((await log.read(unwanted)).story).toEqual(["others insert >1/a", ";"]);
    await database.sql("ALTER TABLE notes DROP COLUMN more, ALTER COLUMN v TYPE varchar(9)");
    await database.sql("INSERT INTO notes VALUES ('2', 'a')");
    expect((await faultOf(log.read(undefined, at))).message).toMatch(/a column more/u);
    await database.sql("ALTER TABLE others REPLICA IDENTITY DEFAULT");
    await database.sql("UPDATE others SET v = 'b'");
    const without = new Recorder(tellTexts);
    without.unwanted.add("notes");
    expect((await faultOf(log.read(without, at))).message).toMatch(/replica identity is no longer FULL/u);
  });

  it("keeps a huge transaction within bounds while the sink is slow, and the connection alive", async () => {
    await using log = await logWorld(database, [notes]);
    await database.sql(
      "INSERT INTO notes SELECT i::text, repeat(md5(i::text), 320) FROM generate_series(1, 20000) i",
    );
    const sink = new Slow();
    const before = process.memoryUsage().rss;
    await log.read(sink);
    expect(sink.rows).toBe(20_000);
    expect(sink.bytes).toBeGreaterThan(200_000_000);
    expect(sink.stops).toBeGreaterThan(100);
    expect((sink.most - before) / 1_048_576).toBeLessThan(100);
  });

  it("survives the end of its connection and tells a slot that is busy, or gone", async () => {
    await using log = await logWorld(database, [notes]);
    await database.sql("INSERT INTO notes VALUES ('1', 'a')");
    const stop = new AbortController();
    const sink = new Recorder(tellTexts);
    const ended = faultOf(log.feed.read([log.start], sink, { untilEnd: false, signal: stop.signal }));
    await until(async () => sink.story.includes(";"));
    expect(await faultOf(log.read())).toMatchObject({ code: "target-busy" });
    await database.sql(
      "SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE database = current_database()",
    );
    expect(await ended).toMatchObject({ code: "connection-lost" });
    expect((await log.read(new Recorder(tellTexts))).story).toEqual(["notes insert >1/a", ";"]);
    await dropSlots(database);
    expect(await faultOf(log.read())).toMatchObject({ code: "log-purged" });
    // What is gone is not made again in silence.
    expect(await faultOf(log.wayBack.prepare(log.plan))).toMatchObject({ code: "log-purged" });
    await log.wayBack.drop(log.plan);
    expect(await log.wayBack.slot()).toBeNull();
    const begun: Position = await log.wayBack.prepare(log.plan);
    await database.sql("INSERT INTO notes VALUES ('2', 'b')");
    expect((await log.read(new Recorder(tellTexts), begun)).story).toEqual(["notes insert >2/b", ";"]);
  });
});

/** Takes a megabyte at a time, and remembers how much memory there was. */
class Slow extends Recorder {
  rows = 0;
  bytes = 0;
  stops = 0;
  most = 0;
  #held = 0;

  override change(...[, , , before, , , afterEnd]: Parameters<Recorder["change"]>): void {
    this.rows++;
    this.bytes += afterEnd - before;
    this.#held += afterEnd - before;
  }

  override full(): boolean {
    return this.#held > 1_048_576;
  }

  override drained(): Promise<void> {
    this.stops++;
    this.most = Math.max(this.most, process.memoryUsage().rss);
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#held = 0;
        resolve();
      });
    });
  }
}
