/**
 * Rows repaired inside their lane, on a real server: what the source has comes, what it has not goes, what an event touched
 * since is left alone, and all of it holds the lane's checkpoint. Tuples are the server's own; no codec takes part.
 */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PlanTable } from "../../src/model.js";
import type { Mended, Mending, MendRequest } from "../../src/mend-port.js";
import { apply, changes, faultOf, laneWorld, place, planTable, strict, tuples } from "./apply-lane.js";
import type { LaneWorld, TableWish } from "./apply-lane.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";
import { declareSql, rowsOf, types } from "./type-values.js";

let database: TargetDatabase;
beforeAll(async () => {
  database = await targetDatabase("mend");
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

const people: TableWish = {
  name: "people",
  columns: [
    ["id", "bigint"],
    ["email", "text"],
    ["n", "integer"],
  ],
  key: ["id"],
};
const notes: TableWish = {
  name: "notes",
  columns: [
    ["a", "integer"],
    ["b", "text"],
  ],
  key: [],
};
const names: TableWish = {
  name: "names",
  columns: [
    ["name", "text COLLATE public.ci"],
    ["n", "integer"],
  ],
  key: ["name"],
};
const before =
  "CREATE COLLATION public.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)";

/** One batch has been applied, so that the lane has a position. */
async function opened(
  wishes: readonly TableWish[],
  more: Parameters<typeof laneWorld>[2] = {},
): Promise<LaneWorld> {
  const world = await laneWorld(database, wishes, more);
  await apply(world.ledger, []);
  return world;
}

const request = (
  table: PlanTable,
  rows: readonly Mending[],
  over: Partial<MendRequest> = {},
): MendRequest => ({
  table,
  since: 1n,
  rows,
  join: null,
  dryRun: false,
  showValues: false,
  ...over,
});

async function mend(world: LaneWorld, asked: MendRequest): Promise<readonly Mended[]> {
  await using mender = await world.ledger.mender("one");
  return await mender.mend(asked);
}

const whole = async (sql: string): Promise<Buffer> => Buffer.concat((await tuples(database, sql)).chunks);

/** The row of a query, or none of that key. */
async function row(key: string, sql: string | null): Promise<Mending> {
  return {
    key: await whole(`SELECT ${key}`),
    row: sql === null ? null : await whole(`SELECT ${sql}`),
    copies: sql === null ? 0 : 1,
    run: "run-1",
  };
}

async function copies(sql: string, number: number): Promise<Mending> {
  const tuple = await whole(`SELECT ${sql}`);
  const key = createHash("sha256").update(tuple).digest();
  return { key, row: number === 0 ? null : tuple, copies: number, run: "run-1" };
}

const did = (mended: readonly Mended[]): string => mended.map((each) => each.did).join(" ");
const rowsOfTable = async (name: string): Promise<string> =>
  (await database.sql(`SELECT t::text AS row FROM public.${name} t ORDER BY 1`))
    .map((each) => each["row"])
    .join(" ");
const journal = (): Promise<Record<string, string | null>[]> =>
  database.sql(
    "SELECT table_name, did, copies::text, encode(before, 'hex') AS before, encode(after, 'hex') AS after, run, seq::text FROM headgate.repair ORDER BY id",
  );

describe("rows with a key", () => {
  it("come, go and change as the source has them; what is right stays, and each is journalled with its digests", async () => {
    await using world = await opened([people]);
    await database.sql("INSERT INTO people VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (5, NULL, 5)");
    const mended = await mend(
      world,
      request(world.table("people"), [
        await row("1::bigint", "1::bigint, 'a'::text, 1"),
        await row("2::bigint", "2::bigint, 'B'::text, NULL::int"),
        await row("3::bigint", null),
        await row("4::bigint", "4::bigint, 'd'::text, 4"),
        await row("6::bigint", null),
      ]),
    );
    expect(did(mended)).toBe("equal updated deleted inserted equal");
    expect(await rowsOfTable("people")).toBe("(1,a,1) (2,B,) (4,d,4) (5,,5)");
    const digest = async (sql: string): Promise<string> =>
      createHash("sha256")
        .update(await whole(`SELECT ${sql}`))
        .digest("hex");
    const two = await digest("2::bigint, 'b'::text, 2");
    expect(await journal()).toEqual([
      expect.objectContaining({
        did: "updated",
        before: two,
        after: await digest("2::bigint, 'B'::text, NULL::int"),
      }),
      expect.objectContaining({
        did: "deleted",
        before: await digest("3::bigint, 'c'::text, 3"),
        after: null,
      }),
      expect.objectContaining({
        did: "inserted",
        before: null,
        run: "run-1",
        seq: "1",
        table_name: "people",
      }),
    ]);
    const [dirty] = await database.sql("SELECT encode(keys, 'hex') AS keys, seq::text FROM headgate.dirty");
    const keys = Buffer.concat([
      await whole("SELECT 2::bigint"),
      await whole("SELECT 3::bigint"),
      await whole("SELECT 4::bigint"),
    ]);
    expect(dirty).toEqual({ keys: keys.toString("hex"), seq: "1" });
    // The lane goes on where it stood.
    await apply(world.ledger, [
      strict(await changes(database, world.table("people"), { deletes: "SELECT 4::bigint" })),
    ]);
  });

  it("of every type are told to be equal by the digest that the server makes of them", async () => {
    const list = types.map((type, i): readonly [string, string] => [`c${String(i)}`, type]);
    await using world = await opened([{ name: "all", columns: [["id", "bigint"], ...list], key: ["id"] }], {
      before: declareSql,
    });
    await database.sql(`INSERT INTO "all" ${rowsOf(types, 60, 0)}`);
    const rows = await Promise.all(
      Array.from({ length: 60 }, async (_, i): Promise<Mending> => ({
        key: await whole(`SELECT ${String(i + 1)}::bigint`),
        row: await whole(`SELECT * FROM "all" WHERE id = ${String(i + 1)}`),
        copies: 1,
        run: "run-1",
      })),
    );
    const mended = await mend(world, request(world.table("all"), rows));
    expect(new Set(mended.map((each) => each.did))).toEqual(new Set(["equal"]));
    await database.sql('TRUNCATE "all"');
    const again = await mend(world, request(world.table("all"), rows));
    expect(new Set(again.map((each) => each.did))).toEqual(new Set(["inserted"]));
    expect(did(await mend(world, request(world.table("all"), rows)))).toBe(rows.map(() => "equal").join(" "));
  });

  it("that an event touched since are left as the event made them", async () => {
    await using world = await opened([people]);
    await database.sql("INSERT INTO people VALUES (1, 'wrong', 1), (2, 'wrong', 2)");
    await apply(world.ledger, [
      strict(
        await changes(database, world.table("people"), {
          updates: "SELECT 1::bigint, 'event'::text, 11",
          touched: "SELECT 1::bigint UNION ALL SELECT 9::bigint",
        }),
      ),
    ]);
    const old = [
      await row("1::bigint", "1::bigint, 'read before'::text, 1"),
      await row("2::bigint", "2::bigint, 'right'::text, 2"),
      await row("9::bigint", "9::bigint, 'read before'::text, 9"),
    ];
    expect(did(await mend(world, request(world.table("people"), old)))).toBe("updated touched touched");
    expect(await rowsOfTable("people")).toBe("(1,event,11) (2,right,2)");
    // The keys join those of the batch that the lane stands at.
    expect(await database.sql("SELECT length(keys)::text AS n, seq::text FROM headgate.dirty")).toEqual([
      { n: "42", seq: "2" },
    ]);
    // Read after that batch, they are the newest.
    expect(did(await mend(world, request(world.table("people"), old.slice(0, 1), { since: 2n })))).toBe(
      "updated",
    );
  });

  it("are all left where a batch touched the whole table", async () => {
    await using world = await opened([people]);
    await apply(world.ledger, [{ kind: "truncate", table: world.table("people") }]);
    expect(
      did(
        await mend(
          world,
          request(world.table("people"), [await row("1::bigint", "1::bigint, 'x'::text, 1")]),
        ),
      ),
    ).toBe("touched");
    expect(await rowsOfTable("people")).toBe("");
  });

  it("may change places: values of a unique index, and the rows of two keys", async () => {
    await using world = await opened([people], { sql: "CREATE UNIQUE INDEX people_email ON people (email)" });
    await database.sql(
      "INSERT INTO people VALUES (1, 'b', 1), (2, 'a', 2), (3, 'd', 3), (4, 'c', 4), (5, 'e', 5)",
    );
    const rows = [
      await row("1::bigint", "1::bigint, 'a'::text, 1"),
      await row("2::bigint", "2::bigint, 'b'::text, 2"),
      await row("3::bigint", "3::bigint, 'e'::text, 3"),
      await row("4::bigint", "4::bigint, 'd'::text, 4"),
      await row("5::bigint", "5::bigint, 'c'::text, 5"),
    ];
    expect(did(await mend(world, request(world.table("people"), rows)))).toBe(
      rows.map(() => "updated").join(" "),
    );
    expect(await rowsOfTable("people")).toBe("(1,a,1) (2,b,2) (3,e,3) (4,d,4) (5,c,5)");
  });

  it("are refused as a whole where another row has what one of them needs, and the next repair goes through", async () => {
    await using world = await opened([people], { sql: "CREATE UNIQUE INDEX people_email ON people (email)" });
    await database.sql("INSERT INTO people VALUES (1, 'x', 1), (2, 'a', 2), (3, 'y', 3)");
    const rows = [
      await row("1::bigint", "1::bigint, 'a'::text, 1"),
      await row("3::bigint", "3::bigint, 'z'::text, 3"),
    ];
    await using mender = await world.ledger.mender("one");
    const fault = await faultOf(mender.mend(request(world.table("people"), rows)));
    expect(fault.code).toBe("constraint-refused");
    expect(await rowsOfTable("people")).toBe("(1,x,1) (2,a,2) (3,y,3)");
    expect(await journal()).toEqual([]);
    expect(did(await mender.mend(request(world.table("people"), rows.slice(1))))).toBe("updated");
  });

  it("whose keys are equal by collation only are told apart: one that has to go takes no other with it", async () => {
    await using world = await opened([names], { before });
    await database.sql("INSERT INTO names VALUES ('ANNA', 1), ('bob', 2)");
    // The letter case is wrong on the target.
    const rows = [
      await row("'ANNA'::text", null),
      await row("'anna'::text", "'anna'::text, 1"),
      // There is no such row any more, only one that is equal.
      await row("'BOB'::text", null),
    ];
    const mended = await mend(world, request(world.table("names"), rows));
    expect(did(mended)).toBe("deleted updated equal");
    expect(await rowsOfTable("names")).toBe("(anna,1) (bob,2)");
  });

  it("do not disturb the rows that refer to them", async () => {
    await using world = await opened([people], {
      sql: "CREATE TABLE orders (id int PRIMARY KEY, person bigint REFERENCES people ON DELETE CASCADE)",
    });
    await database.sql("INSERT INTO people VALUES (1, 'wrong', 1); INSERT INTO orders VALUES (7, 1)");
    await mend(
      world,
      request(world.table("people"), [await row("1::bigint", "1::bigint, 'right'::text, 1")]),
    );
    expect(await rowsOfTable("people")).toBe("(1,right,1)");
    expect(await rowsOfTable("orders")).toBe("(7,1)");
  });
});

describe("rows without a key", () => {
  it("can be mended one after the other: our own mark on the table touches those that are read with the same look", async () => {
    await using world = await opened([notes]);
    const one = (sql: string, since: bigint): Promise<readonly Mended[]> =>
      copies(sql, 1).then((each) => mend(world, request(world.table("notes"), [each], { since })));
    const [first] = await one("1, 'x'::text", 0n);
    expect([first?.did, first?.seq]).toEqual(["inserted", 1n]);
    expect(did(await one("2, 'y'::text", 0n))).toBe("touched");
    expect(did(await one("2, 'y'::text", first?.seq ?? 0n))).toBe("inserted");
  });

  it("are a multiset: missing copies come, surplus ones go, and the others stay where they are", async () => {
    await using world = await opened([notes]);
    await database.sql("INSERT INTO notes VALUES (1, 'x'), (1, 'x'), (1, 'x'), (NULL, NULL), (2, 'y')");
    const mended = await mend(
      world,
      request(world.table("notes"), [
        await copies("1, 'x'::text", 1),
        await copies("NULL::int, NULL::text", 3),
        await copies("2, 'y'::text", 0),
        await copies("3, 'z'::text", 2),
        await copies("4, ''::text", 0),
      ]),
    );
    expect(mended.map((each) => `${each.did} ${String(each.copies)}`)).toEqual([
      "deleted 2",
      "inserted 2",
      "deleted 1",
      "inserted 2",
      "equal 0",
    ]);
    expect(await rowsOfTable("notes")).toBe("(,) (,) (,) (1,x) (3,z) (3,z)");
    expect(await database.sql("SELECT whole::text, keys FROM headgate.dirty")).toEqual([
      { whole: "true", keys: null },
    ]);
    expect((await journal()).map((each) => `${each["did"] ?? ""} ${each["copies"] ?? ""}`)).toHaveLength(4);
  });

  it("are looked for before the lane is held, and left where an event comes between; one that somebody moved stops it", async () => {
    const between: (() => Promise<void>)[] = [];
    await using world = await opened([notes, people], {
      moment: async (name) => {
        if (name === "mend:scanned") await between.shift()?.();
      },
    });
    await database.sql("INSERT INTO notes VALUES (1, 'x'), (1, 'x'), (1, 'x'), (2, 'y')");
    const rows = [await copies("1, 'x'::text", 1), await copies("2, 'y'::text", 0)];
    // A batch of the lane commits while the table is scanned.
    let committed = false;
    const elsewhere = { inserts: "SELECT 7::bigint, 'seven'::text, 7" };
    between.push(async () => {
      await apply(world.ledger, [strict(await changes(database, world.table("people"), elsewhere))]);
      committed = true;
    });
    expect(did(await mend(world, request(world.table("notes"), rows)))).toBe("deleted deleted");
    expect(committed).toBe(true);
    expect(await rowsOfTable("notes")).toBe("(1,x)");
    await database.sql("INSERT INTO notes VALUES (1, 'x')");
    const since = 2n;
    between.push(async () => {
      await database.sql("UPDATE notes SET b = b");
    });
    const fault = await faultOf(mend(world, request(world.table("notes"), rows, { since })));
    expect([fault.code, fault.retriable]).toEqual(["target-busy", true]);
    expect(await rowsOfTable("notes")).toBe("(1,x) (1,x)");
    const touching = { inserts: "SELECT 9, 'event'::text" };
    between.push(async () => {
      await apply(world.ledger, [strict(await changes(database, world.table("notes"), touching))]);
    });
    expect(did(await mend(world, request(world.table("notes"), rows, { since })))).toBe("touched touched");
    expect(await rowsOfTable("notes")).toBe("(1,x) (1,x) (9,event)");
  });

  it("are left where any event touched the table since", async () => {
    await using world = await opened([notes]);
    await apply(world.ledger, [
      strict(await changes(database, world.table("notes"), { inserts: "SELECT 9, 'event'::text" })),
    ]);
    expect(did(await mend(world, request(world.table("notes"), [await copies("1, 'x'::text", 1)])))).toBe(
      "touched",
    );
    expect(await rowsOfTable("notes")).toBe("(9,event)");
  });

  it("go from the part of a partitioned table that they are in", async () => {
    await using world = await opened([], {
      sql: "CREATE TABLE parts (a integer, b text) PARTITION BY LIST (a); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1); CREATE TABLE parts_2 PARTITION OF parts DEFAULT",
    });
    await database.sql("INSERT INTO parts VALUES (1, 'x'), (1, 'x'), (2, 'x'), (2, 'x')");
    const table = { ...planTable(notes), source: "parts", target: "parts" };
    // Rows of two parts have the same places in them.
    const rows = [await copies("1, 'x'::text", 1), await copies("2, 'x'::text", 2)];
    expect(did(await mend(world, request(table, rows)))).toBe("deleted equal");
    expect(await rowsOfTable("parts")).toBe("(1,x) (2,x) (2,x)");
  });
});

describe("the lane", () => {
  it("stands while a repair is under way, and its next batch comes behind", async () => {
    const order: string[] = [];
    let begun: () => void = () => undefined;
    let go: () => void = () => undefined;
    const isBegun = new Promise<void>((resolve) => (begun = resolve));
    const mayGo = new Promise<void>((resolve) => (go = resolve));
    await using world = await opened([people], {
      moment: async (name) => {
        if (name !== "mend:written") return;
        begun();
        await mayGo;
        order.push("mended");
      },
    });
    const mending = mend(
      world,
      request(world.table("people"), [await row("1::bigint", "1::bigint, 'x'::text, 1")]),
    );
    await isBegun;
    const batch = apply(world.ledger, [
      strict(
        await changes(database, world.table("people"), { updates: "SELECT 1::bigint, 'event'::text, 2" }),
      ),
    ]).then(() => order.push("applied"));
    // The batch is there, and waits for the checkpoint.
    while (!order.includes("applied")) {
      const waiting = await database.sql(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%headgate.lane%'",
      );
      if (waiting.length > 0) break;
    }
    go();
    await Promise.all([mending, batch]);
    expect(order).toEqual(["mended", "applied"]);
    expect(await rowsOfTable("people")).toBe("(1,event,2)");
  });

  it("is nobody's who has lost the claim: nothing is written", async () => {
    await using world = await opened([people]);
    await using mender = await world.ledger.mender("one");
    await database.sql("UPDATE headgate.lane SET epoch = epoch + 1");
    const fault = await faultOf(
      mender.mend(request(world.table("people"), [await row("1::bigint", "1::bigint, 'x'::text, 1")])),
    );
    expect(fault.code).toBe("epoch-lost");
    expect(await rowsOfTable("people")).toBe("");
  });

  it("that has applied nothing gets its join behind the rows, and without a marker they are not written", async () => {
    await using world = await laneWorld(database, [people]);
    await database.sql(
      `UPDATE headgate.lane SET start_position = '{}', start_marker = '1', join_position = '{}', join_marker = '2'`,
    );
    const rows = [await row("1::bigint", "1::bigint, 'x'::text, 1")];
    const asked = request(world.table("people"), rows, { since: 0n });
    expect((await faultOf(mend(world, asked))).code).toBe("bug");
    expect(await rowsOfTable("people")).toBe("");
    expect(did(await mend(world, { ...asked, join: { position: place(77), marker: "3" } }))).toBe("inserted");
    expect(
      await database.sql("SELECT join_position->>'offset' AS at, join_marker, seq::text FROM headgate.lane"),
    ).toEqual([{ at: "77", join_marker: "3", seq: "0" }]);
  });

  it("keeps nothing of a repair whose session ends before its commit", async () => {
    await using world = await opened([people], {
      moment: async (name) => {
        if (name !== "mend:written") return;
        await database.sql(
          `SELECT pg_terminate_backend(a.pid, 5000) FROM pg_stat_activity a
            WHERE a.datname = current_database() AND a.application_name = 'headgate' AND a.state = 'idle in transaction'`,
        );
      },
    });
    await database.sql("INSERT INTO people VALUES (1, 'wrong', 1)");
    const fault = await faultOf(
      mend(world, request(world.table("people"), [await row("1::bigint", "1::bigint, 'x'::text, 1")])),
    );
    expect(fault.retriable).toBe(true);
    expect(await rowsOfTable("people")).toBe("(1,wrong,1)");
    expect(await journal()).toEqual([]);
    expect(await database.sql("SELECT 1 FROM headgate.dirty")).toEqual([]);
  });
});

describe("a dry run", () => {
  it("shows the statements, hides what is no key, and writes nothing", async () => {
    await using world = await opened([people, notes]);
    await database.sql(
      "INSERT INTO people VALUES (1, 'secret', 1), (2, 'b', 2); INSERT INTO notes VALUES (1, 'secret')",
    );
    const rows = [
      await row("1::bigint", "1::bigint, 'it''s'::text, NULL::int"),
      await row("2::bigint", null),
      await row("3::bigint", "3::bigint, 'c'::text, 3"),
    ];
    const dry = { dryRun: true };
    const statements = async (asked: MendRequest): Promise<string[]> =>
      (await mend(world, asked)).flatMap((each) => each.statements);
    expect(await statements(request(world.table("people"), rows, dry))).toEqual([
      `DELETE FROM "public"."people" WHERE "id" = '1';`,
      `INSERT INTO "public"."people" ("id", "email", "n") OVERRIDING SYSTEM VALUE VALUES ('1', ?, ?);`,
      `DELETE FROM "public"."people" WHERE "id" = '2';`,
      `INSERT INTO "public"."people" ("id", "email", "n") OVERRIDING SYSTEM VALUE VALUES ('3', ?, ?);`,
    ]);
    expect(await statements(request(world.table("people"), rows, { ...dry, showValues: true }))).toContain(
      `INSERT INTO "public"."people" ("id", "email", "n") OVERRIDING SYSTEM VALUE VALUES ('1', 'it''s', NULL);`,
    );
    const some = [await copies("1, 'secret'::text", 0), await copies("7, 'secret'::text", 2)];
    const shown = await statements(request(world.table("notes"), some, dry));
    expect(shown).toHaveLength(2);
    expect(shown.join()).not.toContain("secret");
    expect(await rowsOfTable("people")).toBe("(1,secret,1) (2,b,2)");
    expect(await rowsOfTable("notes")).toBe("(1,secret)");
    expect(await journal()).toEqual([]);
    expect(await database.sql("SELECT 1 FROM headgate.dirty")).toEqual([]);
  });

  it("shows statements that do what the repair does: sets and other arrays, rows without a key, keys that are merely equal", async () => {
    const sets: TableWish = {
      name: "sets",
      columns: [
        ["tags", "text[]"],
        ["n", "integer"],
      ],
      key: ["n"],
    };
    await using world = await opened([notes, names, sets], { before });
    await database.sql(
      `INSERT INTO notes VALUES (1, 'x'), (1, 'x'), (1, 'x'), (2, 'y');
       INSERT INTO names VALUES ('ANNA', 1), ('bob', 2); INSERT INTO sets VALUES ('{a}', 1)`,
    );
    const dry = { dryRun: true, showValues: true };
    const asked = [
      request(
        world.table("notes"),
        [
          await copies("1, 'x'::text", 1),
          await copies("3, 'it''s'::text", 2),
          await copies("4, NULL::text", 1),
        ],
        dry,
      ),
      request(
        world.table("names"),
        [await row("'bob'::text", null), await row("'anna'::text", "'anna'::text, 1")],
        dry,
      ),
      request(
        world.table("sets"),
        [await row("1", "'{a,\"b,c\"}'::text[], 1"), await row("2", "NULL::text[], 2")],
        dry,
      ),
    ];
    const shown: string[] = [];
    for (const each of asked)
      shown.push(...(await mend(world, each)).flatMap(({ statements }) => statements));
    expect(shown.join("\n")).not.toContain("?");
    expect(shown).toContain(
      `INSERT INTO "public"."sets" ("tags", "n") OVERRIDING SYSTEM VALUE VALUES ('{a,"b,c"}', '1');`,
    );
    // Not equal bytes, so it stays: 'bob' goes alone.
    await database.sql("ALTER TABLE names DROP CONSTRAINT names_pkey; INSERT INTO names VALUES ('BOB', 3)");
    for (const statement of shown) await database.sql(statement);
    expect(await rowsOfTable("notes")).toBe("(1,x) (2,y) (3,it's) (3,it's) (4,)");
    expect(await rowsOfTable("names")).toBe("(BOB,3) (anna,1)");
    expect(await rowsOfTable("sets")).toBe('("{a,""b,c""}",1) (,2)');
  });
});
