/**
 * The binlog feed on real servers: what the log holds is handed over whole, in order and once, from any position that
 * anything was ever at.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openMysql } from "../../connectors/mysql/source.js";
import type { Position } from "../../src/model.js";
import type { ChangeFeed } from "../../src/stream-port.js";
import { testSources } from "../world/matrix.js";
import { planOf, Recorder } from "./feed-recorder.js";
import { named, sources } from "./sources.js";
import type { TestSource } from "./sources.js";

const never = new AbortController().signal;
let all: readonly TestSource[];

beforeAll(async () => {
  all = await sources("feed");
});

afterAll(async () => {
  for (const { admin } of all) await admin.end();
});

describe.each(testSources)("%s", (name) => {
  const here = (): TestSource => named(all, name);

  async function whole(
    feed: ChangeFeed,
    from: readonly Position[],
    sink = new Recorder(),
  ): Promise<Recorder> {
    await feed.read(from, sink, { untilEnd: true, signal: never });
    return sink;
  }

  it("hands over rows, transactions, savepoints and markers in the order of the log", async () => {
    const { admin, options } = here();
    await admin.query(
      "CREATE TABLE a (id int primary key, n int); CREATE TABLE b (id int primary key, n int); CREATE TABLE unplanned_c (id int)",
    );
    await using source = await openMysql(options);
    await source.prepareMarkers(["main"]);
    const from = await source.position();
    await using feed = await source.feed(await planOf(options));
    await admin.query(
      "INSERT INTO a VALUES (1, 10), (2, 20); UPDATE a SET n = n + 1; DELETE FROM a WHERE id = 1",
    );
    await source.mark("main", "between");
    await admin.query(
      "BEGIN; INSERT INTO a VALUES (3, null); SAVEPOINT s; INSERT INTO b VALUES (9, 9); ROLLBACK TO s; INSERT INTO b VALUES (1, 3); UPDATE a, b SET a.n = 5, b.n = 6 WHERE a.id = 3; COMMIT",
    );
    await admin.query("BEGIN; INSERT INTO a VALUES (4, 4); ROLLBACK; INSERT INTO unplanned_c VALUES (1)");
    await admin.query("TRUNCATE TABLE b; truncate a");
    const told = await whole(feed, [from]);
    expect(told.story).toEqual([
      "a insert >1/10",
      "a insert >2/20",
      ";",
      "a update 1/10>1/11",
      "a update 2/20>2/21",
      ";",
      "a delete 1/11>",
      ";",
      "marker main between",
      ";",
      "a insert >3/null",
      "b insert >1/3",
      "a update 3/null>3/5",
      "b update 1/3>1/6",
      ";",
      "b truncate",
      ";",
      "a truncate",
      ";",
    ]);
  });

  it("goes on from any position exactly: nothing twice, nothing left out, by GTIDs and by places in files", async () => {
    const { admin, options } = here();
    await admin.query("CREATE TABLE r (id int primary key, n int)");
    const plan = await planOf(options);
    await using source = await openMysql(options);
    await using feed = await source.feed(plan);
    const from = await source.position();
    for (let id = 1; id <= 12; id++) {
      await admin.query(
        `BEGIN; INSERT INTO r VALUES (${id}, 0); UPDATE r SET n = ${id} WHERE id = ${id}; COMMIT`,
      );
      if (id === 6) await admin.query("FLUSH LOGS; INSERT INTO unplanned_c VALUES (2)");
    }
    const asFile = ({ file, offset }: Position): Position => ({ kind: "file", file, offset });
    for (const start of [from, asFile(from)]) {
      const told = await whole(feed, [start]);
      const story = told.story;
      expect(story).toHaveLength(36);
      expect(told.positions.every((position) => position.kind === start.kind)).toBe(true);
      for (const [i, position] of told.positions.entries()) {
        const rest = await whole(feed, [position]);
        const first = told.positions.slice(0, i + 1);
        // Every other transaction has rows of r, but for the one without.
        expect(story.slice(story.length - rest.story.length)).toEqual(rest.story);
        expect(rest.transactions.map(({ name }) => name)).toEqual(
          told.transactions.slice(i + 1).map(({ name }) => name),
        );
        told.transactions.forEach((transaction, k) => expect(transaction.within(position)).toBe(k <= i));
        expect(first.every((earlier) => feed.holds(position, earlier))).toBe(true);
        expect(told.positions.slice(i + 1).some((later) => feed.holds(position, later))).toBe(false);
      }
      // From several lanes' positions: from the earliest one on.
      const several = await whole(feed, [told.positions[7]!, told.positions[3]!, told.positions[11]!]);
      expect(several.transactions.map(({ name }) => name)).toEqual(
        told.transactions.slice(4).map(({ name }) => name),
      );
    }
    expect(() => feed.holds(from, asFile(from))).toThrow(/gtid_mode/u);
  });

  it("commit times are the source's clock's", async () => {
    const { admin, options } = here();
    await using source = await openMysql(options);
    await using feed = await source.feed(await planOf(options));
    const from = await source.position();
    await admin.query("SET timestamp = 1000000000; INSERT INTO a VALUES (70, 1); SET timestamp = DEFAULT");
    await admin.query("INSERT INTO a VALUES (71, 1)");
    const { transactions } = await whole(feed, [from]);
    const [rows] = await admin.query({ sql: "SELECT UNIX_TIMESTAMP() * 1000", rowsAsArray: true });
    const now = Number((rows as string[][])[0]?.[0]);
    // MySQL 8 and later note the true time; before, only the statement's own is there.
    if (name === "mysql9") expect(Math.abs(now - (transactions[0]?.committedAt ?? 0))).toBeLessThan(60_000);
    else expect(transactions[0]?.committedAt).toBe(1_000_000_000_000);
    expect(Math.abs(now - (transactions[1]?.committedAt ?? 0))).toBeLessThan(60_000);
  });

  it("sets with holes and of several servers bring exactly the transactions that are missing", async ({
    skip,
  }) => {
    if (here().engine === "mariadb") skip("MariaDB's positions have no holes");
    const { admin, options } = here();
    await admin.query("CREATE TABLE h (id int primary key, n int)");
    await using source = await openMysql(options);
    await using feed = await source.feed(await planOf(options));
    const from = await source.position();
    // A fresh one: the server skips what it has once had.
    const [made] = await admin.query({ sql: "SELECT UUID()", rowsAsArray: true });
    const other = (made as string[][])[0]?.[0] ?? "";
    const tagged = name === "mysql9";
    for (let id = 1; id <= 10; id++) {
      const next = id % 2 === 1 ? "AUTOMATIC" : `${other}:${tagged && id > 5 ? "tag_1:" : ""}${id}`;
      await admin.query(
        `SET gtid_next = '${next}'; INSERT INTO h VALUES (${id}, 0); SET gtid_next = 'AUTOMATIC'`,
      );
    }
    const told = await whole(feed, [from]);
    const ids = (recorder: Recorder): string[] => recorder.story.filter((each) => each !== ";");
    expect(ids(told)).toEqual(Array.from({ length: 10 }, (_, i) => `h insert >${i + 1}/0`));
    const last = told.positions.at(-1);
    if (last?.kind !== "gtid" || from.kind !== "gtid") throw new Error("no set");
    expect(last.set).toContain(tagged ? `${other}:2:4:tag_1:6:8:10` : `${other}:2:4:6:8:10`);
    expect((await whole(feed, [last])).transactions).toEqual([]);
    // All but 4 and 8, and what has no tag.
    const holes = tagged ? `${other}:2:tag_1:6:10` : `${other}:2:6:10`;
    const others = last.set.split(",").filter((part) => !part.startsWith(other));
    const missing = await whole(feed, [{ ...from, set: [...others, holes].join() }]);
    expect(ids(missing)).toEqual(["h insert >4/0", "h insert >8/0"]);
    expect(missing.positions.map((position) => feed.holds(position, last))).toEqual([false, true]);
    expect(missing.positions.at(-1)).toMatchObject({ set: last.set });
  });

  it("domains bring exactly the transactions that are missing", async ({ skip }) => {
    if (here().engine === "mysql") skip("MySQL has no domains");
    const { admin, options } = here();
    await admin.query("CREATE TABLE d (id int primary key, n int)");
    await using source = await openMysql(options);
    await using feed = await source.feed(await planOf(options));
    const from = await source.position();
    for (let id = 1; id <= 6; id++)
      await admin.query(
        `SET gtid_domain_id = ${id % 2 === 0 ? 0 : 7}; INSERT INTO d VALUES (${id}, 0); SET gtid_domain_id = 0`,
      );
    const told = await whole(feed, [from]);
    const ids = (recorder: Recorder): string[] => recorder.story.filter((each) => each !== ";");
    expect(ids(told)).toEqual([1, 2, 3, 4, 5, 6].map((id) => `d insert >${id}/0`));
    const [first, , , , fifth, last] = told.positions;
    if (first?.kind !== "gtid" || fifth?.kind !== "gtid" || last?.kind !== "gtid")
      throw new Error("no position");
    expect(last.set).toMatch(/^0-10-\d+,7-10-\d+$/u);
    // Domain 0 of the end, domain 7 of the beginning.
    const mixed: Position = {
      ...last,
      set: `${last.set.split(",")[0] ?? ""},${first.set.split(",")[1] ?? ""}`,
    };
    expect(ids(await whole(feed, [mixed]))).toEqual(["d insert >3/0", "d insert >5/0"]);
    expect(ids(await whole(feed, [mixed, fifth]))).toEqual([
      "d insert >3/0",
      "d insert >5/0",
      "d insert >6/0",
    ]);
  });

  it("a compressed log is the same", async ({ skip }) => {
    if (name === "mysql56") skip("MySQL 5.6 compresses nothing");
    const { admin, options } = here();
    await using source = await openMysql(options);
    await using feed = await source.feed(await planOf(options));
    const from = await source.position();
    const on = name === "mysql9" ? "SESSION binlog_transaction_compression" : "GLOBAL log_bin_compress";
    if (name === "mariadb") await admin.query("SET GLOBAL log_bin_compress_min_len = 10");
    await admin.query(`SET ${on} = ON`);
    const values = Array.from({ length: 3000 }, (_, i) => `(${1000 + i}, ${i})`).join();
    await admin.query(
      `INSERT INTO a VALUES ${values}; UPDATE a SET n = 7 WHERE id BETWEEN 1000 AND 1001; DELETE FROM a WHERE id > 1003; ALTER TABLE unplanned_c COMMENT = '${"x".repeat(1000)}'`,
    );
    await admin.query(`SET ${on} = OFF`);
    await admin.query("INSERT INTO a VALUES (99, 1)");
    const { story } = await whole(feed, [from]);
    expect(story.slice(0, 3000)).toEqual(
      Array.from({ length: 3000 }, (_, i) => `a insert >${1000 + i}/${i}`),
    );
    expect(story.slice(3000, 3004)).toEqual([";", "a update 1000/0>1000/7", "a update 1001/1>1001/7", ";"]);
    expect(story).toHaveLength(3000 + 4 + 2996 + 1 + 2);
    expect(story.at(-2)).toBe("a insert >99/1");
  });

  it("of a table whose past the server keeps, the present travels", async ({ skip }) => {
    if (name !== "mariadb") skip("only MariaDB keeps it");
    const { admin, options } = here();
    await admin.query("CREATE TABLE v (id int primary key, n int) WITH SYSTEM VERSIONING");
    await using source = await openMysql(options);
    await using feed = await source.feed(await planOf(options));
    const from = await source.position();
    await admin.query(
      "INSERT INTO v VALUES (1, 1), (2, 2); UPDATE v SET n = 3 WHERE id = 1; DELETE FROM v WHERE id = 1; DELETE HISTORY FROM v; UPDATE v SET n = 5",
    );
    expect((await whole(feed, [from])).story.filter((each) => each !== ";")).toEqual([
      "v insert >1/1",
      "v insert >2/2",
      "v update 1/1>1/3",
      "v delete 1/3>",
      "v update 2/2>2/5",
    ]);
    await admin.query("DROP TABLE v");
  });

  it("tells how long the log after a position is kept: the server's own term, or nothing where it has none", async () => {
    const { admin, options } = here();
    await using source = await openMysql(options);
    await using feed = await source.feed(await planOf(options));
    const position = await source.position();
    const [known] = await admin.query({
      sql: "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('binlog_expire_logs_seconds', 'expire_logs_days')",
      rowsAsArray: true,
    });
    const before = known as string[][];
    const name = before.some(([each]) => each === "binlog_expire_logs_seconds")
      ? "binlog_expire_logs_seconds"
      : "expire_logs_days";
    const was = before.find(([each]) => each === name)?.[1] ?? "0";
    try {
      await admin.query(`SET GLOBAL ${name} = ${name === "expire_logs_days" ? "1" : "86400"}`);
      const kept = await feed.retention(position);
      expect(kept).toBeLessThanOrEqual(86_400);
      expect(kept).toBeGreaterThan(80_000);
      // What stands there is an hour old, by the clock that it was written with.
      await admin.query("SET timestamp = UNIX_TIMESTAMP() - 3600");
      await admin.query("CREATE TABLE aged (id INT PRIMARY KEY)");
      await admin.query("SET timestamp = DEFAULT");
      const left = await feed.retention(position);
      expect(left).toBeLessThanOrEqual(82_800);
      expect(left).toBeGreaterThan(76_000);
      await admin.query("DROP TABLE aged");
      await admin.query(`SET GLOBAL ${name} = 0`);
      const other = before.find(([each]) => each === "expire_logs_days" && name !== "expire_logs_days")?.[1];
      if (other === undefined || Number(other) === 0) expect(await feed.retention(position)).toBeNull();
    } finally {
      await admin.query(`SET GLOBAL ${name} = ${was}`);
    }
  });
});
