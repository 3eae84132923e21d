/**
 * Groups of the log that are no plain transactions: XA in all its endings, tables without transactions, DDL of every
 * kind, CREATE TABLE ... SELECT, statements as text. Each is handed over exactly, passes because it is none of ours, or
 * stops by name.
 */
import type { Connection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { openMysql } from "../../connectors/mysql/source.js";
import type { Plan, Position } from "../../src/model.js";
import type { ChangeFeed, SourceTransaction } from "../../src/stream-port.js";
import { testSources } from "../world/matrix.js";
import { planOf, Recorder } from "./feed-recorder.js";
import { named, openAdmin, sources } from "./sources.js";
import type { TestSource } from "./sources.js";

const never = new AbortController().signal;
let all: readonly TestSource[];
const plans = new Map<string, Plan>();

beforeAll(async () => {
  all = await sources("feed_groups");
  for (const { name, admin, options } of all) {
    await admin.query(
      "CREATE TABLE a (id int primary key, n int); CREATE TABLE b (id int primary key, n int); " +
        "FLUSH LOGS; CREATE TABLE unplanned_c (id int primary key); CREATE TABLE m (id int primary key, n int) ENGINE = MyISAM; " +
        "CREATE TABLE `ünï` (id int primary key)",
    );
    plans.set(name, await planOf(options));
  }
});

afterAll(async () => {
  for (const { admin } of all) await admin.end();
});

/** Takes of the log what a lane takes that stands at a position, as one text a transaction. */
class Lane extends Recorder {
  readonly #base: Position;
  #within = false;

  constructor(base: Position) {
    super();
    this.#base = base;
  }

  override begin(transaction: SourceTransaction): void {
    super.begin(transaction);
    this.#within = transaction.within(this.#base);
  }

  override wants(): boolean {
    return !this.#within;
  }

  get taken(): readonly string[] {
    return changesOf(this);
  }
}

/** The changes of each transaction, of those from the `first` on that have any. */
function changesOf(told: Recorder, first = 0): readonly string[] {
  const each: string[] = [""];
  for (const one of told.all)
    if (one.kind === "change") each.push(`${each.pop() ?? ""}${one.text}, `);
    else if (one.kind === "commit") each.push("");
  return each.slice(first).filter((text) => text !== "");
}

describe.each(testSources)("%s", (name) => {
  const here = (): TestSource => named(all, name);

  async function reading<T>(act: (feed: ChangeFeed, from: Position) => Promise<T>): Promise<T> {
    await using source = await openMysql(here().options);
    const plan = plans.get(name);
    if (plan === undefined) throw new Error("no plan");
    await using feed = await source.feed(plan);
    return await act(feed, await source.position());
  }

  async function whole(feed: ChangeFeed, from: Position, sink = new Recorder()): Promise<Recorder> {
    await feed.read([from], sink, { untilEnd: true, signal: never });
    return sink;
  }

  /** A session of its own, standing in the database. */
  async function session(): Promise<Connection> {
    const other = await openAdmin(here().root);
    await other.query("USE feed_groups");
    return other;
  }

  it("an XA transaction of one phase is one like any other", async () => {
    const { admin } = here();
    await reading(async (feed, from) => {
      await admin.query(
        "XA START 'one'; INSERT INTO a VALUES (100, 1); XA END 'one'; XA COMMIT 'one' ONE PHASE; INSERT INTO a VALUES (101, 1)",
      );
      expect((await whole(feed, from)).story).toEqual(["a insert >100/1", ";", "a insert >101/1", ";"]);
    });
  });

  it("an XA transaction without rows of the plan's passes", async () => {
    const { admin } = here();
    await reading(async (feed, from) => {
      await admin.query(
        "XA START 'none'; INSERT INTO unplanned_c VALUES (1); XA END 'none'; XA PREPARE 'none'; XA COMMIT 'none'; INSERT INTO b VALUES (1, 1)",
      );
      expect((await whole(feed, from)).story).toEqual(["b insert >1/1", ";"]);
    });
  });

  it("tells of a commit whose rows were prepared before all that is read, and of no other", async (context) => {
    // 5.6 logs nothing of them before their commit.
    if (name === "mysql56") context.skip("MySQL 5.6 logs a prepared transaction at its commit, whole");
    const { admin } = here();
    onTestFinished(async () => {
      await admin.query("XA ROLLBACK 'over'").catch((error: unknown) => {
        expect(error).toMatchObject({ errno: 1397 });
      });
    });
    await admin.query("DELETE FROM a WHERE id IN (140, 141)");
    const other = await session();
    await other.query("XA START 'over'; INSERT INTO a VALUES (140, 1); XA END 'over'; XA PREPARE 'over'");
    await other.end();
    await reading(async (feed, from) => {
      await admin.query(
        "XA START 'none'; INSERT INTO unplanned_c VALUES (2); XA END 'none'; XA PREPARE 'none'; XA COMMIT 'none'",
      );
      await admin.query("INSERT INTO a VALUES (141, 1)");
      await admin.query("XA COMMIT 'over'");
      const { story } = await whole(feed, from);
      expect(story.filter((told) => told !== ";")).toEqual(["a insert >141/1", "unseen"]);
    });
  });

  it.each(["set", "file"])(
    "prepared rows wait for XA COMMIT and go with XA ROLLBACK, by a position of the kind %s",
    async (kind) => {
      const { admin, engine } = here();
      // A failure must not leave them to whoever uses the server next.
      onTestFinished(async () => {
        for (const id of ["kept", "gone", "brief"])
          await admin.query(`XA ROLLBACK '${id}','b',7`).catch((error: unknown) => {
            expect(error).toMatchObject({ errno: 1397 });
          });
      });
      const at = (position: Position): Position =>
        kind === "set" ? position : { kind: "file", file: position.file, offset: position.offset };
      await admin.query(
        "DELETE FROM a WHERE id BETWEEN 110 AND 139; DELETE FROM b WHERE id BETWEEN 110 AND 139",
      );
      await reading(async (feed, start) => {
        const from = at(start);
        const xa = (id: string): string => `'${id}','b',7`;
        const prepare = (id: string, row: number): string =>
          `XA START ${xa(id)}; INSERT INTO a VALUES (${row}, 1); UPDATE a SET n = 2 WHERE id = ${row}; XA END ${xa(id)}; XA PREPARE ${xa(id)}; `;
        const [one, two] = [await session(), await session()];
        await admin.query("INSERT INTO b VALUES (109, 1) ON DUPLICATE KEY UPDATE n = n + 1");
        await one.query(prepare("kept", 110));
        await admin.query("INSERT INTO b VALUES (110, 1)");
        await two.query(prepare("gone", 120));
        // MySQL 5.6 forgets them with their sessions; the others keep them for anybody.
        const mine = name === "mysql56";
        if (!mine) for (const each of [one, two]) await each.end();
        // Prepared and ended in between: a later position has it, and what is still prepared it has not.
        const three = await session();
        await three.query(prepare("brief", 130));
        await admin.query("INSERT INTO b VALUES (111, 1)");
        await three.query(`XA COMMIT ${xa("brief")}`);
        await three.end();
        await admin.query("INSERT INTO b VALUES (112, 1)");
        const between = await whole(feed, from);
        await (mine ? one : admin).query(`XA COMMIT ${xa("kept")}`);
        await (mine ? two : admin).query(`XA ROLLBACK ${xa("gone")}`);
        if (mine) for (const each of [one, two]) await each.end();
        await admin.query("INSERT INTO b VALUES (113, 1)");
        const first = between.story.slice(0, 2);
        const early = [
          "b insert >110/1",
          ";",
          "b insert >111/1",
          ";",
          "a insert >130/1",
          "a update 130/1>130/2",
          ";",
        ];
        const story = ["a insert >110/1", "a update 110/1>110/2", ";", "b insert >113/1", ";"];
        expect(between.story).toEqual([...first, ...early, "b insert >112/1", ";"]);
        const told = await whole(feed, from);
        expect(told.story).toEqual([...between.story, ...story]);
        if (mine) return;

        // Any position on the way, as a lane at it takes the log: what it holds comes never again, and the rest does.
        const places = told.positions;
        await using source = await openMysql(here().options);
        const now = at(await source.position());
        for (const [i, position] of places.entries()) {
          const lane = new Lane(position);
          await feed.read([position], lane, { untilEnd: true, signal: never });
          expect([i, ...lane.taken]).toEqual([i, ...changesOf(told, i + 1)]);
          for (const [k, other] of places.entries())
            expect([i, k, feed.holds(position, other)]).toEqual([i, k, i >= k]);
          expect(feed.holds(now, position)).toBe(true);
          expect(feed.holds(position, from)).toBe(true);
          expect(feed.holds(from, position)).toBe(false);
        }
        // Two lanes that stand apart: each takes its own.
        for (const [i, j] of [
          [0, 4],
          [1, 3],
          [2, 5],
        ] as const) {
          const [lane, other] = [new Lane(places[i]!), new Lane(places[j]!)];
          for (const each of [lane, other]) {
            await feed.read([places[i]!, places[j]!], each, { untilEnd: true, signal: never });
            expect([i, j, ...each.taken]).toEqual([i, j, ...changesOf(told, (each === lane ? i : j) + 1)]);
          }
        }
        const unended = between.positions.at(-1)!;
        if (kind === "set" && engine === "mysql") expect(unended.without).toBeUndefined();
        else expect(unended.without).toHaveLength(2);
        expect(places.at(-1)!.without).toBeUndefined();
        // Its log is needed from where the first of them begins.
        if (kind === "set") expect(unended.offset).toBe(places[0]!.offset);
        expect(feed.holds(places.at(-1)!, now)).toBe(true);
        expect(feed.holds(unended, now)).toBe(false);
      });
    },
  );

  it("stops at each statement that changes tables of the plan, by their names, and at no other", async () => {
    const { admin } = here();
    const others = "feed_groups_other";
    await admin.query(`DROP DATABASE IF EXISTS ${others}; CREATE DATABASE ${others}`);
    const cases: readonly (readonly [sql: string, tables: string | null])[] = [
      ["ALTER TABLE a ADD COLUMN c int", "a"],
      ["alter /* x */ table `feed_groups` . `a` drop column c", "a"],
      ["CREATE INDEX i ON b (n)", "b"],
      ["DROP INDEX i ON b", "b"],
      ["RENAME TABLE a TO a_old, b TO a, a_old TO b", "a,b"],
      ["RENAME TABLE a TO a_old, b TO a, a_old TO b", "a,b"],
      ["CREATE TABLE _a_gho LIKE a", "a"],
      ["DROP TABLE _a_gho", null],
      ["ALTER TABLE `ünï` COMMENT = 'x'", "ünï"],
      ["ALTER TABLE ünï COMMENT = 'y'", "ünï"],
      ["/*!50000 ALTER TABLE a */ COMMENT = 'z'", "a"],
      [`CREATE TABLE ${others}.a (id int)`, null],
      [`ALTER TABLE ${others}.a ADD COLUMN n int`, null],
      [`USE ${others}; ALTER TABLE a COMMENT = 'q'`, null],
      [`USE ${others}; ALTER TABLE feed_groups.a COMMENT = 'q'`, "a"],
      ["ALTER TABLE unplanned_c ADD COLUMN n int", null],
      // A column's name is not told from a table's.
      ["ALTER TABLE unplanned_c CHANGE n b int", "b"],
      ["ALTER TABLE unplanned_c COMMENT = 'about a and b'", null],
      ["CREATE OR REPLACE VIEW v AS SELECT a.id FROM a, b", null],
      ["DROP VIEW v", null],
      ["CREATE TRIGGER t BEFORE INSERT ON unplanned_c FOR EACH ROW SET @a = 1", null],
      ["CREATE PROCEDURE p () DELETE FROM a WHERE id = -1", null],
      ["DROP PROCEDURE p", null],
      ["GRANT SELECT ON feed_groups.a TO root@127.0.0.1", null],
      ["ANALYZE TABLE a", null],
      ["OPTIMIZE TABLE a", null],
      ["CREATE TEMPORARY TABLE a (id int); DROP TEMPORARY TABLE a", null],
      ["CREATE DATABASE feed_groups_more; DROP DATABASE feed_groups_more", null],
      // MySQL 8 takes no name with nothing before its dot any more.
      ...(name === "mysql9" ? [] : ([["ALTER TABLE .a COMMENT = 'dot'", "a"]] as const)),
      ...(name === "mariadb" ? alters : []),
    ];
    await using source = await openMysql(here().options);
    await reading(async (feed) => {
      for (const [sql, tables] of cases) {
        const from = await source.position();
        await admin.query(
          `USE feed_groups; ${sql}; USE feed_groups; INSERT INTO unplanned_c (id) VALUES (${++rows})`,
        );
        const told = await whole(feed, from);
        expect([sql, ...told.story]).toEqual([sql, ...(tables === null ? [] : [`schema ${tables}`])]);
        for (const one of told.all)
          if (one.kind === "schema") {
            expect(feed.holds(one.position, from)).toBe(true);
            expect(one.change.within(one.position)).toBe(false);
            expect(one.change.within(await source.position())).toBe(true);
            // Met again from there.
            expect((await whole(feed, one.position)).story).toEqual(told.story);
          }
      }
    });
    await admin.query(`DROP DATABASE ${others}`);
  });
  let rows = 1000;
  // In two phases an ALTER is told as it begins, and again once it is done; or as it begins, and that it came to nothing.
  const alters = [
    ["SET SESSION binlog_alter_two_phase = ON; ALTER TABLE a ADD COLUMN tp int, ALGORITHM = COPY", "a"],
    ["ALTER TABLE a DROP COLUMN tp, ALGORITHM = COPY", "a"],
    ["ALTER TABLE unplanned_c ADD COLUMN tp int, ALGORITHM = COPY", null],
    ["SET SESSION binlog_alter_two_phase = OFF", null],
  ] as const;

  it("an ALTER in two phases that fails changes nothing", async ({ skip }) => {
    if (name !== "mariadb") skip("MariaDB alone has them");
    await reading(async (feed, from) => {
      const other = await session();
      await other.query("SET SESSION binlog_alter_two_phase = ON; INSERT INTO b VALUES (950, 7), (951, 7)");
      await expect(other.query("ALTER TABLE b ADD UNIQUE (n), ALGORITHM = COPY")).rejects.toMatchObject({
        errno: 1062,
      });
      await other.query("DELETE FROM b WHERE id IN (950, 951)");
      await other.end();
      expect((await whole(feed, from)).story).toEqual([
        "b insert >950/7",
        "b insert >951/7",
        ";",
        "b delete 950/7>",
        "b delete 951/7>",
        ";",
      ]);
    });
  });

  it("TRUNCATE beside temporary tables is refused: whether it is of one of them no log says", async () => {
    const refused = { code: "log-refused", message: expect.stringContaining("TRUNCATE of a") as string };
    await reading(async (feed, from) => {
      const other = await session();
      await other.query("SET SESSION binlog_format = 'STATEMENT'");
      await other.query("CREATE TEMPORARY TABLE a (id int); TRUNCATE TABLE a");
      await other.end();
      await expect(whole(feed, from)).rejects.toMatchObject(refused);
    });
    await reading(async (feed, from) => {
      const { admin } = here();
      await admin.query("DROP PROCEDURE IF EXISTS empties");
      await admin.query(
        "CREATE PROCEDURE empties() BEGIN CREATE TEMPORARY TABLE own (id int); TRUNCATE TABLE a; DROP TEMPORARY TABLE own; END",
      );
      await admin.query("CALL empties()");
      await expect(whole(feed, from)).rejects.toMatchObject(refused);
    });
  });

  it("a temporary table may bear the name of one that travels", async () => {
    await reading(async (feed, from) => {
      const other = await session();
      await other.query(
        "CREATE TEMPORARY TABLE a (id int, x int); INSERT INTO a VALUES (1, 2); INSERT INTO b SELECT 900, x FROM a",
      );
      await other.end();
      // The end of that session is logged too, some time.
      await here().admin.query("INSERT INTO b VALUES (901, 1)");
      expect((await whole(feed, from)).story).toEqual(["b insert >900/2", ";", "b insert >901/1", ";"]);
    });
  });

  it("tables without transactions are handed over as they are; what was rolled back around them is refused", async ({
    skip,
  }) => {
    const { admin } = here();
    await reading(async (feed, from) => {
      await admin.query("INSERT INTO m VALUES (1, 1), (2, 2); UPDATE m SET n = 5; TRUNCATE m");
      expect((await whole(feed, from)).story).toEqual([
        "m insert >1/1",
        "m insert >2/2",
        ";",
        "m update 1/1>1/5",
        "m update 2/2>2/5",
        ";",
        "m truncate",
        ";",
      ]);
    });
    if (here().engine === "mysql") skip("with GTIDs MySQL mixes no tables in one transaction");
    await reading(async (feed, from) => {
      await admin.query(
        "BEGIN; INSERT INTO a VALUES (300, 1); SAVEPOINT x; INSERT INTO m VALUES (7, 7); INSERT INTO a VALUES (301, 1); ROLLBACK TO x; COMMIT",
      );
      await expect(whole(feed, from)).rejects.toMatchObject({
        code: "log-refused",
        message: expect.stringContaining("rolled back") as string,
      });
      const sink = new Recorder();
      sink.unwanted.add("a");
      expect((await whole(feed, from, sink)).story).toEqual(["m insert >7/7", ";"]);
    });
  });

  it("CREATE TABLE ... SELECT is a change of shape whose rows are of the new one", async ({ skip }) => {
    if (name === "mysql56") skip("MySQL 5.6 refuses it with GTIDs");
    const { admin } = here();
    await admin.query("CREATE TABLE again (id int primary key, n int)");
    const plan = await planOf(here().options);
    await using source = await openMysql(here().options);
    await using feed = await source.feed(plan);
    const from = await source.position();
    await admin.query(
      "DROP TABLE again; CREATE TABLE again (n int) SELECT 1 id, 'x' t; INSERT INTO b VALUES (800, 1)",
    );
    const told = await whole(feed, from, new Recorder());
    expect(told.story).toEqual(["schema again", "schema again", "b insert >800/1", ";"]);
    await admin.query("DROP TABLE again");
  });

  it("rows written as statements are refused, of our database and where a lane takes them", async () => {
    const { admin } = here();
    const other = await session();
    await other.query("SET SESSION binlog_format = 'STATEMENT'; DROP DATABASE IF EXISTS feed_elsewhere");
    await other.query(
      "CREATE DATABASE feed_elsewhere; CREATE TABLE feed_elsewhere.a (id int primary key); CREATE TABLE feed_elsewhere.told (id int); " +
        "CREATE TRIGGER feed_elsewhere.tells AFTER INSERT ON feed_elsewhere.told FOR EACH ROW INSERT INTO feed_groups.b VALUES (NEW.id, 1)",
    );
    const unnamed = "tables that it does not name";
    await admin.query("CREATE PROCEDURE w () INSERT INTO b VALUES (500, 1)");
    await using source = await openMysql(here().options);
    const cases = [
      ["INSERT INTO a VALUES (400, 1)", "a"],
      ["UPDATE b SET n = 9 WHERE id = 400", "b"],
      ["DELETE FROM m", "m"],
      ["INSERT INTO unplanned_c (id) VALUES (400)", unnamed],
      ["USE feed_elsewhere; DELETE FROM feed_groups.a WHERE id = 400", "a"],
      ["USE feed_elsewhere; INSERT INTO told VALUES (501)", unnamed],
      // MariaDB does not say which databases it wrote to.
      ["USE feed_elsewhere; INSERT INTO a VALUES (1)", name === "mariadb" ? unnamed : null],
      ...(name === "mariadb"
        ? ([
            ["ANALYZE UPDATE b SET n = 10 WHERE id = 501", "b"],
            ["ANALYZE FORMAT=JSON DELETE FROM b WHERE id = 501", "b"],
          ] as const)
        : []),
    ] as const;
    await reading(async (feed) => {
      for (const [sql, tables] of cases) {
        const from = await source.position();
        await other.query(`USE feed_groups; ${sql}`);
        const told: unknown = await whole(feed, from).catch((error: unknown) => error);
        if (tables === null) {
          expect(told).toBeInstanceOf(Recorder);
          continue;
        }
        expect(told).toMatchObject({
          code: "log-refused",
          message: expect.stringContaining(`a change of ${tables} as a statement`) as string,
          next: expect.stringContaining("binlog_format") as string,
        });
        // That one table of them was copied since says nothing of what a trigger wrote to the others.
        const sink = new Recorder();
        sink.unwanted.add(tables);
        await expect(whole(feed, from, sink)).rejects.toMatchObject({
          message: expect.stringContaining(unnamed) as string,
        });
        for (const table of ["a", "b", "m", "ünï"]) sink.unwanted.add(table);
        await whole(feed, from, sink);
      }
    });
    await other.query("DROP DATABASE feed_elsewhere");
    await other.end();
  });

  it("images without all columns are refused, of wanted tables only", async () => {
    const other = await session();
    await other.query("SET SESSION binlog_row_image = 'MINIMAL'");
    await reading(async (feed, from) => {
      await other.query("INSERT INTO unplanned_c (id) VALUES (600); DELETE FROM unplanned_c WHERE id = 600");
      await other.query("INSERT INTO a VALUES (600, 1)");
      expect((await whole(feed, from)).story).toEqual(["a insert >600/1", ";"]);
      await other.query("UPDATE a SET n = 2 WHERE id = 600");
      await expect(whole(feed, from)).rejects.toMatchObject({
        code: "log-refused",
        message: expect.stringMatching(
          /feed_groups\.a without all of its columns. It is at \S+:\d+\.$|It is at 0-10-\d+\.$/u,
        ) as string,
        next: expect.stringContaining("binlog_row_image") as string,
      });
      const sink = new Recorder();
      sink.unwanted.add("a");
      await whole(feed, from, sink);
    });
    await other.end();
  });

  it("updates of parts of JSON documents are refused", async ({ skip }) => {
    if (name !== "mysql9") skip("only MySQL 8 and later log them");
    const { admin } = here();
    await admin.query(
      `CREATE TABLE j (id int primary key, d json); CREATE TABLE unplanned_j (id int primary key, d json); INSERT INTO j VALUES (1, '{"a":"aaaaaaaaaaaaaaaa","b":2}'); INSERT INTO unplanned_j SELECT * FROM j`,
    );
    const plan = await planOf(here().options);
    await using source = await openMysql(here().options);
    await using feed = await source.feed(plan);
    const from = await source.position();
    const other = await session();
    await other.query("SET SESSION binlog_row_value_options = 'PARTIAL_JSON'");
    await other.query(`UPDATE unplanned_j SET d = JSON_SET(d, '$.a', 'b')`);
    await whole(feed, from);
    await other.query(`UPDATE j SET d = JSON_SET(d, '$.a', 'b')`);
    await other.end();
    await expect(whole(feed, from)).rejects.toMatchObject({
      code: "log-refused",
      message: expect.stringContaining("part of a JSON document of feed_groups.j") as string,
    });
    await admin.query("DROP TABLE j, unplanned_j");
  });
});
