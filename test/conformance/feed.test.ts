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
});
