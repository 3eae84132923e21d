/**
 * What ends a feed: another reader, a log that was purged, a server that does not know the position, a bad checksum, a
 * lost connection, a stop. Each by its own name, and none of them leaves half a transaction behind as a whole one.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBinlogFeed } from "../../connectors/mysql/binlog/feed.js";
import { openMysql } from "../../connectors/mysql/source.js";
import { Fault } from "../../src/errors.js";
import type { Plan, Position } from "../../src/model.js";
import { faultProxy } from "../world/fault-proxy.js";
import { testSources } from "../world/matrix.js";
import { planOf, Recorder } from "./feed-recorder.js";
import { named, sources } from "./sources.js";
import type { TestSource } from "./sources.js";

const never = new AbortController().signal;
let all: readonly TestSource[];
const plans = new Map<string, Plan>();

beforeAll(async () => {
  all = await sources("feed_faults");
  for (const { name, admin, options } of all) {
    await admin.query(
      "CREATE TABLE a (id int primary key, n int); CREATE TABLE t (id int primary key, s longtext)",
    );
    plans.set(name, await planOf(options));
  }
});

afterAll(async () => {
  for (const { admin } of all) await admin.end();
});

/** Says when something was handed over. */
class Waiting extends Recorder {
  #heard: (() => void)[] = [];

  /** Resolves at the next thing that is handed over. */
  heard(): Promise<void> {
    return new Promise((resolve) => this.#heard.push(resolve));
  }

  #tell(): void {
    for (const resolve of this.#heard.splice(0)) resolve();
  }

  override change(...all: Parameters<Recorder["change"]>): void {
    super.change(...all);
    this.#tell();
  }

  override commit(position: () => Position): void {
    super.commit(position);
    this.#tell();
  }

  override idle(): void {
    super.idle();
    this.#tell();
  }
}

describe.each(testSources)("%s", (name) => {
  const here = (): TestSource => named(all, name);
  const plan = (): Plan => plans.get(name)!;
  let id = 0;

  const insert = async (rows = 1): Promise<void> => {
    const values = Array.from({ length: rows }, () => `(${++id}, 1)`);
    await here().admin.query(`INSERT INTO a VALUES ${values.join()}`);
  };

  /** Ends the dumps of our account; returns when they are gone. */
  async function endDumps(): Promise<void> {
    const { admin, options } = here();
    for (;;) {
      const [rows] = await admin.query({
        sql: "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = ? AND COMMAND LIKE 'Binlog Dump%'",
        values: [options.user],
        rowsAsArray: true,
      });
      if ((rows as string[][]).length === 0) return;
      // It may have ended by itself in between.
      for (const [session] of rows as string[][])
        await admin
          .query(`KILL ${session}`)
          .catch((error: unknown) => expect(error).toMatchObject({ errno: 1094 }));
    }
  }

  const asFile = ({ file, offset }: Position): Position => ({ kind: "file", file, offset });

  it("a reader of the same name takes the feed, and is told apart from a lost connection; another one disturbs nobody", async () => {
    const { options } = here();
    await using source = await openMysql(options);
    const from = await source.position();
    const reader = { serverId: 2 ** 31 + 5, uuid: "aaaaaaaa-bbbb-11f0-8888-000000000005" };
    await using one = await openBinlogFeed({ server: options, plan: plan(), reader });
    await using two = await openBinlogFeed({ server: options, plan: plan(), reader });
    await using other = await source.feed(plan());
    const stop = new AbortController();
    const [mine, theirs, others] = [new Waiting(), new Waiting(), new Waiting()];
    const heard = [mine, others].map((sink) => sink.heard());
    const first = one.read([from], mine, { untilEnd: false, signal: never });
    const third = other.read([from], others, { untilEnd: false, signal: stop.signal });
    await insert();
    await Promise.all(heard);
    const taken = theirs.heard();
    const second = two.read([from], theirs, { untilEnd: false, signal: stop.signal });
    // MySQL 5.6 ends the older one without a word.
    await expect(first).rejects.toMatchObject(
      name === "mysql56" ? { code: "connection-lost" } : { code: "feed-stolen", exit: 4, retriable: false },
    );
    await taken;
    const more = [theirs, others].map((sink) => sink.heard());
    await insert();
    await Promise.all(more);
    stop.abort(new Fault("interrupted", "Enough."));
    await expect(second).rejects.toMatchObject({ code: "interrupted", message: "Enough." });
    await expect(third).rejects.toMatchObject({ code: "interrupted" });
  });

  it("a log that was purged is told before anything is read", async () => {
    const { options, admin } = here();
    await using source = await openMysql(options);
    await using feed = await source.feed(plan());
    const from = await source.position();
    await insert();
    // No server purges what somebody reads, nor MariaDB what it may need for its own recovery in a moment.
    await endDumps();
    await admin.query("FLUSH LOGS");
    const { file } = await source.position();
    for (let oldest = ""; oldest !== file;) {
      await admin.query(`PURGE BINARY LOGS TO '${file}'`);
      const [files] = await admin.query({ sql: "SHOW BINARY LOGS", rowsAsArray: true });
      oldest = (files as string[][])[0]?.[0] ?? "";
    }
    await insert();
    for (const start of [from, asFile(from)]) {
      const sink = new Recorder();
      await expect(feed.read([start], sink, { untilEnd: true, signal: never })).rejects.toMatchObject({
        code: "log-purged",
        retriable: false,
      });
      expect(sink.all).toEqual([]);
    }
    await expect(feed.retention(asFile(from))).rejects.toMatchObject({ code: "log-purged" });
  });

  it("a position that this server does not hold is unknown", async () => {
    const { options } = here();
    await using source = await openMysql(options);
    await using feed = await source.feed(plan());
    const here_ = await source.position();
    if (here_.kind !== "gtid") throw new Error("no GTIDs");
    const sets =
      name === "mariadb"
        ? ["0-10-999999999", "0-55-1", "12-10-1"]
        : ["11111111-1111-1111-1111-111111111111:1-5", here_.set.replace(/\d+$/u, "999999999")];
    const file = here_.file.replace(/\d+$/u, "999999");
    const offset = String(Number(here_.offset) + 1000);
    for (const start of [
      ...sets.map((set): Position => ({ ...here_, set })),
      { kind: "file", file, offset: "4" } as const,
      { kind: "file", file: here_.file, offset } as const,
    ])
      await expect(
        feed.read([start], new Recorder(), { untilEnd: true, signal: never }),
      ).rejects.toMatchObject({
        code: "position-unknown",
      });
    // In the middle of an event: whatever the server makes of it, nothing is handed over.
    await insert();
    const sink = new Recorder();
    const middle: Position = { kind: "file", file: here_.file, offset: String(Number(here_.offset) + 5) };
    const ended: unknown = await feed
      .read([middle], sink, { untilEnd: true, signal: never })
      .catch((e: unknown) => e);
    expect(ended).toBeInstanceOf(Fault);
    const { code, retriable } = ended as Fault;
    // MariaDB takes it for a damaged log.
    expect([code, retriable, sink.all]).toEqual([
      name === "mariadb" ? "source-refused" : "position-unknown",
      false,
      [],
    ]);
  });

  it("a bad checksum ends it, in small events and in large ones; the next time all is well", async () => {
    const { options, admin } = here();
    await using source = await openMysql(options);
    for (const size of [40, 5000]) {
      const from = await source.position();
      const text = `corrupt-me-${"x".repeat(size)}`;
      await admin.query("INSERT INTO t VALUES (?, ?)", [++id, text]);
      await using proxy = await faultProxy(options);
      await using feed = await openBinlogFeed({ server: { ...options, port: proxy.port }, plan: plan() });
      proxy.alter = (bytes) => {
        const at = bytes.indexOf("corrupt-me-");
        if (at < 0) return bytes;
        const altered = Buffer.from(bytes);
        altered[at + 20] = 0x79;
        return altered;
      };
      const sink = new Recorder();
      await expect(feed.read([from], sink, { untilEnd: true, signal: never })).rejects.toMatchObject({
        code: "log-refused",
        message: expect.stringContaining("checksum") as string,
      });
      expect(sink.story).toEqual([]);
      proxy.alter = (bytes) => bytes;
      await feed.read([from], sink, { untilEnd: true, signal: never });
      expect(sink.story).toHaveLength(2);
    }
  });

  it("a lost connection, a killed session and silence can be tried again; resume-between-tablemap-and-rows: a transaction that was cut is not committed, and comes again whole", async () => {
    const { options } = here();
    await using source = await openMysql(options);
    const from = await source.position();
    await using proxy = await faultProxy(options);
    const server = { ...options, port: proxy.port };
    await using feed = await openBinlogFeed({ server, plan: plan(), silenceMs: 300 });
    const lost = expect.objectContaining({ code: "connection-lost", retriable: true }) as unknown;

    await insert(6000);
    const cut = new Waiting();
    // One event holds some 8 kB of rows: those of the first come, and never those of the last.
    let left = 24_000;
    proxy.alter = (bytes) => {
      const passed = bytes.subarray(0, left);
      left -= passed.length;
      return passed;
    };
    let heard = cut.heard();
    const first = feed.read([from], cut, { untilEnd: false, signal: never }).catch((error: unknown) => error);
    // The feed may be idle once before the first row is there.
    do {
      await heard;
      heard = cut.heard();
    } while (cut.story.length === 0);
    proxy.cutClients();
    proxy.forget();
    expect(await first).toEqual(lost);
    proxy.alter = (bytes) => bytes;
    expect(cut.story.length).toBeGreaterThan(0);
    expect(cut.story.length).toBeLessThan(6000);
    expect(cut.positions).toEqual([]);

    const killed = new Waiting();
    const ready = killed.heard();
    const second = feed
      .read([from], killed, { untilEnd: false, signal: never })
      .catch((error: unknown) => error);
    await ready;
    await endDumps();
    expect(await second).toEqual(lost);

    const silent = new Waiting();
    const begun = silent.heard();
    const third = feed
      .read([from], silent, { untilEnd: false, signal: never })
      .catch((error: unknown) => error);
    await begun;
    proxy.holdAnswers = true;
    expect(await third).toMatchObject({
      code: "connection-lost",
      message: expect.stringContaining("silent") as string,
    });
    proxy.holdAnswers = false;

    const whole = new Recorder();
    await feed.read([from], whole, { untilEnd: true, signal: never });
    expect(whole.story).toHaveLength(6001);
    expect(whole.positions).toHaveLength(1);
    expect([cut, killed, silent].every((sink) => sink.positions.length <= whole.positions.length)).toBe(true);
  });

  it("signs of life come with the position that is reached", async () => {
    const { options } = here();
    await using source = await openMysql(options);
    await using feed = await source.feed(plan());
    const from = await source.position();
    const stop = new AbortController();
    const sink = new Waiting();
    const heard = sink.heard();
    const read = feed.read([from], sink, { untilEnd: false, signal: stop.signal });
    await heard;
    // One when all that came was handed over, one a heartbeat.
    expect(sink.idles).toBeGreaterThan(0);
    stop.abort(new Fault("interrupted", "Enough."));
    await expect(read).rejects.toMatchObject({ code: "interrupted" });
  });
});
