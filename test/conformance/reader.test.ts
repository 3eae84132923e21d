/**
 * The row reader on real servers: large values byte for byte, back-pressure that holds the server and not the rows,
 * worker slots counted across connections, and every way a read can be cut short. None of them may look like the
 * end of the rows.
 */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openReading, WireReader } from "../../connectors/mysql/read.js";
import { openMysql } from "../../connectors/mysql/source.js";
import { lengthAt } from "../../connectors/mysql/wire/packets.js";
import { Fault } from "../../src/errors.js";
import type { RowQuery, RowSink } from "../../src/port.js";
import { testSources } from "../world/matrix.js";
import { until } from "../world/until.js";
import { named, openSink, seedOf, seeded, sources } from "./sources.js";
import type { TestSource } from "./sources.js";

const never = new AbortController().signal;
const rows = 60_000;
let all: readonly TestSource[];
let seed: number;

beforeAll(async () => {
  seed = seedOf(20261124, "reader");
  all = await sources("read_reader");
  for (const { admin } of all) {
    await admin.query("CREATE TABLE many (id int primary key, pad varchar(1200))");
    const digits =
      "(SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)";
    await admin.query(
      `INSERT INTO many SELECT n, REPEAT(CHAR(65 + n % 26), 1000) FROM ` +
        `(SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d n FROM ${digits} a, ${digits} b, ${digits} c, ${digits} e, ${digits} f) t WHERE n < ${rows}`,
    );
  }
});

afterAll(async () => {
  for (const { admin } of all) await admin.end();
});

const query = (table: string, select: readonly string[]): RowQuery => ({
  table,
  select,
  key: null,
  range: null,
  ordered: false,
});

/** The int in the first column of a binary row of up to six columns. */
const firstInt = (packet: Buffer, start: number): number => packet.readInt32LE(start + 2);

/** Stops after so many rows, until told. */
class Gate implements RowSink {
  readonly ids: number[] = [];
  #left: number;
  #open: (() => void) | undefined;

  constructor(rowsToTake: number) {
    this.#left = rowsToTake;
  }

  row(packet: Buffer, start: number): void {
    this.ids.push(firstInt(packet, start));
    this.#left--;
  }

  full(): boolean {
    return this.#left <= 0;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  get waiting(): boolean {
    return this.#open !== undefined;
  }

  let(rowsToTake: number): void {
    this.#left = rowsToTake;
    const open = this.#open;
    this.#open = undefined;
    open?.();
  }
}

describe.each(testSources)("%s", (name) => {
  const here = (): TestSource => named(all, name);

  async function sessions(id: string): Promise<number> {
    const [found] = await here().admin.query(`SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = ${id}`);
    return (found as unknown[]).length;
  }

  it("a value of 64 MB between small ones, byte for byte, and the buffer small again", async () => {
    const { admin, options } = here();
    const random = seeded(seed);
    // Of a length that no frame and no buffer has, so that a byte in the wrong place shows.
    const word = Buffer.from(Uint8Array.from({ length: 65_537 }, () => Math.floor(random() * 256))).toString(
      "hex",
    );
    await admin.query("CREATE TABLE large (id int primary key, v longblob)");
    await admin.query(
      `INSERT INTO large VALUES (1, 'a'), (2, LEFT(REPEAT(x'${word}', 1024), ${64 << 20})), (3, 'c'), ` +
        `(4, LEFT(REPEAT(x'${word}', 300), 16777215)), (5, LEFT(REPEAT(x'${word}', 300), ${0xffffff - 15}))`,
    );
    await using wire = await openReading(options);
    const first = wire.bufferSize;
    const hashes: string[] = [];
    const reader = new WireReader(wire, options);
    const { rows: count } = await reader.read(
      query("large", ["id", "v"]),
      openSink((packet, start, end) => {
        const { value, next } = lengthAt(packet, start + 6);
        expect(next + value).toBe(end);
        hashes.push(createHash("sha256").update(packet.subarray(next, end)).digest("hex"));
      }),
      never,
    );
    const [expected] = await admin.query("SELECT SHA2(v, 256) h FROM large ORDER BY id");
    expect(count).toBe(5);
    expect(hashes).toEqual((expected as { h: string }[]).map(({ h }) => h));
    expect(wire.bufferSize).toBe(first);
    await admin.query("DROP TABLE large");
  });

  it("a sink that is full at every landing gets every row once, in order, and nothing piles up", async () => {
    await using wire = await openReading(here().options);
    const gate = new Gate(1);
    const before = process.memoryUsage();
    let most = 0;
    let pauses = 0;
    const reading = new WireReader(wire, here().options).read(query("many", ["id", "pad"]), gate, never);
    const finished = new AbortController();
    const letting = (async () => {
      while (!finished.signal.aborted) {
        if (gate.waiting) {
          pauses++;
          const now = process.memoryUsage();
          most = Math.max(most, now.external + now.arrayBuffers - before.external - before.arrayBuffers);
          gate.let(1);
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await expect(reading).resolves.toEqual({ rows });
    finished.abort();
    await letting;
    expect(gate.ids).toEqual(Array.from({ length: rows }, (_, i) => i));
    expect(pauses).toBeGreaterThan(50);
    expect(wire.bufferSize).toBe(1 << 20);
    // 60 MB of rows passed; what stood in this process at any time is a few reads of the socket.
    expect(most).toBeLessThan(16 << 20);
  });

  it("a stalled sink stops the server, which still says the end afterwards", async () => {
    const { admin, options } = here();
    await using wire = await openReading(options);
    const gate = new Gate(10);
    const reading = new WireReader(wire, options).read(query("many", ["id", "pad"]), gate, never);
    await until(async () => {
      await admin.query("SELECT 1");
      return gate.waiting;
    });
    const taken = gate.ids.length;
    for (let i = 0; i < 500; i++) await admin.query("SELECT 1");
    expect(gate.ids.length).toBe(taken);
    expect(taken).toBeLessThan(rows / 4);
    gate.let(Infinity);
    await expect(reading).resolves.toEqual({ rows });
  });

  it("an abort rejects with the signal's own Fault and ends the session", async () => {
    const { options } = here();
    await using wire = await openReading(options);
    const control = new AbortController();
    const gate = new Gate(10);
    const reading = new WireReader(wire, options).read(query("many", ["id", "pad"]), gate, control.signal);
    const told = expect(reading).rejects.toMatchObject({ code: "terminated", message: "told to stop" });
    await until(async () => (await sessions(wire.id)) === 1 && gate.waiting);
    control.abort(new Fault("terminated", "told to stop"));
    await told;
    expect(wire.over).toBe(true);
    await until(async () => (await sessions(wire.id)) === 0);
    await expect(wire.query("SELECT 1")).rejects.toMatchObject({ code: "terminated" });
  });

  it("a killed connection is lost, never the end of the rows", async () => {
    const { admin, options } = here();
    await using wire = await openReading(options);
    const gate = new Gate(10);
    const reading = new WireReader(wire, options).read(query("many", ["id", "pad"]), gate, never);
    const told = expect(reading).rejects.toMatchObject({ code: "connection-lost", retriable: true });
    await until(async () => (await sessions(wire.id)) === 1 && gate.waiting);
    await admin.query(`KILL ${wire.id}`);
    gate.let(Infinity);
    await told;
  });

  it("a connection that is cut while nobody asks anything fails at the next question", async () => {
    const { admin, options } = here();
    await using wire = await openReading(options);
    await admin.query(`KILL ${wire.id}`);
    await until(async () => {
      await admin.query("SELECT 1");
      return wire.over;
    });
    await expect(wire.query("SELECT 1")).rejects.toMatchObject({ code: "connection-lost" });
  });

  it("a refused statement leaves the connection usable, a value that is refused does not", async () => {
    const { options } = here();
    await using wire = await openReading(options);
    const reader = new WireReader(wire, options);
    const any = openSink(() => undefined);
    await expect(reader.read(query("no such table", ["id"]), any, never)).rejects.toMatchObject({
      code: "source-refused",
    });
    await expect(reader.read(query("many", ["id"]), any, never)).resolves.toEqual({ rows });
    const refusing = openSink(() => {
      throw new Fault("value-refused", "no");
    });
    await expect(reader.read(query("many", ["id"]), refusing, never)).rejects.toMatchObject({
      code: "value-refused",
    });
    expect(wire.over).toBe(true);
  });

  it("the session is ours: no limit of the server's cuts a copy short or changes a value", async () => {
    await using wire = await openReading(here().options);
    const [values] = await wire.query(
      "SELECT @@sql_select_limit, @@net_write_timeout, @@time_zone, @@sql_mode, @@autocommit, @@character_set_results",
    );
    expect(values).toEqual([
      "18446744073709551615",
      "600",
      "+00:00",
      "NO_ENGINE_SUBSTITUTION",
      "1",
      "utf8mb4",
    ]);
  });

  it("two worker slots are two, whoever asks, and one that dies gives its slot back", async () => {
    const { admin, options } = here();
    await using source = await openMysql(options);
    await using elsewhere = await openMysql(options);
    const first = await source.reader(2);
    const second = await elsewhere.reader(2);
    expect(first).not.toBeNull();
    expect(second).not.toBeNull();
    expect(await source.reader(2)).toBeNull();
    expect(await elsewhere.exactCut(["many"], 2)).toBeNull();
    await first?.[Symbol.asyncDispose]();
    await using third = await elsewhere.reader(2);
    expect(third).not.toBeNull();
    const [owner] = await admin.query("SELECT CAST(IS_USED_LOCK('headgate.worker.2') AS CHAR) id");
    await admin.query(`KILL ${(owner as { id: string }[])[0]!.id}`);
    await until(async () => {
      await admin.query("SELECT 1");
      const again = await source.reader(2);
      await again?.[Symbol.asyncDispose]();
      return again !== null;
    });
    await second?.[Symbol.asyncDispose]();
  });
});
