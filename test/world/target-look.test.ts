/**
 * What a view of the target hands over, told apart to the byte from the server's own COPY: every type, by key, by range
 * and whole; rows as large as they come; and what ends a read before its end. No codec takes part.
 */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HostSlots } from "../../connectors/postgres/slots.js";
import { Fault } from "../../src/errors.js";
import type { PlanTable } from "../../src/model.js";
import type { TargetLook, TargetQuery, TupleSink, Wanted } from "../../src/verify-port.js";
import { apply, changes, faultOf, laneWorld, place, strict, tuples } from "./apply-lane.js";
import type { LaneWorld, TableWish } from "./apply-lane.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";
import { declareSql, flat, literal, rowsOf, types, values } from "./type-values.js";

const never = new AbortController().signal;

let database: TargetDatabase;
beforeAll(async () => {
  database = await targetDatabase("target_look");
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

/** Keeps everything that it is handed. */
class Kept implements TupleSink {
  readonly pieces: Buffer[] = [];
  tuple(bytes: Buffer, start: number, end: number): void {
    this.pieces.push(Buffer.from(bytes.subarray(start, end)));
  }
  full(): boolean {
    return false;
  }
  drained(): Promise<void> {
    return Promise.resolve();
  }
}

/** Full after each row, until told. */
class Gate implements TupleSink {
  readonly sizes: number[] = [];
  #left: number;
  #open: (() => void) | undefined;
  constructor(left: number) {
    this.#left = left;
  }
  tuple(_bytes: Buffer, start: number, end: number): void {
    this.sizes.push(end - start);
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
  let(left: number): void {
    this.#left = left;
    const open = this.#open;
    this.#open = undefined;
    open?.();
  }
}

async function opened(world: LaneWorld): Promise<TargetLook> {
  const look = await world.target.look(world.plan, 2);
  if (look === null) throw new Error("no slot was free");
  return look;
}

const query = (table: PlanTable, wanted: Wanted = { kind: "all" }, ordered = false): TargetQuery => ({
  table,
  columns: table.columns.map((_, i) => i),
  wanted,
  ordered,
});

async function read(look: TargetLook, wanted: TargetQuery): Promise<Buffer> {
  const kept = new Kept();
  const { rows } = await look.read(wanted, kept, never);
  expect(rows).toBe(kept.pieces.length);
  return Buffer.concat(kept.pieces);
}

/** What the server's COPY says of the query. */
function same(found: Buffer, wanted: Buffer, what = ""): void {
  // toEqual would look at each byte by itself.
  if (!found.equals(wanted)) expect(found.toString("hex"), what).toBe(wanted.toString("hex"));
}

async function copied(sql: string): Promise<Buffer> {
  return Buffer.concat((await tuples(database, sql)).chunks);
}

const column = (name: string, type: string): TableWish["columns"][number] => [name, type];

describe("rows", () => {
  it("of every type are those of COPY, whole and in any order of columns", async () => {
    const list = types.map((type, i) => column(`c${String(i)}`, type));
    await using world = await laneWorld(
      database,
      [{ name: "all", columns: [["id", "bigint"], ...list], key: ["id"] }],
      { before: declareSql },
    );
    await database.sql(`INSERT INTO "all" ${rowsOf(types, 2200, 0)}`);
    await using look = await opened(world);
    const table = world.table("all");
    same(await read(look, query(table, undefined, true)), await copied('SELECT * FROM "all" ORDER BY id'));
    // A part of the columns is another table to the view.
    const part = { ...table, columns: table.columns.filter((_, i) => i % 3 === 0) };
    same(
      await read(look, query(part, undefined, true)),
      await copied(`SELECT ${part.columns.map(({ target }) => target).join(", ")} FROM "all" ORDER BY id`),
    );
    const backwards = table.columns.map((_, i) => i).reverse();
    const names = backwards.map((i) => table.columns[i]?.target ?? "").join(", ");
    same(
      await read(look, { ...query(table, undefined, true), columns: backwards }),
      await copied(`SELECT ${names} FROM "all" ORDER BY id`),
    );
    expect(await look.count(table, never)).toBe("2200");
  });

  it("are found by keys of every type that can be one, and by a range", async () => {
    const able = flat.filter((type) => !type.startsWith("json"));
    const wishes = able.map((type, i): TableWish => ({
      name: `k${String(i)}`,
      columns: [column("note", "text"), column("a", "integer"), column("k", type)],
      key: ["a", "k"],
    }));
    await using world = await laneWorld(database, wishes, { before: declareSql });
    const texts = able.map((type) => [...new Set(values.get(type) ?? [])]);
    const distinct = (i: number): string =>
      `SELECT DISTINCT ON (v::${able[i] ?? ""}) v::${able[i] ?? ""} AS k FROM unnest(ARRAY[${(texts[i] ?? []).map(literal).join(",")}]) v`;
    await database.sql(
      able
        .map(
          (_, i) =>
            `INSERT INTO k${String(i)} SELECT 'x', a, k FROM generate_series(1,3) a, (${distinct(i)}) k`,
        )
        .join(";"),
    );
    await using look = await opened(world);
    for (const [i, type] of able.entries()) {
      const table = world.table(`k${String(i)}`);
      const keys = await tuples(
        database,
        `SELECT 2, k FROM (${distinct(i)}) k UNION ALL SELECT 9, k FROM (${distinct(i)}) k`,
      );
      same(
        await read(look, query(table, { kind: "keys", keys }, true)),
        await copied(`SELECT * FROM k${String(i)} WHERE a = 2 ORDER BY a, k`),
        `${type} by key`,
      );
      const [text] = await database.sql(
        `SELECT (array_agg(k ORDER BY k))[2]::text AS t FROM k${String(i)} WHERE a = 2`,
      );
      const bound = text?.["t"] ?? "";
      // Bits have bounds as numbers, as the source tells them.
      const told = type.startsWith("bit") ? BigInt(`0b${bound}`).toString() : bound;
      const plan = {
        ...table,
        columns: table.columns.map((one) =>
          one.source === "k" && type.startsWith("bit")
            ? { ...one, column: { ...one.column, type: "bit", length: bound.length } }
            : one,
        ),
      };
      const range = { table: table.source, number: 1, lower: ["2", told], upper: ["3", told] };
      same(
        await read(look, query(plan, { kind: "range", range }, true)),
        await copied(
          `SELECT * FROM k${String(i)} WHERE (a, k) >= (2, ${literal(bound)}) AND (a, k) < (3, ${literal(bound)}) ORDER BY a, k`,
        ),
        `${type} by range`,
      );
    }
  });

  it("are read by the key's index: keys and ranges of a large table take few of its pages", async () => {
    await using world = await laneWorld(database, [
      {
        name: "wide",
        columns: [column("a", "integer"), column("b", "bigint"), column("pad", "text")],
        key: ["a", "b"],
      },
    ]);
    await database.sql(
      "INSERT INTO wide SELECT g / 100, g % 100, repeat('x', 100) FROM generate_series(0, 199999) g; ANALYZE wide",
    );
    const table = world.table("wide");
    const touched = async (): Promise<number> => {
      const [row] = await database.sql(
        `SELECT sum(heap_blks_read + heap_blks_hit) AS n FROM pg_statio_all_tables WHERE relname = 'wide'`,
      );
      return Number(row?.["n"]);
    };
    const keys = await tuples(database, "SELECT g * 20, 7::bigint FROM generate_series(0, 99) g");
    const range = { table: "wide", number: 1, lower: ["500", "50"], upper: ["501", "20"] };
    const scans = async (): Promise<number> => {
      const [row] = await database.sql(`SELECT seq_scan AS n FROM pg_stat_all_tables WHERE relname = 'wide'`);
      return Number(row?.["n"]);
    };
    const before = [await touched(), await scans()] as const;
    {
      await using look = await opened(world);
      expect(await read(look, query(table, { kind: "keys", keys }))).toHaveLength(100 * (2 + 8 + 12 + 104));
      expect(await read(look, query(table, { kind: "range", range }))).toHaveLength(70 * (2 + 8 + 12 + 104));
    }
    await database.sql("SELECT pg_stat_force_next_flush()");
    let after = await touched();
    // A session tells its figures when it ends, a moment after we have gone.
    while (after === before[0]) after = await touched();
    expect(after - before[0]).toBeLessThan(400);
    expect(await scans()).toBe(before[1]);
  });

  it("of hostile names, none at all, and one that two keys are equal to", async () => {
    const hostile = `a"b'c;$1 --\\`;
    await using world = await laneWorld(
      database,
      [
        { name: hostile, columns: [column(hostile, "text"), column("select", "integer")], key: [hostile] },
        { name: "empty", columns: [column("id", "bigint")], key: ["id"] },
        { name: "folded", columns: [column("k", "text COLLATE public.ci")], key: ["k"] },
      ],
      {
        before:
          "CREATE COLLATION public.ci (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
      },
    );
    await database.sql(
      `INSERT INTO "${hostile.replaceAll('"', '""')}" VALUES ('x', 1), ('y', 2); INSERT INTO folded VALUES ('Ä'), ('b')`,
    );
    await using look = await opened(world);
    const named = world.table(hostile);
    const one = await tuples(database, "SELECT 'y'::text");
    same(await read(look, query(named, { kind: "keys", keys: one })), await copied("SELECT 'y'::text, 2"));
    expect(await read(look, query(world.table("empty"), undefined, true))).toHaveLength(0);
    expect(
      await read(look, query(named, { kind: "keys", keys: { rows: 0, bytes: 0, chunks: [] } })),
    ).toHaveLength(0);
    const both = await tuples(database, "SELECT unnest(ARRAY['a', 'A', 'ä'])");
    same(
      await read(look, query(world.table("folded"), { kind: "keys", keys: both })),
      await copied("SELECT 'Ä'::text"),
    );
  });

  it("of 64 MB between small ones, byte for byte, in pieces of any size", async () => {
    await using world = await laneWorld(database, [
      { name: "large", columns: [column("id", "integer"), column("v", "bytea")], key: ["id"] },
    ]);
    await database.sql(
      `INSERT INTO large SELECT g, CASE WHEN g % 40 = 7 THEN decode(repeat(md5(g::text), (g * 131) % 70000), 'hex')
                                       ELSE decode(repeat('ab', g % 300), 'hex') END FROM generate_series(1, 3000) g;
       INSERT INTO large SELECT 5000, decode(repeat(md5('x'), ${String(2 << 20)}), 'hex') || decode(repeat(md5('y'), ${String(2 << 20)}), 'hex')
                         UNION ALL SELECT 5001, 'c'`,
    );
    await using look = await opened(world);
    const hash = createHash("sha256");
    let most = 0;
    const { rows } = await look.read(
      query(world.table("large"), undefined, true),
      {
        tuple: (bytes, start, end) => {
          most = Math.max(most, end - start);
          hash.update(bytes.subarray(start, end));
        },
        full: () => false,
        drained: () => Promise.resolve(),
      },
      never,
    );
    expect(rows).toBe(3002);
    expect(most).toBe(2 + 8 + 4 + (64 << 20));
    const wanted = createHash("sha256");
    for (const chunk of (await tuples(database, "SELECT * FROM large ORDER BY id", 8 << 20)).chunks)
      wanted.update(chunk);
    expect(hash.digest("hex")).toBe(wanted.digest("hex"));
  });
});

describe("a view", () => {
  it("is of one moment: its checkpoints and its rows, whatever is applied beside it", async () => {
    await using world = await laneWorld(database, [
      { name: "moving", columns: [column("id", "bigint"), column("n", "integer")], key: ["id"] },
    ]);
    const table = world.table("moving");
    await apply(world.ledger, [strict(await changes(database, table, { inserts: "SELECT 1::bigint, 1" }))]);
    await using first = await opened(world);
    await apply(world.ledger, [strict(await changes(database, table, { inserts: "SELECT 2::bigint, 2" }))]);
    await using second = await opened(world);
    expect(first.checkpoints).toEqual(new Map([["one", { seq: 1n, position: place(1) }]]));
    expect(second.checkpoints).toEqual(new Map([["one", { seq: 2n, position: place(2) }]]));
    same(await read(first, query(table, undefined, true)), await copied("SELECT 1::bigint, 1"));
    same(
      await read(second, query(table, undefined, true)),
      await copied("SELECT * FROM (VALUES (1::bigint, 1), (2, 2)) v"),
    );
  });

  it("holds one of the host's slots, and none when it is gone", async () => {
    await using world = await laneWorld(database, [
      { name: "t", columns: [column("id", "bigint")], key: ["id"] },
    ]);
    await using elsewhere = new HostSlots(database.options);
    const slot = await elsewhere.take(1);
    expect(await world.target.look(world.plan, 1)).toBeNull();
    await slot?.[Symbol.asyncDispose]();
    {
      await using look = await world.target.look(world.plan, 1);
      expect(look).not.toBeNull();
      expect(await elsewhere.take(1)).toBeNull();
    }
    await using again = await elsewhere.take(1);
    expect(again).not.toBeNull();
  });

  it("tells what is not there, and is of use afterwards", async () => {
    await using world = await laneWorld(database, [
      { name: "t", columns: [column("id", "bigint"), column("gone", "text")], key: ["id"] },
      { name: "u", columns: [column("id", "bigint")], key: ["id"] },
      { name: "v", columns: [column("id", "bigint")], key: ["id"] },
    ]);
    await database.sql("ALTER TABLE t DROP COLUMN gone; DROP TABLE u; INSERT INTO v VALUES (1)");
    await using look = await opened(world);
    const fault = async (name: string): Promise<Fault> => faultOf(read(look, query(world.table(name))));
    expect(await fault("t")).toMatchObject({
      code: "target-refused",
      message: "The table t has no column gone on the target.",
    });
    expect(await fault("u")).toMatchObject({
      code: "target-refused",
      message: "The table u is not on the target.",
    });
    same(await read(look, query(world.table("v"))), await copied("SELECT 1::bigint"));
  });

  it("that the server refused to read in is over, and says why", async () => {
    await using world = await laneWorld(database, [
      { name: "t", columns: [column("id", "bigint")], key: ["id"] },
    ]);
    await using look = await opened(world);
    await database.sql("ALTER TABLE t OWNER TO postgres");
    const refused = await faultOf(read(look, query(world.table("t"))));
    expect(refused.code).toBe("grant-missing");
    expect(await faultOf(read(look, query(world.table("t"))))).toBe(refused);
  });
});

describe("a read", () => {
  const rows = 20_000;
  const fill = `INSERT INTO many SELECT g, repeat('x', 1000) FROM generate_series(1, ${String(rows)}) g`;
  const many: TableWish = {
    name: "many",
    columns: [column("id", "integer"), column("pad", "text")],
    key: ["id"],
  };

  let world: LaneWorld;
  beforeAll(async () => {
    world = await laneWorld(database, [many]);
    await database.sql(fill);
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });

  const backends = async (): Promise<readonly string[]> =>
    (
      await database.sql(
        `SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT t."id"%'`,
      )
    ).map((row) => row["pid"] ?? "");

  async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
    for (let i = 0; i < 5000; i++) {
      if (await condition()) return;
      await backends();
    }
    throw new Error("it never came to pass");
  }

  it("stops the server where the sink is full, holds little, and hands every row over once", async () => {
    await using look = await opened(world);
    const gate = new Gate(1);
    const reading = look.read(query(world.table("many")), gate, never);
    await until(() => gate.waiting);
    const taken = gate.sizes.length;
    for (let i = 0; i < 200; i++) await backends();
    expect(gate.sizes).toHaveLength(taken);
    expect(taken).toBeLessThan(200);
    let pauses = 0;
    const finished = new AbortController();
    const letting = (async () => {
      while (!finished.signal.aborted) {
        if (gate.waiting) {
          pauses++;
          gate.let(20);
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await expect(reading).resolves.toEqual({ rows });
    finished.abort();
    await letting;
    expect(gate.sizes).toHaveLength(rows);
    expect(pauses).toBeGreaterThan(100);
  });

  it("ends with the signal's own Fault and its session with it, while rows come and while the sink is full", async () => {
    const gate = new Gate(10);
    await using look = await opened(world);
    const control = new AbortController();
    const told = faultOf(look.read(query(world.table("many")), gate, control.signal));
    await until(() => gate.waiting);
    control.abort(new Fault("terminated", "told to stop"));
    expect(await told).toMatchObject({ code: "terminated", message: "told to stop" });
    await until(async () => (await backends()).length === 0);
    expect(await faultOf(read(look, query(world.table("many"))))).toMatchObject({ code: "terminated" });
  });

  it("whose session is killed is lost, never the end of the rows", async () => {
    await using look = await opened(world);
    const gate = new Gate(10);
    const told = faultOf(look.read(query(world.table("many")), gate, never));
    await until(() => gate.waiting);
    const [pid] = await backends();
    await database.sql(`SELECT pg_terminate_backend(${pid ?? "0"}, 5000)`);
    gate.let(Infinity);
    expect(await told).toMatchObject({ code: "connection-lost", retriable: true });
  });

  it("that the sink refuses ends with what the sink said", async () => {
    const refusing = (fault: Fault, at: "tuple" | "drained"): TupleSink => ({
      tuple: () => {
        if (at === "tuple") throw fault;
      },
      full: () => true,
      drained: () => Promise.reject(fault),
    });
    for (const at of ["tuple", "drained"] as const) {
      await using look = await opened(world);
      const fault = new Fault("value-refused", "no");
      expect(await faultOf(look.read(query(world.table("many")), refusing(fault, at), never))).toBe(fault);
    }
  });
});
