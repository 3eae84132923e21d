/**
 * Much and large: rows of several packets, compressed transactions of many blocks, a sink that has enough after every
 * single thing. All of it arrives as it was, whole and in order, in bounded memory.
 */
import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { openMysql } from "../../connectors/mysql/source.js";
import type { Plan, Position } from "../../src/model.js";
import type { ChangeFeed } from "../../src/stream-port.js";
import { testSources } from "../world/matrix.js";
import { planOf, Recorder, Stopping } from "./feed-recorder.js";
import { named, openAdmin, sources } from "./sources.js";
import type { TestSource } from "./sources.js";

const never = new AbortController().signal;
const gate = process.env["HEADGATE_GATE"] === "1";
/** Of a hundred rows each. */
const blocks = gate ? 20 : 5;
let all: readonly TestSource[];
const plans = new Map<string, Plan>();

beforeAll(async () => {
  all = await sources("feed_size");
  for (const { name, admin, options } of all) {
    await admin.query("CREATE TABLE t (id int primary key, s longblob)");
    plans.set(name, await planOf(options));
  }
});

afterAll(async () => {
  for (const { admin } of all) await admin.end();
});

/** Rows as hashes of their images: every byte counts. */
const hash: Recorder["tell"] = (_images, bytes, start, end) =>
  createHash("sha256").update(bytes.subarray(start, end)).digest("hex").slice(0, 16);

/** Keeps nothing but counts. */
class Counting extends Recorder {
  rows = 0;
  most = 0;
  readonly first = process.memoryUsage().rss;

  override change(): void {
    this.rows++;
    if (this.rows % 64 === 0) this.most = Math.max(this.most, process.memoryUsage().rss - this.first);
  }
}

describe.each(testSources)("%s", (name) => {
  const here = (): TestSource => named(all, name);

  async function whole<S extends Recorder>(feed: ChangeFeed, from: Position, sink: S): Promise<S> {
    await feed.read([from], sink, { untilEnd: true, signal: never });
    return sink;
  }

  async function reading(act: (feed: ChangeFeed, from: Position) => Promise<void>): Promise<void> {
    await using source = await openMysql(here().options);
    await using feed = await source.feed(plans.get(name)!);
    await act(feed, await source.position());
  }

  async function position(): Promise<Position> {
    await using source = await openMysql(here().options);
    return await source.position();
  }

  it("stopped after every event, it hands over the same as without a stop", async () => {
    const { admin } = here();
    await reading(async (feed, from) => {
      // Rows of all lengths, so that packets end anywhere in the buffer; each block of them goes through it once or twice.
      for (let block = 0; block < blocks; block++) {
        const values = Array.from(
          { length: 100 },
          (_, i) =>
            `(${block * 100 + i}, REPEAT('${String.fromCharCode(97 + (i % 26))}', ${(block * 997 + i * 131) % 5000}))`,
        );
        await admin.query(`INSERT INTO t VALUES ${values.join()}`);
        await admin.query(`UPDATE t SET s = CONCAT(s, 'x') WHERE id = ${block * 100}`);
      }
      const plain = await whole(feed, from, new Recorder(hash));
      const stopping = await whole(feed, from, new Stopping(hash));
      expect(plain.story).toHaveLength(103 * blocks);
      expect(stopping.story).toEqual(plain.story);
      expect(stopping.positions).toEqual(plain.positions);
      expect(stopping.stops).toBeGreaterThan(100);
    });
  });

  it("rows of 17 and 40 MB come whole, between small ones", async () => {
    const { admin } = here();
    await reading(async (feed, from) => {
      const sizes = [10, 17_000_000, 10, 16_777_215 - 40, 40_000_000, 10];
      for (const [i, size] of sizes.entries())
        await admin.query(`INSERT INTO t VALUES (${10_000 + i}, REPEAT('${String(i)}', ${size}))`);
      await admin.query("DELETE FROM t WHERE id >= 10000");
      const told: [number, string][] = [];
      const sink = new Recorder((_images, bytes, start, end) => {
        // One byte of NULLs, four of the number, four of the length.
        told.push([
          bytes.readUInt32LE(start + 5),
          createHash("sha256")
            .update(bytes.subarray(start + 9, end))
            .digest("hex"),
        ]);
        return "";
      });
      await whole(feed, from, sink);
      const wanted = sizes.map((size, i): [number, string] => [
        size,
        createHash("sha256")
          .update(Buffer.alloc(size, String(i)))
          .digest("hex"),
      ]);
      expect(told).toEqual([...wanted, ...wanted]);
    });
  });

  it("a large compressed transaction is unpacked in bounded memory, and stops within", async ({ skip }) => {
    if (name !== "mysql9") skip("only MySQL 8 and later compress whole transactions");
    const { admin } = here();
    await reading(async (feed, from) => {
      await admin.query("SET SESSION binlog_transaction_compression = ON");
      await admin.query("DELETE FROM t WHERE id >= 200; UPDATE t SET s = REPEAT(CONCAT(id, UUID()), 5000)");
      // 80 MB once unpacked, and one row larger than any block.
      await admin.query(
        "UPDATE t SET s = CONCAT(s, 'x'); INSERT INTO t VALUES (5000, REPEAT(UUID(), 30000))",
      );
      await admin.query("SET SESSION binlog_transaction_compression = OFF");
      const plain = await whole(feed, from, new Recorder(hash));
      const stopping = await whole(feed, from, new Stopping(hash));
      expect(stopping.story).toEqual(plain.story);
      expect(plain.story).toHaveLength(100 * blocks - 199 + 2 * 201 + 2);
      expect(stopping.stops).toBeGreaterThan(200);
      const counting = await whole(feed, from, new Counting());
      expect(counting.rows).toBe(100 * blocks - 200 + 2 * 200 + 1);
      expect(counting.most).toBeLessThan(50_000_000);
    });
  });

  // 64 MB of images in one transaction; in the gate a whole gigabyte.
  it("a transaction larger than what is kept of it passes", async () => {
    const { admin } = here();
    const megabytes = gate ? 1024 : 64;
    await reading(async (feed) => {
      await admin.query("DELETE FROM t; INSERT INTO t VALUES (1, REPEAT('x', 500000))");
      let rows = 1;
      for (; rows < megabytes; rows *= 2) await admin.query(`INSERT INTO t SELECT id + ${rows}, s FROM t`);
      const start = await position();
      await admin.query("UPDATE t SET s = CONCAT(s, 'y')");
      const counting = await whole(feed, start, new Counting());
      console.log(
        `${name}: one transaction of ${String(megabytes)} MB, ${String(counting.rows)} changes, RSS ${(counting.first / 1e6).toFixed(0)} MB and ${(counting.most / 1e6).toFixed(0)} MB more at most`,
      );
      expect(counting.rows).toBeGreaterThanOrEqual(rows);
      expect(counting.most).toBeLessThan(50_000_000);
      await admin.query("DELETE FROM t");
    });
  });

  // 17 MB of rows; in the gate a whole gigabyte, too.
  it("an XA transaction with more rows than memory keeps comes at its commit, in bounded memory, and nothing is left of its file", async ({
    skip,
  }) => {
    if (name === "mysql56") skip("MySQL 5.6 logs it as one like any other");
    const { admin, root, options } = here();
    const other = await openAdmin(root);
    await other.query("USE feed_size");
    const spill = await mkdtemp(join(tmpdir(), "headgate-spill-"));
    // A failure must not leave them to whoever uses the server next.
    onTestFinished(async () => {
      for (const id of ["kept", "gone"])
        await other.query(`XA ROLLBACK '${id}'`).catch((error: unknown) => {
          expect(error).toMatchObject({ errno: 1397 });
        });
      await other.end();
      await rm(spill, { recursive: true });
    });
    // MariaDB lets no other session end one while this one is there.
    const xa = async (id: string, rows: number): Promise<void> => {
      await other.query(`XA START '${id}'; INSERT INTO t VALUES (1, REPEAT('${id}', 5000))`);
      for (let have = 1; have < rows; have *= 2)
        await other.query(`INSERT INTO t SELECT id + ${have}, s FROM t ORDER BY id LIMIT ${rows - have}`);
      await other.query(`XA END '${id}'; XA PREPARE '${id}'`);
    };
    await using source = await openMysql({ ...options, spill });
    await using feed = await source.feed(plans.get(name)!);
    const from = await source.position();
    await admin.query("DELETE FROM t");
    if (gate) {
      await xa("gone", 850);
      await other.query("XA ROLLBACK 'gone'");
    }
    const before = await source.position();
    const rows = 850;
    await xa("kept", rows);
    await admin.query("CREATE TABLE unplanned_t (id INT)");
    // Nobody has ended it yet.
    const parked = await whole(feed, from, new Counting());
    expect(parked.rows).toBe(0);
    const after = parked.positions.at(-1)!;
    await other.query("XA COMMIT 'kept'; INSERT INTO t VALUES (0, 'last')");
    const plain = await whole(feed, from, new Recorder(hash));
    const inserted = plain.story.filter((one) => one.startsWith("t insert"));
    expect(new Set(inserted).size).toBe(rows + 1);
    expect(plain.story).toHaveLength(rows + 3);
    // From where a reader stood that had it parked it is read again; and with stops wherever it can be stopped.
    expect((await whole(feed, after, new Recorder(hash))).story).toEqual(plain.story);
    const stopping = await whole(feed, before, new Stopping(hash));
    expect(stopping.story).toEqual(plain.story);
    expect(stopping.stops).toBeGreaterThan(850);
    await admin.query("DELETE FROM t");
    if (gate) {
      const big = await source.position();
      await xa("kept", 50_000);
      await other.query("XA COMMIT 'kept'");
      const counting = await whole(feed, big, new Counting());
      console.log(
        `${name}: a parked transaction of 1 GB, RSS ${(counting.most / 1e6).toFixed(0)} MB more at most`,
      );
      expect(counting.rows).toBe(50_000);
      expect(counting.most).toBeLessThan(60_000_000);
    }
    expect(await readdir(spill)).toEqual([]);
    await admin.query("DELETE FROM t; DROP TABLE unplanned_t");
  }, 600_000);
});
