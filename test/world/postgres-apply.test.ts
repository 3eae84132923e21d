/**
 * A lane's writer on a real server: what a batch makes of the target, that it does so once, and what is said where the
 * target is not as the source has it. Tuples are the server's own; every case goes through arrays and through COPY.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apply, changes, faultOf, laneWorld, loose, place, planTable, strict, tuples } from "./apply-lane.js";
import type { LaneWorld } from "./apply-lane.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";
import { testTargets } from "./matrix.js";

let database: TargetDatabase;

const items = {
  name: "items",
  columns: [
    ["id", "bigint"],
    ["code", "text UNIQUE"],
    ["note", "character varying(20) CHECK (note <> 'bad')"],
  ],
  key: ["id"],
} as const;

/** Rows `from` to `to` with a note. */
const rows = (from: number, to: number, note: string): string =>
  `SELECT g::bigint, 'code ' || g, '${note}'::varchar(20) FROM generate_series(${from}, ${to}) g`;
const keys = (from: number, to: number): string => `SELECT g::bigint FROM generate_series(${from}, ${to}) g`;

async function state(): Promise<string[]> {
  const found = await database.sql(
    `SELECT note, min(id) AS low, max(id) AS high, count(*) AS n FROM items GROUP BY note ORDER BY note`,
  );
  return found.map((row) => `${row["note"]} ${row["low"]}-${row["high"]} ${row["n"]}`);
}

describe.each(testTargets)("%s", (server) => {
  let world: LaneWorld;

  beforeAll(async () => {
    database = await targetDatabase("apply_lane", server);
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
  });

  describe.each([
    ["a few rows", 10],
    ["many rows", 2500],
  ])("%s", (_, n) => {
    it("are inserted, updated and deleted, and the lane's checkpoint and dirty keys say so", async () => {
      world = await laneWorld(database, [items]);
      await using ledger = world.ledger;
      const table = world.table("items");
      await apply(ledger, [
        strict(
          await changes(database, table, { inserts: rows(1, 3 * n, "new"), touched: keys(1, 3 * n) }, 1000),
        ),
      ]);
      await apply(ledger, [
        strict(
          await changes(database, table, {
            deletes: keys(1, n),
            updates: rows(n + 1, 2 * n, "changed"),
            inserts: rows(3 * n + 1, 4 * n, "newer"),
            touched: `${keys(1, 2 * n)} UNION ALL ${keys(3 * n + 1, 4 * n)}`,
          }),
        ),
      ]);
      expect(await state()).toEqual([
        `changed ${n + 1}-${2 * n} ${n}`,
        `new ${2 * n + 1}-${3 * n} ${n}`,
        `newer ${3 * n + 1}-${4 * n} ${n}`,
      ]);
      expect((await ledger.view()).lanes).toMatchObject([{ lane: "one", seq: "2", applied: place(2) }]);
      const touched = await tuples(database, `${keys(1, 2 * n)} UNION ALL ${keys(3 * n + 1, 4 * n)}`);
      const dirty = await database.sql(
        "SELECT table_name, whole::text, keys::text, position::text FROM headgate.dirty WHERE seq = 2",
      );
      expect(dirty).toEqual([
        {
          table_name: "items",
          whole: "false",
          keys: `\\x${Buffer.concat(touched.chunks).toString("hex")}`,
          position: JSON.stringify(place(2)),
        },
      ]);
    });

    it("may be there or not before the join: the last image stays, whatever was there", async () => {
      world = await laneWorld(database, [items]);
      await using ledger = world.ledger;
      const table = world.table("items");
      await database.sql(`INSERT INTO items ${rows(1, n, "copied")}`);
      const group = loose(
        await changes(database, table, {
          deletes: keys(1, n / 2),
          updates: rows(n / 2 + 1, n + 5, "updated"),
          inserts: rows(n + 6, n + 10, "inserted"),
        }),
      );
      await apply(ledger, [group]);
      const after = await state();
      expect(after).toEqual([`inserted ${n + 6}-${n + 10} 5`, `updated ${n / 2 + 1}-${n + 5} ${n / 2 + 5}`]);
      await apply(ledger, [group]);
      expect(await state()).toEqual(after);
    });

    it.each([
      ["an insert whose key is there", { inserts: rows(5, n + 5, "x") }, "insert", n - 4],
      ["an update whose row is not there", { updates: rows(8, n + 3, "x") }, "update", 3],
      ["a delete whose row is not there", { deletes: keys(n, n + 2) }, "delete", 2],
    ] as const)(
      "%s is divergence, told by table, count and keys, and nothing is written",
      async (_, lists, kind, count) => {
        world = await laneWorld(database, [items]);
        await using ledger = world.ledger;
        await database.sql(`INSERT INTO items ${rows(1, n, "there")}`);
        const fault = await faultOf(
          apply(ledger, [strict(await changes(database, world.table("items"), lists))]),
        );
        expect([fault.code, fault.facts["table"], fault.facts["operation"], fault.facts["rows"]]).toEqual([
          "divergence",
          "items",
          kind,
          count,
        ]);
        expect(String(fault.facts["keys"]).split(", ")).toHaveLength(Math.min(5, count));
        expect(fault.message).toContain(`(${kind === "insert" ? 5 : n + 1})`);
        expect(await state()).toEqual([`there 1-${n} ${n}`]);
        expect((await ledger.view()).lanes[0]).toMatchObject({ seq: "0", applied: null });
      },
    );

    it("that meet another unique key stop with its name, and the neighbour stays (unique-key-deletes-neighbour)", async () => {
      for (const kind of [strict, loose]) {
        world = await laneWorld(database, [items]);
        await using ledger = world.ledger;
        await database.sql("INSERT INTO items VALUES (900000, 'code 7', 'neighbour')");
        const fault = await faultOf(
          apply(ledger, [
            kind(await changes(database, world.table("items"), { inserts: rows(1, n, "secret") })),
          ]),
        );
        expect([fault.code, fault.facts["table"], fault.facts["constraint"]]).toEqual([
          "constraint-refused",
          "items",
          "items_code_key",
        ]);
        expect(JSON.stringify([fault.message, fault.facts])).not.toContain("secret");
        expect(await state()).toEqual(["neighbour 900000-900000 1"]);
      }
    });

    it("that a CHECK or a type refuses stop by its name, without a value", async () => {
      world = await laneWorld(database, [items]);
      await using ledger = world.ledger;
      const table = world.table("items");
      const checked = await faultOf(
        apply(ledger, [strict(await changes(database, table, { inserts: rows(1, n, "bad") }))]),
      );
      expect([checked.code, checked.facts["constraint"]]).toEqual(["constraint-refused", "items_note_check"]);
      const long = "canary is too long for it";
      const sql = `SELECT g::bigint, 'code ' || g, '${long}'::text FROM generate_series(1, ${n}) g`;
      const refused = await faultOf(
        apply(ledger, [strict(await changes(database, table, { inserts: sql }))]),
      );
      expect([refused.code, refused.facts["sqlState"]]).toEqual(["value-refused", "22001"]);
      expect(JSON.stringify([refused.message, refused.facts])).not.toContain("canary");
    });

    it("that the disk has no room for end the run, with the checkpoint where it was, and go in once it has", async () => {
      world = await laneWorld(database, [items]);
      await using ledger = world.ledger;
      // As the server says it where a file cannot grow.
      await database.sql(
        `CREATE FUNCTION grow(text) RETURNS boolean LANGUAGE plpgsql AS $$
           BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
         GRANT EXECUTE ON FUNCTION grow(text) TO PUBLIC;
         ALTER TABLE items ADD CONSTRAINT room CHECK (grow(note))`,
      );
      const group = strict(await changes(database, world.table("items"), { inserts: rows(1, n, "there") }));
      const fault = await faultOf(apply(ledger, [group]));
      expect([fault.code, fault.retriable, fault.facts["sqlState"]]).toEqual(["target-full", false, "53100"]);
      expect([await state(), (await ledger.view()).lanes[0]?.seq]).toEqual([[], "0"]);
      await database.sql("ALTER TABLE items DROP CONSTRAINT room");
      await apply(ledger, [group]);
      expect(await state()).toEqual([`there 1-${n} ${n}`]);
    });
  });

  it.each([
    [
      "a delete",
      { deletes: keys(2990, 3010), updates: rows(101, 2900, "fine"), inserts: rows(3001, 9000, "x") },
    ],
    ["an update", { updates: rows(101, 2900, "bad"), inserts: rows(3001, 9000, "x") }],
    ["an update by COPY", { updates: rows(101, 9000, "fine"), inserts: rows(9001, 20_000, "bad") }],
    ["the first of two COPYs", { inserts: rows(3001, 9000, "bad") }],
  ])("leaves out what came with it once %s is refused, and the session goes on", async (_, lists) => {
    world = await laneWorld(database, [items, { ...items, name: "others" }]);
    await using ledger = world.ledger;
    await database.sql(`INSERT INTO items ${rows(1, 3000, "there")}`);
    const [table, other] = [world.table("items"), world.table("others")];
    const wrong = strict(
      await changes(database, table, lists),
      await changes(database, other, { inserts: rows(1, 40_000, "y") }),
    );
    await using writer = await ledger.lane("one");
    const sessions = async (): Promise<unknown> => await database.sql("SELECT pid FROM headgate.backend");
    const before = await sessions();
    const refused = await writer.begin(0n);
    const fault = await faultOf(refused.write(wrong));
    expect(["constraint-refused", "divergence"]).toContain(fault.code);
    await refused.abort();
    const batch = await writer.begin(0n);
    await batch.write(strict(await changes(database, table, { updates: rows(1, 2900, "now") })));
    await batch.commit(place(1));
    expect(await state()).toEqual(["now 1-2900 2900", "there 2901-3000 100"]);
    expect(await database.sql("SELECT FROM others")).toEqual([]);
    expect(await sessions()).toEqual(before);
  });

  it("refuses tuples of another shape as a bug", async () => {
    world = await laneWorld(database, [items]);
    await using ledger = world.ledger;
    const wrong = await changes(database, planTable(items), { inserts: "SELECT 1::bigint" });
    expect((await faultOf(apply(ledger, [strict(wrong)]))).code).toBe("bug");
  });
});
