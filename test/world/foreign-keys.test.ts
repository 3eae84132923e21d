/**
 * Foreign keys come NOT VALID and are validated afterwards, with their actions. Rows without a parent stop one
 * statement, with a sentence that says how many there are and the keys of five, where PostgreSQL names one; mended,
 * the same build goes on with that very statement.
 */
import { describe, expect, it } from "vitest";
import { openPostgres } from "../../connectors/postgres/target.js";
import type { Fault } from "../../src/errors.js";
import type { PlanStatement } from "../../src/model.js";
import { catalogue, counter, foreign, index, request, table } from "../../src/plan/example-catalogue.js";
import { plan } from "../../src/plan/plan.js";
import { column } from "../../src/typemap/example-column.js";
import { targetDatabase } from "./target-database.js";

const shop = catalogue([
  table("parent", [counter(), column("code", "varchar(9)", { nullable: false })], {
    indexes: [index("PRIMARY", ["id"]), index("both", ["id", "code"], { unique: true })],
  }),
  table(
    'chi"ld',
    [
      column("a", "int", { nullable: false }),
      column("b", "int", { nullable: false }),
      column("p", "int"),
      column("c", "varchar(9)"),
    ],
    {
      indexes: [index("PRIMARY", ["a", "b"])],
      foreignKeys: [
        foreign("one", "p", "parent", "id", { onDelete: "cascade", onUpdate: "set null" }),
        foreign("two", "p", "parent", "id", { columns: ["p", "c"], referencedColumns: ["id", "code"] }),
      ],
    },
  ),
  table("keyless", [column("p", "int")], {
    indexes: [],
    foreignKeys: [foreign("three", "p", "parent", "id")],
  }),
]);

describe("validation of foreign keys", () => {
  it("names the rows in its way, and goes on when they are mended", async () => {
    await using target = await targetDatabase("hg_foreign");
    const made = plan(shop, request({ migration: "20261122_foreign" }));
    await using postgres = await openPostgres(target.options);
    await using ledger = await postgres.claim(made);
    const { signal } = new AbortController();
    const build = async (kinds: readonly PlanStatement["kind"][]): Promise<void> => {
      for (const statement of made.after)
        if (kinds.includes(statement.kind)) await ledger.build(statement, signal);
    };
    const refused = async (): Promise<Fault | null> => {
      const [fault] = await Promise.all([
        build(["validate"]).then(
          () => null,
          (error: unknown) => error as Fault,
        ),
      ]);
      return fault;
    };
    for (const statement of made.before) await ledger.build(statement, signal);
    await target.sql("INSERT INTO parent VALUES (1, 'x')");
    await target.sql(
      `INSERT INTO "chi""ld" SELECT n, n * 10, n, 'x' FROM generate_series(1, 8) AS n UNION ALL VALUES (9, 90, 1, 'y'), (100, 1, NULL, 'x')`,
    );
    await target.sql("INSERT INTO keyless VALUES (1), (7), (NULL)");
    await build(["primary", "unique", "index", "foreign"]);

    const first = await refused();
    expect(first).toMatchObject({ code: "foreign-key-violated", facts: { rows: 7 } });
    expect(first?.message).toBe(
      'validate public.chi"ld one: 7 rows have no parent. The first keys: (2, 20), (3, 30), (4, 40), (5, 50), (6, 60).',
    );
    await target.sql(`DELETE FROM "chi""ld" WHERE a BETWEEN 3 AND 8`);
    expect((await refused())?.message).toBe(
      'validate public.chi"ld one: 1 row has no parent. Keys: (2, 20).',
    );
    await target.sql('DELETE FROM "chi""ld" WHERE a = 2');
    expect((await refused())?.message).toBe(
      'validate public.chi"ld two: 1 row has no parent. Keys: (9, 90).',
    );
    await target.sql('UPDATE "chi""ld" SET c = NULL WHERE a = 9');
    expect((await refused())?.message).toBe("validate public.keyless three: 1 row has no parent. Keys: (7).");
    await target.sql("DELETE FROM keyless WHERE p = 7");
    expect(await refused()).toBeNull();

    expect(
      await target.sql(
        "SELECT conname, convalidated::text, confdeltype::text || confupdtype::text AS actions FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY 1",
      ),
    ).toEqual([
      { conname: "one", convalidated: "true", actions: "cn" },
      { conname: "three", convalidated: "true", actions: "rr" },
      { conname: "two", convalidated: "true", actions: "rr" },
    ]);
  });
});
