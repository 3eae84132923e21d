/**
 * Tables that are not plain: hostile names, partitions, identities, computed columns, keys that hold more equal than their
 * bytes, triggers and foreign keys that must sleep. And the weight of it: many rows in little memory, and a MERGE that
 * finds its rows by the key's index however large the table is.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Session } from "../../connectors/postgres/connection.js";
import { readShape } from "../../connectors/postgres/apply/shape.js";
import { applySettings } from "../../connectors/postgres/apply/lane.js";
import {
  deleteSql,
  fromArrays,
  mergeSql,
  updateSql,
  wantedKey,
} from "../../connectors/postgres/apply/statements.js";
import { arraySlices } from "../../connectors/postgres/apply/tuples.js";
import { apply, changes, faultOf, laneWorld, loose, strict, tuples } from "./apply-lane.js";
import type { LaneWorld } from "./apply-lane.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

let database: TargetDatabase;
beforeAll(async () => {
  database = await targetDatabase("apply_tables");
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

const ways = [
  ["a few rows", 10],
  ["many rows", 2500],
] as const;

/** Inserts 1..n, then a third is deleted, a third updated; strictly and loosely. */
async function roundTrip(
  world: LaneWorld,
  name: string,
  n: number,
  row: (note: string) => string,
): Promise<void> {
  const table = world.table(name);
  const of = (from: number, to: number, note: string): string =>
    `SELECT ${row(note)} FROM generate_series(${String(from)}, ${String(to)}) g`;
  const key = table.key?.columns.length === 1 ? row("").split(",")[0] : row("");
  const keys = (from: number, to: number): string =>
    `SELECT ${key ?? ""} FROM generate_series(${String(from)}, ${String(to)}) g`;
  for (const kind of [strict, loose]) {
    await apply(world.ledger, [kind(await changes(database, table, { inserts: of(1, 3 * n, "new") }))]);
    await apply(world.ledger, [
      kind(await changes(database, table, { deletes: keys(1, n), updates: of(n + 1, 2 * n, "changed") })),
    ]);
    const target = `"${name.replaceAll('"', '""')}"`;
    const note = `"${(table.columns.at(-1)?.target ?? "").replaceAll('"', '""')}"`;
    expect(
      await database.sql(`SELECT ${note} AS note, count(*) AS n FROM ${target} GROUP BY 1 ORDER BY 1`),
    ).toEqual([
      { note: "changed", n: String(n) },
      { note: "new", n: String(n) },
    ]);
    await database.sql(`DELETE FROM ${target}`);
  }
}

describe.each(ways)("%s", (_, n) => {
  it("of tables with hostile names", async () => {
    const name = 'x"; DROP TABLE y; --';
    const wish = {
      name,
      columns: [
        ['s."c0', "bigint"],
        ["c1", "int"],
        ['t"', "int"],
        ["$1", "text"],
      ],
      key: ['s."c0'],
    } as const;
    await using world = await laneWorld(database, [wish]);
    await roundTrip(world, name, n, (note) => `g::bigint, 2, 3, '${note}'::text`);
  });

  it("of partitioned tables", async () => {
    const wish = {
      name: "parts",
      columns: [
        ["id", "bigint"],
        ["note", "text"],
      ],
      key: ["id"],
    } as const;
    await using world = await laneWorld(database, [wish], {
      sql: `DROP TABLE parts; CREATE TABLE parts (id bigint PRIMARY KEY, note text) PARTITION BY HASH (id);
            CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
            CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1)`,
    });
    await roundTrip(world, "parts", n, (note) => `g::bigint, '${note}'::text`);
  });

  it("of tables whose key is an identity, BY DEFAULT or ALWAYS", async () => {
    for (const how of ["BY DEFAULT", "ALWAYS"]) {
      const wish = {
        name: "counted",
        columns: [
          ["id", `bigint GENERATED ${how} AS IDENTITY`],
          ["note", "text"],
        ],
        key: ["id"],
      } as const;
      await using world = await laneWorld(database, [wish]);
      await roundTrip(world, "counted", n, (note) => `g::bigint, '${note}'::text`);
    }
  });

  it("of tables with a column that PostgreSQL computes: it is left to do so (40)", async () => {
    const wish = {
      name: "computed",
      columns: [
        ["id", "bigint"],
        ["twice", "bigint GENERATED ALWAYS AS (id * 2) STORED"],
        ["note", "text"],
      ],
      key: ["id"],
    } as const;
    await using world = await laneWorld(database, [wish]);
    await roundTrip(world, "computed", n, (note) => `g::bigint, NULL::bigint, '${note}'::text`);
    await apply(world.ledger, [
      strict(
        await changes(database, world.table("computed"), {
          inserts: "SELECT 21::bigint, NULL::bigint, 'x'::text",
        }),
      ),
    ]);
    expect(await database.sql("SELECT twice FROM computed")).toEqual([{ twice: "42" }]);
  });

  it("of tables that are all key", async () => {
    const wish = {
      name: "pairs",
      columns: [
        ["a", "bigint"],
        ["b", "text"],
      ],
      key: ["a", "b"],
    } as const;
    await using world = await laneWorld(database, [wish]);
    const table = world.table("pairs");
    const all = `SELECT g::bigint, 'b' FROM generate_series(1, ${String(n)}) g`;
    for (const kind of [strict, loose]) {
      await apply(world.ledger, [kind(await changes(database, table, { inserts: all }))]);
      await apply(world.ledger, [kind(await changes(database, table, { updates: all }))]);
      expect(await database.sql("SELECT count(*) AS n FROM pairs")).toEqual([{ n: String(n) }]);
      await apply(world.ledger, [kind(await changes(database, table, { deletes: all }))]);
      expect(await database.sql("SELECT count(*) AS n FROM pairs")).toEqual([{ n: "0" }]);
    }
  });

  it("of tables whose key holds more equal than its bytes: what is written is what the source has", async () => {
    const wish = {
      name: "folded",
      columns: [
        ["k", "text COLLATE public.ci"],
        ["note", "text"],
      ],
      key: ["k"],
    } as const;
    await using world = await laneWorld(database, [wish], {
      before:
        "CREATE COLLATION public.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
    });
    const table = world.table("folded");
    const of = (letter: string, note: string): string =>
      `SELECT '${letter}' || g, '${note}'::text FROM generate_series(1, ${String(n)}) g`;
    const keys = (letter: string): string =>
      `SELECT '${letter}' || g FROM generate_series(1, ${String(n)}) g`;
    const found = async (): Promise<string[]> =>
      (
        await database.sql(
          `SELECT left(k, 1) COLLATE "C" AS k, note, count(*) AS n FROM folded GROUP BY 1, 2 ORDER BY 1, 2`,
        )
      ).map((row) => `${row["k"]} ${row["note"]} ${row["n"]}`);
    await apply(world.ledger, [strict(await changes(database, table, { inserts: of("a", "new") }))]);
    // The source changed the keys' case: by its bytes that is another key.
    await apply(world.ledger, [
      strict(await changes(database, table, { deletes: keys("a"), inserts: of("A", "moved") })),
    ]);
    expect(await found()).toEqual([`A moved ${String(n)}`]);
    await apply(world.ledger, [loose(await changes(database, table, { updates: of("a", "again") }))]);
    expect(await found()).toEqual([`a again ${String(n)}`]);
  });
});

describe("what must sleep", () => {
  const tables = [
    {
      name: "parents",
      columns: [
        ["id", "bigint"],
        ["note", "text"],
      ],
      key: ["id"],
    },
    {
      name: "children",
      columns: [
        ["id", "bigint"],
        ["parent", "bigint"],
      ],
      key: ["id"],
    },
  ] as const;
  const sql = `
    ALTER TABLE children ADD FOREIGN KEY (parent) REFERENCES parents ON DELETE CASCADE;
    CREATE FUNCTION public.meddle() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'awake'; END $$;
    CREATE TRIGGER meddling BEFORE INSERT OR UPDATE OR DELETE ON parents FOR EACH ROW EXECUTE FUNCTION meddle()`;

  it("sleeps: triggers, and foreign keys whichever way round the rows come (49)", async () => {
    await using world = await laneWorld(database, tables, { sql });
    const [parents, children] = [world.table("parents"), world.table("children")];
    await apply(world.ledger, [
      strict(await changes(database, children, { inserts: "SELECT 1::bigint, 7::bigint" })),
      strict(await changes(database, parents, { inserts: "SELECT 7::bigint, 'x'::text" })),
      strict(await changes(database, parents, { deletes: "SELECT 7::bigint" })),
    ]);
    expect(await database.sql("SELECT * FROM children")).toEqual([{ id: "1", parent: "7" }]);
  });

  it("is refused by name where it fires all the same", async () => {
    await using world = await laneWorld(database, tables, {
      sql: `${sql}; ALTER TABLE parents ENABLE ALWAYS TRIGGER meddling`,
    });
    const group = strict(
      await changes(database, world.table("parents"), { inserts: "SELECT 7::bigint, 'x'::text" }),
    );
    const fault = await faultOf(apply(world.ledger, [group]));
    expect([fault.code, fault.message.includes("trigger meddling of parents")]).toEqual([
      "target-refused",
      true,
    ]);
  });

  it("empties a table that others refer to, and leaves those alone (18)", async () => {
    await using world = await laneWorld(database, tables, { sql });
    await database.sql(
      "SET session_replication_role = replica; INSERT INTO parents VALUES (1, 'x'); INSERT INTO children VALUES (1, 1)",
    );
    await apply(world.ledger, [{ kind: "truncate", table: world.table("parents") }]);
    expect(
      await database.sql("SELECT (SELECT count(*) FROM parents) AS p, (SELECT count(*) FROM children) AS c"),
    ).toEqual([{ p: "0", c: "1" }]);
    await apply(world.ledger, [{ kind: "truncate", table: world.table("children") }]);
    expect(await database.sql("SELECT count(*) AS c FROM children")).toEqual([{ c: "0" }]);
    expect(
      await database.sql("SELECT table_name AS t, whole::text FROM headgate.dirty ORDER BY seq"),
    ).toEqual([
      { t: "parents", whole: "true" },
      { t: "children", whole: "true" },
    ]);
  });
});

describe("a table that is not as the plan says", () => {
  const wish = {
    name: "odd",
    columns: [
      ["id", "bigint"],
      ["note", "text"],
    ],
    key: ["id"],
  } as const;
  it.each([
    [
      "has no index over its key",
      "ALTER TABLE odd DROP CONSTRAINT odd_pkey",
      /no unique index over its key \(id\)/u,
    ],
    ["lacks a column", "ALTER TABLE odd DROP COLUMN note", /has no column note/u],
    ["is not there", "DROP TABLE odd", /is not on the target/u],
  ])("%s is refused before anything is written", async (_, sql, sentence) => {
    await using world = await laneWorld(database, [wish], { sql });
    const group = loose(
      await changes(database, world.table("odd"), { inserts: "SELECT 1::bigint, 'x'::text" }),
    );
    const fault = await faultOf(apply(world.ledger, [group]));
    expect(fault.code).toBe("target-refused");
    expect(fault.message).toMatch(sentence);
  });
});

describe("rows that are copied first", () => {
  const wishes = Array.from({ length: 20 }, (_, i) => ({
    name: `t${String(i)}`,
    columns: [
      ["id", "bigint"],
      ["note", "text"],
    ] as const,
    key: ["id"],
  }));
  const of = (from: number, note: string): string =>
    `SELECT g::bigint, '${note}' FROM generate_series(${String(from)}, ${String(from + 2099)}) g`;
  const counted = async (table: string): Promise<string[]> =>
    (await database.sql(`SELECT note, count(*) AS n FROM ${table} GROUP BY 1 ORDER BY 1`)).map(
      (row) => `${row["note"]} ${row["n"]}`,
    );

  it("are those of their own group alone: in the same batch, in the next, and after an abort", async () => {
    await using world = await laneWorld(database, wishes.slice(0, 1));
    const table = world.table("t0");
    const group = async (from: number, note: string) =>
      loose(await changes(database, table, { inserts: of(from, note) }));
    await using writer = await world.ledger.lane("one");
    const aborted = await writer.begin(0n);
    await aborted.write(await group(1, "aborted"));
    await aborted.abort();
    const batch = await writer.begin(0n);
    await batch.write(await group(1, "first"));
    await batch.write({ kind: "truncate", table });
    await batch.write(await group(3001, "second"));
    await batch.write(strict(await changes(database, table, { updates: of(3001, "third") })));
    await batch.commit({ kind: "file", file: "f", offset: "1" });
    expect(await counted("t0")).toEqual(["third 2100"]);
    const next = await writer.begin(1n);
    await next.write(await group(6001, "next"));
    await next.commit({ kind: "file", file: "f", offset: "2" });
    expect(await counted("t0")).toEqual(["next 2100", "third 2100"]);
  });

  it("may be of more tables than there are stages, again and again", async () => {
    await using world = await laneWorld(database, wishes);
    for (const note of ["one", "two"]) {
      const all = wishes.map(({ name }) => changes(database, world.table(name), { inserts: of(1, note) }));
      await apply(world.ledger, [loose(...(await Promise.all(all)))]);
      for (const { name } of wishes) expect(await counted(name)).toEqual([`${note} 2100`]);
    }
  });
});

describe("many rows", () => {
  const wish = {
    name: "large",
    columns: [
      ["id", "bigint"],
      ["code", "text"],
      ["note", "text"],
    ],
    key: ["id"],
  } as const;

  it("are found by the key's index, whatever the table's size: no statement looks through the table", async () => {
    await using world = await laneWorld(database, [wish], {
      sql: `INSERT INTO large SELECT g, 'c' || g, repeat('x', 50) FROM generate_series(1, 200000) g; ANALYZE large`,
    });
    const session = await Session.open(database.options, applySettings);
    try {
      const shape = await readShape(session, world.table("large"), "public");
      const declared = shape.columns.map((column, i) => `c${String(i)} ${column.declared}`).join(", ");
      await session.query(`CREATE TEMPORARY TABLE staged (${declared}) ON COMMIT DELETE ROWS`);
      await session.query("BEGIN");
      await session.query("INSERT INTO staged SELECT g * 9, 'c', 'x' FROM generate_series(1, 20000) g");
      const planOf = async (sql: string, values: readonly Buffer[]): Promise<string> => {
        const [found] = await session.burst([{ sql: `EXPLAIN ${sql}`, values, doing: "asking for a plan" }]);
        return (found?.rows ?? []).map(([line]) => line).join("\n");
      };
      const [slice] = [
        ...arraySlices(
          await tuples(database, "SELECT g::bigint FROM generate_series(1, 10000) g"),
          1,
          wantedKey(shape),
          { rows: 10_000, bytes: 1e9 },
        ),
      ];
      for (const [sql, values] of [
        [mergeSql(shape, "staged AS s"), []],
        [updateSql(shape, "staged AS s"), []],
        [deleteSql(shape, fromArrays(shape, shape.key)), slice?.arrays ?? []],
      ] as const) {
        const plan = await planOf(sql, values);
        expect(plan).toMatch(/Nested Loop/u);
        expect(plan).toMatch(/Index Scan using large_pkey on large t/u);
        expect(plan).not.toMatch(/Seq Scan on large|Hash|Merge Join/u);
      }
    } finally {
      await session.close();
    }
  });

  it("60,000 of them in one group, of which a third each is new, changed and gone, in little memory", async () => {
    await using world = await laneWorld(database, [wish], {
      sql: `INSERT INTO large SELECT g, 'c' || g, repeat('x', 300) FROM generate_series(1, 40000) g`,
    });
    const row = (from: number, to: number, note: string): string =>
      `SELECT g::bigint, 'c' || g, repeat('${note}', 300) FROM generate_series(${String(from)}, ${String(to)}) g`;
    const group = strict(
      await changes(database, world.table("large"), {
        deletes: "SELECT g::bigint FROM generate_series(1, 20000) g",
        updates: row(20_001, 40_000, "y"),
        inserts: row(40_001, 60_000, "z"),
        touched: "SELECT g::bigint FROM generate_series(1, 60000) g",
      }),
    );
    await using writer = await world.ledger.lane("one");
    global.gc?.();
    const before = process.memoryUsage().rss;
    let most = before;
    const batch = await writer.begin(0n);
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5);
    await batch.write(group);
    await batch.commit({ kind: "file", file: "f", offset: "1" });
    clearInterval(watch);
    expect(most - before).toBeLessThan(48_000_000);
    expect(
      await database.sql(
        "SELECT left(note, 1) AS note, count(*) AS n, min(id) AS low FROM large GROUP BY 1 ORDER BY 1",
      ),
    ).toEqual([
      { note: "y", n: "20000", low: "20001" },
      { note: "z", n: "20000", low: "40001" },
    ]);
  });
});
